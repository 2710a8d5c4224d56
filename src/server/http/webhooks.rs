//! Inbound webhooks: kept, and let in.
//!
//! A request comes in without a bearer and is signed instead; see
//! [`triggers`](crate::server::triggers) for the two forms. The platform does not publish the name of
//! the header: `X-AgentRuntime-Signature`, `X-Webhook-Signature`, `X-Signature` and
//! `X-Hub-Signature-256` are read. The first form, which says nothing of when, needs a bearer with
//! `workflow:run` besides. With an `Idempotency-Key` the same request starts one run, however often it
//! comes, and another body is a conflict. A timed signature is good for one run.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::{Extension, Json};
use secrecy::ExposeSecret as _;
use secrecy::zeroize::Zeroizing;
use serde_json::{Map, Value, json};

use super::access::{denied, need_role, need_scope};
use super::body::{Body, Raw};
use super::error::ApiError;
use super::path::At;
use super::state::HttpState;
use crate::domain::digest::sha256;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::server::access::{Caller, Lookup, Role};
use crate::server::db::webhooks;
use crate::server::engine::EngineError;
use crate::server::triggers::{Form, WebhookRecord, derived_run, verify};
use crate::wire::StartRun;

/// The names under which a signature comes.
const SIGNATURES: [&str; 4] =
    ["x-agentruntime-signature", "x-webhook-signature", "x-signature", "x-hub-signature-256"];
/// The longest name of a webhook and the longest idempotency key, in bytes.
const NAME: usize = 200;

pub(super) async fn list(State(state): State<HttpState>) -> Result<Json<Value>, ApiError> {
    let all = state.engine().read(|db| Ok(webhooks::list(db)?)).await?;
    Ok(Json(json!({"subscriptions": all.iter().map(write).collect::<Vec<_>>()})))
}

pub(super) async fn create(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let workflow = body.text("workflow_id")?.map(WorkflowId::new);
    let workflow = workflow.ok_or_else(|| ApiError::Invalid("`workflow_id` is missing".into()))?;
    let name = name(&body)?.ok_or_else(|| ApiError::Invalid("`name` is missing".into()))?;
    let automation_pat = automation(&state, &caller, &body)?.flatten();
    let extras = body.object("extras")?.cloned().unwrap_or_default();
    state.engine().workflow(&workflow).await?;
    let id = uuid::Uuid::new_v4().to_string();
    let made = state.webhook_secrets().make(&id);
    let (secret, sealed) = made.map_err(|error| ApiError::Internal(error.to_string()))?;
    let now = Timestamp::now();
    let webhook = WebhookRecord {
        id,
        workflow,
        name,
        enabled: true,
        extras,
        automation_pat,
        created_at: now,
        updated_at: now,
    };
    let path = format!("/v1/inbound-webhooks/{}", webhook.id);
    let answer = json!({
        "subscription": write(&webhook),
        "signing_secret": secret.expose_secret(),
        "ingress_url": format!("{}{path}", state.gate().url()),
        "ingress_path": path,
    });
    let put = move |db: &rusqlite::Connection, _| {
        webhooks::put(db, &webhook)?;
        Ok(webhooks::put_secret(db, &webhook.id, &sealed)?)
    };
    state.engine().write(put).await?;
    Ok((StatusCode::CREATED, Json(answer)))
}

pub(super) async fn patch(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    At(id): At<String>,
    body: Body,
) -> Result<Json<Value>, ApiError> {
    let mut webhook = find(&state, &id).await?;
    let enabled = match body.0.get("enabled") {
        None | Some(Value::Null) => None,
        Some(Value::Bool(enabled)) => Some(*enabled),
        Some(_) => return Err(ApiError::Invalid("`enabled` must be true or false".into())),
    };
    webhook.name = name(&body)?.unwrap_or(webhook.name);
    webhook.enabled = enabled.unwrap_or(webhook.enabled);
    webhook.extras = body.object("extras")?.cloned().unwrap_or(webhook.extras);
    webhook.automation_pat = automation(&state, &caller, &body)?.unwrap_or(webhook.automation_pat);
    webhook.updated_at = Timestamp::now();
    let answer = write(&webhook);
    state.engine().write(move |db, _| Ok(webhooks::put(db, &webhook)?)).await?;
    Ok(Json(answer))
}

pub(super) async fn remove(
    State(state): State<HttpState>,
    At(id): At<String>,
) -> Result<StatusCode, ApiError> {
    let remove = move |db: &rusqlite::Connection, _: Timestamp| match webhooks::remove(db, &id)? {
        true => Ok(()),
        false => Err(EngineError::missing("webhook", &id)),
    };
    state.engine().write(remove).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a signed request in: it starts a run with the body as its input.
pub(super) async fn enter(
    State(state): State<HttpState>,
    At(id): At<String>,
    headers: HeaderMap,
    Raw(body): Raw,
) -> Result<Json<Value>, ApiError> {
    let webhook = find(&state, &id).await?;
    let form = check_signature(&state, &webhook, &headers, &body).await?;
    if form == Form::Body {
        // The signature does not go stale, so the bearer is what keeps strangers from repeating it.
        allowed_to_run(&state.gate().caller(&headers)?)?;
    }
    if !webhook.enabled {
        let text = "this webhook is switched off; enable it, or remove it where it is called from";
        return Err(denied("webhook_disabled", text.into(), json!({})));
    }
    if let Some(pat) = &webhook.automation_pat {
        match state.gate().keyring().of(pat) {
            Lookup::Known(caller) => allowed_to_run(&caller)?,
            _ => {
                let text =
                    "the token on whose authority this webhook starts runs was revoked; give it another";
                return Err(denied(
                    "automation_token_revoked",
                    text.into(),
                    json!({"automation_pat_id": pat}),
                ));
            }
        }
    }
    let run_id = run_id(&state, &webhook, &headers, (&form, &body)).await?;
    let start = StartRun {
        workflow: webhook.workflow.clone(),
        run_id,
        input: payload(webhook.extras, &body)?,
        trigger_type: "webhook".into(),
        excluded: Vec::new(),
        trigger_steps: Map::new(),
        principal: Default::default(),
        in_place_of: None,
    };
    let run = state.engine().start(start).await.map_err(|error| match error {
        EngineError::Conflict(_) if headers.contains_key("idempotency-key") => {
            EngineError::Conflict("the Idempotency-Key was used with another body; use a new key".into())
        }
        other => other,
    })?;
    Ok(Json(super::commands::started(&run)))
}

async fn check_signature(
    state: &HttpState,
    webhook: &WebhookRecord,
    headers: &HeaderMap,
    body: &Bytes,
) -> Result<Form, ApiError> {
    let header = SIGNATURES.iter().find_map(|name| headers.get(*name));
    let header = header.ok_or_else(|| ApiError::Unsigned {
        code: "missing_signature",
        message: format!("the request is not signed: send the header {}", SIGNATURES[0]),
    })?;
    let secret = secret(state, &webhook.id).await?;
    let text = String::from_utf8_lossy(header.as_bytes());
    verify(&secret, &text, body, Timestamp::now())
        .map_err(|error| ApiError::Unsigned { code: error.code(), message: error.to_string() })
}

async fn secret(state: &HttpState, webhook: &str) -> Result<Zeroizing<Vec<u8>>, ApiError> {
    let id = webhook.to_owned();
    let sealed = state.engine().read(move |db| Ok(webhooks::secret(db, &id)?)).await?;
    let lost = |why: &dyn std::fmt::Display| {
        ApiError::Internal(format!(
            "the secret of this webhook cannot be used, create the webhook anew: {why}"
        ))
    };
    let sealed = sealed.ok_or_else(|| lost(&"it is not kept here"))?;
    state.webhook_secrets().open(webhook, &sealed).map_err(|error| lost(&error))
}

/// The run that a request means: that of its key, or of its signature where it has none.
///
/// What is signed is a time and a body, and each is good for one run. A key is not signed, so a
/// repetition under another key is a replay as well.
async fn run_id(
    state: &HttpState,
    webhook: &WebhookRecord,
    headers: &HeaderMap,
    (form, body): (&Form, &[u8]),
) -> Result<Option<RunId>, ApiError> {
    let key = idempotency_key(headers)?;
    let Form::Timed { at } = form else {
        return Ok(key.map(|key| derived_run(&webhook.id, &format!("key {key}"))));
    };
    let signed = sha256(&format!("{at}.{}", String::from_utf8_lossy(body)));
    let what = key.map_or_else(|| format!("signed {signed}"), |key| format!("key {key}"));
    let run = derived_run(&webhook.id, &what);
    let (id, noted) = (webhook.id.clone(), run.clone());
    let before = state.engine().write(move |db, now| Ok(webhooks::deliver(db, &id, &signed, (&noted, now))?));
    let is_replay = match before.await? {
        None => false,
        Some(before) if before != run => true,
        // A crash may have come between this note and the run's start.
        Some(_) if key.is_none() => match state.engine().run(&webhook.workflow, &run).await {
            Ok(_) => true,
            Err(EngineError::NotFound { .. }) => false,
            Err(error) => return Err(error.into()),
        },
        Some(_) => false,
    };
    if is_replay {
        let text =
            "this very request came before; to repeat one safely, send the same Idempotency-Key each time";
        return Err(EngineError::Conflict(text.into()).into());
    }
    Ok(Some(run))
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, ApiError> {
    let Some(key) = headers.get("idempotency-key") else { return Ok(None) };
    let key = key.to_str().ok().filter(|key| !key.trim().is_empty() && key.len() <= NAME);
    let wrong = || ApiError::Malformed(format!("the Idempotency-Key must be a text of 1 to {NAME} bytes"));
    key.map(Some).ok_or_else(wrong)
}

/// The body over the extras.
fn payload(extras: Map<String, Value>, body: &[u8]) -> Result<Value, ApiError> {
    let sent = if body.trim_ascii().is_empty() {
        Value::Object(Map::new())
    } else {
        serde_json::from_slice(body)
            .map_err(|wrong| ApiError::Malformed(format!("the body is not valid JSON: {wrong}")))?
    };
    match sent {
        Value::Object(fields) => {
            let mut merged = extras;
            merged.extend(fields);
            Ok(Value::Object(merged))
        }
        other if extras.is_empty() => Ok(other),
        _ => Err(ApiError::Invalid("the body must be a JSON object, because this webhook has extras".into())),
    }
}

fn allowed_to_run(caller: &Caller) -> Result<(), ApiError> {
    need_scope(caller, "workflow:run")?;
    need_role(caller, Role::ProjectContributor)
}

/// The token on whose authority runs are started: by its id, or as the token itself, which is not
/// kept. Null takes it away; absent is `None`.
fn automation(state: &HttpState, caller: &Caller, body: &Body) -> Result<Option<Option<String>>, ApiError> {
    let (id, bearer) = (body.text("automation_pat_id")?, body.text("automation_bearer")?);
    let found = match (id, bearer) {
        (None, None) if body.0.contains_key("automation_pat_id") => return Ok(Some(None)),
        (None, None) => return Ok(None),
        (Some(id), None) => state.gate().keyring().of(id),
        (None, Some(token)) => state.gate().keyring().find(token.as_bytes()),
        (Some(_), Some(_)) => {
            return Err(ApiError::Invalid(
                "give `automation_pat_id` or `automation_bearer`, not both".into(),
            ));
        }
    };
    let Lookup::Known(Caller { pat: Some(pat), rights }) = found else {
        return Err(ApiError::Invalid("there is no such personal access token, or it was revoked".into()));
    };
    // Nobody lets a webhook do what they may not do themselves.
    allowed_to_run(caller)?;
    allowed_to_run(&Caller { pat: Some(pat.clone()), rights })?;
    Ok(Some(Some(pat)))
}

async fn find(state: &HttpState, id: &str) -> Result<WebhookRecord, ApiError> {
    let id = id.to_owned();
    let found = state
        .engine()
        .read(move |db| webhooks::find(db, &id)?.ok_or_else(|| EngineError::missing("webhook", &id)));
    Ok(found.await?)
}

fn name(body: &Body) -> Result<Option<String>, ApiError> {
    match body.text("name")? {
        Some(name) if name.trim().is_empty() || name.len() > NAME => {
            Err(ApiError::Invalid(format!("`name` must have 1 to {NAME} bytes")))
        }
        name => Ok(name.map(str::to_owned)),
    }
}

fn write(webhook: &WebhookRecord) -> Value {
    json!({
        "id": webhook.id,
        "tenant_id": super::TENANT,
        "project_id": super::PROJECT,
        "workflow_id": webhook.workflow,
        "name": webhook.name,
        "enabled": webhook.enabled,
        "extras": webhook.extras,
        "automation_pat_id": webhook.automation_pat,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    })
}
