//! What validations of graphs answered, the last one per graph.

use rusqlite::{Connection, Row};

use super::value::{instant, read_instant, read_json, rows};
use super::{DbError, DryRun};
use crate::domain::WorkflowId;

/// How many graphs of a workflow are remembered; the oldest are forgotten.
const KEPT: u32 = 50;

/// Keeps an answer, in place of an earlier one of the same graph.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn keep(connection: &Connection, dry_run: &DryRun) -> Result<(), DbError> {
    let mut put = connection.prepare_cached(
        "INSERT OR REPLACE INTO dry_runs (workflow_id, graph_hash, validated_at, payload)
         VALUES (?1, ?2, ?3, ?4)",
    )?;
    let workflow = dry_run.workflow_id.as_str();
    put.execute((workflow, &dry_run.graph_hash, instant(dry_run.validated_at), dry_run.payload.to_string()))?;
    let mut forget = connection.prepare_cached(
        "DELETE FROM dry_runs WHERE workflow_id = ?1 AND graph_hash NOT IN
         (SELECT graph_hash FROM dry_runs WHERE workflow_id = ?1
          ORDER BY validated_at DESC, graph_hash = ?3 DESC LIMIT ?2)",
    )?;
    forget.execute((workflow, KEPT, &dry_run.graph_hash))?;
    Ok(())
}

/// The answers for a workflow, newest first; for one graph, if its hash is given.
///
/// # Errors
/// When the database cannot be read.
pub fn list(
    connection: &Connection,
    workflow: &WorkflowId,
    graph_hash: Option<&str>,
) -> Result<Vec<DryRun>, DbError> {
    rows(
        connection,
        "SELECT * FROM dry_runs WHERE workflow_id = ?1 AND (?2 IS NULL OR graph_hash = ?2)
         ORDER BY validated_at DESC",
        (workflow.as_str(), graph_hash),
        read,
    )
}

fn read(row: &Row<'_>) -> rusqlite::Result<DryRun> {
    Ok(DryRun {
        workflow_id: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        graph_hash: row.get("graph_hash")?,
        validated_at: read_instant(row, "validated_at")?,
        payload: read_json(row, "payload")?,
    })
}
