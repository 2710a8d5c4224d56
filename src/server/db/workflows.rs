//! Workflows and their published versions.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use serde_json::Value;

use super::value::{instant, read_instant, read_json, read_optional_json, row, rows};
use super::{DbError, VersionRecord, WorkflowRecord, WorkflowStatus};
use crate::domain::digest::{canonical_json, sha256};
use crate::domain::{Timestamp, WorkflowId};

/// Adds a workflow, or writes what changed about it; its versions are counted by [`publish`].
///
/// # Errors
/// When the database refuses or cannot write.
pub fn put(connection: &Connection, workflow: &WorkflowRecord) -> Result<(), DbError> {
    let mut put = connection.prepare_cached(
        "INSERT INTO workflows (id, name, description, archived, graph, run_setup, created_at, updated_at)
         VALUES (:id, :name, :description, :archived, :graph, :setup, :created, :updated)
         ON CONFLICT (id) DO UPDATE SET name = :name, description = :description, archived = :archived,
             graph = :graph, run_setup = :setup, updated_at = :updated",
    )?;
    put.execute(named_params! {
        ":id": workflow.id.as_str(), ":name": workflow.name, ":description": workflow.description,
        ":archived": workflow.status == WorkflowStatus::Archived, ":graph": workflow.graph.to_string(),
        ":setup": workflow.run_setup.as_ref().map(Value::to_string),
        ":created": instant(workflow.created_at), ":updated": instant(workflow.updated_at),
    })?;
    Ok(())
}

/// A workflow.
///
/// # Errors
/// When the database cannot be read.
pub fn find(connection: &Connection, id: &WorkflowId) -> Result<Option<WorkflowRecord>, DbError> {
    row(connection, "SELECT * FROM workflows WHERE id = ?1", [id.as_str()], read_workflow)
}

/// Whether there is such a workflow.
///
/// # Errors
/// When the database cannot be read.
pub fn exists(connection: &Connection, id: &WorkflowId) -> Result<bool, DbError> {
    Ok(connection.prepare_cached("SELECT 1 FROM workflows WHERE id = ?1")?.exists([id.as_str()])?)
}

/// What a start needs to know of a workflow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Startable {
    /// Its name.
    pub name: Box<str>,
    /// Whether it is put away.
    pub archived: bool,
    /// The version that runs start with.
    pub latest_version: Option<u64>,
}

/// What a start needs to know of a workflow, without its draft.
///
/// # Errors
/// When the database cannot be read.
pub fn startable(connection: &Connection, id: &WorkflowId) -> Result<Option<Startable>, DbError> {
    let mut select =
        connection.prepare_cached("SELECT name, archived, latest_version FROM workflows WHERE id = ?1")?;
    let found = select.query_row([id.as_str()], |row| {
        Ok(Startable { name: row.get(0)?, archived: row.get(1)?, latest_version: row.get(2)? })
    });
    Ok(found.optional()?)
}

/// All workflows, by name.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection) -> Result<Vec<WorkflowRecord>, DbError> {
    rows(connection, "SELECT * FROM workflows ORDER BY name, id", [], read_workflow)
}

/// Publishes a workflow's draft as its next version.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn publish(
    connection: &Connection,
    workflow: &WorkflowRecord,
    changelog: &str,
    now: Timestamp,
) -> Result<VersionRecord, DbError> {
    let version = VersionRecord {
        workflow_id: workflow.id.clone(),
        version: workflow.latest_version.unwrap_or(0) + 1,
        changelog: changelog.to_owned(),
        published_at: now,
        graph: workflow.graph.clone(),
        graph_hash: sha256(&canonical_json(&workflow.graph)),
    };
    connection.execute(
        "INSERT INTO versions (workflow_id, version, changelog, published_at, graph, graph_hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        (
            version.workflow_id.as_str(),
            version.version,
            changelog,
            instant(now),
            version.graph.to_string(),
            &version.graph_hash,
        ),
    )?;
    connection.execute(
        "UPDATE workflows SET latest_version = ?2, updated_at = ?3 WHERE id = ?1",
        (workflow.id.as_str(), version.version, instant(now)),
    )?;
    Ok(version)
}

/// A workflow's versions, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn versions(connection: &Connection, id: &WorkflowId) -> Result<Vec<VersionRecord>, DbError> {
    rows(
        connection,
        "SELECT * FROM versions WHERE workflow_id = ?1 ORDER BY version DESC",
        [id.as_str()],
        read_version,
    )
}

/// The graph of a version as it was published.
///
/// # Errors
/// When the database cannot be read, or there is no such version.
pub fn graph(connection: &Connection, id: &WorkflowId, version: u64) -> Result<Value, DbError> {
    let mut select =
        connection.prepare_cached("SELECT graph FROM versions WHERE workflow_id = ?1 AND version = ?2")?;
    Ok(select.query_row((id.as_str(), version), |row| read_json(row, "graph"))?)
}

fn read_workflow(row: &Row<'_>) -> rusqlite::Result<WorkflowRecord> {
    let latest_version: Option<u64> = row.get("latest_version")?;
    let status = match (row.get("archived")?, latest_version) {
        (true, _) => WorkflowStatus::Archived,
        (false, Some(_)) => WorkflowStatus::Published,
        (false, None) => WorkflowStatus::Draft,
    };
    Ok(WorkflowRecord {
        id: WorkflowId::new(row.get_ref("id")?.as_str()?),
        name: row.get("name")?,
        description: row.get("description")?,
        status,
        graph: read_json(row, "graph")?,
        run_setup: read_optional_json(row, "run_setup")?,
        latest_version,
        created_at: read_instant(row, "created_at")?,
        updated_at: read_instant(row, "updated_at")?,
    })
}

fn read_version(row: &Row<'_>) -> rusqlite::Result<VersionRecord> {
    Ok(VersionRecord {
        workflow_id: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        version: row.get("version")?,
        changelog: row.get("changelog")?,
        published_at: read_instant(row, "published_at")?,
        graph: read_json(row, "graph")?,
        graph_hash: row.get("graph_hash")?,
    })
}
