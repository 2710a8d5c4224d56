//! The topmost overlay takes the key, or passes it on.

use super::{Layer, answer, editor, find, palette, run_menu, series};
use crate::app::action::ACTIONS;
use crate::app::key::Key;
use crate::app::{Action, Effect, Model, layout};
use crate::domain::Timestamp;

/// How many lines of help a page is.
const PAGE: usize = 10;

/// Gives a key to the topmost overlay; none when there is none, or when it passes the key on.
pub(crate) fn press_layer(model: &mut Model, key: Key, now: Timestamp) -> Option<Vec<Effect>> {
    match model.layers.pop()? {
        Layer::Help { offset } => help(model, offset, key),
        Layer::Palette { input, index } => Some(palette::press(model, input, index, key, now)),
        Layer::RunMenu { workflow, run, index } => run_menu::press(model, (workflow, run), index, key, now),
        Layer::Find { input } => {
            find::press(model, input, key, now);
            Some(Vec::new())
        }
        Layer::Dialog(dialog) => answer::press(model, dialog, key, now),
        Layer::Editor(editor) => {
            editor::press(model, editor, key, now);
            Some(Vec::new())
        }
        Layer::Refused(refused) => self::refused(model, refused, key),
        Layer::Series { index } => series::press(model, index, key, now),
    }
}

/// Puts pasted text into the input that is open. It is never taken as keys.
pub(crate) fn paste_into_layer(model: &mut Model, pasted: &str, now: Timestamp) {
    match model.layers.last_mut() {
        Some(Layer::Palette { input, index }) => {
            input.paste(pasted);
            *index = 0;
        }
        Some(Layer::Find { input }) => {
            input.paste(pasted);
            let input = input.clone();
            find::apply(model, input.text(), now);
        }
        Some(Layer::Editor(editor)) => {
            editor.area.paste(pasted);
            editor.area.keep_seen(layout::editor_rows(model.size));
        }
        // What confirms is typed by hand; a reason may come from elsewhere.
        Some(Layer::Dialog(dialog)) if dialog.field == super::Field::Reason => {
            dialog.reason.paste(pasted);
            answer::reason_changed(dialog);
        }
        _ => {}
    }
}

/// Fits what is open to the terminal's new size.
pub(crate) fn resize_layers(model: &mut Model) {
    for layer in &mut model.layers {
        match layer {
            Layer::Dialog(dialog) => dialog.fit(model.size),
            Layer::Editor(editor) => {
                editor.dialog.fit(model.size);
                editor.area.keep_seen(layout::editor_rows(model.size));
            }
            _ => {}
        }
    }
}

/// It stays until it was read.
fn refused(model: &mut Model, refused: Box<super::Refused>, key: Key) -> Option<Vec<Effect>> {
    match Action::of_key(key, model.screen) {
        Some(Action::Back | Action::Open) => return Some(Vec::new()),
        Some(Action::Quit) => {
            model.layers.push(Layer::Refused(refused));
            return None;
        }
        _ => model.layers.push(Layer::Refused(refused)),
    }
    Some(Vec::new())
}

fn help(model: &mut Model, offset: usize, key: Key) -> Option<Vec<Effect>> {
    let last = ACTIONS.len() - 1;
    let offset = match Action::of_key(key, model.screen) {
        Some(Action::Back | Action::Help | Action::Open) => return Some(Vec::new()),
        Some(Action::Down) => offset + 1,
        Some(Action::Up) => offset.saturating_sub(1),
        Some(Action::PageDown) => offset + PAGE,
        Some(Action::PageUp) => offset.saturating_sub(PAGE),
        Some(Action::First) => 0,
        Some(Action::Last) => last,
        Some(Action::Quit) => {
            model.layers.push(Layer::Help { offset });
            return None;
        }
        _ => offset,
    };
    model.layers.push(Layer::Help { offset: offset.min(last) });
    Some(Vec::new())
}
