//! Decisions on their way: held back for undo, then sent once.

use std::time::Duration;

use crate::app::model::Tone;
use crate::app::pending::{Pending, Stage};
use crate::app::{Effect, Model};
use crate::domain::Timestamp;
use crate::domain::clock::{age, later};
use crate::wire::Command;

/// Within this time a second `q` means it.
const MEANT: Duration = Duration::from_secs(6);

/// A decision as it was confirmed.
pub(crate) struct Confirmed {
    /// What is sent.
    pub(crate) command: Command,
    /// The words for it: `approving`, `stopping`, …
    pub(crate) doing: &'static str,
    /// What it is aimed at, as the operator reads it.
    pub(crate) target: String,
    /// Why, for the journal; may be empty.
    pub(crate) reason: String,
}

/// Takes a confirmed decision: holds it back for undo, or sends it at once.
pub(crate) fn hold(model: &mut Model, confirmed: Confirmed, now: Timestamp) -> Vec<Effect> {
    let Confirmed { command, doing, target, reason } = confirmed;
    let undo = model.session.undo;
    let stage = if undo.is_zero() { Stage::Sent } else { Stage::Held { until: later(now, undo) } };
    let ticket =
        model.pending.add(|ticket| Pending { ticket, command, doing, target, reason, stage, since: now });
    match model.pending.get(ticket) {
        Some(pending) if undo.is_zero() => vec![order(pending)],
        _ => Vec::new(),
    }
}

/// Sends what was held back long enough.
pub(super) fn due(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    model.pending.due(now).iter().map(order).collect()
}

fn order(pending: &Pending) -> Effect {
    let (ticket, command) = (pending.ticket, pending.command.clone());
    Effect::Send { ticket, command, reason: pending.reason.clone() }
}

/// Takes back the decision that was made last and is not sent.
pub(super) fn undo(model: &mut Model, now: Timestamp) {
    model.upkeep.quit_asked_at = None;
    match model.pending.undo() {
        Some(held) => {
            model.say(
                Tone::Good,
                format!("taken back: {} {}; nothing was sent", held.doing, held.target),
                now,
            );
        }
        None => model.say(Tone::Info, "nothing to take back: no decision is waiting to be sent", now),
    }
}

/// Quits; with decisions not sent, only when asked twice.
pub(super) fn quit(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let held = model.pending.iter().filter(|pending| matches!(pending.stage, Stage::Held { .. })).count();
    let meant = model.upkeep.quit_asked_at.is_some_and(|at| age(at, now) < MEANT);
    if held == 0 || meant {
        return vec![Effect::Quit];
    }
    model.upkeep.quit_asked_at = Some(now);
    let decisions = if held == 1 { "1 decision".to_owned() } else { format!("{held} decisions") };
    model.say(Tone::Bad, format!("{decisions} not sent: u takes back, q again quits without sending"), now);
    Vec::new()
}
