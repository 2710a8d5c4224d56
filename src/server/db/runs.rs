//! Where each run stands, derived from its events.

use rusqlite::{Connection, Row, named_params};
use serde_json::{Value, json};

use super::value::{instant, read_instant, read_json, read_optional_instant, read_optional_json, row};
use super::{DbError, RunQuery};
use crate::domain::{Drain, FailureCode, ParentStep, Progress, Run, RunId, RunStatus, StepId, WorkflowId};

const COLUMNS: &str = "SELECT runs.*, workflows.name AS workflow_name,
        children.parent_workflow_id, children.parent_run_id, children.parent_step_id
    FROM runs JOIN workflows ON workflows.id = runs.workflow_id
    LEFT JOIN children ON children.run_id = runs.id";

/// What the derived tables gain: how a run failed, until when it drains, and inputs apart, because
/// they may be long and lists do not read them. Runs that failed before learn it from their logs.
pub(super) const FAILURES: &str = "
CREATE TABLE run_inputs (
    run_number INTEGER PRIMARY KEY REFERENCES runs (number),
    input      TEXT NOT NULL
) STRICT;
INSERT INTO run_inputs SELECT number, input FROM runs;
ALTER TABLE runs DROP COLUMN input;
ALTER TABLE runs ADD COLUMN failed_step TEXT;
ALTER TABLE runs ADD COLUMN error_details TEXT;
ALTER TABLE runs ADD COLUMN drain_since INTEGER;
ALTER TABLE runs ADD COLUMN drain_deadline INTEGER;
UPDATE runs SET failed_step = (
    SELECT json_extract(data, '$.step_id') FROM events
    WHERE run_id = runs.id AND event_type = 'run_failed' ORDER BY sequence DESC LIMIT 1
) WHERE status = 'failed';
";

/// Adds a run, or writes where it now stands; what it was started as stays.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(connection: &Connection, run: &Run) -> Result<(), DbError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO runs (id, workflow_id, version, trigger_type, started_at, status, live, phase, done, total,
             in_flight, current, failure_code, error, error_details, failed_step, drain_since, drain_deadline,
             ended_at, updated_at, last_sequence)
         VALUES (:id, :workflow, :version, :trigger, :started, :status, :live, :phase, :done, :total,
             :in_flight, :current, :code, :error, :details, :failed_step, :drain_since, :drain_deadline,
             :ended, :updated, :sequence)
         ON CONFLICT (id) DO UPDATE SET status = :status, live = :live, phase = :phase, done = :done,
             total = :total, in_flight = :in_flight, current = :current, failure_code = :code, error = :error,
             error_details = :details, failed_step = :failed_step, drain_since = :drain_since,
             drain_deadline = :drain_deadline, ended_at = :ended, updated_at = :updated,
             last_sequence = :sequence",
    )?;
    put.execute(named_params! {
        ":id": run.id.as_str(), ":workflow": run.workflow_id.as_str(), ":version": run.version,
        ":trigger": run.trigger, ":started": run.started_at.map(instant),
        ":status": run.status.as_str(), ":live": !run.status.is_terminal(), ":phase": run.phase,
        ":done": run.progress.done, ":total": run.progress.total, ":in_flight": run.progress.in_flight,
        ":current": run.progress.current.as_ref().map(StepId::as_str),
        ":code": run.failure_code.as_ref().map(FailureCode::as_str), ":error": run.error,
        ":details": run.error_details.as_ref().map(|details| json!(details).to_string()),
        ":failed_step": run.failed_step.as_ref().map(StepId::as_str),
        ":drain_since": run.drain.map(|drain| instant(drain.since)),
        ":drain_deadline": run.drain.map(|drain| instant(drain.deadline)),
        ":ended": run.ended_at.map(instant), ":updated": run.updated_at.map(instant),
        ":sequence": run.last_sequence,
    })?;
    Ok(())
}

/// Keeps what a new run was started with.
///
/// # Errors
/// When the database refuses or cannot write, or there is no such run.
pub fn put_input(connection: &Connection, run: &RunId, input: &Value) -> Result<(), DbError> {
    let mut insert = connection
        .prepare_cached("INSERT INTO run_inputs VALUES ((SELECT number FROM runs WHERE id = ?1), ?2)")?;
    insert.execute((run.as_str(), input.to_string()))?;
    Ok(())
}

/// A run of whatever workflow.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, run: &RunId) -> Result<Option<Run>, DbError> {
    row(connection, &format!("{COLUMNS} WHERE runs.id = ?1"), [run.as_str()], read_run)
}

/// The input a run was started with.
///
/// # Errors
/// When the database cannot be read, or there is no such run.
pub fn input(connection: &Connection, run: &RunId) -> Result<Value, DbError> {
    let mut select = connection
        .prepare_cached("SELECT input FROM run_inputs JOIN runs ON number = run_number WHERE id = ?1")?;
    Ok(select.query_row([run.as_str()], |row| read_json(row, "input"))?)
}

/// The runs that have not ended, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn live(connection: &Connection) -> Result<Vec<Run>, DbError> {
    let mut select = connection.prepare(&format!("{COLUMNS} WHERE runs.live = 1 ORDER BY runs.number"))?;
    let rows = select.query_map([], read_run)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Runs, newest first, and how many match in total.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection, query: &RunQuery) -> Result<(Vec<Run>, u64), DbError> {
    let mut filter = String::from(" WHERE 1");
    let mut values: Vec<&str> = Vec::new();
    if let Some(workflow) = &query.workflow {
        values.push(workflow.as_str());
        filter += &format!(" AND runs.workflow_id = ?{}", values.len());
    }
    if let Some(status) = &query.status {
        values.push(status);
        // Of a workflow's runs, those of a status: never the other way round, for most runs completed.
        let plain = if query.workflow.is_some() { "+" } else { "" };
        filter += &format!(" AND {plain}runs.status = ?{}", values.len());
    }
    let after_prefix = query.id_prefix.as_ref().map(|prefix| format!("{prefix}{}", char::MAX));
    if let (Some(prefix), Some(after)) = (&query.id_prefix, &after_prefix) {
        values.extend([prefix.as_str(), after]);
        filter += &format!(" AND runs.id >= ?{} AND runs.id < ?{}", values.len() - 1, values.len());
    }
    let values = rusqlite::params_from_iter(values);
    let mut count = connection.prepare_cached(&format!("SELECT count(*) FROM runs{filter}"))?;
    let total = count.query_row(values.clone(), |row| row.get(0))?;
    let page =
        format!("{COLUMNS}{filter} ORDER BY runs.number DESC LIMIT {} OFFSET {}", query.limit, query.offset);
    let mut select = connection.prepare(&page)?;
    let rows = select.query_map(values, read_run)?;
    Ok((rows.collect::<Result<_, _>>()?, total))
}

fn read_run(row: &Row<'_>) -> rusqlite::Result<Run> {
    let text = |column: &str| row.get::<_, Option<Box<str>>>(column);
    Ok(Run {
        id: RunId::new(row.get_ref("id")?.as_str()?),
        workflow_id: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        workflow_name: text("workflow_name")?,
        version: Some(row.get("version")?),
        status: RunStatus::parse(row.get_ref("status")?.as_str()?),
        phase: text("phase")?,
        progress: Progress {
            done: row.get("done")?,
            total: row.get("total")?,
            in_flight: row.get("in_flight")?,
            current: text("current")?.map(StepId::new),
        },
        failure_code: text("failure_code")?.map(|code| FailureCode::parse(&code)),
        error: text("error")?,
        error_details: read_optional_json(row, "error_details")?
            .and_then(|details| details.as_object().cloned())
            .map(Box::new),
        failed_step: text("failed_step")?.map(StepId::new),
        drain: read_drain(row)?,
        started_at: Some(read_instant(row, "started_at")?),
        ended_at: read_optional_instant(row, "ended_at")?,
        updated_at: Some(read_instant(row, "updated_at")?),
        trigger: text("trigger_type")?,
        request_id: None,
        parent: read_parent(row)?.map(Box::new),
        last_sequence: Some(row.get("last_sequence")?),
    })
}

fn read_drain(row: &Row<'_>) -> rusqlite::Result<Option<Drain>> {
    let since = read_optional_instant(row, "drain_since")?;
    let deadline = read_optional_instant(row, "drain_deadline")?;
    Ok(since.zip(deadline).map(|(since, deadline)| Drain { since, deadline }))
}

fn read_parent(row: &Row<'_>) -> rusqlite::Result<Option<ParentStep>> {
    let text = |column: &str| row.get::<_, Option<Box<str>>>(column);
    let Some(run) = text("parent_run_id")? else { return Ok(None) };
    Ok(Some(ParentStep {
        workflow_id: WorkflowId::new(text("parent_workflow_id")?.unwrap_or_default()),
        run_id: RunId::new(run),
        step_id: StepId::new(text("parent_step_id")?.unwrap_or_default()),
    }))
}
