//! Connections: list, make, show, change, remove, authorize. No answer holds a secret.

use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, patch as patch_route, post};
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::error::ApiError;
use super::path::At;
use super::state::HttpState;
use crate::server::connections::{ConnectionPatch, Connections, NEEDS_RECONNECT, NewConnection, OAUTH};
use crate::server::db::ConnectionRecord;
use crate::server::triggers::Triggers;

/// The routes of connections.
pub(super) fn routes() -> Router<HttpState> {
    Router::new()
        .route("/v1/connections", get(list).post(create))
        .route("/v1/connections/google/config", get(google_config))
        .route("/v1/connections/google/oauth-url", post(google))
        .route("/v1/connections/google/complete", post(google))
        .route("/v1/connections/google/accounts/{id}", get(google))
        .route("/v1/connections/google/accounts/{id}/services", patch_route(google))
        .route("/v1/connections/{id}", get(show).patch(patch).delete(remove))
        .route("/v1/connections/{id}/credentials", get(credentials))
        .route("/v1/connections/{id}/oauth-url", post(oauth_url))
}

async fn list(State(connections): State<Connections>) -> Result<Json<Value>, ApiError> {
    let all = connections.list().await?;
    Ok(Json(json!({"connections": all.iter().map(write).collect::<Vec<_>>()})))
}

async fn create(
    State(connections): State<Connections>,
    State(triggers): State<Triggers>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let name = name(&body)?.ok_or_else(|| ApiError::Invalid("`display_name` is missing".into()))?;
    let text = |field: &str| body.text(field).map(|text| text.map(str::to_owned));
    let new = NewConnection {
        name,
        provider: text("provider")?,
        service: text("service")?,
        credentials: object(&body, "credentials")?.unwrap_or_default(),
        send_as: object(&body, "send_as")?,
        server_url: text("server_url")?,
    };
    if new.credentials.is_empty() && new.service.as_deref() != Some(OAUTH) {
        let text = "`credentials` is missing: an object of names and secrets, such as {\"api_key\": \"…\"}";
        return Err(ApiError::Invalid(text.into()));
    }
    let made = connections.create(new).await?;
    tell(&triggers, "connection.created", &made).await;
    Ok((StatusCode::CREATED, Json(write(&made))))
}

async fn show(State(connections): State<Connections>, At(id): At<String>) -> Result<Json<Value>, ApiError> {
    Ok(Json(write(&connections.get(&id).await?)))
}

async fn patch(
    State(connections): State<Connections>,
    At(id): At<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let patch = ConnectionPatch {
        name: name(&body)?,
        credentials: object(&body, "credentials")?,
        send_as: object(&body, "send_as")?,
        server_url: body.text("server_url")?.map(str::to_owned),
    };
    if patch.name.is_none()
        && patch.credentials.is_none()
        && patch.send_as.is_none()
        && patch.server_url.is_none()
    {
        let hint = "nothing to change: give `display_name`, `credentials`, `send_as` or `server_url`";
        return Err(ApiError::Invalid(hint.into()));
    }
    Ok(Json(write(&connections.patch(&id, patch).await?)))
}

async fn remove(
    State(connections): State<Connections>,
    State(triggers): State<Triggers>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let record = connections.get(&id).await?;
    connections.remove(&id).await?;
    tell(&triggers, "connection.revoked", &record).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Starts the runs that wait for what happened, which stands whatever becomes of them.
async fn tell(triggers: &Triggers, event: &str, record: &ConnectionRecord) {
    let payload = json!({
        "event_type": event,
        "connection_id": record.id,
        "provider": record.provider,
        "service": record.service,
        "display_name": record.name,
    });
    if let Err(error) = triggers.happened(event, Some(&record.provider), &record.id, payload).await {
        tracing::error!(%error, event, connection = %record.id, "the runs that wait for this were not started");
    }
}

/// The names of the secrets, and what may be told of tokens.
async fn credentials(
    State(connections): State<Connections>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let record = connections.get(&id).await?;
    let names = record.credential_keys.iter();
    let credentials: Vec<_> = names
        .map(|key| json!({"key": key, "is_set": true, "is_sent": record.delivery["credential"] == **key}))
        .collect();
    Ok(Json(json!({
        "connection_id": record.id,
        "credentials": credentials,
        "oauth": oauth(&record),
        "updated_at": record.updated_at,
    })))
}

/// Begins an authorization; the address is for the browser of a person on this machine.
async fn oauth_url(
    State(connections): State<Connections>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let begun = connections.authorize(&id).await?;
    Ok(Json(json!({"connection_id": id, "url": begun.url, "expires_in": begun.lasts.as_secs()})))
}

/// The platform's own Google app is not part of a local runtime.
async fn google_config() -> Json<Value> {
    Json(json!({"enabled": false, "reason": GOOGLE}))
}

async fn google() -> ApiError {
    ApiError::NotFound(format!("feature disabled: {GOOGLE}"))
}

const GOOGLE: &str = "the local runtime has no Google app of its own; connect an MCP server that announces OAuth \
                      with a connection of the service `oauth`";

fn name(body: &Body) -> Result<Option<String>, ApiError> {
    let name = body.text("display_name")?.or(body.text("name")?);
    Ok(name.map(str::to_owned))
}

fn object(body: &Body, field: &str) -> Result<Option<Map<String, Value>>, ApiError> {
    Ok(body.object(field)?.cloned())
}

fn oauth(record: &ConnectionRecord) -> Value {
    if record.service == OAUTH { record.facts.clone() } else { Value::Null }
}

fn write(record: &ConnectionRecord) -> Value {
    json!({
        "id": record.id,
        "name": record.name,
        "display_name": record.name,
        "provider": record.provider,
        "service": record.service,
        "status": record.status,
        "needs_reconnect": record.status == NEEDS_RECONNECT,
        "status_reason": record.why,
        "credential_keys": record.credential_keys,
        "send_as": record.delivery,
        "server_url": record.server_url,
        "oauth": oauth(record),
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    })
}
