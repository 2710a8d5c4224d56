//! Models: which keys there are, and which one a model would be asked with. Never the keys.

use axum::extract::State;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::state::HttpState;
use crate::server::connections::{LLM, holds_models, models_at};
use crate::server::db::ConnectionRecord;
use crate::server::exec::LlmProvider;

/// The routes of models.
pub(super) fn routes() -> Router<HttpState> {
    Router::new().route("/v1/llm-provider-keys/catalog", get(catalog)).route("/v1/llm/resolve", post(resolve))
}

/// The runtime's own provider, then the connections of the service `llm`.
async fn catalog(State(state): State<HttpState>) -> Result<Json<Value>, ApiError> {
    let all = state.connections().list().await?;
    let stored = all.iter().filter(|record| record.service == LLM).map(of_connection);
    let items: Vec<_> = state.models().and_then(of_environment).into_iter().chain(stored).collect();
    Ok(Json(json!({"count": items.len(), "items": items})))
}

/// Which provider a model would be asked at, and where its key comes from, as a step would have it.
async fn resolve(State(state): State<HttpState>, body: Body) -> Result<Json<Value>, ApiError> {
    let model = body.text("model")?.or(body.text("model_ref")?);
    let model = model.ok_or_else(|| ApiError::Invalid("`model` is missing".into()))?;
    let credential = body.text("llm_credential_id")?;
    let all = state.connections().list().await?;
    let named = credential.and_then(|id| all.iter().find(|record| record.id == id));
    let mut found = match (named, state.models().and_then(of_environment)) {
        (Some(record), _) => of_connection(record),
        (None, Some(own)) => own,
        (None, None) => of_connection(only(&all)?),
    };
    found["model"] = model.into();
    if let (Some(id), None) = (credential, named) {
        found["note"] = format!("`{id}` is no connection of this runtime; this key is used instead").into();
    }
    Ok(Json(found))
}

/// The connection that answers where nothing else is said: the only one that can.
fn only(all: &[ConnectionRecord]) -> Result<&ConnectionRecord, ApiError> {
    let mut able = all.iter().filter(|record| holds_models(record));
    let refused = match (able.next(), able.next()) {
        (Some(only), None) => return Ok(only),
        (Some(_), Some(_)) => {
            "several connections hold keys of model providers: name one in `llm_credential_id`, or set \
             AR_LLM_BASE_URL and AR_LLM_API_KEY and start the runtime again"
        }
        (None, _) => {
            "no model provider is configured: set AR_LLM_BASE_URL and AR_LLM_API_KEY and start the runtime again, \
             or make a connection of the service `llm`"
        }
    };
    Err(ApiError::Invalid(refused.into()))
}

fn of_environment(provider: &LlmProvider) -> Option<Value> {
    let (base, variable) = provider.described()?;
    Some(json!({
        "provider": "environment", "source": "environment", "base_url": base, "variable": variable,
        "has_key": provider.has_key(), "status": "active",
    }))
}

fn of_connection(record: &ConnectionRecord) -> Value {
    json!({
        "provider": record.provider, "source": "connection", "base_url": models_at(record),
        "llm_credential_id": record.id, "name": record.name, "has_key": !record.credential_keys.is_empty(),
        "status": record.status, "status_reason": record.why,
    })
}
