//! Workflows: list, create, show, change, archive.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::gate::{PROJECT, TENANT};
use super::path::At;
use crate::domain::WorkflowId;
use crate::server::engine::{Engine, NewWorkflow, WorkflowPatch, WorkflowRecord};

/// The longest name of a workflow, in bytes.
const NAME: usize = 200;

pub(super) async fn list(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let all = engine.workflows().await?;
    Ok(Json(json!({"workflows": all.iter().map(write).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(engine): State<Engine>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = name(&body)?.ok_or_else(|| ApiError::Invalid("`name` is missing".into()))?;
    let description = body.text("description")?.unwrap_or_default().to_owned();
    let graph = graph(&body)?.unwrap_or_else(|| json!({"steps": []}));
    let made = engine.create_workflow(NewWorkflow { name, description, graph }).await?;
    Ok((StatusCode::CREATED, Json(write(&made))))
}

pub(super) async fn show(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(write(&engine.workflow(&id).await?)))
}

pub(super) async fn patch(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let patch = WorkflowPatch {
        name: name(&body)?,
        description: body.text("description")?.map(str::to_owned),
        graph: graph(&body)?,
        run_setup: run_setup(&body)?,
    };
    if patch.name.is_none()
        && patch.description.is_none()
        && patch.graph.is_none()
        && patch.run_setup.is_none()
    {
        let hint = "nothing to change: give `name`, `description`, `graph` or `run_setup`";
        return Err(ApiError::Invalid(hint.into()));
    }
    Ok(Json(write(&engine.patch_workflow(&id, patch).await?)))
}

pub(super) async fn archive(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
) -> Result<StatusCode, ApiError> {
    engine.archive_workflow(&id).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn name(body: &Body) -> Result<Option<String>, ApiError> {
    match body.text("name")? {
        Some(name) if name.trim().is_empty() || name.len() > NAME => {
            Err(ApiError::Invalid(format!("`name` must have 1 to {NAME} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

/// The graph, under its name here or the older one.
pub(super) fn graph(body: &Body) -> Result<Option<Value>, ApiError> {
    let found = body.object("graph")?.or(body.object("definition")?);
    Ok(found.cloned().map(Value::Object))
}

/// The saved defaults; null, which removes them, is told from absent.
fn run_setup(body: &Body) -> Result<Option<Value>, ApiError> {
    if body.0.get("run_setup") == Some(&Value::Null) {
        return Ok(Some(Value::Null));
    }
    Ok(body.object("run_setup")?.cloned().map(Value::Object))
}

fn write(record: &WorkflowRecord) -> Value {
    json!({
        "id": record.id,
        "name": record.name,
        "description": record.description,
        "tenant_id": TENANT,
        "project_id": PROJECT,
        "status": record.status.as_str(),
        "graph": record.graph,
        "run_setup": record.run_setup,
        "latest_version": record.latest_version,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    })
}
