//! Instances of servers.

use rusqlite::{Connection, Row};
use serde_json::Value;

use super::InstanceRecord;
use crate::server::db::DbError;
use crate::server::db::value::{instant, read_instant, read_optional_json, row, rows};

/// Adds an instance, or writes what changed about it.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(db: &Connection, instance: &InstanceRecord) -> Result<(), DbError> {
    let mut put = db.prepare_cached(
        "INSERT INTO mcp_instances (id, server_id, name, last_validation, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (id) DO UPDATE SET name = ?3, last_validation = ?4, updated_at = ?6",
    )?;
    let (created, updated) = (instant(instance.created_at), instant(instance.updated_at));
    let validation = instance.last_validation.as_ref().map(Value::to_string);
    put.execute((&instance.id, &instance.server_id, &instance.name, validation, created, updated))?;
    Ok(())
}

/// An instance.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &Connection, id: &str) -> Result<Option<InstanceRecord>, DbError> {
    row(db, "SELECT * FROM mcp_instances WHERE id = ?1", [id], read)
}

/// All instances, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection) -> Result<Vec<InstanceRecord>, DbError> {
    rows(db, "SELECT * FROM mcp_instances ORDER BY name, id", [], read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<InstanceRecord> {
    Ok(InstanceRecord {
        id: row.get("id")?,
        server_id: row.get("server_id")?,
        name: row.get("name")?,
        last_validation: read_optional_json(row, "last_validation")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}
