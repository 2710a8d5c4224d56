//! Reading: on connections of their own, beside the writer.

use rusqlite::Connection;
use serde_json::Value;

use super::{DryRun, Engine, EngineError, RunQuery, VersionRecord, WorkflowRecord, recovery};
use crate::domain::{PendingTask, Run, RunEvent, RunId, WorkflowId};
use crate::server::db::{dry_runs, log, runs, tasks, workflows};

impl Engine {
    /// A workflow.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn workflow(&self, id: &WorkflowId) -> Result<WorkflowRecord, EngineError> {
        let id = id.clone();
        self.read(move |db| workflows::find(db, &id)?.ok_or_else(|| EngineError::missing("workflow", &id)))
            .await
    }

    /// All workflows, archived ones too, by name.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn workflows(&self) -> Result<Vec<WorkflowRecord>, EngineError> {
        self.read(|db| Ok(workflows::list(db)?)).await
    }

    /// The published versions of a workflow, newest first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn versions(&self, id: &WorkflowId) -> Result<Vec<VersionRecord>, EngineError> {
        self.read_workflow(id, |db, id| Ok(workflows::versions(db, id)?)).await
    }

    /// The kept validations of a workflow, newest first; of one graph, if its hash is given.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn dry_runs(
        &self,
        id: &WorkflowId,
        graph_hash: Option<String>,
    ) -> Result<Vec<DryRun>, EngineError> {
        self.read_workflow(id, move |db, id| Ok(dry_runs::list(db, id, graph_hash.as_deref())?)).await
    }

    /// Runs, newest first, and how many match in total.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn runs(&self, query: RunQuery) -> Result<(Vec<Run>, u64), EngineError> {
        self.read(move |db| Ok(runs::list(db, &query)?)).await
    }

    /// A run.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn run(&self, workflow: &WorkflowId, run: &RunId) -> Result<Run, EngineError> {
        self.read_run(workflow, run, |_, run| Ok(run)).await
    }

    /// A run's events after a sequence, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn events(
        &self,
        workflow: &WorkflowId,
        run: &RunId,
        after_sequence: u64,
        limit: u32,
    ) -> Result<Vec<RunEvent>, EngineError> {
        self.read_run(workflow, run, move |db, run| Ok(log::of_run(db, &run.id, after_sequence, limit)?))
            .await
    }

    /// A run's context: `{input, steps: {id: {result, …}}}`.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn context(&self, workflow: &WorkflowId, run: &RunId) -> Result<Value, EngineError> {
        self.read_run(workflow, run, |db, run| Ok(recovery::replay(db, &run)?.context())).await
    }

    /// Tasks that wait for a person, oldest first; of one run, or of all.
    ///
    /// # Errors
    /// `NotFound` for the run, `Storage`.
    pub async fn tasks(&self, run: Option<(WorkflowId, RunId)>) -> Result<Vec<PendingTask>, EngineError> {
        match run {
            None => self.read(|db| Ok(tasks::list(db, None)?)).await,
            Some((workflow, run)) => {
                self.read_run(&workflow, &run, |db, run| Ok(tasks::list(db, Some(&run.id))?)).await
            }
        }
    }

    /// The place of a workflow's last committed event; 0 before the first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn stream_position(&self, workflow: &WorkflowId) -> Result<u64, EngineError> {
        self.read_workflow(workflow, |db, workflow| Ok(log::last_place(db, workflow)?)).await
    }

    /// A workflow's events after a place, with their places. Places count from 1 without gaps.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn stream_after(
        &self,
        workflow: &WorkflowId,
        after: u64,
        limit: u32,
    ) -> Result<Vec<(u64, RunEvent)>, EngineError> {
        self.read_workflow(workflow, move |db, workflow| Ok(log::of_workflow(db, workflow, after, limit)?))
            .await
    }

    /// Reads what stands beside the log, in one state of the database.
    ///
    /// # Errors
    /// What `read` returns; `Storage`.
    pub async fn read<T, F>(&self, read: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, EngineError> + Send + 'static,
    {
        self.readers().read(read).await
    }

    async fn read_workflow<T, F>(&self, id: &WorkflowId, read: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, &WorkflowId) -> Result<T, EngineError> + Send + 'static,
    {
        let id = id.clone();
        self.read(move |db| {
            if workflows::exists(db, &id)? {
                read(db, &id)
            } else {
                Err(EngineError::missing("workflow", &id))
            }
        })
        .await
    }

    async fn read_run<T, F>(&self, workflow: &WorkflowId, run: &RunId, read: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, Run) -> Result<T, EngineError> + Send + 'static,
    {
        let (workflow, id) = (workflow.clone(), run.clone());
        self.read(move |db| {
            let run = runs::find(db, &id)?.filter(|run| run.workflow_id == workflow);
            read(db, run.ok_or_else(|| EngineError::missing("run", &id))?)
        })
        .await
    }
}
