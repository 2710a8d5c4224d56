//! Human tasks: the inbox, and decisions.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::path::At;
use crate::domain::{PendingTask, RunId, TaskId, Timestamp, WorkflowId};
use crate::server::engine::Engine;
use crate::wire::{Decision, write};

pub(super) async fn all(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    Ok(Json(list(&engine.tasks(None).await?)))
}

pub(super) async fn of_run(
    State(engine): State<Engine>,
    At((workflow, run)): At<(WorkflowId, RunId)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(list(&engine.tasks(Some((workflow, run))).await?)))
}

fn list(tasks: &[PendingTask]) -> Value {
    json!({"tasks": tasks.iter().map(write::task).collect::<Vec<_>>()})
}

pub(super) async fn complete(
    State(engine): State<Engine>,
    At((workflow, run, task)): At<(WorkflowId, RunId, TaskId)>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let approved = body.0.get("approved").and_then(Value::as_bool);
    let approved = approved
        .ok_or_else(|| ApiError::Invalid("`approved` must be true (approve) or false (reject)".into()))?;
    let result = body.object("result")?.cloned().unwrap_or_default();
    let (task_id, created_at) = (task.clone(), created_at(&body)?);
    let decision = Decision { workflow, run, task: task_id, created_at, shown: None, approved, result };
    engine.decide(decision).await?;
    Ok(Json(json!({"status": "completed", "task_id": task, "approved": approved})))
}

/// When the task was created that the person saw, for callers that want to be exact about it.
fn created_at(body: &Body) -> Result<Option<Timestamp>, ApiError> {
    let parse = |text: &str| {
        text.parse().map_err(|_| {
            ApiError::Invalid(format!(
                "`created_at` is {text:?}; give the task's own, like 2026-01-02T03:04:05Z"
            ))
        })
    };
    body.text("created_at")?.map(parse).transpose()
}
