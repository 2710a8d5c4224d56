//! What the writer thread is asked to do.

use tokio::sync::oneshot;

use super::{DryRun, EngineError, Grant, NewWorkflow, VersionRecord, WorkflowPatch, WorkflowRecord};
use crate::domain::{Balance, Run, RunId, StopMode, Usage, WorkflowId};
use crate::machine::Input;
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
            Self::Report(report) => return Some(report),
            Self::Retry | Self::Shutdown => {}
        }
        None
    }
}

fn refuse<T>(reply: Reply<T>, error: EngineError) {
    let _ = reply.send(Err(error));
}
