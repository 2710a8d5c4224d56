//! Agents.

use rusqlite::{Connection, Row};
use serde_json::Value;

use super::value::{instant, read_instant, read_json, row, rows};
use super::{AgentRecord, DbError};
use crate::domain::AgentId;

/// Agents by id; their definitions as JSON.
pub(super) const TABLES: &str = "
CREATE TABLE agents (
    id         TEXT PRIMARY KEY,
    definition TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
";

/// Writes an agent, new or changed.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(connection: &Connection, agent: &AgentRecord) -> Result<(), DbError> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO agents (id, definition, created_at, updated_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    let definition = Value::Object(agent.definition.clone()).to_string();
    put.execute((agent.id.as_str(), definition, instant(agent.created_at), instant(agent.updated_at)))?;
    Ok(())
}

/// Takes an agent away; `false` when there is none.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn delete(connection: &Connection, id: &AgentId) -> Result<bool, DbError> {
    Ok(connection.execute("DELETE FROM agents WHERE id = ?1", [id.as_str()])? > 0)
}

/// An agent.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, id: &AgentId) -> Result<Option<AgentRecord>, DbError> {
    row(connection, "SELECT * FROM agents WHERE id = ?1", [id.as_str()], read)
}

/// All agents, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<AgentRecord>, DbError> {
    rows(connection, "SELECT * FROM agents ORDER BY created_at, id", [], read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<AgentRecord> {
    let definition = read_json(row, "definition")?;
    Ok(AgentRecord {
        id: AgentId::new(row.get_ref("id")?.as_str()?),
        definition: definition.as_object().cloned().unwrap_or_default(),
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}
