//! Figures about many runs, computed from the log.
//!
//! The platform publishes the routes and not the bodies, so these are this runtime's own. Each names
//! the span that it is about: `window=week` (the last seven days in UTC, today among them), `month`
//! (thirty, if not said), `all`, or `from` and `to`, as days or instants; and with `workflow_id` one
//! workflow. Steps, credits and the points of series are counted by the whole hour.

use axum::Json;
use axum::extract::State;
use rusqlite::Connection;
use serde_json::{Map, Value, json};

use super::error::ApiError;
use super::params::Params;
use crate::domain::clock::later;
use crate::domain::{Timestamp, WorkflowId};
use crate::server::db::DbError;
use crate::server::db::analytics::{self, Counts, Point, Span, Spent};
use crate::server::engine::Engine;

/// Below so many ended runs, a rate says nothing.
const ENOUGH: u64 = 3;
/// The most points of a series.
const POINTS: i64 = 2_000;
const DAY: i64 = 24;

pub(super) async fn live_runs(State(engine): State<Engine>) -> Result<Json<Value>, ApiError> {
    let counts = engine.read(|db| Ok(analytics::live(db)?)).await?;
    Ok(Json(json!({"live_runs": total(&counts), "by_status": by_name(&counts), "as_of": Timestamp::now()})))
}

/// Of the runs that completed, failed or were stopped, the part that completed, from 0 to 1; null
/// below three of them.
pub(super) async fn success_rate(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, counts) = asked(&engine, &params, analytics::ended).await?;
    let of = |status: &str| counts.iter().find(|(name, _)| name == status).map_or(0, |(_, count)| *count);
    let (completed, failed, stopped) = (of("completed"), of("failed"), of("stopped"));
    let ended = completed + failed + stopped;
    let rate = (ended >= ENOUGH).then(|| completed as f64 / ended as f64);
    Ok(about(
        &span,
        json!({"success_rate": rate, "terminal_runs": ended, "completed": completed, "failed": failed, "stopped": stopped}),
    ))
}

/// Of the runs that completed.
pub(super) async fn execution_duration(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, took) = asked(&engine, &params, analytics::durations).await?;
    let milliseconds = |micros: i64| micros as f64 / 1_000.0;
    let share = |share: f64| {
        let place = ((took.len() as f64 * share).ceil() as usize).clamp(1, took.len().max(1)) - 1;
        took.get(place).copied().map(milliseconds)
    };
    let sum: i64 = took.iter().sum();
    let average = (!took.is_empty()).then(|| milliseconds(sum) / took.len() as f64);
    Ok(about(
        &span,
        json!({"count": took.len(), "average_ms": average, "p50_ms": share(0.5), "p95_ms": share(0.95),
            "max_ms": share(1.0)}),
    ))
}

pub(super) async fn runs_count(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, counts) = asked(&engine, &params, analytics::started).await?;
    Ok(about(&span, json!({"runs": total(&counts), "by_status": by_name(&counts)})))
}

/// Attempts that began.
pub(super) async fn steps_executed(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, steps) = asked(&engine, &params, analytics::steps).await?;
    Ok(about(&span, json!({"steps_executed": steps.started})))
}

pub(super) async fn steps_summary(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, steps) = asked(&engine, &params, analytics::steps).await?;
    let average = (steps.completed > 0).then(|| steps.duration_ms as f64 / steps.completed as f64);
    Ok(about(
        &span,
        json!({"attempts": steps.started, "completed": steps.completed, "skipped": steps.skipped,
            "failed": steps.failed, "cancelled": steps.cancelled, "retried": steps.retried,
            "average_ms": average}),
    ))
}

pub(super) async fn credits_consumed(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    let (span, (actions, workflows)) = asked(&engine, &params, |db, span| {
        Ok((analytics::spent_by_action(db, span)?, analytics::spent_by_workflow(db, span)?))
    })
    .await?;
    let sum: u64 = actions.iter().map(|spent| spent.microcredits).sum();
    let list = |all: &[Spent], key: &str| {
        let row = |spent: &Spent| {
            let mut row = json!({"charges": spent.charges, "microcredits": spent.microcredits});
            row[key] = json!(spent.on);
            if let Some(name) = &spent.name {
                row["workflow_name"] = json!(name);
            }
            row
        };
        all.iter().map(row).collect::<Vec<_>>()
    };
    Ok(about(
        &span,
        json!({"microcredits": sum, "by_action": list(&actions, "action"),
            "by_workflow": list(&workflows, "workflow_id")}),
    ))
}

/// Points with `started`, `completed`, `failed` and `stopped`; a stretch without runs has zeros.
pub(super) async fn runs_series(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    series(&engine, &params, analytics::runs_by_time, &["started", "completed", "failed", "stopped"]).await
}

/// Points with `steps`, the attempts that began, and `microcredits`.
pub(super) async fn usage_series(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    series(&engine, &params, analytics::usage_by_time, &["steps", "microcredits"]).await
}

/// What was spent for whom. Runs of this runtime have no principals, so all of them are in one row
/// whose `external_user_id` is null.
pub(super) async fn by_principal(
    State(engine): State<Engine>,
    params: Params,
) -> Result<Json<Value>, ApiError> {
    match params.text("group_by") {
        None | Some("principal") => {}
        Some(other) => {
            let text = format!("the parameter `group_by` is {other:?}; use principal");
            return Err(ApiError::Malformed(text));
        }
    }
    let (span, (runs, spent)) = asked(&engine, &params, |db, span| {
        Ok((analytics::started(db, span)?, analytics::spent_by_action(db, span)?))
    })
    .await?;
    let sum: u64 = spent.iter().map(|spent| spent.microcredits).sum();
    let sum = i64::try_from(sum).unwrap_or(i64::MAX);
    Ok(about(
        &span,
        json!({"items": [{"external_user_id": null, "run_count": total(&runs), "total_delta_microcredits": -sum}]}),
    ))
}

fn total(counts: &Counts) -> u64 {
    counts.iter().map(|(_, count)| count).sum()
}

fn by_name(counts: &Counts) -> Map<String, Value> {
    counts.iter().map(|(name, count)| (name.clone(), json!(count))).collect()
}

/// Asks about the span that the parameters name; the answer, and the span.
async fn asked<T: Send + 'static>(
    engine: &Engine,
    params: &Params,
    read: impl FnOnce(&Connection, &Span) -> Result<T, DbError> + Send + 'static,
) -> Result<(Span, T), ApiError> {
    let span = span(engine, params).await?;
    let about = span.clone();
    let found = engine.read(move |db| Ok(read(db, &about)?)).await?;
    Ok((span, found))
}

/// An answer with the span that it is about.
fn about(span: &Span, mut answer: Value) -> Json<Value> {
    answer["from"] = json!(span.from);
    answer["to"] = json!(span.to);
    Json(answer)
}

async fn span(engine: &Engine, params: &Params) -> Result<Span, ApiError> {
    let now = Timestamp::now();
    let first = match params.text("window") {
        Some("all") => engine.read(|db| Ok(analytics::first_start(db)?)).await?,
        _ => None,
    };
    let workflow = params.text("workflow_id").map(WorkflowId::new);
    let (from, to) = bounds(params, now, first.unwrap_or(now))?;
    Ok(Span { from, to, workflow })
}

/// From when to when. An end that is a day includes that day.
fn bounds(params: &Params, now: Timestamp, first: Timestamp) -> Result<(Timestamp, Timestamp), ApiError> {
    let end = instant(params, "to", DAY)?;
    let to = end.unwrap_or_else(|| later(now, std::time::Duration::from_secs(1)));
    let from = match (instant(params, "from", 0)?, params.text("window")) {
        (Some(from), _) => from,
        (None, Some("week")) => days_before(to.min(now), 6),
        (None, Some("month") | None) => days_before(to.min(now), 29),
        (None, Some("all")) => first,
        (None, Some(other)) => {
            let text = format!("the parameter `window` is {other:?}; use week, month or all");
            return Err(ApiError::Malformed(text));
        }
    };
    if from >= to {
        return Err(ApiError::Malformed("`from` must lie before `to`".into()));
    }
    Ok((from, to))
}

fn instant(params: &Params, name: &str, hours_after_day: i64) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = params.text(name) else { return Ok(None) };
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Some(at));
    }
    let day: Option<jiff::civil::Date> = text.parse().ok();
    let at = day.and_then(|day| day.to_zoned(jiff::tz::TimeZone::UTC).ok()).map(|day| day.timestamp());
    let at = at.and_then(|at| Timestamp::from_second(at.as_second() + hours_after_day * 3_600).ok());
    at.map(Some).ok_or_else(|| {
        let text = format!("the parameter `{name}` is {text:?}; give a day or an instant, like 2026-01-02 or 2026-01-02T03:04:05Z");
        ApiError::Malformed(text)
    })
}

/// The beginning of the UTC day that was so many days before.
fn days_before(at: Timestamp, days: i64) -> Timestamp {
    let day = at.as_second().div_euclid(86_400) - days;
    Timestamp::from_second(day * 86_400).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// The span of a series and the hours of a stretch. The first stretch is whole.
async fn stretches(engine: &Engine, params: &Params) -> Result<(Span, i64), ApiError> {
    let span = span(engine, params).await?;
    let hours = match params.text("granularity") {
        Some("hour") => 1,
        None | Some("day") => DAY,
        Some(other) => {
            let text = format!("the parameter `granularity` is {other:?}; use hour or day");
            return Err(ApiError::Malformed(text));
        }
    };
    let (first, last) = ends(&span, hours);
    if last - first >= POINTS {
        return Err(ApiError::Malformed(format!(
            "the series would have {} points, at most {POINTS} are given; ask for days or for a shorter span",
            last - first + 1
        )));
    }
    let from = Timestamp::from_second(first * hours * 3_600).unwrap_or(span.from);
    Ok((Span { from, ..span }, hours))
}

/// The first and the last stretch that a span touches.
fn ends(span: &Span, hours: i64) -> (i64, i64) {
    let stretch = |second: i64| second.div_euclid(hours * 3_600);
    (stretch(span.from.as_second()), stretch(span.to.as_second() - 1).max(stretch(span.from.as_second())))
}

/// A series of points with these fields, as the parameters ask for it.
async fn series(
    engine: &Engine,
    params: &Params,
    read: impl FnOnce(&Connection, &Span, i64) -> Result<Vec<Point>, DbError> + Send + 'static,
    fields: &[&str],
) -> Result<Json<Value>, ApiError> {
    let (span, hours) = stretches(engine, params).await?;
    let about = span.clone();
    let found = engine.read(move |db| Ok(read(db, &about, hours)?)).await?;
    Ok(points(&span, hours, &found, fields))
}

fn points(span: &Span, hours: i64, found: &[Point], fields: &[&str]) -> Json<Value> {
    let (first, last) = ends(span, hours);
    let known: std::collections::HashMap<(i64, &str), u64> =
        found.iter().map(|point| ((point.stretch, point.what.as_str()), point.count)).collect();
    let point = |stretch: i64| {
        let mut point = Map::new();
        let at = Timestamp::from_second(stretch * hours * 3_600).unwrap_or(span.from);
        point.insert("at".into(), json!(at));
        for field in fields {
            let count = known.get(&(stretch, *field)).copied().unwrap_or(0);
            point.insert((*field).into(), json!(count));
        }
        Value::Object(point)
    };
    let points: Vec<_> = (first..=last).map(point).collect();
    let granularity = if hours == 1 { "hour" } else { "day" };
    about(span, json!({"granularity": granularity, "points": points}))
}
