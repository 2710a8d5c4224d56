//! MCP instances, their config profiles, and the connections that workflows use in their place.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::{Body, MaybeBody};
use super::error::ApiError;
use super::mcp::{name, need_name, need_text, smoke};
use super::path::At;
use crate::domain::WorkflowId;
use crate::server::db::mcp::{Override, ProfileRecord};
use crate::server::registry::{self, NewInstance, NewProfile, ProfilePatch, Registry, Wanted};

pub(super) async fn list(State(registry): State<Registry>) -> Result<Json<Value>, ApiError> {
    let all = registry.instances().await?;
    Ok(Json(json!({"instances": all.iter().map(registry::instance).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(registry): State<Registry>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new = NewInstance {
        server_id: need_text(&body, "server_id")?,
        name: name(&body)?,
        source_spec: source_spec(&body)?,
        config: body.object("config")?.cloned().map(Value::Object),
    };
    let made = registry.create_instance(new).await?;
    Ok((StatusCode::CREATED, Json(registry::instance(&made))))
}

pub(super) async fn show(
    State(registry): State<Registry>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(registry::instance(&registry.instance(&id).await?)))
}

/// What `instance_id`, `server_id`, `server_url` or `name` means, and for `workflow_id` the
/// connection that its calls would use.
pub(super) async fn resolve(State(registry): State<Registry>, body: Body) -> Result<Json<Value>, ApiError> {
    let text = |field: &str| Ok::<_, ApiError>(body.text(field)?.map(str::to_owned));
    let server_url = text("server_url")?.or(text("canonical_url")?);
    let name = text("name")?.or(text("service")?);
    let workflow = text("workflow_id")?.map(WorkflowId::from);
    let wanted = Wanted {
        instance_id: text("instance_id")?,
        server_id: text("server_id")?,
        server_url,
        name,
        workflow,
    };
    if wanted == (Wanted { workflow: wanted.workflow.clone(), ..Wanted::default() }) {
        let hint = "say what to resolve: `instance_id`, `server_id`, `server_url` or `name`";
        return Err(ApiError::Invalid(hint.into()));
    }
    let (instance, overridden) = registry.resolve(wanted).await?;
    let wired = instance.active().and_then(ProfileRecord::connection);
    let connection = match overridden.as_deref().or(wired) {
        Some(id) => registry.connection(id).await?,
        None => None,
    };
    Ok(Json(registry::resolution(&instance, overridden.as_deref(), connection.as_ref())))
}

pub(super) async fn validate(
    State(registry): State<Registry>,
    At(id): At<String>,
    MaybeBody(body): MaybeBody,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(registry.validate_instance(&id, &smoke(&body)?).await?))
}

pub(super) async fn profiles(
    State(registry): State<Registry>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let instance = registry.instance(&id).await?;
    let written: Vec<_> = instance.profiles.iter().map(registry::profile).collect();
    Ok(Json(json!({ "config_profiles": written })))
}

pub(super) async fn add_profile(
    State(registry): State<Registry>,
    At(id): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let new = NewProfile {
        name: need_name(&body)?,
        source_spec: source_spec(&body)?,
        config: body.object("config")?.cloned().map(Value::Object),
        activate: body.switch("activate")?.unwrap_or(false),
    };
    let made = registry.add_profile(&id, new).await?;
    Ok((StatusCode::CREATED, Json(registry::profile(&made))))
}

pub(super) async fn patch_profile(
    State(registry): State<Registry>,
    At((id, profile)): At<(String, String)>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let patch = ProfilePatch {
        name: name(&body)?,
        source_spec: source_spec(&body)?,
        config: body.object("config")?.cloned().map(Value::Object),
    };
    if patch == ProfilePatch::default() {
        let hint = "there is nothing to change: send `name`, `source_spec` or `config`";
        return Err(ApiError::Invalid(hint.into()));
    }
    Ok(Json(registry::profile(&registry.patch_profile((&id, &profile), patch).await?)))
}

pub(super) async fn activate_profile(
    State(registry): State<Registry>,
    At((id, profile)): At<(String, String)>,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(registry::profile(&registry.activate_profile(&id, &profile).await?)))
}

pub(super) async fn overrides(
    State(registry): State<Registry>,
    At(id): At<WorkflowId>,
) -> Result<Json<Value>, ApiError> {
    let all = registry.overrides(&id).await?;
    let written =
        all.iter().map(|each| json!({"instance_id": each.instance_id, "connection_id": each.connection_id}));
    Ok(Json(json!({"overrides": written.collect::<Vec<_>>()})))
}

pub(super) async fn replace_overrides(
    State(registry): State<Registry>,
    At(id): At<WorkflowId>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let wrong = || {
        let form = "{\"overrides\": [{\"instance_id\": …, \"connection_id\": …}]}";
        ApiError::Invalid(format!("`overrides` must be a list: {form}"))
    };
    let list = body.0.get("overrides").and_then(Value::as_array).ok_or_else(wrong)?;
    let read = list.iter().map(|each| {
        let text = |field: &str| each[field].as_str().filter(|id| !id.is_empty()).map(str::to_owned);
        Some(Override { instance_id: text("instance_id")?, connection_id: text("connection_id")? })
    });
    let new = read.collect::<Option<Vec<_>>>().ok_or_else(wrong)?;
    registry.replace_overrides(&id, new).await?;
    Ok(Json(json!({"status": "ok"})))
}

/// How a profile is wired: `source_spec`, or a bare `connection_id`.
fn source_spec(body: &Body) -> Result<Option<Value>, ApiError> {
    let spec = body.object("source_spec")?.cloned().map(Value::Object);
    let bare = body.text("connection_id")?.map(|id| json!({"connection_id": id}));
    Ok(spec.or(bare))
}
