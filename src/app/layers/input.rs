//! A line of text that is typed. No letter is a command here.

use unicode_segmentation::UnicodeSegmentation;

use crate::app::key::Key;

/// The longest text that is taken, in characters.
const MOST: usize = 200;

/// What a key did to the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It changed the text.
    Changed,
    /// It belongs to the text, but changed nothing.
    Kept,
    /// It is no editing key.
    Other,
}

/// Edits at the end of the text.
pub(super) fn edit(text: &mut String, key: Key) -> Edit {
    match key {
        Key::Char(ch) if !ch.is_control() && text.chars().count() < MOST => {
            text.push(ch);
            Edit::Changed
        }
        Key::Backspace => match text.grapheme_indices(true).next_back() {
            Some((start, _)) => {
                text.truncate(start);
                Edit::Changed
            }
            None => Edit::Kept,
        },
        Key::Ctrl('u') => {
            text.clear();
            Edit::Changed
        }
        Key::Char(_) | Key::Ctrl(_) | Key::Left | Key::Right | Key::Delete | Key::Home | Key::End => {
            Edit::Kept
        }
        _ => Edit::Other,
    }
}

/// Adds pasted text as one line.
pub(super) fn paste(text: &mut String, pasted: &str) {
    let room = MOST.saturating_sub(text.chars().count());
    let line = pasted.trim_end().chars().map(|ch| if ch.is_control() { ' ' } else { ch });
    text.extend(line.take(room));
}
