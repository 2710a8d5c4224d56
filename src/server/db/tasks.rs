//! The tasks that wait for a person, derived from the log.

use rusqlite::{Connection, Row};

use super::DbError;
use super::value::{instant, read_instant, read_json, rows};
use crate::domain::{PendingTask, RunId, StepId, TaskId, Timestamp, WorkflowId};

/// Makes a run's pending tasks exactly these.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn replace(connection: &Connection, run: &RunId, tasks: &[PendingTask]) -> Result<(), DbError> {
    connection.prepare_cached("DELETE FROM tasks WHERE run_id = ?1")?.execute([run.as_str()])?;
    let mut insert = connection.prepare_cached(
        "INSERT INTO tasks (run_id, task_id, workflow_id, step_id, task_type, created_at, payload)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    for task in tasks {
        insert.execute((
            task.run_id.as_str(),
            task.task_id.as_str(),
            task.workflow_id.as_str(),
            task.step_id.as_str(),
            &*task.task_type,
            instant(task.created_at.unwrap_or(Timestamp::UNIX_EPOCH)),
            task.payload.to_string(),
        ))?;
    }
    Ok(())
}

/// The pending tasks of a run, or of all, oldest first.
///
/// # Errors
/// When the database cannot be read.
pub fn list(connection: &Connection, run: Option<&RunId>) -> Result<Vec<PendingTask>, DbError> {
    rows(
        connection,
        "SELECT tasks.*, workflows.name AS workflow_name
         FROM tasks JOIN workflows ON workflows.id = tasks.workflow_id
         WHERE ?1 IS NULL OR run_id = ?1
         ORDER BY tasks.created_at, tasks.rowid",
        [run.map(RunId::as_str)],
        read_task,
    )
}

fn read_task(row: &Row<'_>) -> rusqlite::Result<PendingTask> {
    Ok(PendingTask {
        run_id: RunId::new(row.get_ref("run_id")?.as_str()?),
        task_id: TaskId::new(row.get_ref("task_id")?.as_str()?),
        workflow_id: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
        workflow_name: row.get("workflow_name")?,
        step_id: StepId::new(row.get_ref("step_id")?.as_str()?),
        task_type: row.get("task_type")?,
        created_at: Some(read_instant(row, "created_at")?),
        payload: read_json(row, "payload")?,
        verbatim: None,
    })
}
