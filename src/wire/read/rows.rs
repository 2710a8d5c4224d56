//! One thing at a time: a run, an event, a task, a workflow, a version.

use std::sync::Arc;

use serde_json::Value;

use super::fields::{count, find, instant, text};
use super::verbatim::PAYLOADS;
use crate::domain::{
    Drain, EventId, EventKind, FailureCode, Graph, ParentStep, PendingTask, Progress, Run, RunEvent, RunId,
    RunStatus, StepId, TaskId, Workflow, WorkflowId, WorkflowVersion,
};

/// Something that came and could not be read: what lacks, and the thing itself.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a {noun} without {missing}")]
pub struct Unreadable {
    /// What it should have been.
    pub noun: &'static str,
    /// The field that lacks.
    pub missing: &'static str,
    /// What came.
    pub raw: Value,
}

fn need<T>(
    value: Option<T>,
    noun: &'static str,
    missing: &'static str,
    raw: &Value,
) -> Result<T, Unreadable> {
    value.ok_or_else(|| Unreadable { noun, missing, raw: raw.clone() })
}

/// Reads a run from the feed, a list of runs, or a summary.
///
/// # Errors
/// When it has no id.
pub fn run(raw: &Value) -> Result<Run, Unreadable> {
    let id = need(text(raw, &["run_id", "id"]), "run", "an id", raw)?;
    let workflow = text(raw, &["workflow_id", "workflow.id"]).unwrap_or_default();
    let status = text(raw, &["status", "state", "run_status"]).unwrap_or_else(|| "unknown".into());
    Ok(Run {
        id: RunId::new(id),
        workflow_id: WorkflowId::new(workflow),
        workflow_name: text(raw, &["workflow_name", "workflow.name", "name"]),
        version: count(raw, &["version", "workflow_version"]),
        status: RunStatus::parse(&status),
        phase: text(raw, &["orchestration_phase", "phase"]),
        progress: progress(raw),
        failure_code: text(raw, &["failure_code", "error_code", "failure.code"])
            .map(|code| FailureCode::parse(&code)),
        error: text(
            raw,
            &[
                "error",
                "error_message",
                "failure_message",
                "failure_reason",
                "failure.message",
                "error.message",
            ],
        ),
        error_details: find(raw, &["error_details", "details", "failure.details", "error.details"])
            .and_then(Value::as_object)
            .cloned()
            .map(Box::new),
        failed_step: text(raw, &["failed_step_id", "failure.step_id", "failure.failed_step_id"])
            .map(StepId::new),
        drain: drain(raw),
        started_at: instant(raw, &["started_at", "created_at"]),
        ended_at: instant(raw, &["completed_at", "ended_at", "finished_at", "stopped_at"]),
        updated_at: instant(raw, &["updated_at", "last_event_at"]),
        trigger: text(raw, &["trigger_type", "trigger"]),
        request_id: text(raw, &["request_id", "trace_id"]),
        parent: parent(raw).map(Box::new),
        last_sequence: count(raw, &["last_sequence"]),
    })
}

fn parent(raw: &Value) -> Option<ParentStep> {
    let run = text(raw, &["parent_run_id", "parent.run_id", "parent_run.id"])?;
    let workflow = text(raw, &["parent_workflow_id", "parent.workflow_id"]).unwrap_or_default();
    let step = text(raw, &["parent_step_id", "parent.step_id"]).unwrap_or_default();
    Some(ParentStep {
        workflow_id: WorkflowId::new(workflow),
        run_id: RunId::new(run),
        step_id: StepId::new(step),
    })
}

fn drain(raw: &Value) -> Option<Drain> {
    let since = instant(raw, &["drain_started_at", "draining_since"])?;
    Some(Drain { since, deadline: instant(raw, &["drain_deadline"])? })
}

fn progress(raw: &Value) -> Progress {
    let number = |names: &[&str]| count(raw, names).map_or(0, |n| u32::try_from(n).unwrap_or(u32::MAX));
    Progress {
        done: number(&["progress.done"]),
        total: number(&["progress.total"]),
        in_flight: number(&["progress.in_flight"]),
        current: text(raw, &["progress.current_step_id", "current_step_id"]).map(StepId::new),
    }
}

/// Reads an event of a run's log or of a stream; `run` is the run that was asked about, if any.
///
/// # Errors
/// When it has no type.
pub fn event(raw: &Value, run: Option<&RunId>) -> Result<RunEvent, Unreadable> {
    let kind = need(text(raw, &["event_type", "type"]), "event", "a type", raw)?;
    let run_id = text(raw, &["run_id", "data.run_id"]).map(RunId::new).or_else(|| run.cloned());
    let data = find(raw, &["data", "payload"]).cloned().unwrap_or(Value::Null);
    let at = instant(raw, &["occurred_at", "timestamp", "created_at"]);
    Ok(RunEvent {
        id: EventId::new(text(raw, &["id", "event_id"]).unwrap_or_default()),
        run_id: run_id.unwrap_or_else(|| RunId::new("")),
        workflow_id: text(raw, &["workflow_id"]).map(WorkflowId::new),
        sequence: count(raw, &["sequence", "seq"]),
        kind: EventKind::parse(&kind),
        at: at.or_else(|| instant(raw, &["data.completed_at", "data.started_at"])),
        data,
    })
}

/// Reads a pending task; `workflow` and `run` are what was asked about, if anything.
///
/// # Errors
/// When it has no id, or no run is known.
pub fn task(
    raw: &Value,
    workflow: Option<&WorkflowId>,
    run: Option<&RunId>,
) -> Result<PendingTask, Unreadable> {
    let task_id = need(text(raw, &["task_id", "id"]), "task", "an id", raw)?;
    let run_id = text(raw, &["run_id", "run.id"]).map(RunId::new).or_else(|| run.cloned());
    let workflow_id =
        text(raw, &["workflow_id", "workflow.id"]).map(WorkflowId::new).or_else(|| workflow.cloned());
    Ok(PendingTask {
        run_id: need(run_id, "task", "a run_id", raw)?,
        workflow_id: workflow_id.unwrap_or_else(|| WorkflowId::new("")),
        workflow_name: text(raw, &["workflow_name", "workflow.name"]),
        step_id: StepId::new(text(raw, &["step_id", "stepId"]).unwrap_or_else(|| task_id.clone())),
        task_id: TaskId::new(task_id),
        task_type: text(raw, &["task_type", "type"]).unwrap_or_else(|| "task".into()),
        created_at: instant(raw, &["created_at", "occurred_at"]),
        payload: find(raw, &PAYLOADS).cloned().unwrap_or(Value::Null),
        verbatim: None,
    })
}

/// Reads a workflow; a graph that cannot be read is left out.
///
/// # Errors
/// When it has no id.
pub fn workflow(raw: &Value) -> Result<Workflow, Unreadable> {
    let id = need(text(raw, &["id", "workflow_id"]), "workflow", "an id", raw)?;
    Ok(Workflow {
        name: text(raw, &["name"]).unwrap_or_else(|| id.clone()),
        id: WorkflowId::new(id),
        description: text(raw, &["description"]).unwrap_or_default(),
        status: text(raw, &["status"]).unwrap_or_default(),
        latest_version: count(raw, &["latest_version", "published_version", "version"]),
        graph: graph(raw),
        updated_at: instant(raw, &["updated_at", "created_at"]),
    })
}

/// Reads a published version; a graph that cannot be read is left out.
///
/// # Errors
/// When it has no number.
pub fn version(raw: &Value, workflow: &WorkflowId) -> Result<WorkflowVersion, Unreadable> {
    Ok(WorkflowVersion {
        workflow_id: text(raw, &["workflow_id"]).map_or_else(|| workflow.clone(), WorkflowId::new),
        version: need(count(raw, &["version", "number"]), "version", "a number", raw)?,
        changelog: text(raw, &["changelog"]).unwrap_or_default(),
        published_at: instant(raw, &["published_at", "created_at"]),
        graph: graph(raw),
    })
}

fn graph(raw: &Value) -> Option<Arc<Graph>> {
    let raw = find(raw, &["graph", "graph_snapshot", "definition"])?;
    Graph::parse(raw).ok().map(Arc::new)
}

/// Reads the run's id from the answer to a `start`.
///
/// # Errors
/// When there is none.
pub fn started(raw: &Value) -> Result<RunId, Unreadable> {
    need(text(raw, &["run_id", "id", "run.id"]).map(RunId::new), "started run", "a run_id", raw)
}
