//! MCP servers: register, discover, accept their tools, validate.
//!
//! The platform publishes what a registration asks and answers and the older list of tools; the
//! other bodies are this runtime's own.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::{Body, MaybeBody};
use super::error::ApiError;
use super::path::At;
use crate::server::exec::mcp::ListedTool;
use crate::server::registry::{self, NewServer, NewVersion, Registry, Smoke};

/// The longest name, in bytes.
pub(super) const NAME: usize = 200;

pub(super) async fn catalog(State(registry): State<Registry>) -> Result<Json<Value>, ApiError> {
    let installed = registry.servers().await?;
    let mut entry = registry::catalog_entry();
    entry["installed"] =
        json!(installed.iter().any(|(server, _)| Some(server.id.as_str()) == entry["id"].as_str()));
    Ok(Json(json!({"servers": [entry]})))
}

pub(super) async fn tools(State(registry): State<Registry>) -> Result<Json<Value>, ApiError> {
    let servers = registry.servers().await?;
    let offered = servers.iter().filter_map(|(server, version)| Some((server, version.as_ref()?)));
    let tools: Vec<_> = offered.flat_map(|(server, version)| registry::tools(server, version)).collect();
    Ok(Json(json!({ "tools": tools })))
}

pub(super) async fn servers(State(registry): State<Registry>) -> Result<Json<Value>, ApiError> {
    let all = registry.servers().await?;
    let written: Vec<_> =
        all.iter().map(|(server, version)| registry::server(server, version.as_ref())).collect();
    Ok(Json(json!({ "servers": written })))
}

pub(super) async fn register(
    State(registry): State<Registry>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let text = |field: &str| Ok::<_, ApiError>(body.text(field)?.map(str::to_owned));
    let new = NewServer {
        name: need_name(&body)?,
        canonical_url: need_text(&body, "canonical_url")?,
        description: text("description")?.unwrap_or_default(),
        mode: text("mode")?,
        auth_mode: text("auth_mode")?,
    };
    let made = registry.register(new).await?;
    Ok((StatusCode::CREATED, Json(registry::server(&made, None))))
}

pub(super) async fn show(
    State(registry): State<Registry>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let (server, version) = registry.server(&id).await?;
    let mut written = registry::server(&server, version.as_ref());
    written["tools"] = version.map_or_else(|| json!([]), |version| version.tools);
    Ok(Json(written))
}

/// With `connection_id`, over that connection.
pub(super) async fn discover(
    State(registry): State<Registry>,
    At(id): At<String>,
    MaybeBody(body): MaybeBody,
) -> Result<Json<Value>, ApiError> {
    let (found, changes, at) = registry.discover(&id, body.text("connection_id")?).await?;
    let tools: Vec<_> = found.tools.iter().map(ListedTool::to_json).collect();
    Ok(Json(json!({
        "server_id": id,
        "server_info": found.server.map(|(name, version)| json!({"name": name, "version": version})),
        "tool_count": tools.len(),
        "tools": tools,
        "changes": changes.to_json(),
        "discovered_at": at,
    })))
}

pub(super) async fn versions(
    State(registry): State<Registry>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let (all, active) = registry.versions(&id).await?;
    let written = all.iter().map(|version| registry::version(version, Some(version.version) == active));
    Ok(Json(json!({"versions": written.collect::<Vec<_>>()})))
}

pub(super) async fn add_version(
    State(registry): State<Registry>,
    At(id): At<String>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let field = |name: &str| body.0.get(name).filter(|value| !value.is_null()).cloned();
    let config_schema = body.object("config_schema")?.cloned().map(Value::Object);
    let new = NewVersion { tools: field("tools"), config_schema, activate: body.switch("activate")? };
    let (version, is_active) = registry.add_version(&id, new).await?;
    Ok((StatusCode::CREATED, Json(registry::version(&version, is_active))))
}

/// With `smoke_tool` and `smoke_args`, that tool is tried out.
pub(super) async fn validate(
    State(registry): State<Registry>,
    At(id): At<String>,
    MaybeBody(body): MaybeBody,
) -> Result<Json<Value>, ApiError> {
    let answer = registry.validate_server(&id, body.text("connection_id")?, &smoke(&body)?).await?;
    Ok(Json(answer))
}

pub(super) async fn validate_connection(
    State(registry): State<Registry>,
    At((id, connection)): At<(String, String)>,
    MaybeBody(body): MaybeBody,
) -> Result<Json<Value>, ApiError> {
    Ok(Json(registry.validate_server(&id, Some(&connection), &smoke(&body)?).await?))
}

/// The call that a validation tries out.
pub(super) fn smoke(body: &Body) -> Result<Smoke, ApiError> {
    let tool = body.text("smoke_tool")?.map(str::to_owned);
    let args = body.object("smoke_args")?.cloned().unwrap_or_default();
    Ok(Smoke { tool, args: Value::Object(args) })
}

/// A text that must be there.
pub(super) fn need_text(body: &Body, field: &str) -> Result<String, ApiError> {
    let text = body.text(field)?.map(str::trim).filter(|text| !text.is_empty());
    text.map(str::to_owned).ok_or_else(|| ApiError::Invalid(format!("`{field}` is missing")))
}

/// The name of something new.
pub(super) fn need_name(body: &Body) -> Result<String, ApiError> {
    name(body)?.ok_or_else(|| ApiError::Invalid("`name` is missing".into()))
}

/// A name, if one is given: not empty, and not too long.
pub(super) fn name(body: &Body) -> Result<Option<String>, ApiError> {
    let Some(name) = body.text("name")?.map(str::trim) else { return Ok(None) };
    match name.len() {
        0 => Err(ApiError::Invalid("`name` is empty".into())),
        1..=NAME => Ok(Some(name.to_owned())),
        _ => Err(ApiError::Invalid(format!("`name` is longer than {NAME} bytes"))),
    }
}
