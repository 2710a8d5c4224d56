//! Inbound webhooks.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::DbError;
use super::value::{instant, read_instant, read_json, row, rows};
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::server::triggers::{SKEW, WebhookRecord};

/// The table of their secrets, sealed with the key of the vault, which is not in this file.
pub(super) const SECRETS: &str = "
CREATE TABLE webhook_secrets (
    webhook_id TEXT PRIMARY KEY REFERENCES inbound_webhooks (id) ON DELETE CASCADE,
    sealed     BLOB NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Adds a webhook, or writes what changed about it; its workflow stays.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(connection: &Connection, webhook: &WebhookRecord) -> Result<(), DbError> {
    connection.execute(
        "INSERT INTO inbound_webhooks
             (id, workflow_id, name, enabled, extras, automation_pat, created_at, updated_at)
         VALUES (:id, :workflow, :name, :enabled, :extras, :pat, :created, :updated)
         ON CONFLICT (id) DO UPDATE SET name = :name, enabled = :enabled, extras = :extras,
             automation_pat = :pat, updated_at = :updated",
        named_params! {
            ":id": webhook.id, ":workflow": webhook.workflow.as_str(), ":name": webhook.name,
            ":enabled": webhook.enabled, ":extras": Value::Object(webhook.extras.clone()).to_string(),
            ":pat": webhook.automation_pat,
            ":created": instant(webhook.created_at), ":updated": instant(webhook.updated_at),
        },
    )?;
    Ok(())
}

/// Removes a webhook; tells whether there was one.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn remove(connection: &Connection, id: &str) -> Result<bool, DbError> {
    Ok(connection.execute("DELETE FROM inbound_webhooks WHERE id = ?1", [id])? > 0)
}

/// A webhook.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, id: &str) -> Result<Option<WebhookRecord>, DbError> {
    row(connection, "SELECT * FROM inbound_webhooks WHERE id = ?1", [id], read)
}

/// All webhooks, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<WebhookRecord>, DbError> {
    rows(connection, "SELECT * FROM inbound_webhooks ORDER BY created_at, id", [], read)
}

/// Keeps the sealed secret of a webhook, in place of the one before. It goes with its webhook.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put_secret(connection: &Connection, webhook: &str, sealed: &[u8]) -> Result<(), DbError> {
    let put = "INSERT OR REPLACE INTO webhook_secrets (webhook_id, sealed) VALUES (?1, ?2)";
    connection.execute(put, (webhook, sealed))?;
    Ok(())
}

/// The sealed secret of a webhook.
///
/// # Errors
/// When the database cannot be read.
pub fn secret(connection: &Connection, webhook: &str) -> Result<Option<Vec<u8>>, DbError> {
    row(connection, "SELECT sealed FROM webhook_secrets WHERE webhook_id = ?1", [webhook], |row| row.get(0))
}

/// The webhooks whose secrets are not kept here.
///
/// # Errors
/// When the database cannot be read.
pub fn without_secret(connection: &Connection) -> Result<Vec<String>, DbError> {
    let select = "SELECT id FROM inbound_webhooks WHERE id NOT IN (SELECT webhook_id FROM webhook_secrets)";
    rows(connection, select, [], |row| row.get(0))
}

/// Notes that what was signed was used for a run; tells for which it was used before, if it was.
/// What is older than any signature may be is forgotten.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn deliver(
    connection: &Connection,
    webhook: &str,
    signed: &str,
    (run, now): (&RunId, Timestamp),
) -> Result<Option<RunId>, DbError> {
    let oldest = instant(now) - 4 * SKEW * 1_000_000;
    connection.execute("DELETE FROM webhook_deliveries WHERE at < ?1", [oldest])?;
    let select = "SELECT run_id FROM webhook_deliveries WHERE webhook_id = ?1 AND signed = ?2";
    let before: Option<String> =
        connection.query_row(select, (webhook, signed), |row| row.get(0)).optional()?;
    if before.is_none() {
        connection.execute(
            "INSERT INTO webhook_deliveries (webhook_id, signed, run_id, at) VALUES (?1, ?2, ?3, ?4)",
            (webhook, signed, run.as_str(), instant(now)),
        )?;
    }
    Ok(before.map(RunId::new))
}

fn read(row: &Row<'_>) -> rusqlite::Result<WebhookRecord> {
    Ok(WebhookRecord {
        id: row.get("id")?,
        workflow: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        name: row.get("name")?,
        enabled: row.get("enabled")?,
        extras: read_json(row, "extras")?.as_object().cloned().unwrap_or_default(),
        automation_pat: row.get("automation_pat")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}
