//! Agents: list, create, show, change, delete.
//!
//! The platform publishes no shape of an agent. Here it is `{id, name, description, model,
//! system_prompt, tools: [{server_url | instance_id, tool_names?}], max_rounds, llm_params,
//! llm_credential_id?, tenant_id, project_id, created_at, updated_at}`. A new one may bring its `id`, so that a graph that names an
//! agent of the platform runs here as it is. A run in flight goes on with the definition that its
//! agent's turn began with.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::ApiError;
use super::gate::{PROJECT, TENANT};
use super::path::At;
use crate::domain::AgentId;
use crate::server::db::{AgentRecord, agents};
use crate::server::engine::{Engine, EngineError};
use crate::server::exec::agent::AgentDefinition;

/// The longest id that an agent may bring, in bytes.
const ID: usize = 128;

pub(super) async fn list(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let all = engine.read(|db| Ok(agents::list(db)?)).await?;
    Ok(Json(json!({"agents": all.iter().map(write).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(engine): State<Engine>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let definition = AgentDefinition::parse(&body.0).map_err(ApiError::Invalid)?.to_json();
    let id = id(&body)?;
    let made = engine
        .write(move |db, now| {
            if agents::find(db, &id)?.is_some() {
                let text =
                    format!("there is an agent `{id}` already; change it with PATCH, or use another id");
                return Err(EngineError::Conflict(text));
            }
            let agent = AgentRecord { id, definition, created_at: now, updated_at: now };
            agents::put(db, &agent)?;
            Ok(agent)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(write(&made))))
}

pub(super) async fn show(State(engine): State<Engine>, At(id): At<AgentId>) -> Result<Json<Value>, ApiError> {
    let found = engine.read(move |db| agents::find(db, &id)?.ok_or_else(|| missing(&id))).await?;
    Ok(Json(write(&found)))
}

pub(super) async fn patch(
    State(engine): State<Engine>,
    At(id): At<AgentId>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let changed = engine
        .write(move |db, now| {
            let mut agent = agents::find(db, &id)?.ok_or_else(|| missing(&id))?;
            agent.definition = patched(&agent.definition, &body.0).map_err(EngineError::Invalid)?;
            agent.updated_at = now;
            agents::put(db, &agent)?;
            Ok(agent)
        })
        .await?;
    Ok(Json(write(&changed)))
}

pub(super) async fn delete(
    State(engine): State<Engine>,
    At(id): At<AgentId>,
) -> Result<StatusCode, ApiError> {
    let gone = move |db: &rusqlite::Connection, _| {
        if agents::delete(db, &id)? { Ok(()) } else { Err(missing(&id)) }
    };
    engine.write(gone).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn patched(known: &Map<String, Value>, changes: &Map<String, Value>) -> Result<Map<String, Value>, String> {
    Ok(AgentDefinition::parse(known)?.patched(changes)?.to_json())
}

fn missing(id: &AgentId) -> EngineError {
    EngineError::missing("agent", id)
}

/// The id that a new agent brings, or a fresh one.
fn id(body: &Body) -> Result<AgentId, ApiError> {
    match body.text("id")? {
        None => Ok(AgentId::from(uuid::Uuid::new_v4().to_string())),
        Some(id) if id.trim().is_empty() || id.len() > ID || matches!(id, "." | "..") => {
            Err(ApiError::Invalid(format!("`id` must have 1 to {ID} bytes, and not be dots alone")))
        }
        Some(id) => Ok(AgentId::new(id)),
    }
}

fn write(agent: &AgentRecord) -> Value {
    let mut body = Map::new();
    body.insert("id".into(), json!(agent.id));
    body.extend(agent.definition.clone());
    body.insert("tenant_id".into(), TENANT.into());
    body.insert("project_id".into(), PROJECT.into());
    body.insert("created_at".into(), json!(agent.created_at));
    body.insert("updated_at".into(), json!(agent.updated_at));
    Value::Object(body)
}
