//! Decisions on their way: held back for undo, then sent once.

use std::time::Duration;

use crate::app::layers::Dialog;
use crate::app::model::Tone;
use crate::app::pending::{Order, Pending, Stage};
use crate::app::{Effect, Model, reruns};
use crate::domain::Timestamp;
use crate::domain::clock::{age, later};

/// Within this time a second `q` means it.
const MEANT: Duration = Duration::from_secs(6);

/// A decision as it was confirmed.
pub(crate) struct Confirmed {
    /// What is done.
    pub(crate) order: Order,
    /// The words for it: `approving`, `stopping`, …
    pub(crate) doing: &'static str,
    /// What it is aimed at, as the operator reads it.
    pub(crate) target: String,
    /// Why, for the journal; may be empty.
    pub(crate) reason: String,
    /// The dialog as it was answered, where a person wrote something in it.
    pub(crate) form: Option<Box<Dialog>>,
}

/// Takes a confirmed decision: holds it back for undo, or sends it at once.
pub(crate) fn hold(model: &mut Model, confirmed: Confirmed, now: Timestamp) -> Vec<Effect> {
    let Confirmed { order, doing, target, reason, form } = confirmed;
    let undo = model.session.undo;
    let stage = if undo.is_zero() { Stage::Sent } else { Stage::Held { until: later(now, undo) } };
    let ticket =
        model.pending.add(|ticket| Pending { ticket, order, doing, target, reason, stage, since: now, form });
    let at_once = model.pending.get(ticket).filter(|_| undo.is_zero()).cloned();
    at_once.map_or_else(Vec::new, |pending| carry_out(model, &pending))
}

/// Sends what was held back long enough.
pub(super) fn due(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let due = model.pending.due(now);
    due.iter().flat_map(|pending| carry_out(model, pending)).collect()
}

fn carry_out(model: &mut Model, pending: &Pending) -> Vec<Effect> {
    if let Order::Series(runs) = &pending.order {
        model.pending.settle(pending.ticket);
        reruns::begin(model, runs, pending.reason.clone());
    }
    order(pending).into_iter().collect()
}

/// The effect that sends a command on its way.
pub(crate) fn order(pending: &Pending) -> Option<Effect> {
    let (ticket, command) = (pending.ticket, pending.order.command()?.clone());
    Some(Effect::Send { ticket, command, reason: pending.reason.clone() })
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

/// Quits; with decisions not sent or runs left to run again, only when asked twice.
pub(super) fn quit(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let held = model.pending.iter().filter(|pending| matches!(pending.stage, Stage::Held { .. })).count();
    let meant = model.upkeep.quit_asked_at.is_some_and(|at| age(at, now) < MEANT);
    let left = model.reruns.left();
    if (held == 0 && left.is_none()) || meant {
        return vec![Effect::Quit];
    }
    model.upkeep.quit_asked_at = Some(now);
    let text = match left.filter(|_| held == 0) {
        Some(left) => format!("{left} has not come about: q again quits and starts nothing more"),
        None => {
            let decisions = if held == 1 { "1 decision".to_owned() } else { format!("{held} decisions") };
            format!("{decisions} not sent: u takes back, q again quits without sending")
        }
    };
    model.say(Tone::Bad, text, now);
    Vec::new()
}
