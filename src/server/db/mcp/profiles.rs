//! Config profiles of instances. A unique index holds that at most one per instance is active.

use rusqlite::{Connection, Row};

use super::ProfileRecord;
use crate::server::db::DbError;
use crate::server::db::value::{instant, read_instant, read_json, row, rows};

/// Adds a profile, or writes what changed about it.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(db: &Connection, profile: &ProfileRecord) -> Result<(), DbError> {
    let mut put = db.prepare_cached(
        "INSERT INTO mcp_profiles (id, instance_id, name, active, source_spec, config, created_at, updated_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (id) DO UPDATE SET name = ?3, active = ?4, source_spec = ?5, config = ?6, updated_at = ?8",
    )?;
    put.execute((
        &profile.id,
        &profile.instance_id,
        &profile.name,
        profile.is_active,
        profile.source_spec.to_string(),
        profile.config.to_string(),
        instant(profile.created_at),
        instant(profile.updated_at),
    ))?;
    Ok(())
}

/// Makes one profile of an instance the one that counts.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn set_active(db: &Connection, instance: &str, profile: &str) -> Result<(), DbError> {
    // The index is held row by row, so the old one has to go first.
    db.prepare_cached("UPDATE mcp_profiles SET active = 0 WHERE instance_id = ?1 AND active = 1")?
        .execute([instance])?;
    db.prepare_cached("UPDATE mcp_profiles SET active = 1 WHERE instance_id = ?1 AND id = ?2")?
        .execute([instance, profile])?;
    Ok(())
}

/// A profile of an instance.
///
/// # Errors
/// When the database cannot be read.
pub fn find(db: &Connection, instance: &str, id: &str) -> Result<Option<ProfileRecord>, DbError> {
    row(db, "SELECT * FROM mcp_profiles WHERE instance_id = ?1 AND id = ?2", [instance, id], read)
}

/// The profile of an instance that counts.
///
/// # Errors
/// When the database cannot be read.
pub fn active(db: &Connection, instance: &str) -> Result<Option<ProfileRecord>, DbError> {
    row(db, "SELECT * FROM mcp_profiles WHERE instance_id = ?1 AND active = 1", [instance], read)
}

/// The profiles of an instance, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection, instance: &str) -> Result<Vec<ProfileRecord>, DbError> {
    rows(db, "SELECT * FROM mcp_profiles WHERE instance_id = ?1 ORDER BY name", [instance], read)
}

fn read(row: &Row<'_>) -> rusqlite::Result<ProfileRecord> {
    Ok(ProfileRecord {
        id: row.get("id")?,
        instance_id: row.get("instance_id")?,
        name: row.get("name")?,
        is_active: row.get("active")?,
        source_spec: read_json(row, "source_spec")?,
        config: read_json(row, "config")?,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}
