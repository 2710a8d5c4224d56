//! Keys: the topmost overlay first, then the action table.

use super::actions::perform;
use crate::app::key::Key;
use crate::app::layers::press_layer;
use crate::app::model::Screen;
use crate::app::{Action, Effect, Model, layout};
use crate::domain::Timestamp;

/// Takes a key press.
pub(super) fn press(model: &mut Model, key: Key, now: Timestamp) -> Vec<Effect> {
    if key == Key::Ctrl('c') {
        return vec![Effect::Quit];
    }
    if layout::too_small(model.size) {
        // Nothing is decided on a screen that shows nothing.
        return match Action::of_key(key, model.screen) {
            Some(Action::Quit) => perform(model, Action::Quit, now),
            _ => Vec::new(),
        };
    }
    model.home.touched |= model.screen == Screen::Home;
    if let Some(effects) = press_layer(model, key, now) {
        return effects;
    }
    match Action::of_key(key, model.screen) {
        Some(action) => perform(model, action, now),
        None => Vec::new(),
    }
}
