//! Triggers: what starts runs by itself, and how far it was dealt with.

use rusqlite::{Connection, Row, named_params};

use super::DbError;
use super::value::{instant, read_instant, read_json, read_optional_instant, row, rows};
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::server::triggers::{TriggerKind, TriggerRecord};

/// The tables of triggers and webhooks.
pub(super) const TABLES: &str = "
CREATE TABLE triggers (
    id          TEXT PRIMARY KEY,
    workflow_id TEXT NOT NULL REFERENCES workflows (id),
    type        TEXT NOT NULL,
    config      TEXT NOT NULL,
    enabled     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    updated_at  INTEGER NOT NULL,
    fired_at    INTEGER,
    last_run    TEXT,
    last_error  TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX triggers_of_workflow ON triggers (workflow_id, created_at);

CREATE TABLE inbound_webhooks (
    id             TEXT PRIMARY KEY,
    workflow_id    TEXT NOT NULL REFERENCES workflows (id),
    name           TEXT NOT NULL,
    enabled        INTEGER NOT NULL,
    extras         TEXT NOT NULL,
    automation_pat TEXT,
    created_at     INTEGER NOT NULL,
    updated_at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE webhook_deliveries (
    webhook_id TEXT NOT NULL,
    signed     TEXT NOT NULL,
    run_id     TEXT NOT NULL,
    at         INTEGER NOT NULL,
    PRIMARY KEY (webhook_id, signed)
) STRICT, WITHOUT ROWID;
CREATE INDEX webhook_deliveries_by_age ON webhook_deliveries (at);
";

/// Adds a trigger, or writes what its author changed about it.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(connection: &Connection, trigger: &TriggerRecord) -> Result<(), DbError> {
    connection.execute(
        "INSERT INTO triggers (id, workflow_id, type, config, enabled, created_at, updated_at)
         VALUES (:id, :workflow, :type, :config, :enabled, :created, :updated)
         ON CONFLICT (id) DO UPDATE SET config = :config, enabled = :enabled, updated_at = :updated",
        named_params! {
            ":id": trigger.id, ":workflow": trigger.workflow.as_str(), ":type": trigger.kind.as_str(),
            ":config": trigger.config.to_string(), ":enabled": trigger.enabled,
            ":created": instant(trigger.created_at), ":updated": instant(trigger.updated_at),
        },
    )?;
    Ok(())
}

/// Notes what a trigger did. A trigger that is gone by then is no error.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn fired(
    connection: &Connection,
    id: &str,
    at: Timestamp,
    run: Option<&RunId>,
    error: Option<&str>,
) -> Result<(), DbError> {
    connection.execute(
        "UPDATE triggers SET fired_at = max(coalesce(fired_at, 0), ?2), last_run = coalesce(?3, last_run),
             last_error = ?4 WHERE id = ?1",
        (id, instant(at), run.map(RunId::as_str), error),
    )?;
    Ok(())
}

/// Removes a trigger of a workflow; tells whether there was one.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn remove(connection: &Connection, workflow: &WorkflowId, id: &str) -> Result<bool, DbError> {
    let delete = "DELETE FROM triggers WHERE id = ?1 AND workflow_id = ?2";
    Ok(connection.execute(delete, (id, workflow.as_str()))? > 0)
}

/// A trigger of a workflow.
///
/// # Errors
/// When the database cannot be read.
pub fn find(
    connection: &Connection,
    workflow: &WorkflowId,
    id: &str,
) -> Result<Option<TriggerRecord>, DbError> {
    row(
        connection,
        "SELECT * FROM triggers WHERE id = ?1 AND workflow_id = ?2",
        (id, workflow.as_str()),
        read,
    )
}

/// The triggers of a workflow, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection, workflow: &WorkflowId) -> Result<Vec<TriggerRecord>, DbError> {
    rows(
        connection,
        "SELECT * FROM triggers WHERE workflow_id = ?1 ORDER BY created_at, id",
        [workflow.as_str()],
        read,
    )
}

/// The triggers of a kind that are on, of workflows that are not put away.
///
/// # Errors
/// When the database cannot be read.
pub fn enabled(connection: &Connection, kind: TriggerKind) -> Result<Vec<TriggerRecord>, DbError> {
    rows(
        connection,
        "SELECT triggers.* FROM triggers JOIN workflows ON workflows.id = workflow_id
         WHERE triggers.enabled = 1 AND archived = 0 AND type = ?1 ORDER BY triggers.id",
        [kind.as_str()],
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<TriggerRecord> {
    Ok(TriggerRecord {
        id: row.get("id")?,
        workflow: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        kind: TriggerKind::parse(row.get_ref("type")?.as_str()?).unwrap_or(TriggerKind::PlatformEvent),
        config: read_json(row, "config")?,
        enabled: row.get("enabled")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
        fired_at: read_optional_instant(row, "fired_at")?,
        last_run: row.get::<_, Option<String>>("last_run")?.map(RunId::new),
        last_error: row.get("last_error")?,
    })
}
