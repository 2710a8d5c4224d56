//! Runs: the feed, one run, its log and its context.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::error::ApiError;
use super::params::Params;
use super::path::At;
use crate::domain::{RunId, RunStatus, WorkflowId};
use crate::server::engine::{Engine, RunQuery};
use crate::wire::write;

/// Runs of a page, if the caller does not say.
const RUNS: u32 = 20;
/// The most runs of a page.
const MOST_RUNS: u32 = 100;
/// Events of a page, if the caller does not say.
const EVENTS: u32 = 200;
/// The most events of a page.
const MOST_EVENTS: u32 = 1_000;
/// The bytes of details after which a page of events ends early; one event may hold a mebibyte.
const PAGE: usize = 4 * 1024 * 1024;
/// How many events are read from the log at a time.
const BATCH: u32 = 64;

pub(super) async fn all(State(engine): State<Engine>, params: Params) -> Result<Json<Value>, ApiError> {
    list(&engine, None, &params).await
}

pub(super) async fn of_workflow(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    engine.workflow(&id).await?;
    list(&engine, Some(id), &params).await
}

async fn list(
    engine: &Engine,
    workflow: Option<WorkflowId>,
    params: &Params,
) -> Result<Json<Value>, ApiError> {
    let query = RunQuery {
        workflow,
        id_prefix: params.text("run_id").map(str::to_owned),
        status: params.text("status").map(known_status).transpose()?,
        limit: params.limit(RUNS, MOST_RUNS)?,
        offset: params.number("offset")?.unwrap_or(0),
    };
    let (runs, total) = engine.runs(query).await?;
    Ok(Json(json!({"runs": runs.iter().map(write::run).collect::<Vec<_>>(), "total": total})))
}

fn known_status(word: &str) -> Result<String, ApiError> {
    match RunStatus::parse(word) {
        RunStatus::Unknown(_) => Err(ApiError::Malformed(format!(
            "the parameter `status` is {word:?}; use running, paused, draining, completed, failed or stopped"
        ))),
        _ => Ok(word.to_owned()),
    }
}

pub(super) async fn show(
    State(engine): State<Engine>,
    At((workflow, run)): At<(WorkflowId, RunId)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(write::run(&engine.run(&workflow, &run).await?)))
}

pub(super) async fn summary(
    State(engine): State<Engine>,
    At((workflow, run)): At<(WorkflowId, RunId)>,
) -> Result<Json<Value>, ApiError> {
    let run = engine.run(&workflow, &run).await?;
    let mut body = write::run(&run);
    if let Some(fields) = body.as_object_mut() {
        fields.insert("orchestration_phase".into(), json!(run.phase));
        fields.insert("run_complete".into(), json!(run.status.is_terminal()));
    }
    Ok(Json(body))
}

pub(super) async fn events(
    State(engine): State<Engine>,
    At((workflow, run)): At<(WorkflowId, RunId)>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let limit = params.limit(EVENTS, MOST_EVENTS)? as usize;
    let mut last = params.number("cursor")?.unwrap_or(0);
    let (mut page, mut bytes, mut more) = (Vec::new(), 0, true);
    while more {
        let batch = engine.events(&workflow, &run, last, BATCH).await?;
        more = batch.len() == BATCH as usize;
        for event in batch {
            if page.len() == limit || bytes >= PAGE {
                return Ok(Json(json!({"events": page, "next_cursor": last.to_string()})));
            }
            last = event.sequence.unwrap_or(last);
            bytes += event.data.to_string().len();
            page.push(write::event(&event));
        }
    }
    Ok(Json(json!({"events": page, "next_cursor": null})))
}

pub(super) async fn context(
    State(engine): State<Engine>,
    At((workflow, run)): At<(WorkflowId, RunId)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(engine.context(&workflow, &run).await?))
}
