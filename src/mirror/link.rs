//! How the connections stand.

use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::wire::CallError;

/// Where data comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// The polled feed of runs and tasks.
    Feed,
    /// The event stream of a workflow.
    Stream(WorkflowId),
    /// The fetched detail of a run.
    Detail(RunId),
}

/// The state of one source.
#[derive(Clone, Debug, PartialEq)]
pub enum LinkState {
    /// On the way.
    Connecting,
    /// Data arrives.
    Live,
    /// It broke; another try follows.
    Retrying {
        /// Why it broke.
        error: CallError,
        /// When the next try is due.
        next: Timestamp,
        /// How many tries have failed in a row.
        attempt: u32,
    },
    /// The server refuses, and trying again would not help.
    Refused(CallError),
    /// No longer wanted.
    Closed,
}

/// A source's state and the ages that go with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// The state.
    pub state: LinkState,
    /// Since when.
    pub since: Timestamp,
    /// When data last arrived on it.
    pub data_at: Option<Timestamp>,
}
