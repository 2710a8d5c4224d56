//! Typing a filter for the Command Center, or a search for the event log. It works while it is typed.

use super::input::Edit;
use super::{Layer, TextInput};
use crate::app::Model;
use crate::app::key::Key;
use crate::app::model::Screen;
use crate::app::panes::{set_filter, set_search};
use crate::domain::Timestamp;

pub(super) fn press(model: &mut Model, mut input: TextInput, key: Key, now: Timestamp) {
    match key {
        Key::Enter => {}
        Key::Esc => apply(model, "", now),
        other => {
            if input.edit(other) == Edit::Changed {
                apply(model, input.text(), now);
            }
            model.layers.push(Layer::Find { input });
        }
    }
}

/// Uses what is typed so far.
pub(super) fn apply(model: &mut Model, text: &str, now: Timestamp) {
    match model.screen {
        Screen::Home => set_filter(model, text, now),
        Screen::Run => set_search(model, text),
    }
}
