//! Keys of an open decision.
//!
//! A key that was typed before the dialog could be read is no answer: for a short while, and
//! while such keys keep coming, nothing confirms. Pasted text never does.

use std::time::Duration;

use serde_json::Value;

use super::input::Edit;
use super::{Dialog, DialogKind, Layer};
use crate::app::decide::{self, Refusal};
use crate::app::key::Key;
use crate::app::model::Tone;
use crate::app::update::{Confirmed, hold};
use crate::app::{Action, Effect, Model};
use crate::domain::Timestamp;
use crate::domain::clock::later;
use crate::wire::Command;

/// How long a dialog must have been open, and quiet, before it takes an answer.
const DWELL: Duration = Duration::from_millis(500);
/// How many payload lines a page is.
const PAGE: usize = 10;

/// Takes a key; none when it is to be passed on.
pub(super) fn press(
    model: &mut Model,
    mut dialog: Box<Dialog>,
    key: Key,
    now: Timestamp,
) -> Option<Vec<Effect>> {
    if let Some(place) = dialog.choices.iter().position(|choice| choice.key == key) {
        return Some(answer(model, dialog, place, now));
    }
    if key == Key::Esc {
        return Some(Vec::new());
    }
    let typed = dialog.kind == DialogKind::Reject && edit_reason(&mut dialog, key);
    if !typed {
        if Action::of_key(key, model.screen) == Some(Action::Quit) {
            model.layers.push(Layer::Dialog(dialog));
            return None;
        }
        scroll(&mut dialog, key, model.size);
    }
    model.layers.push(Layer::Dialog(dialog));
    Some(Vec::new())
}

/// Types into the reason; what is sent follows, so that the dialog shows the very command.
pub(super) fn reason_changed(dialog: &mut Dialog) {
    let reason = dialog.reason.text().trim().to_owned();
    for choice in &mut dialog.choices {
        if let Command::Decide(decision) = &mut choice.command {
            decision.result.remove("reason");
            if !reason.is_empty() {
                decision.result.insert("reason".into(), Value::String(reason.clone()));
            }
        }
    }
}

fn edit_reason(dialog: &mut Dialog, key: Key) -> bool {
    match dialog.reason.edit(key) {
        Edit::Changed => {
            reason_changed(dialog);
            true
        }
        Edit::Kept => true,
        Edit::Other => false,
    }
}

fn answer(model: &mut Model, mut dialog: Box<Dialog>, place: usize, now: Timestamp) -> Vec<Effect> {
    if now < later(dialog.opened_at, DWELL) {
        dialog.opened_at = now;
        model.layers.push(Layer::Dialog(dialog));
        return Vec::new();
    }
    let Some(choice) = dialog.choices.get(place) else { return Vec::new() };
    match decide::recheck(model, &dialog, &choice.command, now) {
        Ok(()) => {
            let target = match &dialog.step {
                Some(step) => format!("{} {step}", dialog.target),
                None => dialog.target.clone(),
            };
            let (command, doing) = (choice.command.clone(), dialog.kind.doing());
            let reason = dialog.reason.text().trim().to_owned();
            hold(model, Confirmed { command, doing, target, reason }, now)
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
    let to = match key {
        Key::Down | Key::Char('j') => dialog.offset + 1,
        Key::Up | Key::Char('k') => dialog.offset.saturating_sub(1),
        Key::PageDown => dialog.offset + PAGE,
        Key::PageUp => dialog.offset.saturating_sub(PAGE),
        _ => return,
    };
    dialog.scroll_to(to, size);
}
