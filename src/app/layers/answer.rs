//! Keys of an open decision.
//!
//! A key that was typed before the dialog could be read is no answer: for a short while, and
//! while such keys keep coming, nothing confirms. Pasted text never does.

use std::time::Duration;

use serde_json::Value;

use super::input::Edit;
use super::{Dialog, DialogKind, Field, Layer, editor};
use crate::app::decide::{self, Refusal};
use crate::app::key::Key;
use crate::app::model::Tone;
use crate::app::pending::Order;
use crate::app::update::{Confirmed, hold};
use crate::app::{Action, Effect, Model};
use crate::domain::Timestamp;
use crate::domain::clock::later;
use crate::wire::Command;

/// How long a dialog must have been open, and quiet, before it takes an answer.
const DWELL: Duration = Duration::from_millis(500);
/// The key that opens what can be edited of a dialog.
pub(super) const EDIT: Key = Key::Char('e');

/// Takes a key; none when it is to be passed on.
pub(super) fn press(
    model: &mut Model,
    mut dialog: Box<Dialog>,
    key: Key,
    now: Timestamp,
) -> Option<Vec<Effect>> {
    if key == Key::Esc {
        return Some(Vec::new());
    }
    if let Some(place) = answered(&mut dialog, key) {
        return Some(answer(model, dialog, place, now));
    }
    if key == EDIT && dialog.field == Field::Answer && dialog.draft().is_some() {
        return Some(editor::open(model, dialog, now));
    }
    if !edit(&mut dialog, key, now) && key != Key::Enter {
        if Action::of_key(key, model.screen) == Some(Action::Quit) {
            model.layers.push(Layer::Dialog(dialog));
            return None;
        }
        scroll(&mut dialog, key, model.size);
    }
    model.layers.push(Layer::Dialog(dialog));
    Some(Vec::new())
}

/// The choice that a key takes. Letters are choices only where none is typed; Enter leaves a field
/// for the next one, and answers from the last.
fn answered(dialog: &mut Dialog, key: Key) -> Option<usize> {
    let fields = dialog.fields();
    let at = fields.iter().position(|field| *field == dialog.field).unwrap_or(0);
    match key {
        Key::Tab => dialog.field = fields[(at + 1) % fields.len()],
        Key::BackTab => dialog.field = fields[(at + fields.len() - 1) % fields.len()],
        Key::Enter if asks_on(dialog, fields.get(at + 1)) => dialog.field = fields[at + 1],
        Key::Enter => return dialog.choices.iter().position(|choice| choice.key == Key::Enter),
        _ if dialog.field == Field::Answer => {
            return dialog.choices.iter().position(|choice| choice.key == key);
        }
        _ => {}
    }
    None
}

/// Whether Enter goes on to that field: to one that is typed, or where there are answers to choose from.
fn asks_on(dialog: &Dialog, next: Option<&Field>) -> bool {
    next.is_some_and(|next| *next != Field::Answer || dialog.choices.len() > 1)
}

/// Types into the field that takes the keys; whether the key belonged to it.
fn edit(dialog: &mut Dialog, key: Key, now: Timestamp) -> bool {
    let edit = match dialog.field {
        Field::Answer => return matches!(key, Key::Tab | Key::BackTab),
        Field::Reason => dialog.reason.edit(key),
        Field::Proof => dialog.proof.edit(key),
    };
    match (edit, dialog.field) {
        (Edit::Changed, Field::Reason) => reason_changed(dialog),
        // What completes the proof must not run on into an answer.
        (Edit::Changed, _) => dialog.opened_at = now,
        _ => {}
    }
    edit != Edit::Other || matches!(key, Key::Tab | Key::BackTab)
}

/// What is sent follows the reason of a rejection, so that the dialog shows the very command. The
/// reason of anything else goes into the journal alone.
pub(super) fn reason_changed(dialog: &mut Dialog) {
    if dialog.kind != DialogKind::Reject {
        return;
    }
    let reason = dialog.reason.text().trim().to_owned();
    for choice in &mut dialog.choices {
        if let Order::Send(Command::Decide(decision)) = &mut choice.order {
            decision.result.remove("reason");
            if !reason.is_empty() {
                decision.result.insert("reason".into(), Value::String(reason.clone()));
            }
        }
    }
}

fn answer(model: &mut Model, mut dialog: Box<Dialog>, place: usize, now: Timestamp) -> Vec<Effect> {
    if now < later(dialog.opened_at, DWELL) {
        dialog.opened_at = now;
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    }
    if let Some((text, field)) = dialog.missing() {
        dialog.field = field;
        model.say(Tone::Info, text, now);
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    }
    if let Some(text) = dialog.unfit() {
        model.say(Tone::Bad, text, now);
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    }
    let Some(choice) = dialog.choices.get(place) else { return Vec::new() };
    match decide::recheck(model, &dialog, &choice.order, now) {
        Ok(()) => {
            let target = match &dialog.step {
                Some(step) => format!("{} {step}", dialog.target),
                None => dialog.target.clone(),
            };
            let (order, doing) = (choice.order.clone(), dialog.kind.doing());
            let reason = dialog.reason.text().trim().to_owned();
            let form = Some(dialog).filter(|dialog| dialog.edited || !reason.is_empty());
            hold(model, Confirmed { order, doing, target, reason, form }, now)
        }
        Err(Refusal::Senseless(text)) => {
            model.say(Tone::Info, text, now);
            Vec::new()
        }
        Err(Refusal::AskFirst(text)) => {
            model.say(Tone::Bad, text, now);
            model.layers.push(Layer::Dialog(dialog));
            vec![Effect::Refetch]
        }
    }
}

fn scroll(dialog: &mut Dialog, key: Key, size: (u16, u16)) {
    // A page is what is seen: a longer one would pass over lines that were never shown.
    let page = dialog.rows(size);
    let to = match key {
        Key::Down | Key::Char('j') => dialog.offset + 1,
        Key::Up | Key::Char('k') => dialog.offset.saturating_sub(1),
        Key::PageDown => dialog.offset + page,
        Key::PageUp => dialog.offset.saturating_sub(page),
        _ => return,
    };
    dialog.scroll_to(to, size);
}
