//! Events as the log stores them. The field names are the wire's, read by every client.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::agent::{TurnLimit, TurnNote};
use super::io::{EventDraft, StartInput, StepError};
use crate::domain::{
    EventKind, FailureCode, RunId, RunStatus, SkipReason, StepId, StepKind, StepSpec, TaskId, Timestamp,
};

/// The version of the rules in this module tree, kept in every run's first event.
pub const MACHINE_VERSION: u32 = 1;

/// Why a step was cancelled while in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CancelReason {
    RunFailed,
    RunStopped,
    DrainTimeout,
}

impl CancelReason {
    fn as_str(self) -> &'static str {
        match self {
            Self::RunFailed => "run_failed",
            Self::RunStopped => "run_stopped",
            Self::DrainTimeout => "drain_timeout",
        }
    }
}

/// On whose word a run is stopped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stopper {
    #[default]
    Operator,
    Parent,
}

impl Stopper {
    /// The reason in `state_changed`.
    pub(super) fn reason(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Parent => "parent_run",
        }
    }

    /// Reads the reason back.
    pub(super) fn of(reason: &str) -> Self {
        if reason == Self::Parent.reason() { Self::Parent } else { Self::Operator }
    }

    fn sentence(self) -> &'static str {
        match self {
            Self::Operator => "an operator stopped the run",
            Self::Parent => "the run that called it was stopped or failed, and this run with it",
        }
    }
}

/// What an event calls a step: its id, and within a loop the iteration besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) id: StepId,
    pub(super) iteration: Option<usize>,
}

impl Named {
    /// The name of the turn that an attempt of it is.
    pub(super) fn turn_id(&self, attempt: u32) -> String {
        match self.iteration {
            None => format!("turn-{attempt}"),
            Some(iteration) => format!("turn-{iteration}-{attempt}"),
        }
    }

    /// The fields that name it.
    fn fields(&self) -> Map<String, Value> {
        let mut data = Map::from_iter([("step_id".to_owned(), self.id.as_str().into())]);
        data.extend(self.iteration.map(|iteration| ("iteration".to_owned(), iteration.into())));
        data
    }

    /// The fields that name it, and more.
    fn with(&self, more: Value) -> Value {
        let mut data = self.fields();
        if let Value::Object(more) = more {
            data.extend(more);
        }
        Value::Object(data)
    }
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "step `{}`", self.id)?;
        self.iteration.map_or(Ok(()), |iteration| write!(f, " (iteration {iteration})"))
    }
}

fn draft(kind: EventKind, data: Value) -> EventDraft {
    EventDraft { kind, data }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn run_started(start: &StartInput) -> EventDraft {
    let excluded: Vec<_> = start.excluded.iter().map(StepId::as_str).collect();
    let mut data = json!({
        "workflow_id": start.workflow_id,
        "version": start.version,
        "input": start.input,
        "trigger_type": start.trigger_type,
        "excluded_step_ids": excluded,
        "machine_version": MACHINE_VERSION,
    });
    if !start.trigger_steps.is_empty() {
        data["trigger_steps"] = Value::Object(start.trigger_steps.clone());
    }
    if !start.connection.is_empty() {
        data["connection"] = Value::Object(start.connection.clone());
    }
    note_origin(&mut data, start);
    draft(EventKind::RunStarted, data)
}

/// For whom a run is, and which run called it, where that is so.
fn note_origin(data: &mut Value, start: &StartInput) {
    for (name, value) in start.principal.fields() {
        data[name] = value.into();
    }
    if let Some(caller) = &start.caller {
        data["parent_workflow_id"] = json!(caller.parent.workflow_id);
        data["parent_run_id"] = json!(caller.parent.run_id);
        data["parent_step_id"] = json!(caller.parent.step_id);
        data["parent_call"] = json!(caller.step);
        data["parent_attempt"] = caller.attempt.into();
    }
}

pub(super) fn run_rejected(start: &StartInput, error: &StepError) -> EventDraft {
    let mut data = json!({
        "workflow_id": start.workflow_id,
        "version": start.version,
        "failure_code": error.code.as_str(),
        "error": error.message,
        "machine_version": MACHINE_VERSION,
    });
    note_origin(&mut data, start);
    draft(EventKind::RunRejected, data)
}

pub(super) fn state_changed(from: &RunStatus, to: &RunStatus, reason: &str) -> EventDraft {
    draft(EventKind::StateChanged, json!({"from": from.as_str(), "to": to.as_str(), "reason": reason}))
}

pub(super) fn draining(from: &RunStatus, by: Stopper, deadline: Timestamp) -> EventDraft {
    let mut event = state_changed(from, &RunStatus::Draining, by.reason());
    event.data["drain_deadline"] = deadline.to_string().into();
    event
}

pub(super) fn step_started(step: &Named, spec: &StepSpec, attempt: u32, input: Option<Value>) -> EventDraft {
    let mut data = step.fields();
    data.extend(spec.name.as_deref().map(|name| ("step_name".to_owned(), name.into())));
    data.insert("step_type".into(), spec.kind.as_str().into());
    data.insert("attempt".into(), attempt.into());
    if spec.kind == StepKind::AgentCall {
        data.insert("turn_id".into(), step.turn_id(attempt).into());
    }
    data.extend(input.map(|input| ("input".to_owned(), input)));
    draft(EventKind::StepStarted, Value::Object(data))
}

pub(super) fn step_completed(step: &Named, result: Value, took: Duration) -> EventDraft {
    let mut data = step.fields();
    data.insert("result".into(), result);
    data.insert("duration_ms".into(), milliseconds(took).into());
    draft(EventKind::StepCompleted, Value::Object(data))
}

/// A completion whose handoff comes to nothing says why.
pub(super) fn handoff_ignored(mut completed: EventDraft, reason: &str) -> EventDraft {
    completed.data["handoff_ignored"] = reason.into();
    completed
}

pub(super) fn agent_note(step: &Named, attempt: u32, note: &TurnNote) -> EventDraft {
    let turn_id = step.turn_id(attempt);
    match note {
        TurnNote::Status { phase, message } => draft(
            EventKind::AgentTurnStatus,
            step.with(json!({"turn_id": turn_id, "attempt": attempt, "phase": phase, "message": message})),
        ),
        TurnNote::ToolRound { round, tool, summary, ok } => draft(
            EventKind::AgentTurnToolRound,
            step.with(json!({
                "turn_id": turn_id,
                "attempt": attempt,
                "round": round,
                "tool": tool,
                "summary": summary,
                "ok": ok,
            })),
        ),
    }
}

pub(super) fn agent_limit(step: &Named, attempt: u32, limit: &TurnLimit) -> EventDraft {
    draft(
        EventKind::AgentTurnLimitReached,
        step.with(json!({
            "turn_id": step.turn_id(attempt),
            "attempt": attempt,
            "rounds": limit.rounds,
            "message": limit.message,
            "transcript": limit.transcript,
        })),
    )
}

pub(super) fn step_skipped(step: &Named, reason: &SkipReason) -> EventDraft {
    draft(EventKind::StepCompleted, step.with(json!({"skipped": true, "reason": reason.as_str()})))
}

pub(super) fn step_retrying(
    step: &Named,
    attempt: u32,
    error: &StepError,
    (delay, next): (Duration, Timestamp),
) -> EventDraft {
    draft(
        EventKind::StepRetrying,
        step.with(json!({
            "attempt": attempt,
            "error": error.message,
            "failure_code": error.code.as_str(),
            "delay_ms": milliseconds(delay),
            "next_attempt_at": next.to_string(),
        })),
    )
}

pub(super) fn step_failed(step: &Named, attempt: u32, error: &StepError, took: Duration) -> EventDraft {
    let mut data = step.with(json!({
        "error": error.message,
        "failure_code": error.code.as_str(),
        "attempt": attempt,
        "duration_ms": milliseconds(took),
    }));
    note_details(&mut data, error.details.as_deref());
    draft(EventKind::StepFailed, data)
}

/// Details of a failure, where it has any, beside its words.
pub(super) fn note_details(data: &mut Value, details: Option<&Map<String, Value>>) {
    if let Some(details) = details {
        data["details"] = Value::Object(details.clone());
    }
}

pub(super) fn step_cancelled(step: &Named, reason: CancelReason, cause: Option<&StepId>) -> EventDraft {
    let mut data = step.with(json!({"cancelled": true, "reason": reason.as_str()}));
    if let Some(cause) = cause {
        data["caused_by_step_id"] = cause.as_str().into();
    }
    draft(EventKind::StepCancelled, data)
}

pub(super) fn step_uncertain(step: &Named, attempt: u32, task: &TaskId) -> EventDraft {
    draft(EventKind::StepUncertain, step.with(json!({"attempt": attempt, "task_id": task})))
}

pub(super) fn task_created(step: &Named, task: &TaskId, task_type: &str, payload: Value) -> EventDraft {
    let mut data = step.with(json!({"task_id": task, "task_type": task_type}));
    data["task_payload"] = payload;
    draft(EventKind::HumanTaskCreated, data)
}

pub(super) fn task_completed(step: &Named, task: &TaskId, approved: bool) -> EventDraft {
    draft(EventKind::HumanTaskCompleted, step.with(json!({"task_id": task, "approved": approved})))
}

pub(super) fn child_waiting(step: &Named, child: &RunId, waits: bool) -> EventDraft {
    draft(EventKind::ChildWaiting, step.with(json!({"child_run_id": child, "waiting": waits})))
}

pub(super) fn run_completed(outputs: Map<String, Value>) -> EventDraft {
    let data = Map::from_iter([("outputs".to_owned(), Value::Object(outputs))]);
    draft(EventKind::RunCompleted, Value::Object(data))
}

pub(super) fn run_failed(error: &StepError, step: Option<&Named>) -> EventDraft {
    let data = json!({"failure_code": error.code.as_str(), "error": error.message});
    let mut data = match step {
        Some(step) => step.with(data),
        None => json!({"failure_code": error.code.as_str(), "error": error.message, "step_id": null}),
    };
    note_details(&mut data, error.details.as_deref());
    draft(EventKind::RunFailed, data)
}

pub(super) fn run_stopped(by: Stopper) -> EventDraft {
    let code = FailureCode::RunStopped;
    draft(EventKind::RunStopped, json!({"failure_code": code.as_str(), "error": by.sentence()}))
}
