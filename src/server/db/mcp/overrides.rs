//! Connections that a workflow uses in place of those of the profiles.

use rusqlite::Connection;

use super::Override;
use crate::domain::WorkflowId;
use crate::server::db::DbError;
use crate::server::db::value::{row, rows};

/// Puts these in the place of all that a workflow has.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn replace(db: &Connection, workflow: &WorkflowId, overrides: &[Override]) -> Result<(), DbError> {
    db.prepare_cached("DELETE FROM connection_overrides WHERE workflow_id = ?1")?
        .execute([workflow.as_str()])?;
    let mut add = db.prepare_cached(
        "INSERT INTO connection_overrides (workflow_id, instance_id, connection_id) VALUES (?1, ?2, ?3)",
    )?;
    for each in overrides {
        add.execute((workflow.as_str(), &each.instance_id, &each.connection_id))?;
    }
    Ok(())
}

/// The overrides of a workflow, by instance.
///
/// # Errors
/// When the database cannot be read.
pub fn list(db: &Connection, workflow: &WorkflowId) -> Result<Vec<Override>, DbError> {
    rows(
        db,
        "SELECT instance_id, connection_id FROM connection_overrides WHERE workflow_id = ?1 ORDER BY instance_id",
        [workflow.as_str()],
        |row| Ok(Override { instance_id: row.get(0)?, connection_id: row.get(1)? }),
    )
}

/// The connection that a workflow uses for an instance, if it says so.
///
/// # Errors
/// When the database cannot be read.
pub fn of_instance(
    db: &Connection,
    workflow: &WorkflowId,
    instance: &str,
) -> Result<Option<String>, DbError> {
    row(
        db,
        "SELECT connection_id FROM connection_overrides WHERE workflow_id = ?1 AND instance_id = ?2",
        [workflow.as_str(), instance],
        |row| row.get(0),
    )
}
