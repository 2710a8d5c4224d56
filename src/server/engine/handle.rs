//! The handle that everything else in the server holds.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::watch;

use super::{EngineError, NewWorkflow, RunQuery, VersionRecord, WorkflowPatch, WorkflowRecord};
use crate::domain::{PendingTask, Run, RunEvent, RunId, StopMode, WorkflowId};
use crate::server::exec::Executor;
use crate::wire::command::{Decision, StartRun};

/// A cheap handle to the engine. When the last one is dropped, the engine stops as if it had crashed.
#[derive(Clone)]
pub struct Engine {}

impl Engine {
    /// Opens `DIR/arcc.db`, recovers live runs and starts the writer thread. The caller holds the
    /// lock of the data directory.
    ///
    /// # Errors
    /// `Storage` when the database cannot be opened or recovered.
    pub async fn open(_dir: &Path, _executor: Arc<dyn Executor>) -> Result<Self, EngineError> {
        todo!()
    }

    /// Random, made with the database: another epoch is another database.
    pub fn epoch(&self) -> &str {
        todo!()
    }

    /// What an operator should know of how the database was opened, in one sentence each: that a
    /// damaged file was moved aside, for one.
    pub fn notices(&self) -> &[String] {
        todo!()
    }

    /// Creates a workflow with a draft.
    ///
    /// # Errors
    /// `Storage`, `Closed`.
    pub async fn create_workflow(&self, _new: NewWorkflow) -> Result<WorkflowRecord, EngineError> {
        todo!()
    }

    /// Changes a workflow or its draft.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is archived, `Storage`, `Closed`.
    pub async fn patch_workflow(
        &self,
        _id: &WorkflowId,
        _patch: WorkflowPatch,
    ) -> Result<WorkflowRecord, EngineError> {
        todo!()
    }

    /// Puts a workflow away; its runs and versions stay readable. Again is no error.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Closed`.
    pub async fn archive_workflow(&self, _id: &WorkflowId) -> Result<(), EngineError> {
        todo!()
    }

    /// A workflow.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn workflow(&self, _id: &WorkflowId) -> Result<WorkflowRecord, EngineError> {
        todo!()
    }

    /// All workflows, archived ones too, by name.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn workflows(&self) -> Result<Vec<WorkflowRecord>, EngineError> {
        todo!()
    }

    /// Publishes the draft as the next version.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` when the graph cannot run, `Conflict` when it is archived, `Storage`, `Closed`.
    pub async fn publish(&self, _id: &WorkflowId, _changelog: &str) -> Result<VersionRecord, EngineError> {
        todo!()
    }

    /// The published versions of a workflow, newest first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn versions(&self, _id: &WorkflowId) -> Result<Vec<VersionRecord>, EngineError> {
        todo!()
    }

    /// Starts a run of the latest published version. The same run id with the same workflow and
    /// input again returns the run that exists.
    ///
    /// # Errors
    /// `NotFound` for the workflow, `Invalid` without a published version, `Conflict` when the run
    /// id is taken or the workflow archived, `Storage`, `Closed`.
    pub async fn start(&self, _start: StartRun) -> Result<Run, EngineError> {
        todo!()
    }

    /// Holds a run.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn pause(&self, _workflow: &WorkflowId, _run: &RunId) -> Result<Run, EngineError> {
        todo!()
    }

    /// Lets a held run go on.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn resume(&self, _workflow: &WorkflowId, _run: &RunId) -> Result<Run, EngineError> {
        todo!()
    }

    /// Ends a run.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn stop(
        &self,
        _workflow: &WorkflowId,
        _run: &RunId,
        _mode: StopMode,
    ) -> Result<Run, EngineError> {
        todo!()
    }

    /// Decides a human task. With `created_at`, only the task created then.
    ///
    /// # Errors
    /// `NotFound` for run or task, `Conflict` when it was decided before (the message says how),
    /// `Storage`, `Closed`.
    pub async fn decide(&self, _decision: Decision) -> Result<(), EngineError> {
        todo!()
    }

    /// Runs, newest first, and how many match in total.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn runs(&self, _query: RunQuery) -> Result<(Vec<Run>, u64), EngineError> {
        todo!()
    }

    /// A run.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn run(&self, _workflow: &WorkflowId, _run: &RunId) -> Result<Run, EngineError> {
        todo!()
    }

    /// A run's events after a sequence, oldest first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn events(
        &self,
        _workflow: &WorkflowId,
        _run: &RunId,
        _after_sequence: u64,
        _limit: u32,
    ) -> Result<Vec<RunEvent>, EngineError> {
        todo!()
    }

    /// A run's context: `{input, steps: {id: {result, …}}}`.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn context(&self, _workflow: &WorkflowId, _run: &RunId) -> Result<Value, EngineError> {
        todo!()
    }

    /// Tasks that wait for a person, oldest first; of one run, or of all.
    ///
    /// # Errors
    /// `NotFound` for the run, `Storage`.
    pub async fn tasks(&self, _run: Option<(WorkflowId, RunId)>) -> Result<Vec<PendingTask>, EngineError> {
        todo!()
    }

    /// The place of a workflow's last committed event; 0 before the first.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn stream_position(&self, _workflow: &WorkflowId) -> Result<u64, EngineError> {
        todo!()
    }

    /// A workflow's events after a place, with their places. Places count from 1 without gaps.
    ///
    /// # Errors
    /// `NotFound`, `Storage`.
    pub async fn stream_after(
        &self,
        _workflow: &WorkflowId,
        _after: u64,
        _limit: u32,
    ) -> Result<Vec<(u64, RunEvent)>, EngineError> {
        todo!()
    }

    /// Watches a workflow's last committed place. A reader then pulls [`Engine::stream_after`],
    /// so a slow one costs nothing and loses nothing.
    pub fn subscribe(&self, _workflow: &WorkflowId) -> watch::Receiver<u64> {
        todo!()
    }

    /// Stops taking inputs, writes what was taken, and waits for the writer thread. Calls in
    /// flight are left as after a crash.
    pub async fn shutdown(&self) {
        todo!()
    }
}
