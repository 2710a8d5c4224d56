//! Orders to runs: start, pause, resume, stop.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::path::At;
use crate::domain::{Run, WorkflowId};
use crate::server::engine::Engine;
use crate::wire::{Command, write};

pub(super) async fn command(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let answer = match Command::parse(id, &Value::Object(body.0)).map_err(ApiError::Invalid)? {
        Command::Start(start) => started(&engine.start(start).await?),
        Command::Pause { workflow, run } => write::run(&engine.pause(&workflow, &run).await?),
        Command::Resume { workflow, run } => write::run(&engine.resume(&workflow, &run).await?),
        Command::Stop { workflow, run, mode } => write::run(&engine.stop(&workflow, &run, mode).await?),
        Command::Decide(_) | Command::Publish(_) | Command::Activate { .. } => {
            let hint = "this path takes start, pause, resume and stop; other orders have paths of their own";
            return Err(ApiError::Invalid(hint.into()));
        }
    };
    Ok(Json(answer))
}

pub(super) fn started(run: &Run) -> Value {
    json!({
        "run_id": run.id,
        "status": run.status.as_str(),
        "workflow_id": run.workflow_id,
        "started_at": run.started_at,
    })
}
