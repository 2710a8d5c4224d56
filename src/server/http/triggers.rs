//! Triggers of a workflow: list, show, create, change, remove.
//!
//! `{type, config, enabled?}`. The platform publishes no answer, so the fields besides those are this
//! runtime's own: `last_fired_at`, `last_run_id`, `last_error`, `next_fire_at`. `platform_event`s that
//! happen here are `connection.created` and `connection.revoked`; the others are kept and never come.
//! There are no segments and teams here, so a trigger that is for one is refused.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::path::At;
use super::state::HttpState;
use crate::domain::{Timestamp, WorkflowId};
use crate::server::db::triggers;
use crate::server::engine::EngineError;
use crate::server::triggers::{Schedule, TriggerKind, TriggerRecord};

/// What a platform event may be.
const EVENTS: [&str; 5] = [
    "principal.created",
    "principal.suspended",
    "principal.deleted",
    "connection.created",
    "connection.revoked",
];

pub(super) async fn list(
    State(state): State<HttpState>,
    At(workflow): At<WorkflowId>,
) -> Result<Json<Value>, ApiError> {
    state.engine().workflow(&workflow).await?;
    let all = state.engine().read(move |db| Ok(triggers::list(db, &workflow)?)).await?;
    let now = state.triggers().now();
    Ok(Json(json!({"triggers": all.iter().map(|trigger| write(trigger, now)).collect::<Vec<_>>()})))
}

pub(super) async fn show(
    State(state): State<HttpState>,
    At((workflow, id)): At<(WorkflowId, String)>,
) -> Result<Json<Value>, ApiError> {
    let trigger = find(&state, workflow, id).await?;
    Ok(Json(write(&trigger, state.triggers().now())))
}

pub(super) async fn create(
    State(state): State<HttpState>,
    At(workflow): At<WorkflowId>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let kind = body.text("type")?.and_then(TriggerKind::parse);
    let kind = kind.ok_or_else(|| ApiError::Invalid("`type` must be cron or platform_event".into()))?;
    let config = body.object("config")?.cloned().map(Value::Object);
    let config = config.ok_or_else(|| ApiError::Invalid("`config` is missing".into()))?;
    check(kind, &config)?;
    state.engine().workflow(&workflow).await?;
    let now = state.triggers().now();
    let trigger = TriggerRecord {
        id: uuid::Uuid::new_v4().to_string(),
        workflow,
        kind,
        config,
        enabled: enabled(&body)?.unwrap_or(true),
        created_at: now,
        updated_at: now,
        fired_at: None,
        last_run: None,
        last_error: None,
    };
    keep(&state, trigger.clone()).await?;
    Ok((StatusCode::CREATED, Json(write(&trigger, now))))
}

pub(super) async fn patch(
    State(state): State<HttpState>,
    At((workflow, id)): At<(WorkflowId, String)>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let mut trigger = find(&state, workflow, id).await?;
    if body.text("type")?.is_some_and(|word| word != trigger.kind.as_str()) {
        return Err(ApiError::Invalid("the type of a trigger stays; create another one".into()));
    }
    let config = body.object("config")?.cloned().map(Value::Object);
    let enabled = enabled(&body)?;
    if config.is_none() && enabled.is_none() {
        return Err(ApiError::Invalid("nothing to change: give `config` or `enabled`".into()));
    }
    trigger.config = config.unwrap_or(trigger.config);
    check(trigger.kind, &trigger.config)?;
    trigger.enabled = enabled.unwrap_or(trigger.enabled);
    let now = state.triggers().now();
    trigger.updated_at = now;
    keep(&state, trigger.clone()).await?;
    Ok(Json(write(&trigger, now)))
}

pub(super) async fn remove(
    State(state): State<HttpState>,
    At((workflow, id)): At<(WorkflowId, String)>,
) -> Result<StatusCode, ApiError> {
    let remove = move |db: &rusqlite::Connection, _: Timestamp| match triggers::remove(db, &workflow, &id)? {
        true => Ok(()),
        false => Err(EngineError::missing("trigger", &id)),
    };
    state.engine().write(remove).await?;
    state.triggers().changed();
    Ok(StatusCode::NO_CONTENT)
}

async fn find(state: &HttpState, workflow: WorkflowId, id: String) -> Result<TriggerRecord, ApiError> {
    let found = state.engine().read(move |db| {
        triggers::find(db, &workflow, &id)?.ok_or_else(|| EngineError::missing("trigger", &id))
    });
    Ok(found.await?)
}

async fn keep(state: &HttpState, trigger: TriggerRecord) -> Result<(), ApiError> {
    state.engine().write(move |db, _| Ok(triggers::put(db, &trigger)?)).await?;
    state.triggers().changed();
    Ok(())
}

fn enabled(body: &Body) -> Result<Option<bool>, ApiError> {
    match body.0.get("enabled") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Bool(enabled)) => Ok(Some(*enabled)),
        Some(_) => Err(ApiError::Invalid("`enabled` must be true or false".into())),
    }
}

fn check(kind: TriggerKind, config: &Value) -> Result<(), ApiError> {
    for field in ["segment_id", "team_id"] {
        if !config[field].is_null() {
            let text = format!(
                "`config.{field}` is not possible here: this local runtime has no segments and teams"
            );
            return Err(ApiError::Invalid(text));
        }
    }
    if !(config["trigger_steps"].is_null() || config["trigger_steps"].is_object()) {
        return Err(ApiError::Invalid("`config.trigger_steps` must be an object".into()));
    }
    let excluded = &config["excluded_step_ids"];
    let is_list = excluded.as_array().is_some_and(|all| all.iter().all(Value::is_string));
    if !(excluded.is_null() || is_list) {
        return Err(ApiError::Invalid("`config.excluded_step_ids` must be a list of step ids".into()));
    }
    match kind {
        TriggerKind::Cron => Schedule::parse(config).map(|_| ()).map_err(ApiError::Invalid),
        TriggerKind::PlatformEvent if EVENTS.iter().any(|event| config["event_type"] == *event) => Ok(()),
        TriggerKind::PlatformEvent => {
            Err(ApiError::Invalid(format!("`config.event_type` must be one of {}", EVENTS.join(", "))))
        }
    }
}

fn write(trigger: &TriggerRecord, now: Timestamp) -> Value {
    let schedule =
        (trigger.kind == TriggerKind::Cron && trigger.enabled).then(|| Schedule::parse(&trigger.config).ok());
    let next = schedule.flatten().and_then(|schedule| schedule.next_after(now));
    json!({
        "id": trigger.id,
        "workflow_id": trigger.workflow,
        "type": trigger.kind.as_str(),
        "config": trigger.config,
        "enabled": trigger.enabled,
        "created_at": trigger.created_at,
        "updated_at": trigger.updated_at,
        "last_fired_at": trigger.fired_at,
        "last_run_id": trigger.last_run,
        "last_error": trigger.last_error,
        "next_fire_at": next,
    })
}
