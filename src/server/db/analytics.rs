//! Questions about many runs, answered from indexes and from the counts by the hour.

use rusqlite::{Connection, named_params};

use super::DbError;
use super::tallies::hour;
use super::value::instant;
use super::value::rows;
use crate::domain::{Timestamp, WorkflowId};

/// Microseconds of an hour.
const HOUR: i64 = 3_600_000_000;

/// What is asked about.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// From then on.
    pub from: Timestamp,
    /// And before then.
    pub to: Timestamp,
    /// One workflow, or all.
    pub workflow: Option<WorkflowId>,
}

impl Span {
    fn workflow(&self) -> Option<&str> {
        self.workflow.as_ref().map(WorkflowId::as_str)
    }

    /// The hours that it touches: counts are kept by the whole hour.
    fn hours(&self) -> (i64, i64) {
        let end = instant(self.to).div_euclid(HOUR) + i64::from(instant(self.to).rem_euclid(HOUR) > 0);
        (hour(self.from), end)
    }
}

/// How many, of what.
pub type Counts = Vec<(String, u64)>;

/// What happened to steps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StepCounts {
    /// Attempts that began.
    pub started: u64,
    /// Steps that ended well.
    pub completed: u64,
    /// Steps that were skipped.
    pub skipped: u64,
    /// Steps that failed for good.
    pub failed: u64,
    /// Steps that were cancelled.
    pub cancelled: u64,
    /// Attempts that failed and were tried again.
    pub retried: u64,
    /// How long the completed ones took together, in milliseconds.
    pub duration_ms: u64,
}

/// What was spent on one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spent {
    /// The action, or the workflow's id.
    pub on: String,
    /// The workflow's name, where it is one.
    pub name: Option<String>,
    /// How many charges.
    pub charges: u64,
    /// How many microcredits.
    pub microcredits: u64,
}

/// Counts of one stretch of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// Which stretch, counted from 1970.
    pub stretch: i64,
    /// What was counted: a status, or `started`.
    pub what: String,
    /// How many.
    pub count: u64,
}

/// The runs that have not ended, by status.
///
/// # Errors
/// When the database cannot be read.
pub fn live(connection: &Connection) -> Result<Counts, DbError> {
    // Left to itself, the planner walks through all runs in the order of their status.
    let select = "SELECT status, count(*) FROM runs INDEXED BY runs_live WHERE live = 1 GROUP BY status";
    rows(connection, select, [], |row| Ok((row.get(0)?, row.get(1)?)))
}

/// The runs that started, by their present status.
///
/// # Errors
/// When the database cannot be read.
pub fn started(connection: &Connection, span: &Span) -> Result<Counts, DbError> {
    counts(
        connection,
        "SELECT status, count(*) FROM runs WHERE started_at >= :from AND started_at < :to
         AND (:workflow IS NULL OR workflow_id = :workflow) GROUP BY status",
        span,
    )
}

/// The runs that ended, by status.
///
/// # Errors
/// When the database cannot be read.
pub fn ended(connection: &Connection, span: &Span) -> Result<Counts, DbError> {
    counts(
        connection,
        "SELECT status, count(*) FROM runs WHERE ended_at IS NOT NULL AND ended_at >= :from AND ended_at < :to
         AND (:workflow IS NULL OR workflow_id = :workflow) GROUP BY status",
        span,
    )
}

fn counts(connection: &Connection, sql: &str, span: &Span) -> Result<Counts, DbError> {
    rows(
        connection,
        sql,
        named_params! {":from": instant(span.from), ":to": instant(span.to), ":workflow": span.workflow()},
        |row| Ok((row.get(0)?, row.get(1)?)),
    )
}

/// How long the completed runs took, in microseconds, shortest first.
///
/// # Errors
/// When the database cannot be read.
pub fn durations(connection: &Connection, span: &Span) -> Result<Vec<i64>, DbError> {
    let mut took = rows(
        connection,
        // Most runs completed, so looking them up by their status would read them all.
        "SELECT ended_at - started_at FROM runs INDEXED BY runs_ended
         WHERE ended_at IS NOT NULL AND ended_at >= :from AND ended_at < :to AND status = 'completed'
         AND (:workflow IS NULL OR workflow_id = :workflow)",
        named_params! {":from": instant(span.from), ":to": instant(span.to), ":workflow": span.workflow()},
        |row| row.get::<_, i64>(0),
    )?;
    // The database would sort rows, which takes longer than sorting numbers.
    took.sort_unstable();
    Ok(took)
}

/// What happened to steps, in the hours that the span touches.
///
/// # Errors
/// When the database cannot be read.
pub fn steps(connection: &Connection, span: &Span) -> Result<StepCounts, DbError> {
    let mut select = connection.prepare_cached(
        "SELECT coalesce(sum(started), 0), coalesce(sum(completed), 0), coalesce(sum(skipped), 0),
                coalesce(sum(failed), 0), coalesce(sum(cancelled), 0), coalesce(sum(retried), 0),
                coalesce(sum(duration_ms), 0)
         FROM hourly_steps WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR workflow_id = ?3)",
    )?;
    let (from, to) = span.hours();
    let counts = select.query_row((from, to, span.workflow()), |row| {
        Ok(StepCounts {
            started: row.get(0)?,
            completed: row.get(1)?,
            skipped: row.get(2)?,
            failed: row.get(3)?,
            cancelled: row.get(4)?,
            retried: row.get(5)?,
            duration_ms: row.get(6)?,
        })
    });
    Ok(counts?)
}

/// What was spent by action, the most first.
///
/// # Errors
/// When the database cannot be read.
pub fn spent_by_action(connection: &Connection, span: &Span) -> Result<Vec<Spent>, DbError> {
    spent(
        connection,
        "SELECT action, NULL, sum(charges), sum(delta) FROM hourly_credits
         WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR workflow_id = ?3)
         GROUP BY action ORDER BY 4 DESC, 1",
        span,
    )
}

/// What was spent by workflow, the most first; twenty of them.
///
/// # Errors
/// When the database cannot be read.
pub fn spent_by_workflow(connection: &Connection, span: &Span) -> Result<Vec<Spent>, DbError> {
    spent(
        connection,
        "SELECT workflow_id, (SELECT name FROM workflows WHERE id = workflow_id), sum(charges), sum(delta)
         FROM hourly_credits WHERE hour >= ?1 AND hour < ?2 AND (?3 IS NULL OR workflow_id = ?3)
         GROUP BY workflow_id ORDER BY 4 DESC, 1 LIMIT 20",
        span,
    )
}

fn spent(connection: &Connection, sql: &str, span: &Span) -> Result<Vec<Spent>, DbError> {
    let mut select = connection.prepare_cached(sql)?;
    let (from, to) = span.hours();
    let rows = select.query_map((from, to, span.workflow()), |row| {
        Ok(Spent { on: row.get(0)?, name: row.get(1)?, charges: row.get(2)?, microcredits: row.get(3)? })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Runs that started (`started`) and ended (by status), by stretches of so many hours.
///
/// # Errors
/// When the database cannot be read.
pub fn runs_by_time(connection: &Connection, span: &Span, hours: i64) -> Result<Vec<Point>, DbError> {
    const WHAT: [&str; 4] = ["started", "completed", "failed", "stopped"];
    let (from, to) = span.hours();
    let sums = rows(
        connection,
        "SELECT hour / :size AS stretch, sum(started), sum(completed), sum(failed), sum(stopped)
         FROM hourly_runs WHERE hour >= :from AND hour < :to
         AND (:workflow IS NULL OR workflow_id = :workflow) GROUP BY stretch",
        named_params! {":size": hours, ":from": from, ":to": to, ":workflow": span.workflow()},
        |row| Ok((row.get(0)?, [row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])),
    )?;
    let points = |(stretch, counts): (i64, [u64; 4])| {
        WHAT.into_iter().zip(counts).map(move |(what, count)| Point { stretch, what: what.into(), count })
    };
    Ok(sums.into_iter().flat_map(points).collect())
}

/// Attempts (`steps`) and microcredits (`microcredits`), by stretches of so many hours.
///
/// # Errors
/// When the database cannot be read.
pub fn usage_by_time(connection: &Connection, span: &Span, hours: i64) -> Result<Vec<Point>, DbError> {
    let (from, to) = span.hours();
    points(
        connection,
        "SELECT hour / :size AS stretch, 'steps', sum(started) FROM hourly_steps
         WHERE hour >= :from AND hour < :to
         AND (:workflow IS NULL OR workflow_id = :workflow) GROUP BY stretch
         UNION ALL
         SELECT hour / :size AS stretch, 'microcredits', sum(delta) FROM hourly_credits
         WHERE hour >= :from AND hour < :to
         AND (:workflow IS NULL OR workflow_id = :workflow) GROUP BY stretch",
        (from, to, hours, span.workflow()),
    )
}

fn points(
    connection: &Connection,
    sql: &str,
    (from, to, size, workflow): (i64, i64, i64, Option<&str>),
) -> Result<Vec<Point>, DbError> {
    rows(
        connection,
        sql,
        named_params! {":from": from, ":to": to, ":size": size, ":workflow": workflow},
        |row| Ok(Point { stretch: row.get(0)?, what: row.get(1)?, count: row.get(2)? }),
    )
}

/// When the first run started, if there is any.
///
/// # Errors
/// When the database cannot be read.
pub fn first_start(connection: &Connection) -> Result<Option<Timestamp>, DbError> {
    let first: Option<i64> =
        connection.query_row("SELECT min(started_at) FROM runs", [], |row| row.get(0))?;
    Ok(first.and_then(|first| Timestamp::from_microsecond(first).ok()))
}
