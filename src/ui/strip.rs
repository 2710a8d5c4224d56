//! One line of cells: the only way text comes onto the screen.

use std::borrow::Cow;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::app::layers::TextInput;
use crate::domain::text::visible;

/// Writes text made safe, at most `columns` wide, cut with `…`; answers with the columns used.
pub(super) fn put(buf: &mut Buffer, at: (u16, u16), columns: u16, text: &str, style: Style) -> u16 {
    let (x, y) = at;
    let area = buf.area;
    if y >= area.bottom() || x >= area.right() || columns == 0 {
        return 0;
    }
    let columns = columns.min(area.right() - x);
    let text = cut(visible(text), columns as usize);
    let (end, _) = buf.set_stringn(x, y, &text, columns as usize, style);
    end - x
}

/// Safe text cut to `columns`, ending in `…` where something is missing.
pub(super) fn cut(text: Cow<'_, str>, columns: usize) -> Cow<'_, str> {
    if text.width() <= columns {
        return text;
    }
    let mut used = 0;
    let mut end = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        used += cluster.width();
        if used + 1 > columns {
            break;
        }
        end = at + cluster.len();
    }
    let mut out = text[..end].to_owned();
    if columns > 0 {
        out.push('…');
    }
    Cow::Owned(out)
}

/// The columns that foreign text takes once it is safe.
pub(super) fn columns(text: &str) -> u16 {
    visible(text).width().min(u16::MAX as usize) as u16
}

struct Piece<'a> {
    text: Cow<'a, str>,
    /// Columns it takes whatever its text; none: as many as the text has.
    fixed: Option<u16>,
    /// Whether it is set against the right end of its columns.
    flush: bool,
    style: Style,
}

impl Piece<'_> {
    fn columns(&self) -> u16 {
        self.fixed.unwrap_or_else(|| columns(&self.text))
    }
}

/// A line being put together: pieces from the left, and pieces against the right end, which win
/// where there is no room for both.
#[derive(Default)]
pub(super) struct Strip<'a> {
    left: Vec<Piece<'a>>,
    right: Vec<Piece<'a>>,
}

impl<'a> Strip<'a> {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds text, as wide as it is.
    pub(super) fn add(mut self, text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        self.left.push(Piece { text: text.into(), fixed: None, flush: false, style });
        self
    }

    /// Adds text in a column of its own: padded or cut.
    pub(super) fn cell(mut self, text: impl Into<Cow<'a, str>>, columns: u16, style: Style) -> Self {
        self.left.push(Piece { text: text.into(), fixed: Some(columns), flush: false, style });
        self
    }

    /// Adds text against the right end of a column of its own.
    pub(super) fn number(mut self, text: impl Into<Cow<'a, str>>, columns: u16, style: Style) -> Self {
        self.left.push(Piece { text: text.into(), fixed: Some(columns), flush: true, style });
        self
    }

    /// Adds blanks.
    pub(super) fn gap(self, columns: u16) -> Self {
        self.cell("", columns, Style::default())
    }

    /// Adds text at the right end, after what is there already.
    pub(super) fn right(mut self, text: impl Into<Cow<'a, str>>, style: Style) -> Self {
        self.right.push(Piece { text: text.into(), fixed: None, flush: false, style });
        self
    }

    /// Adds a key and its word, as hints are written: `a approve`.
    pub(super) fn hint(self, key: String, word: &'static str, theme: &super::Theme) -> Self {
        self.add(key, theme.key).gap(1).add(word, theme.muted).gap(2)
    }

    /// Adds a text that is typed with its cursor; of one that is too long, what is before the cursor.
    pub(super) fn typed(self, input: &TextInput, columns: u16, theme: &super::Theme) -> Self {
        let (before, after) = input.parts();
        let (before, after) = (visible(before), visible(after));
        let room = usize::from(columns.saturating_sub(1));
        let start = before.grapheme_indices(true).map(|(at, _)| at).find(|at| before[*at..].width() <= room);
        let seen = before[start.unwrap_or(before.len())..].to_owned();
        let left = room - seen.width();
        let after = cut(after, left).into_owned();
        self.add(seen, theme.strong).add("▏", theme.accent).add(after, theme.strong)
    }

    /// The columns of the pieces from the left.
    pub(super) fn left_columns(&self) -> u16 {
        self.left.iter().map(Piece::columns).fold(0, u16::saturating_add)
    }

    /// The columns of the pieces at the right end.
    pub(super) fn right_columns(&self) -> u16 {
        self.right.iter().map(Piece::columns).fold(0, u16::saturating_add)
    }

    /// Writes the line into the first row of an area.
    pub(super) fn paint(&self, area: Rect, buf: &mut Buffer) {
        if area.height == 0 || area.width == 0 {
            return;
        }
        let mut right = self.right_columns().min(area.width);
        if right + 1 >= area.width && !self.left.is_empty() {
            // No room for both: the left side says what it is about.
            right = 0;
        }
        let edge = area.right() - right - u16::from(right > 0);
        run(&self.left, area.x, edge, area.y, buf);
        if right > 0 {
            run(&self.right, area.right() - right, area.right(), area.y, buf);
        }
    }
}

fn run(pieces: &[Piece<'_>], from: u16, edge: u16, y: u16, buf: &mut Buffer) {
    let mut x = from;
    for piece in pieces {
        let room = edge.saturating_sub(x).min(piece.columns());
        let pad = if piece.flush { room.saturating_sub(columns(&piece.text)) } else { 0 };
        put(buf, (x + pad, y), room - pad, &piece.text, piece.style);
        x += room;
        if x >= edge {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn painted(strip: &Strip<'_>, width: u16) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, width, 1));
        strip.paint(buf.area, &mut buf);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn text_is_cut_by_columns_not_by_bytes() {
        let style = Style::default();
        assert_eq!(painted(&Strip::new().add("approve-send", style), 8), "approve…");
        assert_eq!(cut("日本語".into(), 5), "日本…");
        assert_eq!(cut("日本語".into(), 4), "日…");
        assert_eq!(cut("ab".into(), 0), "");
    }

    #[test]
    fn cells_align_and_the_right_end_wins() {
        let style = Style::default();
        let strip = || Strip::new().cell("ab", 4, style).number("7", 3, style).right("end", style);
        assert_eq!(painted(&strip(), 14), "ab    7    end");
        assert_eq!(painted(&strip(), 9), "ab  7 end");
        assert_eq!(painted(&strip(), 4), "ab  ");
    }

    #[test]
    fn nothing_foreign_reaches_a_cell_unmarked() {
        let strip = Strip::new().add("a\u{1B}[2J\u{202E}b", Style::default());
        assert_eq!(painted(&strip, 16), "a\\e[2J\\u{202E}b ");
    }
}
