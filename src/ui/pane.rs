//! Bordered areas.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::Theme;
use super::strip::{Strip, put};
use crate::app::layout::inner;

/// Whether a pane takes the keys.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Focus {
    /// It does.
    Here,
    /// Another one does.
    Elsewhere,
}

/// A border with a title at the left and one at the right; answers with what is inside of it.
pub(super) fn frame(area: Rect, title: &Strip<'_>, focus: Focus, theme: &Theme, buf: &mut Buffer) -> Rect {
    let style = if focus == Focus::Here { theme.border_focus } else { theme.border };
    border(area, style, buf);
    if area.width > 6 && area.height > 0 {
        let (left, right) = (title.left_columns().min(area.width - 4), title.right_columns());
        let fits = right > 0 && left + right + 8 <= area.width;
        // The border gives way to the titles and a blank at their sides.
        let blank = |columns: u16| " ".repeat(usize::from(columns) + 2);
        if left > 0 {
            put(buf, (area.x + 1, area.y), left + 2, &blank(left), style);
        }
        if fits {
            put(buf, (area.right() - right - 3, area.y), right + 2, &blank(right), style);
        }
        let columns = if fits { area.width - 4 } else { left };
        title.paint(Rect::new(area.x + 2, area.y, columns, 1), buf);
    }
    inner(area)
}

/// An overlay in the middle of the screen on paper of its own; answers with what is inside of it,
/// one blank column left at both sides.
pub(super) fn overlay(size: (u16, u16), title: &Strip<'_>, theme: &Theme, buf: &mut Buffer) -> Rect {
    let screen = buf.area;
    let width = size.0.min(screen.width.saturating_sub(4));
    let height = size.1.min(screen.height.saturating_sub(2));
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    clear(area, theme.overlay, buf);
    let inside = frame(area, title, Focus::Here, theme, buf);
    Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside }
}

/// Empties an area and gives it a paper.
pub(super) fn clear(area: Rect, paper: Style, buf: &mut Buffer) {
    let area = area.intersection(buf.area);
    for y in area.top()..area.bottom() {
        for x in area.left()..area.right() {
            buf[(x, y)].reset();
        }
    }
    buf.set_style(area, paper);
}

/// The row of an area at `index` from its top; empty beyond its bottom.
pub(super) fn row(area: Rect, index: u16) -> Rect {
    if index >= area.height {
        return Rect::new(area.x, area.bottom(), area.width, 0);
    }
    Rect::new(area.x, area.y + index, area.width, 1)
}

/// The first row to show of `count`, so that `index` is seen in `height` rows, as near to
/// `offset` as can be. `update` keeps offsets right; this holds when the frame is another size.
pub(super) fn first_row(offset: usize, index: usize, height: u16, count: usize) -> usize {
    let height = height as usize;
    if height == 0 {
        return 0;
    }
    let last = count.saturating_sub(height);
    offset.min(index).max((index + 1).saturating_sub(height)).min(last)
}

fn border(area: Rect, style: Style, buf: &mut Buffer) {
    if area.width < 2 || area.height < 2 {
        return;
    }
    let (left, right, top, bottom) = (area.x, area.right() - 1, area.y, area.bottom() - 1);
    let mut set = |x: u16, y: u16, symbol: &str| {
        if let Some(cell) = buf.cell_mut((x, y)) {
            cell.set_symbol(symbol).set_style(style);
        }
    };
    for x in left + 1..right {
        set(x, top, "─");
        set(x, bottom, "─");
    }
    for y in top + 1..bottom {
        set(left, y, "│");
        set(right, y, "│");
    }
    for (x, y, corner) in [(left, top, "┌"), (right, top, "┐"), (left, bottom, "└"), (right, bottom, "┘")]
    {
        set(x, y, corner);
    }
}

#[cfg(test)]
mod tests {
    use super::first_row;

    #[test]
    fn the_selected_row_is_always_seen() {
        assert_eq!(first_row(0, 0, 5, 10), 0);
        assert_eq!(first_row(0, 7, 5, 10), 3);
        assert_eq!(first_row(6, 4, 5, 10), 4);
        assert_eq!(first_row(9, 9, 5, 10), 5);
        assert_eq!(first_row(3, 1, 5, 2), 0);
        assert_eq!(first_row(3, 1, 0, 2), 0);
    }
}
