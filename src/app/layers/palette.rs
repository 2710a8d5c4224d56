//! The palette: every action by its name.

use super::input::Edit;
use super::{Layer, TextInput};
use crate::app::action::{ACTIONS, Entry, Place};
use crate::app::key::Key;
use crate::app::model::Screen;
use crate::app::update::perform;
use crate::app::{Effect, Model};
use crate::domain::Timestamp;

/// The actions whose name, or else whose sentence, has the typed letters in their order, the best
/// match first; only those that mean something on the screen.
pub fn palette_matches(input: &str, screen: Screen) -> Vec<&'static Entry> {
    let here = |entry: &&Entry| entry.place != Place::RunScreen || screen == Screen::Run;
    let input = input.trim().to_lowercase();
    let mut found: Vec<_> = ACTIONS
        .iter()
        .filter(here)
        .filter_map(|entry| rank(entry, &input).map(|rank| (rank, entry)))
        .collect();
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, entry)| entry).collect()
}

pub(super) fn press(
    model: &mut Model,
    mut input: TextInput,
    index: usize,
    key: Key,
    now: Timestamp,
) -> Vec<Effect> {
    let found = palette_matches(input.text(), model.screen);
    let last = found.len().saturating_sub(1);
    let index = match key {
        Key::Esc => return Vec::new(),
        Key::Enter => {
            return found.get(index).map_or_else(Vec::new, |entry| perform(model, entry.action, now));
        }
        Key::Down | Key::Tab => (index + 1).min(last),
        Key::Up | Key::BackTab => index.saturating_sub(1),
        Key::PageDown => last,
        Key::PageUp => 0,
        other => match input.edit(other) {
            Edit::Changed => 0,
            Edit::Kept | Edit::Other => index,
        },
    };
    model.layers.push(Layer::Palette { input, index });
    Vec::new()
}

/// Less is better.
fn rank(entry: &Entry, input: &str) -> Option<u8> {
    let help = entry.help.to_lowercase();
    if entry.id == input {
        Some(0)
    } else if entry.id.starts_with(input) {
        Some(1)
    } else if entry.id.contains(input) {
        Some(2)
    } else if is_subsequence(input, entry.id) {
        Some(3)
    } else if format!(" {help}").contains(&format!(" {input}")) {
        Some(4)
    } else {
        is_subsequence(input, &help).then_some(5)
    }
}

fn is_subsequence(needle: &str, text: &str) -> bool {
    let mut letters = text.chars();
    needle.chars().filter(|ch| !ch.is_whitespace()).all(|wanted| letters.any(|ch| ch == wanted))
}
