//! Which run called which.

use rusqlite::{Connection, named_params};

use super::DbError;
use super::value::rows;
use crate::domain::{ParentStep, RunId, WorkflowId};

/// The table of runs that were called by a step of another run.
pub(super) const TABLES: &str = "
CREATE TABLE children (
    run_id             TEXT PRIMARY KEY REFERENCES runs (id),
    parent_workflow_id TEXT NOT NULL,
    parent_run_id      TEXT NOT NULL REFERENCES runs (id),
    parent_step_id     TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX children_of_run ON children (parent_run_id);
";

/// Notes that a step of another run started a run.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn insert(connection: &Connection, run: &RunId, parent: &ParentStep) -> Result<(), DbError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO children (run_id, parent_workflow_id, parent_run_id, parent_step_id)
         VALUES (:run, :workflow, :parent, :step)",
    )?;
    insert.execute(named_params! {
        ":run": run.as_str(), ":workflow": parent.workflow_id.as_str(),
        ":parent": parent.run_id.as_str(), ":step": parent.step_id.as_str(),
    })?;
    Ok(())
}

/// The workflows of a run and of those above it, its own first.
///
/// # Errors
/// When the database cannot be read.
pub fn lineage(connection: &Connection, run: &RunId) -> Result<Vec<WorkflowId>, DbError> {
    rows(
        connection,
        "WITH RECURSIVE line (id, depth) AS (
             SELECT ?1, 0
             UNION ALL
             SELECT children.parent_run_id, line.depth + 1
             FROM line JOIN children ON children.run_id = line.id
         )
         SELECT runs.workflow_id FROM line JOIN runs ON runs.id = line.id ORDER BY line.depth",
        [run.as_str()],
        |row| Ok(WorkflowId::new(row.get_ref(0)?.as_str()?)),
    )
}
