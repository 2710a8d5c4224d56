//! Events as the log stores them. The field names are the wire's, read by every client.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::io::{EventDraft, StartInput, StepError};
use crate::domain::{EventKind, FailureCode, RunStatus, SkipReason, StepId, StepSpec, TaskId, Timestamp};

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

fn draft(kind: EventKind, data: Value) -> EventDraft {
    EventDraft { kind, data }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(u64::MAX)
}

pub(super) fn run_started(start: &StartInput) -> EventDraft {
    let excluded: Vec<_> = start.excluded.iter().map(StepId::as_str).collect();
    draft(
        EventKind::RunStarted,
        json!({
            "workflow_id": start.workflow_id,
            "version": start.version,
            "input": start.input,
            "trigger_type": start.trigger_type,
            "excluded_step_ids": excluded,
            "machine_version": MACHINE_VERSION,
        }),
    )
}

pub(super) fn run_rejected(start: &StartInput, problem: &str) -> EventDraft {
    draft(
        EventKind::RunRejected,
        json!({
            "workflow_id": start.workflow_id,
            "version": start.version,
            "failure_code": "VALIDATION_ERROR",
            "error": format!("version {} cannot run: {problem}; correct the graph and publish it again", start.version),
            "machine_version": MACHINE_VERSION,
        }),
    )
}

pub(super) fn state_changed(from: &RunStatus, to: &RunStatus, reason: &str) -> EventDraft {
    draft(EventKind::StateChanged, json!({"from": from.as_str(), "to": to.as_str(), "reason": reason}))
}

pub(super) fn draining(from: &RunStatus, deadline: Timestamp) -> EventDraft {
    let mut event = state_changed(from, &RunStatus::Draining, "operator");
    event.data["drain_deadline"] = deadline.to_string().into();
    event
}

pub(super) fn step_started(spec: &StepSpec, attempt: u32, input: Option<Value>) -> EventDraft {
    let mut data = Map::new();
    data.insert("step_id".into(), spec.id.as_str().into());
    data.extend(spec.name.as_deref().map(|name| ("step_name".to_owned(), name.into())));
    data.insert("step_type".into(), spec.kind.as_str().into());
    data.insert("attempt".into(), attempt.into());
    data.extend(input.map(|input| ("input".to_owned(), input)));
    draft(EventKind::StepStarted, Value::Object(data))
}

pub(super) fn step_completed(step: &StepId, result: Value, took: Duration) -> EventDraft {
    let mut data = Map::new();
    data.insert("step_id".into(), step.as_str().into());
    data.insert("result".into(), result);
    data.insert("duration_ms".into(), milliseconds(took).into());
    draft(EventKind::StepCompleted, Value::Object(data))
}

pub(super) fn step_skipped(step: &StepId, reason: &SkipReason) -> EventDraft {
    draft(EventKind::StepCompleted, json!({"step_id": step, "skipped": true, "reason": reason.as_str()}))
}

pub(super) fn step_retrying(
    step: &StepId,
    attempt: u32,
    error: &StepError,
    delay: Duration,
    next: Timestamp,
) -> EventDraft {
    draft(
        EventKind::StepRetrying,
        json!({
            "step_id": step,
            "attempt": attempt,
            "error": error.message,
            "failure_code": error.code.as_str(),
            "delay_ms": milliseconds(delay),
            "next_attempt_at": next.to_string(),
        }),
    )
}

pub(super) fn step_failed(step: &StepId, attempt: u32, error: &StepError, took: Duration) -> EventDraft {
    draft(
        EventKind::StepFailed,
        json!({
            "step_id": step,
            "error": error.message,
            "failure_code": error.code.as_str(),
            "attempt": attempt,
            "duration_ms": milliseconds(took),
        }),
    )
}

pub(super) fn step_cancelled(step: &StepId, reason: CancelReason, cause: Option<&StepId>) -> EventDraft {
    let mut data = json!({"step_id": step, "cancelled": true, "reason": reason.as_str()});
    if let Some(cause) = cause {
        data["caused_by_step_id"] = cause.as_str().into();
    }
    draft(EventKind::StepCancelled, data)
}

pub(super) fn step_uncertain(step: &StepId, attempt: u32, task: &TaskId) -> EventDraft {
    draft(EventKind::StepUncertain, json!({"step_id": step, "attempt": attempt, "task_id": task}))
}

pub(super) fn task_created(step: &StepId, task: &TaskId, task_type: &str, payload: Value) -> EventDraft {
    let mut data = json!({"task_id": task, "step_id": step, "task_type": task_type});
    data["task_payload"] = payload;
    draft(EventKind::HumanTaskCreated, data)
}

pub(super) fn task_completed(step: &StepId, task: &TaskId, approved: bool) -> EventDraft {
    draft(EventKind::HumanTaskCompleted, json!({"task_id": task, "step_id": step, "approved": approved}))
}

pub(super) fn run_completed(outputs: Map<String, Value>) -> EventDraft {
    let data = Map::from_iter([("outputs".to_owned(), Value::Object(outputs))]);
    draft(EventKind::RunCompleted, Value::Object(data))
}

pub(super) fn run_failed(code: &FailureCode, error: &str, step: Option<&StepId>) -> EventDraft {
    draft(EventKind::RunFailed, json!({"failure_code": code.as_str(), "error": error, "step_id": step}))
}

pub(super) fn run_stopped() -> EventDraft {
    let code = FailureCode::RunStopped;
    draft(
        EventKind::RunStopped,
        json!({"failure_code": code.as_str(), "error": "an operator stopped the run"}),
    )
}
