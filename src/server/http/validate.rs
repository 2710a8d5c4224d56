//! Validating a graph, and what was answered before.
//!
//! A graph that is not valid is answered with 200 and `"valid": false`: the request was carried
//! out. 422 means that there was nothing to validate: no object, or parameters that name a check or
//! a step that does not exist.

use axum::Json;
use axum::extract::State;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::params::Params;
use super::path::At;
use super::workflows;
use crate::domain::validate::{Callee, Callees, Options, trials};
use crate::domain::{Timestamp, WorkflowId};
use crate::server::db::agents;
use crate::server::engine::{DryRun, Engine, WorkflowStatus};
use crate::server::registry::Registry;
use crate::server::validation::{Sandbox, validate_graph};
use crate::wire::validation::options;

pub(super) async fn validate(
    State(engine): State<Engine>,
    State(registry): State<Registry>,
    State(sandbox): State<Sandbox>,
    At(id): At<WorkflowId>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let draft = engine.workflow(&id).await?.graph;
    let graph = workflows::graph(&body)?.unwrap_or(draft);
    let mut wanted = options(&body.0).map_err(ApiError::Invalid)?;
    let agents = engine.read(|db| Ok(agents::list(db)?)).await?;
    wanted.agents = Some(agents.into_iter().map(|agent| agent.id.to_string()).collect());
    wanted.callees = Some(callees(&engine, &id).await?);
    let now = Timestamp::now();
    let directory = registry.directory().await?;
    let tried = sandbox.try_out(trials(&graph, &wanted)).await;
    // A large graph with many scripts takes a while.
    let work = tokio::task::spawn_blocking(move || {
        let known = Options { directory: Some(&directory), tried: tried.as_deref(), ..wanted };
        validate_graph(&graph, known, now)
    });
    let answer = work.await.map_err(|_| ApiError::Invalid("the graph could not be validated".into()))?;
    let (hash, payload) = answer.map_err(|unusable| ApiError::Invalid(unusable.to_string()))?;
    let kept = DryRun { workflow_id: id, graph_hash: hash, validated_at: now, payload: payload.clone() };
    if let Err(error) = engine.keep_dry_run(kept).await {
        // The answer holds all the same; only asking for it later will not find it.
        tracing::warn!(%error, "the answer of a validation was not kept");
    }
    Ok(Json(payload))
}

/// The workflows that a step of this one may call.
async fn callees(engine: &Engine, own: &WorkflowId) -> Result<Callees, ApiError> {
    let known = engine.workflows().await?.into_iter().map(|workflow| {
        let callee = match workflow.status {
            WorkflowStatus::Published => Callee::Published,
            WorkflowStatus::Draft => Callee::Draft,
            WorkflowStatus::Archived => Callee::Archived,
        };
        (workflow.id, callee)
    });
    Ok(Callees { own: Some(own.clone()), known: known.collect() })
}

/// With `graph_hash` the answer for that graph, else all that are kept, newest first.
pub(super) async fn dry_runs(
    State(engine): State<Engine>,
    At(id): At<WorkflowId>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let hash = params.text("graph_hash").map(str::to_owned);
    let mut found = engine.dry_runs(&id, hash.clone()).await?;
    match hash {
        None => {
            let all: Vec<_> = found.into_iter().map(|dry_run| dry_run.payload).collect();
            Ok(Json(json!({ "dry_runs": all })))
        }
        Some(hash) => {
            let missing = || {
                ApiError::NotFound(format!(
                    "no graph of `{id}` with the hash {hash:?} was validated; validate it first"
                ))
            };
            Ok(Json(found.pop().ok_or_else(missing)?.payload))
        }
    }
}
