//! Personal access tokens: list, create, revoke, show once.
//!
//! `role` and `revoked_at` are this runtime's own fields. A token never allows more than the one it
//! was created with. Only a digest is kept, so a token can be shown when it is created and, as long
//! as the process lives, once more with `reveal`.

use axum::Extension;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::access::{need_role, need_scope};
use super::body::Body;
use super::error::ApiError;
use super::path::At;
use super::state::HttpState;
use crate::domain::Timestamp;
use crate::server::access::{Caller, PatRecord, Rights, Role, SCOPES, Scopes, digest, fresh};
use crate::server::db::pats;
use crate::server::engine::{Engine, EngineError};

/// The longest name of a token, in bytes.
const NAME: usize = 200;
/// The most tokens that are kept, revoked ones too: each request compares all of them.
const MOST: usize = 1_000;

pub(super) async fn list(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let all = engine.read(|db| Ok(pats::list(db)?)).await?;
    Ok(Json(json!({"pats": all.iter().map(write).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let rights = rights(&body, &caller)?;
    let display_name = name(&body)?;
    let token =
        fresh("pat_").ok_or_else(|| ApiError::Internal("the system gives no random numbers".into()))?;
    let pat = PatRecord {
        id: format!("pat-{}", uuid::Uuid::new_v4()),
        display_name,
        digest: digest(token.expose_secret().as_bytes()),
        rights,
        created_at: Timestamp::now(),
        revoked_at: None,
    };
    let kept = pat.clone();
    let keep = move |db: &rusqlite::Connection, _| {
        if pats::list(db)?.len() >= MOST {
            return Err(EngineError::Conflict(format!("this runtime keeps at most {MOST} tokens")));
        }
        Ok(pats::insert(db, &kept)?)
    };
    state.engine().write(keep).await?;
    let mut answer = write(&pat);
    answer["token"] = token.expose_secret().into();
    state.gate().keyring().add(pat, token);
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn revoke(
    State(state): State<HttpState>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let wanted = id.clone();
    let at = state
        .engine()
        .write(move |db, now| {
            let is_known = pats::list(db)?.iter().any(|pat| pat.id == wanted);
            pats::revoke(db, &wanted, now)?;
            if is_known { Ok(now) } else { Err(EngineError::missing("token", &wanted)) }
        })
        .await?;
    state.gate().keyring().revoke(&id, at);
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn reveal(
    State(state): State<HttpState>,
    At(id): At<String>,
) -> Result<Json<Value>, ApiError> {
    let wanted = id.clone();
    let all = state.engine().read(|db| Ok(pats::list(db)?)).await?;
    if !all.iter().any(|pat| pat.id == wanted) {
        return Err(EngineError::missing("token", &wanted).into());
    }
    let token = state.gate().keyring().reveal(&id).ok_or_else(|| {
        ApiError::Gone(
            "the token cannot be shown any more: it was shown already, or the runtime was started again since; \
             only its digest is kept, so create a new one"
                .into(),
        )
    })?;
    Ok(Json(json!({"id": id, "token": token.expose_secret()})))
}

fn name(body: &Body) -> Result<String, ApiError> {
    match body.text("display_name")? {
        Some(name) if !name.trim().is_empty() && name.len() <= NAME => Ok(name.to_owned()),
        _ => Err(ApiError::Invalid(format!("`display_name` must have 1 to {NAME} bytes"))),
    }
}

fn rights(body: &Body, caller: &Caller) -> Result<Rights, ApiError> {
    let role = match body.text("role")? {
        None => Role::ProjectContributor.min(caller.rights.role),
        Some(word) => Role::parse(word).ok_or_else(|| {
            let known = Role::ALL.map(Role::as_str).join(", ");
            ApiError::Invalid(format!("`role` is {word:?}; use one of {known}"))
        })?,
    };
    let words: Option<Vec<_>> = body
        .0
        .get("scopes")
        .and_then(Value::as_array)
        .map(|all| all.iter().filter_map(Value::as_str).collect());
    let words = words.filter(|words| !words.is_empty());
    let words =
        words.ok_or_else(|| ApiError::Invalid("`scopes` must be a list of one scope or more".into()))?;
    let scopes = Scopes::parse(words).map_err(|word| {
        ApiError::Invalid(format!("there is no scope {word:?}; use some of {}", SCOPES.join(", ")))
    })?;
    need_role(caller, role)?;
    scopes.names().iter().try_for_each(|scope| need_scope(caller, scope))?;
    Ok(Rights { role, scopes })
}

fn write(pat: &PatRecord) -> Value {
    json!({
        "id": pat.id,
        "display_name": pat.display_name,
        "scopes": pat.rights.scopes.names(),
        "role": pat.rights.role.as_str(),
        "created_at": pat.created_at,
        "revoked_at": pat.revoked_at,
    })
}
