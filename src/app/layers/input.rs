//! A line of text that is typed. No letter is a command here.

use unicode_segmentation::UnicodeSegmentation;

use crate::app::key::Key;

/// The longest text that is taken, in characters.
const MOST: usize = 200;

/// A text that is typed, and where in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextInput {
    text: String,
    /// The cursor, in bytes; always between two characters as a person sees them.
    at: usize,
    /// The most characters that typing makes it.
    most: usize,
}

impl Default for TextInput {
    fn default() -> Self {
        Self::from("")
    }
}

/// What a key did to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It changed the text.
    Changed,
    /// It belongs to the text, but changed nothing of it.
    Kept,
    /// It is no editing key.
    Other,
}

impl<T: Into<String>> From<T> for TextInput {
    /// The text with the cursor at its end.
    fn from(text: T) -> Self {
        let text = text.into();
        Self { at: text.len(), text, most: MOST }
    }
}

impl TextInput {
    /// The whole text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text before the cursor, and the text after it.
    pub fn parts(&self) -> (&str, &str) {
        self.text.split_at(self.at)
    }

    /// The same with room for so many characters.
    pub(super) fn with_room(self, most: usize) -> Self {
        Self { most, ..self }
    }

    /// How many characters stand before the cursor, as a person sees them.
    pub(super) fn place(&self) -> usize {
        self.parts().0.graphemes(true).count()
    }

    /// Puts the cursor behind so many characters, or at the end.
    pub(super) fn go_to(&mut self, place: usize) {
        self.at = self.text.grapheme_indices(true).nth(place).map_or(self.text.len(), |(at, _)| at);
    }

    /// Takes a key.
    pub(super) fn edit(&mut self, key: Key) -> Edit {
        let at = self.at;
        match key {
            Key::Char(ch) if !ch.is_control() => return self.insert(std::iter::once(ch)),
            Key::Backspace => return self.remove(self.before(), at),
            Key::Delete => return self.remove(at, self.after()),
            Key::Ctrl('u') => return self.remove(0, at),
            Key::Ctrl('k') => return self.remove(at, self.text.len()),
            Key::Ctrl('w') => return self.remove(self.word(), at),
            Key::Left | Key::Ctrl('b') => self.at = self.before(),
            Key::Right | Key::Ctrl('f') => self.at = self.after(),
            Key::Home | Key::Ctrl('a') => self.at = 0,
            Key::End | Key::Ctrl('e') => self.at = self.text.len(),
            Key::Char(_) | Key::Ctrl(_) => {}
            _ => return Edit::Other,
        }
        Edit::Kept
    }

    /// Adds pasted text as one line.
    pub(super) fn paste(&mut self, pasted: &str) {
        let line = pasted.trim_end().chars().map(|ch| if ch.is_control() { ' ' } else { ch });
        self.insert(line);
    }

    fn insert(&mut self, typed: impl Iterator<Item = char>) -> Edit {
        let room = self.most.saturating_sub(self.text.chars().count());
        let typed: String = typed.take(room).collect();
        self.text.insert_str(self.at, &typed);
        // A mark joins the character before it, and a character the mark after it.
        self.at = self.boundary(self.at + typed.len());
        if typed.is_empty() { Edit::Kept } else { Edit::Changed }
    }

    fn remove(&mut self, from: usize, to: usize) -> Edit {
        self.text.replace_range(from..to, "");
        self.at = self.boundary(from);
        if from < to { Edit::Changed } else { Edit::Kept }
    }

    /// The first place from `at` on that lies between two characters.
    fn boundary(&self, at: usize) -> usize {
        let starts = self.text.grapheme_indices(true).map(|(start, _)| start);
        starts.chain([self.text.len()]).find(|start| *start >= at).unwrap_or(self.text.len())
    }

    fn before(&self) -> usize {
        self.text[..self.at].grapheme_indices(true).next_back().map_or(0, |(start, _)| start)
    }

    fn after(&self) -> usize {
        let next = self.text[self.at..].graphemes(true).next();
        self.at + next.map_or(0, str::len)
    }

    /// Where the word before the cursor begins.
    fn word(&self) -> usize {
        let before = self.text[..self.at].trim_end();
        before
            .char_indices()
            .rev()
            .find(|(_, ch)| ch.is_whitespace())
            .map_or(0, |(at, ch)| at + ch.len_utf8())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use proptest::prelude::*;

    fn typed(text: &str, keys: &[Key]) -> String {
        let mut input = TextInput::from(text);
        for key in keys {
            input.edit(*key);
        }
        let (before, after) = input.parts();
        format!("{before}|{after}")
    }

    #[test]
    fn the_cursor_moves_over_characters_as_a_person_sees_them() {
        use Key::{Backspace, Char, Delete, End, Home, Left, Right};
        let text = "Grüße e\u{301} 👩\u{200D}🔧";
        assert_eq!(typed(text, &[Left]), "Grüße e\u{301} |👩\u{200D}🔧");
        assert_eq!(typed(text, &[Left, Left, Left, Backspace]), "Grüße|e\u{301} 👩\u{200D}🔧");
        assert_eq!(typed(text, &[Backspace, Backspace, Backspace]), "Grüße |");
        assert_eq!(typed(text, &[Home, Right, Right, Delete, Char('u')]), "Gru|ße e\u{301} 👩\u{200D}🔧");
        assert_eq!(typed(text, &[Home, Left, Backspace, End, Right, Delete]), format!("{text}|"));
    }

    #[test]
    fn words_and_lines_go_at_once() {
        use Key::{Ctrl, Left};
        assert_eq!(typed("not this one", &[Ctrl('w')]), "not this |");
        assert_eq!(typed("not this  ", &[Ctrl('w')]), "not |");
        assert_eq!(typed("not this", &[Left, Left, Ctrl('w')]), "not |is");
        assert_eq!(typed("not this", &[Left, Left, Ctrl('u')]), "|is");
        assert_eq!(typed("not this", &[Left, Left, Ctrl('k')]), "not th|");
    }

    fn key() -> impl Strategy<Value = Key> {
        use Key::{Backspace, Char, Ctrl, Delete, End, Home, Left, Right};
        let chars = ['a', ' ', 'ü', '\u{301}', '\u{200D}', '👩', '🔧', '🇩', '🇪', '日'];
        let fixed = [Left, Right, Home, End, Delete, Backspace, Ctrl('u'), Ctrl('w'), Ctrl('k')];
        prop_oneof![3 => prop::sample::select(chars.to_vec()).prop_map(Char), 2 => prop::sample::select(fixed.to_vec())]
    }

    proptest! {
        #[test]
        fn no_keys_split_a_character(keys in prop::collection::vec(key(), 0..60)) {
            let mut input = TextInput::default();
            for key in keys {
                input.edit(key);
                let mut places = input.text.grapheme_indices(true).map(|(at, _)| at).chain([input.text.len()]);
                prop_assert!(places.any(|at| at == input.at), "{:?}", input);
            }
        }
    }
}
