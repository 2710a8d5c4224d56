//! Connections, and their sealed secrets in a table of their own.

use rusqlite::{Connection, Row};
use serde_json::Value;

use super::value::{instant, read_instant, read_json, row, rows};
use super::{ConnectionRecord, DbError};
use crate::domain::Timestamp;

/// The tables, as the schema gains them.
pub(super) const TABLES: &str = "
CREATE TABLE connections (
    id              TEXT PRIMARY KEY,
    name            TEXT NOT NULL,
    provider        TEXT NOT NULL,
    service         TEXT NOT NULL,
    status          TEXT NOT NULL,
    why             TEXT,
    server_url      TEXT,
    delivery        TEXT NOT NULL,
    credential_keys TEXT NOT NULL,
    facts           TEXT NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Sealed with the key of the vault, which is not in this file.
CREATE TABLE connection_secrets (
    connection_id TEXT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    part          TEXT NOT NULL,
    sealed        BLOB NOT NULL,
    PRIMARY KEY (connection_id, part)
) STRICT, WITHOUT ROWID;
";

/// Keeps a connection, in place of an earlier one of the same id.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(db: &Connection, record: &ConnectionRecord) -> Result<(), DbError> {
    let mut put = db.prepare_cached(
        "INSERT INTO connections
         (id, name, provider, service, status, why, server_url, delivery, credential_keys, facts, created_at,
          updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
         ON CONFLICT (id) DO UPDATE SET name = ?2, provider = ?3, service = ?4, status = ?5, why = ?6,
         server_url = ?7, delivery = ?8, credential_keys = ?9, facts = ?10, updated_at = ?12",
    )?;
    put.execute((
        &record.id,
        &record.name,
        &record.provider,
        &record.service,
        &record.status,
        &record.why,
        &record.server_url,
        record.delivery.to_string(),
        Value::from(record.credential_keys.clone()).to_string(),
        record.facts.to_string(),
        instant(record.created_at),
        instant(record.updated_at),
    ))?;
    Ok(())
}

/// A connection.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &Connection, id: &str) -> Result<Option<ConnectionRecord>, DbError> {
    row(db, "SELECT * FROM connections WHERE id = ?1", [id], read)
}

/// All connections, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection) -> Result<Vec<ConnectionRecord>, DbError> {
    rows(db, "SELECT * FROM connections ORDER BY name COLLATE NOCASE, id", (), read)
}

/// Removes a connection and its secret; tells whether it was there.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn remove(db: &Connection, id: &str) -> Result<bool, DbError> {
    let removed = db.prepare_cached("DELETE FROM connections WHERE id = ?1")?.execute([id])?;
    Ok(removed > 0)
}

/// Notes where a connection stands, and why; tells whether that is new.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn mark(
    db: &Connection,
    id: &str,
    (status, why): (&str, Option<&str>),
    now: Timestamp,
) -> Result<bool, DbError> {
    let mut update = db.prepare_cached(
        "UPDATE connections SET status = ?2, why = ?3, updated_at = ?4
         WHERE id = ?1 AND (status <> ?2 OR why IS NOT ?3)",
    )?;
    Ok(update.execute((id, status, why, instant(now)))? > 0)
}

/// Keeps a sealed secret of a connection, in place of the one before. It goes with its connection.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put_secret(db: &Connection, id: &str, part: &str, sealed: &[u8]) -> Result<(), DbError> {
    let mut put = db.prepare_cached(
        "INSERT OR REPLACE INTO connection_secrets (connection_id, part, sealed) VALUES (?1, ?2, ?3)",
    )?;
    put.execute((id, part, sealed))?;
    Ok(())
}

/// Removes a sealed secret of a connection, if it is there.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn remove_secret(db: &Connection, id: &str, part: &str) -> Result<(), DbError> {
    let mut remove =
        db.prepare_cached("DELETE FROM connection_secrets WHERE connection_id = ?1 AND part = ?2")?;
    remove.execute((id, part))?;
    Ok(())
}

/// A sealed secret of a connection.
///
/// # Errors
/// When the database cannot be read.
pub fn secret(db: &Connection, id: &str, part: &str) -> Result<Option<Vec<u8>>, DbError> {
    row(
        db,
        "SELECT sealed FROM connection_secrets WHERE connection_id = ?1 AND part = ?2",
        (id, part),
        |row| row.get(0),
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<ConnectionRecord> {
    let keys = read_json(row, "credential_keys")?;
    let keys = keys.as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(ConnectionRecord {
        id: row.get("id")?,
        name: row.get("name")?,
        provider: row.get("provider")?,
        service: row.get("service")?,
        status: row.get("status")?,
        why: row.get("why")?,
        server_url: row.get("server_url")?,
        delivery: read_json(row, "delivery")?,
        credential_keys: keys.map(str::to_owned).collect(),
        facts: read_json(row, "facts")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}
