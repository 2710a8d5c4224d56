//! What the client port reports.

use std::sync::Arc;

use serde_json::Value;

use super::{LinkState, Source};
use crate::domain::{Graph, PendingTask, Run, RunEvent, Timestamp, Usage, Workflow, WorkflowId};

/// One report of the client port. Every instant is the client's own clock.
#[derive(Clone, Debug, PartialEq)]
pub enum WatchEvent {
    /// Runs as the feed lists them.
    Runs {
        /// The runs.
        runs: Vec<Run>,
        /// How many rows could not be read.
        unreadable: usize,
        /// Whether they are all there are.
        extent: Extent,
        /// When they were asked for: what the stream said later is newer.
        asked_at: Timestamp,
    },
    /// All tasks that wait for a person.
    Tasks {
        /// The tasks.
        tasks: Vec<PendingTask>,
        /// How many rows could not be read.
        unreadable: usize,
        /// When they were asked for.
        asked_at: Timestamp,
    },
    /// All workflows.
    Workflows(Vec<Workflow>),
    /// What is left of the credits.
    Credits(Usage),
    /// Everything about one run; replaces what was known of it.
    Detail(Box<Detail>),
    /// An event from a stream.
    Event {
        /// Whose stream it came from.
        workflow: WorkflowId,
        /// The event.
        event: RunEvent,
        /// When it arrived.
        at: Timestamp,
    },
    /// The server's clock and this machine's are apart by another amount than before.
    Skew {
        /// How many seconds this machine is ahead.
        seconds: i64,
    },
    /// Frames of a stream were passed over: binary ones, and texts that cannot be read.
    Skipped {
        /// Whose stream they came from.
        workflow: WorkflowId,
        /// How many so far, over all its connections.
        frames: u64,
    },
    /// A connection changed its state.
    Link {
        /// Which.
        source: Source,
        /// What it is now.
        state: LinkState,
        /// When.
        at: Timestamp,
    },
}

/// How much of the runs a list holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All: runs that are missing from it are gone.
    Whole,
    /// The newest: runs that are missing from it are still there.
    Newest,
}

/// Everything about one run, fetched together.
#[derive(Clone, Debug, PartialEq)]
pub struct Detail {
    /// The run, as its own resource says.
    pub run: Run,
    /// Its log so far.
    pub events: Vec<RunEvent>,
    /// `{input, steps}`; foreign content.
    pub context: Option<Value>,
    /// The graph it executes, if it can be had.
    pub graph: Option<Arc<Graph>>,
    /// Its tasks that wait for a person; `None` when they could not be asked for.
    pub tasks: Option<Vec<PendingTask>>,
    /// When it was asked for.
    pub asked_at: Timestamp,
}
