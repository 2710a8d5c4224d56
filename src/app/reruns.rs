//! Runs that run again: the series that is under way, and which run stands in for which.
//!
//! A series goes on by itself: whenever something was heard, `follow_up` looks how its run stands by
//! what the server says, and gives the turn to the next. Each start is a command of its own under an id
//! of its own, recorded before it is sent and sent once, like every other.

use std::collections::HashMap;
use std::sync::Arc;

use uuid::Uuid;

use super::decide::{named, sendable};
use super::model::{Model, Tone};
use super::pending::{Order, Pending, Stage, Ticket};
use super::{Effect, update};
use crate::domain::series::{Ending, Series, Tally, reason};
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::wire::{Again, Command};

/// What is known of running again.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reruns {
    /// The series that is under way, or ended last and was not put away.
    pub series: Option<Series>,
    /// By a run, the run that was started in its place, from this machine.
    pub again: HashMap<RunId, RunId>,
    /// Why the series was begun, for the journal.
    reason: String,
    /// The start of it that is on its way.
    ticket: Option<Ticket>,
}

impl Reruns {
    /// Whether something may still come of the series: a start, or the end of a run.
    pub fn is_going(&self) -> bool {
        self.series.as_ref().is_some_and(|series| !series.is_over())
    }

    /// Whether the series will start more.
    pub fn will_start(&self) -> bool {
        self.series.as_ref().is_some_and(|series| series.ending().is_none())
    }

    /// The workflow of the run whose turn it is.
    pub(super) fn workflow(&self) -> Option<&WorkflowId> {
        self.series.as_ref()?.current().map(|item| &item.workflow)
    }

    /// What would not come about if the program ended now, in words.
    pub fn left(&self) -> Option<String> {
        let Tally { waiting, total, .. } = self.series.as_ref().filter(|_| self.will_start())?.tally();
        (waiting > 0).then(|| format!("running again {waiting} of {total} runs"))
    }

    /// Whether a command is the start of the series that is on its way.
    pub(super) fn owns(&self, ticket: Ticket) -> bool {
        self.ticket == Some(ticket)
    }
}

/// Begins a series.
pub(super) fn begin(model: &mut Model, runs: &Arc<[(WorkflowId, RunId)]>, reason: String) {
    model.reruns.series = Some(Series::new(runs.iter().cloned()));
    model.reruns.reason = reason;
    model.reruns.ticket = None;
}

/// Looks how the series stands, and goes on with it. On a picture that is too old nothing is started.
pub(super) fn follow_up(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let Some(series) = model.reruns.series.as_mut().filter(|series| !series.is_over()) else {
        return Vec::new();
    };
    let new = series.current().and_then(|item| item.stage.new_run());
    if let Some(status) = new.and_then(|new| model.mirror.run(new)).map(|run| run.status.clone()) {
        series.observe(&status);
    }
    if series.is_over() {
        tell_end(model, now);
        return Vec::new();
    }
    if sendable(model, now).is_err() {
        return Vec::new();
    }
    let turn = model.reruns.series.as_mut().and_then(Series::take_turn);
    let order = turn.map(|item| Effect::Prepare { workflow: item.workflow.clone(), run: item.run.clone() });
    order.into_iter().collect()
}

/// Takes in what a run was started with; the series starts it.
pub(super) fn prepared(
    model: &mut Model,
    run: &RunId,
    again: Result<Option<Again>, String>,
    now: Timestamp,
) -> Vec<Effect> {
    let is_wanted = |series: &Series| series.current().is_some_and(|item| item.run == *run);
    if !model.reruns.series.as_ref().is_some_and(is_wanted) {
        return Vec::new();
    }
    let refused = match again {
        Ok(Some(again)) => match start(model, run, again, now) {
            Ok(effects) => return effects,
            Err(why) => why,
        },
        Ok(None) => "the server does not say which input it was started with".into(),
        Err(error) => error,
    };
    refuse(model, refused, now);
    Vec::new()
}

fn start(model: &mut Model, run: &RunId, again: Again, now: Timestamp) -> Result<Vec<Effect>, String> {
    if model.session.guards.of("start").denied {
        return Err("a guardrail refuses to start".into());
    }
    let mut start = again.start;
    let new = own_id(run, now);
    start.run_id = Some(new.clone());
    let Some(series) = &mut model.reruns.series else { return Ok(Vec::new()) };
    let Tally { total, waiting, .. } = series.tally();
    if !series.starting(run, new) {
        return Ok(Vec::new());
    }
    let reason = reason(&model.reruns.reason, (total - waiting, total));
    let (order, target) = (Order::Send(Command::Start(start)), named(model, run));
    let doing = "starting again";
    let ticket = model.pending.add(|ticket| Pending {
        ticket,
        order,
        doing,
        target,
        reason,
        stage: Stage::Sent,
        since: now,
        form: None,
    });
    model.reruns.ticket = Some(ticket);
    Ok(model.pending.get(ticket).and_then(update::send).into_iter().collect())
}

/// The id of a new run, of its own for each start: so that it can be asked about, and is never doubled.
fn own_id(run: &RunId, now: Timestamp) -> RunId {
    let of_run = Uuid::new_v5(&Uuid::NAMESPACE_OID, run.as_str().as_bytes());
    Uuid::new_v5(&of_run, &now.as_nanosecond().to_be_bytes()).to_string().into()
}

/// The server took a start: its run stands in for the one that it runs again.
pub(super) fn taken(model: &mut Model, ticket: Ticket, command: &Command, new: &RunId) {
    let Command::Start(start) = command else { return };
    if let Some(old) = &start.in_place_of {
        model.reruns.again.insert(old.clone(), new.clone());
    }
    if model.reruns.owns(ticket) {
        model.reruns.ticket = None;
        if let Some(series) = &mut model.reruns.series {
            series.started(new.clone());
        }
    }
}

/// A start did not come about; of the series, it is the last.
pub(super) fn not_taken(model: &mut Model, ticket: Ticket, why: &str, now: Timestamp) {
    if model.reruns.owns(ticket) {
        model.reruns.ticket = None;
        refuse(model, why.to_owned(), now);
    }
}

fn refuse(model: &mut Model, why: String, now: Timestamp) {
    if let Some(series) = &mut model.reruns.series {
        series.refused(why);
        tell_end(model, now);
    }
}

/// Starts nothing more.
pub(super) fn end(model: &mut Model, now: Timestamp) {
    let Some(series) = model.reruns.series.as_mut().filter(|series| series.ending().is_none()) else {
        return;
    };
    series.end();
    let left = series.tally().waiting;
    let goes_on = if series.current().is_some() { "; the run under way goes on" } else { "" };
    model.say(Tone::Info, format!("ended: {} not run again{goes_on}", runs(left)), now);
}

fn tell_end(model: &mut Model, now: Timestamp) {
    let Some(series) = &model.reruns.series else { return };
    let Tally { completed, waiting, total, .. } = series.tally();
    let at = series.stopped_at().map(|item| named(model, &item.run)).unwrap_or_default();
    let (tone, text) = match series.ending() {
        None | Some(Ending::Ended) => return,
        Some(Ending::Completed) => (Tone::Good, format!("all {} ran again and completed", runs(total))),
        Some(Ending::FailedAgain) => {
            (Tone::Bad, format!("{at} failed again: {completed} completed, {} not run again", runs(waiting)))
        }
        Some(Ending::NotStarted) => (
            Tone::Bad,
            format!("{at} was not started: {completed} completed, {} not run again", runs(waiting)),
        ),
    };
    model.say(tone, text, now);
}

/// So many runs, in words.
fn runs(count: usize) -> String {
    if count == 1 { "1 run".to_owned() } else { format!("{count} runs") }
}
