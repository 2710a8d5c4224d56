//! Servers and their versions.

use rusqlite::{Connection, Row, named_params};
use serde_json::Value;

use super::{ServerRecord, ServerVersion};
use crate::domain::Timestamp;
use crate::server::db::DbError;
use crate::server::db::value::{
    instant, read_instant, read_json, read_optional_instant, read_optional_json, row, rows,
};

/// Adds a server, or writes what changed about it.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(db: &Connection, server: &ServerRecord) -> Result<(), DbError> {
    let mut put = db.prepare_cached(
        "INSERT INTO mcp_servers (id, name, service, canonical_url, description, mode, auth_mode, active_version,
             discovered, discovered_at, last_validation, created_at, updated_at)
         VALUES (:id, :name, :service, :url, :description, :mode, :auth, :active, :discovered, :discovered_at,
             :validation, :created, :updated)
         ON CONFLICT (id) DO UPDATE SET name = :name, service = :service, canonical_url = :url,
             description = :description, mode = :mode, auth_mode = :auth, active_version = :active,
             discovered = :discovered, discovered_at = :discovered_at, last_validation = :validation,
             updated_at = :updated",
    )?;
    put.execute(named_params! {
        ":id": server.id, ":name": server.name, ":service": server.service, ":url": server.canonical_url,
        ":description": server.description, ":mode": server.mode, ":auth": server.auth_mode,
        ":active": server.active_version, ":discovered": server.discovered.as_ref().map(Value::to_string),
        ":discovered_at": server.discovered_at.map(instant),
        ":validation": server.last_validation.as_ref().map(Value::to_string),
        ":created": instant(server.created_at), ":updated": instant(server.updated_at),
    })?;
    Ok(())
}

/// A server.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &Connection, id: &str) -> Result<Option<ServerRecord>, DbError> {
    row(db, "SELECT * FROM mcp_servers WHERE id = ?1", [id], read)
}

/// The server at an address.
///
/// # Errors
/// When the database cannot be read.
pub fn at_url(db: &Connection, canonical_url: &str) -> Result<Option<ServerRecord>, DbError> {
    row(db, "SELECT * FROM mcp_servers WHERE canonical_url = ?1", [canonical_url], read)
}

/// All servers, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection) -> Result<Vec<ServerRecord>, DbError> {
    rows(db, "SELECT * FROM mcp_servers ORDER BY name, id", [], read)
}

/// Adds the next version of a server's tools.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn add_version(
    db: &Connection,
    server: &str,
    (tools, config_schema): (Value, Value),
    now: Timestamp,
) -> Result<ServerVersion, DbError> {
    let mut last = db.prepare_cached("SELECT max(version) FROM mcp_server_versions WHERE server_id = ?1")?;
    let last: Option<u64> = last.query_row([server], |row| row.get(0))?;
    let version = last.unwrap_or(0) + 1;
    let mut add = db.prepare_cached(
        "INSERT INTO mcp_server_versions (server_id, version, created_at, config_schema, tools)
         VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    add.execute((server, version, instant(now), config_schema.to_string(), tools.to_string()))?;
    Ok(ServerVersion { server_id: server.to_owned(), version, created_at: now, config_schema, tools })
}

/// The versions of a server, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn versions(db: &Connection, server: &str) -> Result<Vec<ServerVersion>, DbError> {
    rows(
        db,
        "SELECT * FROM mcp_server_versions WHERE server_id = ?1 ORDER BY version DESC",
        [server],
        read_version,
    )
}

/// The version of a server whose tools count.
///
/// # Errors
/// When the database cannot be read.
pub fn active_version(db: &Connection, server: &str) -> Result<Option<ServerVersion>, DbError> {
    row(
        db,
        "SELECT v.* FROM mcp_server_versions v JOIN mcp_servers s
         ON s.id = v.server_id AND s.active_version = v.version WHERE s.id = ?1",
        [server],
        read_version,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<ServerRecord> {
    Ok(ServerRecord {
        id: row.get("id")?,
        name: row.get("name")?,
        service: row.get("service")?,
        canonical_url: row.get("canonical_url")?,
        description: row.get("description")?,
        mode: row.get("mode")?,
        auth_mode: row.get("auth_mode")?,
        active_version: row.get("active_version")?,
        discovered: read_optional_json(row, "discovered")?,
        discovered_at: read_optional_instant(row, "discovered_at")?,
        last_validation: read_optional_json(row, "last_validation")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<ServerVersion> {
    Ok(ServerVersion {
        server_id: row.get("server_id")?,
        version: row.get("version")?,
        created_at: read_instant(row, "created_at")?,
        config_schema: read_json(row, "config_schema")?,
        tools: read_json(row, "tools")?,
    })
}
