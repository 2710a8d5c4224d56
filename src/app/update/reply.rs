//! Answers to decisions. The row itself changes only when the server's own data says so.

use super::actions::perform;
use super::refused;
use crate::app::layers::Layer;
use crate::app::model::{Screen, Tone};
use crate::app::pending::{Pending, Ticket};
use crate::app::{Action, Effect, Model, Recalled, decide, panes, reruns};
use crate::domain::{StopMode, Timestamp};
use crate::wire::{CallError, Command, Finding, Reply};

/// Takes the answer to a command; answers to unknown tickets are dropped.
pub(super) fn answered(
    model: &mut Model,
    ticket: Ticket,
    result: Result<Reply, CallError>,
    now: Timestamp,
) -> Vec<Effect> {
    if result.as_ref().is_err_and(CallError::outcome_unknown) {
        return lost(model, ticket, result.err(), now);
    }
    let Some(pending) = model.pending.settle(ticket) else { return Vec::new() };
    match result {
        Ok(reply) => return taken(model, &pending, &reply, now),
        Err(error) => {
            let (tone, text) = failed(&pending, &error);
            model.say(tone, text, now);
            reruns::not_taken(model, ticket, &error.to_string(), now);
            refused::explain(model, &pending, &error, now);
            reopen(model, pending, &error, now);
        }
    }
    vec![Effect::Refetch]
}

/// What a person wrote is not lost where the server finds that it does not fit: the dialog comes back as
/// it was answered.
fn reopen(model: &mut Model, pending: Pending, error: &CallError, now: Timestamp) {
    let does_not_fit = matches!(error, CallError::Rejected { status: 422, .. });
    if let Some(mut form) = pending.form.filter(|_| does_not_fit && model.layers.is_empty()) {
        form.opened_at = now;
        form.fit(model.size);
        model.layers.push(Layer::Dialog(form));
    }
}

/// A lost answer is neither a success nor a failure: the server is asked what became of it.
fn lost(model: &mut Model, ticket: Ticket, error: Option<CallError>, now: Timestamp) -> Vec<Effect> {
    let (Some(pending), Some(error)) = (model.pending.lose(ticket), error) else { return Vec::new() };
    let (doing, target) = (pending.doing, &pending.target);
    let text = format!(
        "no answer to {doing} {target}: {error}. UNKNOWN whether it took effect; asking the server what happened"
    );
    model.say(Tone::Bad, text, now);
    vec![Effect::Settle { ticket }, Effect::Refetch]
}

/// Takes what reading told of a command whose answer was lost. What is still not known is asked
/// again; nothing is ever sent again.
pub(super) fn settled(
    model: &mut Model,
    ticket: Ticket,
    found: Result<Finding, CallError>,
    now: Timestamp,
) -> Vec<Effect> {
    let Some(pending) = model.pending.get(ticket) else { return Vec::new() };
    let (tone, text) = told(&format!("{} {}", pending.doing, pending.target), &found);
    model.say(tone, text, now);
    let Some(found) = found.ok().filter(Finding::is_known) else { return vec![Effect::Settle { ticket }] };
    let Some(pending) = model.pending.settle(ticket) else { return Vec::new() };
    match (&found, pending.order.command()) {
        (Finding::Taken(_), Some(command)) => {
            if let Some(new) = command.run() {
                reruns::taken(model, ticket, command, new);
            }
        }
        _ => reruns::not_taken(model, ticket, found.why(), now),
    }
    vec![Effect::Refetch]
}

/// Tells what became of decisions of an earlier session.
pub(super) fn recalled(model: &mut Model, recalled: &[Recalled], now: Timestamp) {
    for one in recalled {
        let (tone, text) = told(&one.what, &one.found);
        model.say(tone, format!("from an earlier session: {text}"), now);
    }
}

fn told(what: &str, found: &Result<Finding, CallError>) -> (Tone, String) {
    match found {
        Ok(Finding::Taken(why)) => (Tone::Good, format!("{what} took effect: {why}")),
        Ok(Finding::NotTaken(why)) => {
            (Tone::Bad, format!("{what} did not take effect: {why}. Decide again if it is still wanted"))
        }
        Ok(Finding::Otherwise(why)) => (Tone::Info, format!("{what} came too late: {why}")),
        Ok(Finding::Unclear(why)) => (Tone::Bad, format!("still UNKNOWN whether {what} took effect: {why}")),
        Err(error) => (Tone::Bad, format!("still UNKNOWN whether {what} took effect: {error}")),
    }
}

fn taken(model: &mut Model, pending: &Pending, reply: &Reply, now: Timestamp) -> Vec<Effect> {
    let effects = vec![Effect::Refetch];
    let (Some(command), target) = (pending.order.command(), &pending.target) else { return effects };
    if model.reruns.owns(pending.ticket) {
        // The series tells how far it is.
        reruns::taken(model, pending.ticket, command, &reply.run);
        return effects;
    }
    let text = match command {
        Command::Start(_) => format!("started {} in place of {target}", reply.run.short()),
        Command::Decide(decision) if decision.approved => format!("approved {target}"),
        Command::Decide(_) => format!("rejected {target}"),
        Command::Pause { .. } => format!("paused {target}"),
        Command::Resume { .. } => format!("resumed {target}"),
        Command::Stop { mode: StopMode::Graceful, .. } => format!("stopping {target} gracefully"),
        Command::Stop { mode: StopMode::Immediate, .. } => format!("stopped {target}"),
        Command::Publish(_) => return published(model, target, reply, now),
        Command::Activate { .. } => return activated(model, target, now),
    };
    model.say(Tone::Good, text, now);
    reruns::taken(model, pending.ticket, command, &reply.run);
    if let Command::Start(start) = command
        && shows(model, target)
        && !reply.run.as_str().is_empty()
    {
        panes::open_run(model, start.workflow.clone(), reply.run.clone());
    }
    effects
}

/// A version is there: the next thing that an operator wants is a new run of what failed.
fn published(model: &mut Model, target: &str, reply: &Reply, now: Timestamp) -> Vec<Effect> {
    let version = reply.body.get("version").map(|version| format!(" as version {version}"));
    model.say(Tone::Good, format!("published {target}{}", version.unwrap_or_default()), now);
    if let Some(open) = &mut model.run {
        open.diagnosis.ask_again();
    }
    let mut effects = vec![Effect::Refetch];
    if model.screen == Screen::Run && model.layers.is_empty() {
        effects.extend(perform(model, Action::RunAgain, now));
    }
    effects
}

/// Another profile counts: what is bound to it is checked again.
fn activated(model: &mut Model, target: &str, now: Timestamp) -> Vec<Effect> {
    model.say(Tone::Good, format!("active now: {target}; checking what is bound to it"), now);
    if let Some(open) = &mut model.run {
        open.diagnosis.check();
    }
    vec![Effect::Refetch]
}

/// Whether the run that was run again is still the one on the screen, with nothing over it.
fn shows(model: &Model, target: &str) -> bool {
    let open = model.run.as_ref().filter(|_| model.screen == Screen::Run && model.layers.is_empty());
    open.is_some_and(|open| decide::named(model, &open.run) == *target)
}

fn failed(pending: &Pending, error: &CallError) -> (Tone, String) {
    let (doing, target) = (pending.doing, &pending.target);
    match error {
        CallError::Rejected { message, .. } if error.is_conflict() => match pending.order.command() {
            Some(Command::Decide(_)) => {
                (Tone::Info, format!("already decided by someone else: {message} ({target})"))
            }
            _ => (Tone::Info, format!("{doing} {target} is no longer possible: {message}")),
        },
        _ => (Tone::Bad, format!("{doing} {target} failed: {error}")),
    }
}
