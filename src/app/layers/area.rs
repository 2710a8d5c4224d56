//! A text of several lines that is typed.

use super::TextInput;
use super::input::Edit;
use crate::app::key::Key;

/// The most bytes of a text that is edited here.
pub(super) const MOST: usize = 256 * 1024;

/// Lines with a cursor in one of them; never without a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextArea {
    lines: Vec<TextInput>,
    row: usize,
    /// The first line that is seen.
    offset: usize,
}

impl TextArea {
    /// A text with the cursor at its beginning.
    pub(super) fn new(text: &str) -> Self {
        let mut lines: Vec<TextInput> = text.lines().map(line).collect();
        if lines.is_empty() {
            lines.push(line(""));
        }
        lines[0].go_to(0);
        Self { lines, row: 0, offset: 0 }
    }

    /// The whole text.
    pub fn text(&self) -> String {
        self.lines.iter().map(TextInput::text).collect::<Vec<_>>().join("\n")
    }

    /// The lines.
    pub fn lines(&self) -> &[TextInput] {
        &self.lines
    }

    /// The place of the cursor's line.
    pub fn row(&self) -> usize {
        self.row
    }

    /// The first line that is seen.
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// Keeps the cursor's line in sight of so many rows.
    pub(super) fn keep_seen(&mut self, rows: usize) {
        self.offset = crate::app::panes::keep_seen(self.row, self.offset, rows, self.lines.len());
    }

    /// Puts the cursor into a line, behind so many characters.
    pub(super) fn go_to(&mut self, row: usize, place: usize) {
        self.row = row.min(self.lines.len() - 1);
        self.lines[self.row].go_to(place);
    }

    /// Takes a key; `page` is how many lines a page has.
    pub(super) fn edit(&mut self, key: Key, page: usize) -> Edit {
        let (row, place, last) = (self.row, self.lines[self.row].place(), self.lines.len() - 1);
        let at_start = self.lines[row].parts().0.is_empty();
        let at_end = self.lines[row].parts().1.is_empty();
        match key {
            Key::Enter => self.split(),
            Key::Backspace if at_start && row > 0 => self.join(row - 1),
            Key::Delete if at_end && row < last => self.join(row),
            Key::Backspace if at_start => return Edit::Kept,
            Key::Up => self.go_to(row.saturating_sub(1), place),
            Key::Down => self.go_to(row + 1, place),
            Key::PageUp => self.go_to(row.saturating_sub(page), place),
            Key::PageDown => self.go_to(row + page, place),
            Key::Left if at_start && row > 0 => self.go_to(row - 1, usize::MAX),
            Key::Right if at_end && row < last => self.go_to(row + 1, 0),
            other => return self.lines[row].edit(other),
        }
        Edit::Changed
    }

    /// Puts pasted text in, with its own lines.
    pub(super) fn paste(&mut self, pasted: &str) {
        for (index, part) in pasted.trim_end().lines().enumerate() {
            if self.lines.iter().map(|line| line.text().len()).sum::<usize>() + part.len() > MOST {
                return;
            }
            if index > 0 {
                self.split_with("");
            }
            self.lines[self.row].paste(part);
        }
    }

    /// Breaks the line at the cursor; the new one is indented as the old one.
    fn split(&mut self) {
        let text = self.lines[self.row].text();
        let indent = text[..text.len() - text.trim_start().len()].to_owned();
        self.split_with(&indent);
    }

    fn split_with(&mut self, indent: &str) {
        let (before, after) = self.lines[self.row].parts();
        let (before, after) = (line(before), line(&format!("{indent}{}", after.trim_start())));
        self.lines[self.row] = before;
        self.row += 1;
        self.lines.insert(self.row, after);
        self.lines[self.row].go_to(indent.chars().count());
    }

    /// Joins a line with the one below it; the cursor stands where they meet.
    fn join(&mut self, row: usize) {
        let below = self.lines.remove(row + 1);
        let place = {
            self.lines[row].go_to(usize::MAX);
            self.lines[row].place()
        };
        self.lines[row] = line(&format!("{}{}", self.lines[row].text(), below.text()));
        self.go_to(row, place);
    }
}

fn line(text: &str) -> TextInput {
    TextInput::from(text).with_room(MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn typed(text: &str, keys: &[Key]) -> String {
        let mut area = TextArea::new(text);
        for key in keys {
            area.edit(*key, 2);
        }
        let mut lines: Vec<String> = area.lines.iter().map(|line| line.text().to_owned()).collect();
        let (before, after) = area.lines[area.row].parts();
        lines[area.row] = format!("{before}|{after}");
        lines.join("\n")
    }

    #[test]
    fn lines_are_broken_joined_and_walked() {
        use Key::{Backspace, Char, Delete, Down, End, Enter, Left, PageDown, Right, Up};
        assert_eq!(typed("ab\ncd", &[Right, Enter, Char('x')]), "a\nx|b\ncd");
        assert_eq!(typed("  ab\ncd", &[End, Enter, Char('x')]), "  ab\n  x|\ncd");
        assert_eq!(typed("ab\ncd", &[Down, Backspace]), "ab|cd");
        assert_eq!(typed("ab\ncd", &[End, Delete]), "ab|cd");
        assert_eq!(typed("ab\ncd", &[End, Right, Left]), "ab|\ncd");
        assert_eq!(typed("abc\nd\nefg", &[End, Down, Down, Up]), "abc\nd|\nefg");
        assert_eq!(typed("a\nb\nc\nd", &[PageDown, PageDown, Up]), "a\nb\n|c\nd");
        assert_eq!(typed("", &[Backspace, Delete, Up, Char('x')]), "x|");
    }

    #[test]
    fn pasted_text_keeps_its_lines() {
        let mut area = TextArea::new("{}");
        area.edit(Key::Right, 1);
        area.paste("\n  \"a\": 1\n");
        assert_eq!(area.text(), "{\n  \"a\": 1}");
    }
}
