//! The event log: append, and read from any place on.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::DbError;
use super::value::{instant, read_instant, read_json, rows};
use crate::domain::{EventId, EventKind, RunEvent, RunId, Timestamp, WorkflowId};

/// An event with all of its numbers, about to be appended.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<'a> {
    /// Its number in the whole log, counted from 1.
    pub gid: u64,
    /// The run it belongs to.
    pub run: &'a RunId,
    /// Its number in the run, counted from 1.
    pub sequence: u64,
    /// The run's workflow.
    pub workflow: &'a WorkflowId,
    /// Its place in the workflow's stream, counted from 1.
    pub place: u64,
    /// What it reports.
    pub kind: &'a EventKind,
    /// When it happened.
    pub at: Timestamp,
    /// Its details.
    pub data: &'a Value,
}

/// Appends one event.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn append(connection: &Connection, entry: &Entry<'_>) -> Result<(), DbError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO events (gid, run_id, sequence, workflow_id, place, event_type, occurred_at, data)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )?;
    insert.execute((
        entry.gid,
        entry.run.as_str(),
        entry.sequence,
        entry.workflow.as_str(),
        entry.place,
        entry.kind.as_str(),
        instant(entry.at),
        entry.data.to_string(),
    ))?;
    Ok(())
}

/// The number of the log's last event; 0 before the first.
///
/// # Errors
/// When the database cannot be read.
pub fn last_gid(connection: &Connection) -> Result<u64, DbError> {
    let last: Option<u64> = connection.query_row("SELECT max(gid) FROM events", [], |row| row.get(0))?;
    Ok(last.unwrap_or(0))
}

/// The place of a workflow's last event; 0 before the first.
///
/// # Errors
/// When the database cannot be read.
pub fn last_place(connection: &Connection, workflow: &WorkflowId) -> Result<u64, DbError> {
    let mut select = connection.prepare_cached("SELECT max(place) FROM events WHERE workflow_id = ?1")?;
    let last: Option<u64> = select.query_row([workflow.as_str()], |row| row.get(0)).optional()?.flatten();
    Ok(last.unwrap_or(0))
}

/// A run's events after a sequence, oldest first.
///
/// # Errors
/// When the database cannot be read, or holds what was not written by [`append`].
pub fn of_run(
    connection: &Connection,
    run: &RunId,
    after: u64,
    limit: u32,
) -> Result<Vec<RunEvent>, DbError> {
    rows(
        connection,
        "SELECT * FROM events WHERE run_id = :run AND sequence > :after ORDER BY sequence LIMIT :limit",
        named_params! {":run": run.as_str(), ":after": signed(after), ":limit": limit},
        read_event,
    )
}

/// A workflow's events after a place, each with its place, oldest first.
///
/// # Errors
/// When the database cannot be read, or holds what was not written by [`append`].
pub fn of_workflow(
    connection: &Connection,
    workflow: &WorkflowId,
    after: u64,
    limit: u32,
) -> Result<Vec<(u64, RunEvent)>, DbError> {
    rows(
        connection,
        "SELECT * FROM events WHERE workflow_id = :workflow AND place > :after ORDER BY place LIMIT :limit",
        named_params! {":workflow": workflow.as_str(), ":after": signed(after), ":limit": limit},
        |row| Ok((row.get("place")?, read_event(row)?)),
    )
}

/// A number that a caller made up may not fit a column; nothing lies behind the last that does.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn read_event(row: &Row<'_>) -> rusqlite::Result<RunEvent> {
    let gid: u64 = row.get("gid")?;
    Ok(RunEvent {
        id: EventId::from(format!("evt_{gid}")),
        run_id: RunId::new(row.get_ref("run_id")?.as_str()?),
        workflow_id: Some(WorkflowId::new(row.get_ref("workflow_id")?.as_str()?)),
        sequence: Some(row.get("sequence")?),
        kind: EventKind::parse(row.get_ref("event_type")?.as_str()?),
        at: Some(read_instant(row, "occurred_at")?),
        data: read_json(row, "data")?,
    })
}
