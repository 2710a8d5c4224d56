//! What the writer thread is asked to do.

use std::fmt;

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{DryRun, EngineError, Grant, NewWorkflow, VersionRecord, WorkflowPatch, WorkflowRecord};
use crate::domain::{Balance, Run, RunId, StopMode, Timestamp, Usage, WorkflowId};
use crate::machine::Input;
use crate::server::db::DbError;
use crate::wire::{Decision, StartRun};

/// Where the answer goes; it is sent after the commit.
pub(super) type Reply<T> = oneshot::Sender<Result<T, EngineError>>;

/// One request to the writer thread.
#[derive(Debug)]
pub(super) enum Request {
    /// Create a workflow.
    Create(NewWorkflow, Reply<WorkflowRecord>),
    /// Change a workflow.
    Patch(WorkflowId, WorkflowPatch, Reply<WorkflowRecord>),
    /// Put a workflow away.
    Archive(WorkflowId, Reply<()>),
    /// Publish a workflow's draft.
    Publish(WorkflowId, String, Reply<VersionRecord>),
    /// Keep what a validation answered.
    KeepDryRun(DryRun, Reply<()>),
    /// Add credits, or change the balance.
    Credits(CreditsOrder, Reply<Usage>),
    /// Change tables that stand beside the log.
    Write(Change),
    /// Start a run.
    Start(StartRun, Reply<Run>),
    /// Hold, release or end a run.
    Control(WorkflowId, RunId, Control, Reply<Run>),
    /// Decide a human task.
    Decide(Decision, Reply<()>),
    /// Something happened to a run; nobody waits for an answer.
    Report(Report),
    /// Try the kept reports again.
    Retry,
    /// Finish what was taken and end.
    Shutdown,
}

/// What is done to the balance.
#[derive(Clone, Debug, PartialEq)]
pub enum CreditsOrder {
    /// Add to a bucket.
    Grant(Grant),
    /// Make the buckets exactly this; what is done costs again.
    Set(Balance),
    /// Let nothing be refused for lack of credits, until the balance is set. What is done is still
    /// recorded with its price.
    Unlimited,
}

/// What an operator does to a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Control {
    Pause,
    Resume,
    Stop(StopMode),
}

impl From<Control> for Input {
    fn from(control: Control) -> Self {
        match control {
            Control::Pause => Self::Pause,
            Control::Resume => Self::Resume,
            Control::Stop(mode) => Self::Stop(mode),
        }
    }
}

/// An input that the engine itself gives to a run: a result, a timer, its recovery. It must not
/// get lost while the process lives.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Report {
    pub(super) run: RunId,
    pub(super) input: Input,
}

/// A change of tables that stand beside the log, with whoever waits for it. All of it happens, or
/// nothing.
pub(super) struct Change(Box<Make>);

/// Makes a change, or tells why it was not made.
type Make = dyn FnOnce(Result<Stage<'_>, EngineError>) -> Settlement + Send;

/// What a change has to work with: the transaction, the instant, and where a storage error goes.
struct Stage<'s> {
    db: &'s Connection,
    now: Timestamp,
    failure: &'s mut Option<EngineError>,
}

impl Change {
    /// A change and the reply to its caller.
    pub(super) fn new<T, F>(change: F, reply: Reply<T>) -> Self
    where
        T: Send + 'static,
        F: FnOnce(&Connection, Timestamp) -> Result<T, EngineError> + Send + 'static,
    {
        Self(Box::new(move |stage| {
            let answer = stage.and_then(|Stage { db, now, failure }| {
                let answer = whole(db, |db| change(db, now));
                *failure = answer.as_ref().err().filter(|e| matches!(e, EngineError::Storage(_))).cloned();
                answer
            });
            Settlement::new(reply, answer)
        }))
    }

    /// Makes it; the error is one of storage, which must end the transaction.
    pub(super) fn make(self, db: &Connection, now: Timestamp) -> (Settlement, Result<(), EngineError>) {
        let mut failure = None;
        let settlement = (self.0)(Ok(Stage { db, now, failure: &mut failure }));
        (settlement, failure.map_or(Ok(()), Err))
    }

    /// Tells the caller that it was not made.
    pub(super) fn decline(self, error: EngineError) {
        (self.0)(Err(error)).send(None);
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Change")
    }
}

/// Takes back what a change did before it was refused; other changes share its transaction.
fn whole<T>(
    db: &Connection,
    change: impl FnOnce(&Connection) -> Result<T, EngineError>,
) -> Result<T, EngineError> {
    let run = |sql: &str| db.execute_batch(sql).map_err(|error| EngineError::from(DbError::from(error)));
    run("SAVEPOINT change")?;
    let made = change(db);
    run(if made.is_ok() { "RELEASE change" } else { "ROLLBACK TO change; RELEASE change" })?;
    made
}

/// An answer that waits for the commit.
pub(super) struct Settlement(Box<dyn FnOnce(Option<EngineError>) + Send>);

impl Settlement {
    /// The answer to give if the commit succeeds. Who no longer waits for it is not told.
    pub(super) fn new<T: Send + 'static>(reply: Reply<T>, answer: Result<T, EngineError>) -> Self {
        Self(Box::new(move |failure| {
            let _ = reply.send(failure.map_or(answer, Err));
        }))
    }

    /// Gives it, or the reason why nothing was recorded.
    pub(super) fn send(self, failure: Option<EngineError>) {
        (self.0)(failure);
    }
}

impl Request {
    /// Answers a request that was not carried out; gives a report back, which nobody else keeps.
    pub(super) fn decline(self, error: EngineError) -> Option<Report> {
        match self {
            Self::Create(_, reply) | Self::Patch(_, _, reply) => refuse(reply, error),
            Self::Archive(_, reply) | Self::Decide(_, reply) | Self::KeepDryRun(_, reply) => {
                refuse(reply, error);
            }
            Self::Publish(_, _, reply) => refuse(reply, error),
            Self::Credits(_, reply) => refuse(reply, error),
            Self::Start(_, reply) | Self::Control(_, _, _, reply) => refuse(reply, error),
            Self::Write(change) => change.decline(error),
            Self::Report(report) => return Some(report),
            Self::Retry | Self::Shutdown => {}
        }
        None
    }
}

fn refuse<T>(reply: Reply<T>, error: EngineError) {
    let _ = reply.send(Err(error));
}
