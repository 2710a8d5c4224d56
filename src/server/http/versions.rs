//! Published versions: list, show, publish.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::path::At;
use crate::domain::WorkflowId;
use crate::server::engine::{Engine, VersionRecord};

pub(super) async fn list(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
) -> Result<Json<Value>, ApiError> {
    let all = engine.versions(&id).await?;
    Ok(Json(json!({"versions": all.iter().map(write).collect::<Vec<_>>()})))
}

pub(super) async fn show(
    State(engine): State<Engine>,
    At((id, version)): At<(WorkflowId, String)>,
) -> Result<Json<Value>, ApiError> {
    let number = version.parse::<u64>().ok();
    let all = engine.versions(&id).await?;
    let found = all.iter().find(|record| Some(record.version) == number);
    let missing = || ApiError::NotFound(format!("the workflow `{id}` has no version {version:?}"));
    Ok(Json(write(found.ok_or_else(missing)?)))
}

pub(super) async fn publish(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let made = engine.publish(&id, body.text("changelog")?.unwrap_or_default()).await?;
    Ok((StatusCode::CREATED, Json(write(&made))))
}

fn write(record: &VersionRecord) -> Value {
    json!({
        "version": record.version,
        "workflow_id": record.workflow_id,
        "changelog": record.changelog,
        "published_at": record.published_at,
        "graph_snapshot": record.graph,
        "graph_hash": record.graph_hash,
    })
}
