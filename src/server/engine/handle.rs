//! The handle that everything else in the server holds: opening, writing, closing.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot, watch};

use super::hub::Hub;
use super::request::{Change, Control, Reply, Request};
use super::writer::Writer;
use super::{DryRun, EngineError, NewWorkflow, VersionRecord, WorkflowPatch, WorkflowRecord, recovery};
use crate::domain::{Run, RunId, StopMode, Timestamp, WorkflowId};
use crate::server::db::Readers;
use crate::server::exec::Executor;
use crate::wire::{Decision, StartRun};

/// Requests that wait for the writer; further callers wait for a place.
const QUEUE: usize = 1_024;

/// A cheap handle to the engine. When the last one is dropped, the engine stops as if it had crashed.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// A handle that does not keep the engine alive, for what the engine itself holds.
#[derive(Clone, Debug)]
pub struct WeakEngine {
    shared: Weak<Shared>,
}

impl WeakEngine {
    /// The engine, while it lives.
    pub fn upgrade(&self) -> Option<Engine> {
        self.shared.upgrade().map(|shared| Engine { shared })
    }
}

#[derive(Debug)]
struct Shared {
    requests: mpsc::Sender<Request>,
    readers: Readers,
    hub: Arc<Hub>,
    epoch: String,
    notices: Vec<String>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Opens `DIR/arcc.db`, recovers live runs and starts the writer thread. The caller holds the
    /// lock of the data directory; the executor must be ready to say what is repeatable.
    ///
    /// # Errors
    /// `Storage` when the database cannot be opened or recovered.
    pub async fn open(dir: &Path, executor: Arc<dyn Executor>) -> Result<Self, EngineError> {
        let found = recovery::open(dir.to_owned()).await?;
        let reports = recovery::reports(&found.fleet, &*executor).await;
        let (requests, inbox) = mpsc::channel(QUEUE);
        let hub = Arc::new(Hub::new(found.places));
        let readers = Readers::new(found.path);
        let writer = Writer::new(found.connection, found.fleet, hub.clone());
        let writer = writer.start(inbox, requests.downgrade(), executor, reports).await?;
        let (epoch, notices) = (found.epoch, found.notices);
        let shared = Shared { requests, readers, hub, epoch, notices, writer: Mutex::new(Some(writer)) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Random, made with the database: another epoch is another database.
    pub fn epoch(&self) -> &str {
        &self.shared.epoch
    }

    /// What an operator should know of how the database was opened, in one sentence each: that a
    /// damaged file was moved aside, for one.
    pub fn notices(&self) -> &[String] {
        &self.shared.notices
    }

    /// Watches a workflow's last committed place. A reader then pulls [`Engine::stream_after`],
    /// so a slow one costs nothing and loses nothing.
    pub fn subscribe(&self, workflow: &WorkflowId) -> watch::Receiver<u64> {
        self.shared.hub.subscribe(workflow)
    }

    /// Creates a workflow with a draft.
    ///
    /// # Errors
    /// `Storage`, `Closed`.
    pub async fn create_workflow(&self, new: NewWorkflow) -> Result<WorkflowRecord, EngineError> {
        self.ask(|reply| Request::Create(new, reply)).await
    }

    /// Changes a workflow or its draft.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when it is archived, `Storage`, `Closed`.
    pub async fn patch_workflow(
        &self,
        id: &WorkflowId,
        patch: WorkflowPatch,
    ) -> Result<WorkflowRecord, EngineError> {
        self.ask(|reply| Request::Patch(id.clone(), patch, reply)).await
    }

    /// Puts a workflow away; its runs and versions stay readable. Again is no error.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Closed`.
    pub async fn archive_workflow(&self, id: &WorkflowId) -> Result<(), EngineError> {
        self.ask(|reply| Request::Archive(id.clone(), reply)).await
    }

    /// Publishes the draft as the next version.
    ///
    /// # Errors
    /// `NotFound`, `Invalid` when the graph cannot run, `Conflict` when it is archived, `Storage`, `Closed`.
    pub async fn publish(&self, id: &WorkflowId, changelog: &str) -> Result<VersionRecord, EngineError> {
        self.ask(|reply| Request::Publish(id.clone(), changelog.to_owned(), reply)).await
    }

    /// Keeps the answer of a validation, in place of an earlier one of the same graph. Of a
    /// workflow, the newest fifty graphs are kept.
    ///
    /// # Errors
    /// `NotFound`, `Storage`, `Closed`.
    pub async fn keep_dry_run(&self, dry_run: DryRun) -> Result<(), EngineError> {
        self.ask(|reply| Request::KeepDryRun(dry_run, reply)).await
    }

    /// Changes tables that stand beside the log, in the writer's next transaction: all that `change`
    /// does, or nothing. It runs on the writer thread, so it only talks to the database. An `Ok`
    /// means: on the disk.
    ///
    /// # Errors
    /// What `change` returns; `Storage`, `Closed`.
    pub async fn write<T, F>(&self, change: F) -> Result<T, EngineError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection, Timestamp) -> Result<T, EngineError> + Send + 'static,
    {
        self.ask(|reply| Request::Write(Change::new(change, reply))).await
    }

    /// A handle that does not keep the engine alive.
    pub fn downgrade(&self) -> WeakEngine {
        WeakEngine { shared: Arc::downgrade(&self.shared) }
    }

    /// Starts a run of the latest published version. The same run id with the same workflow and
    /// input again returns the run that exists.
    ///
    /// # Errors
    /// `NotFound` for the workflow, `Invalid` without a published version, `Conflict` when the run
    /// id is taken or the workflow archived, `Storage`, `Closed`.
    pub async fn start(&self, start: StartRun) -> Result<Run, EngineError> {
        self.ask(|reply| Request::Start(start, reply)).await
    }

    /// Holds a run.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn pause(&self, workflow: &WorkflowId, run: &RunId) -> Result<Run, EngineError> {
        self.control(workflow, run, Control::Pause).await
    }

    /// Lets a held run go on.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn resume(&self, workflow: &WorkflowId, run: &RunId) -> Result<Run, EngineError> {
        self.control(workflow, run, Control::Resume).await
    }

    /// Ends a run.
    ///
    /// # Errors
    /// `NotFound`, `Conflict` when its status forbids it, `Storage`, `Closed`.
    pub async fn stop(&self, workflow: &WorkflowId, run: &RunId, mode: StopMode) -> Result<Run, EngineError> {
        self.control(workflow, run, Control::Stop(mode)).await
    }

    /// Decides a human task. With `created_at`, only the task created then.
    ///
    /// # Errors
    /// `NotFound` for run or task, `Conflict` when it was decided before (the message says how),
    /// `Storage`, `Closed`.
    pub async fn decide(&self, decision: Decision) -> Result<(), EngineError> {
        self.ask(|reply| Request::Decide(decision, reply)).await
    }

    /// Stops taking inputs, writes what was taken, and waits for the writer thread. Calls in
    /// flight are left as after a crash.
    pub async fn shutdown(&self) {
        self.readers().close().await;
        // An error means that the writer has ended already.
        let _ = self.shared.requests.send(Request::Shutdown).await;
        let writer = self.shared.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(writer) = writer {
            let _ = tokio::task::spawn_blocking(move || writer.join()).await;
        }
    }

    pub(super) fn readers(&self) -> &Readers {
        &self.shared.readers
    }

    async fn control(
        &self,
        workflow: &WorkflowId,
        run: &RunId,
        control: Control,
    ) -> Result<Run, EngineError> {
        self.ask(|reply| Request::Control(workflow.clone(), run.clone(), control, reply)).await
    }

    pub(super) async fn ask<T>(&self, request: impl FnOnce(Reply<T>) -> Request) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.shared.requests.send(request(reply)).await.map_err(|_| EngineError::Closed)?;
        answer.await.map_err(|_| EngineError::Closed)?
    }
}
