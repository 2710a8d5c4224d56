//! Credits: what is left, what was spent on what, and the price list.
//!
//! Of these bodies the platform publishes that of `usage` and of `plans`; the others are this
//! runtime's own. There is no shop here: credits are added with `POST /v1/billing/grants`, which
//! is this runtime's own too.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use super::body::Body;
use super::error::ApiError;
use super::params::Params;
use crate::domain::credits::{MICROCREDITS, parse_credits};
use crate::domain::{Bucket, RunId, Usage};
use crate::server::engine::{CreditsOrder, Engine, Grant, LedgerCause, LedgerRow, PRICES};

/// Rows of a page, if the caller does not say.
const ROWS: u32 = 50;
/// The most rows of a page.
const MOST_ROWS: u32 = 500;
/// The only plan.
const PLAN: &str = "local";

pub(super) async fn usage(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    Ok(Json(write(&engine.usage().await?)))
}

/// `trial_remaining`, `included_remaining` and `payg_remaining` are microcredits as the total is;
/// `unlimited` is this runtime's own.
fn write(usage: &Usage) -> Value {
    json!({
        "trial_remaining": usage.balance.trial,
        "included_remaining": usage.balance.included,
        "payg_remaining": usage.balance.payg,
        "total_remaining_microcredits": usage.total,
        "unlimited": usage.is_unlimited,
    })
}

/// `{"entries": [...], "grants": [...], "next_cursor"}`: what was spent, newest first, of one run
/// with `run_id`; and on the first page the newest credits that were given.
pub(super) async fn history(State(engine): State<Engine>, params: Params) -> Result<Json<Value>, ApiError> {
    let limit = params.limit(ROWS, MOST_ROWS)?;
    let before: Option<u64> = params.number("cursor")?;
    let run = params.text("run_id").map(RunId::new);
    // One more tells whether there is another page; an attempt that two buckets paid is not cut.
    let mut rows = engine.charges(run.clone(), before, limit.saturating_add(3)).await?;
    let cut = rows.get(limit as usize - 1).filter(|_| rows.len() > limit as usize).map(|row| row.number);
    let cursor = cut.filter(|cut| rows.iter().any(|row| row.number < *cut));
    if let Some(cursor) = cursor {
        rows.retain(|row| row.number >= cursor);
    }
    let grants = match (before, run) {
        (None, None) => engine.grants(limit).await?,
        _ => Vec::new(),
    };
    Ok(Json(json!({
        "entries": rows.iter().map(entry).collect::<Vec<_>>(),
        "grants": grants.iter().map(entry).collect::<Vec<_>>(),
        "next_cursor": cursor.map(|cursor| cursor.to_string()),
    })))
}

fn entry(row: &LedgerRow) -> Value {
    let mut entry = match &row.cause {
        LedgerCause::Grant { note } => json!({"id": format!("grant_{}", row.number), "note": note}),
        LedgerCause::Charge { action, run, workflow, step, attempt } => json!({
            "id": format!("charge_{}_{}", row.number, row.bucket),
            "action": action,
            "run_id": run,
            "workflow_id": workflow,
            "step_id": step,
            "attempt": attempt,
        }),
    };
    entry["at"] = json!(row.at);
    entry["bucket"] = json!(row.bucket);
    entry["delta_microcredits"] = json!(row.delta);
    entry
}

pub(super) async fn pricing() -> Json<Value> {
    let actions: Vec<_> = PRICES
        .iter()
        .map(|price| {
            json!({
                "action": price.action,
                "microcredits": price.microcredits,
                "unit": "attempt",
                "description": price.description,
            })
        })
        .collect();
    Json(json!({"actions": actions, "microcredits_per_credit": MICROCREDITS}))
}

pub(super) async fn status(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let usage = engine.usage().await?;
    Ok(Json(json!({"status": word(&usage), "plan_code": PLAN})))
}

fn word(usage: &Usage) -> &'static str {
    match usage {
        Usage { is_unlimited: true, .. } => "unlimited",
        Usage { total: 0, .. } => "exhausted",
        _ => "active",
    }
}

pub(super) async fn summary(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let usage = engine.usage().await?;
    Ok(Json(json!({
        "status": word(&usage),
        "plan_code": PLAN,
        "usage": write(&usage),
        "spend_order": Bucket::ALL.map(Bucket::as_str),
    })))
}

pub(super) async fn plans() -> Json<Value> {
    Json(json!({"plans": [{
        "plan_code": PLAN,
        "stripe_price_id": null,
        "amount": 0,
        "currency": null,
        "interval": null,
        "interval_count": null,
        "product_name": "The runtime on this machine",
        "trial_enabled": false,
        "trial_days": 0,
        "trial_credits_granted": 0,
    }]}))
}

/// Nobody pays for this runtime.
pub(super) async fn payments() -> Json<Value> {
    Json(json!({"payments": []}))
}

pub(super) async fn dimensions() -> Json<Value> {
    let actions: Vec<_> = PRICES.iter().map(|price| price.action).collect();
    Json(json!({"dimensions": [
        {"dimension": "action", "values": actions},
        {"dimension": "bucket", "values": Bucket::ALL.map(Bucket::as_str)},
    ]}))
}

/// Where the platform sells credits.
pub(super) async fn no_shop() -> ApiError {
    ApiError::NotFound(
        "this local runtime has no shop, the feature is switched off: add credits with `arcc credits grant`, \
         or POST /v1/billing/grants"
            .into(),
    )
}

/// Adds `credits`, a number or a text, or whole `microcredits`, to `bucket` (`payg` if not said).
pub(super) async fn grant(
    State(engine): State<Engine>,
    body: Body,
) -> Result<(StatusCode, Json<Value>), ApiError> {
    let bucket = match body.text("bucket")? {
        None => Bucket::Payg,
        Some(word) => Bucket::parse(word)
            .ok_or_else(|| ApiError::Invalid("`bucket` must be trial, included or payg".into()))?,
    };
    let note = body.text("note")?.unwrap_or("granted").to_owned();
    let grant = Grant { bucket, amount: amount(&body)?, note };
    let usage = engine.order_credits(CreditsOrder::Grant(grant)).await?;
    Ok((StatusCode::CREATED, Json(write(&usage))))
}

fn amount(body: &Body) -> Result<u64, ApiError> {
    let amount = match (body.0.get("microcredits"), body.0.get("credits")) {
        (Some(Value::Number(number)), None) => number.as_u64(),
        (None, Some(Value::Number(number))) => parse_credits(&number.to_string()).ok(),
        (None, Some(Value::String(text))) => parse_credits(text).ok(),
        _ => None,
    };
    amount.filter(|amount| *amount > 0).ok_or_else(|| {
        ApiError::Invalid(
            "give either `credits`, like 17 or 0.5, or whole `microcredits`; more than 0".into(),
        )
    })
}
