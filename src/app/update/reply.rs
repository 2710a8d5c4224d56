//! Answers to decisions. The row itself changes only when the server's own data says so.

use crate::app::model::{Screen, Tone};
use crate::app::pending::{Pending, Ticket};
use crate::app::{Effect, Model, decide, panes};
use crate::domain::{StopMode, Timestamp};
use crate::wire::{CallError, Command, Reply};

/// Takes the answer to a command; answers to unknown tickets are dropped.
pub(super) fn answered(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Reply, CallError>,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(pending) = model.pending.settle(ticket) else { return Vec::new() };
    match result {
        Ok(reply) => taken(model, &pending, &reply, now),
        Err(error) => {
            let (tone, text) = failed(&pending, &error);
            model.say(tone, text, now);
        }
    }
    vec![Effect::Refetch]
}

fn taken(model: &mut Model, pending: &Pending, reply: &Reply, now: Timestamp) {
    let target = &pending.target;
    let text = match &pending.command {
        Command::Start(_) => format!("started {} in place of {target}", reply.run.short()),
        Command::Decide(decision) if decision.approved => format!("approved {target}"),
        Command::Decide(_) => format!("rejected {target}"),
        Command::Pause { .. } => format!("paused {target}"),
        Command::Resume { .. } => format!("resumed {target}"),
        Command::Stop { mode: StopMode::Graceful, .. } => format!("stopping {target} gracefully"),
        Command::Stop { mode: StopMode::Immediate, .. } => format!("stopped {target}"),
    };
    model.say(Tone::Good, text, now);
    if let Command::Start(start) = &pending.command
        && shows(model, target)
        && !reply.run.as_str().is_empty()
    {
        panes::open_run(model, start.workflow.clone(), reply.run.clone());
    }
}

/// Whether the run that was run again is still the one on the screen, with nothing over it.
fn shows(model: &Model, target: &str) -> bool {
    let open = model.run.as_ref().filter(|_| model.screen == Screen::Run && model.layers.is_empty());
    open.is_some_and(|open| decide::named(model, &open.run) == *target)
}

fn failed(pending: &Pending, error: &CallError) -> (Tone, String) {
    let (doing, target) = (pending.doing, &pending.target);
    match error {
        CallError::Rejected { message, .. } if error.is_conflict() => match pending.command {
            Command::Decide(_) => {
                (Tone::Info, format!("already decided by someone else: {message} ({target})"))
            }
            _ => (Tone::Info, format!("{doing} {target} is no longer possible: {message}")),
        },
        _ if error.outcome_unknown() => (
            Tone::Bad,
            format!(
                "no answer to {doing} {target}: {error}. It may have taken effect; asking the server what happened"
            ),
        ),
        _ => (Tone::Bad, format!("{doing} {target} failed: {error}")),
    }
}
