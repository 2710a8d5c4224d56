//! Row 24: a graceful stop and what holds it.

use super::super::words::{counted, since, steps};
use super::{in_flight, live};
use crate::domain::clock::{age, human};
use crate::domain::triage::{Act, Case, Finding, Verdict};
use crate::domain::{RunClass, RunStatus, StepId};

/// What is still in flight, how long it may take, and the way to end it.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = live(case, RunClass::Draining) else { return Vec::new() };
    let flying: Vec<StepId> = in_flight(case).into_iter().map(|(id, _)| id.clone()).collect();
    let drain = run.drain.or(case.history.drain());
    let mark = case.history.marks().iter().rev().find(|mark| mark.status == RunStatus::Draining);
    let began = drain.map(|drain| drain.since).or(mark.and_then(|mark| mark.at)).or(run.updated_at);
    let limit = drain.map(|drain| human(age(drain.since, drain.deadline)));
    let of = limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let over = drain.is_some_and(|drain| drain.deadline < case.now);
    let waits = match flying.len() {
        0 => "nothing is in flight any more".to_owned(),
        count => format!("{} in flight: {}", counted(count, "step"), steps(&flying)),
    };
    let title = format!("it stops gracefully since {}{of}; {waits}", since(began, case.now));
    let verdict = if over { Verdict::Cause } else { Verdict::ByDesign };
    let mut finding = Finding::new(24, "draining", verdict, title)
        .seen("event state_changed", "draining", began)
        .offer("stop immediately", Act::Stop);
    finding.step = flying.first().cloned();
    for (id, state) in in_flight(case) {
        let ran = since(state.started_at, case.now);
        finding = finding.seen("event step_started", format!("{id} runs since {ran}"), state.started_at);
    }
    vec![finding]
}
