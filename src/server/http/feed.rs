//! Reads a workflow's or a run's log in order, from a place on.

use crate::domain::{RunEvent, RunId, WorkflowId};
use crate::server::engine::{Engine, EngineError};

/// How many events are read from the log at a time; what one slow client can hold in memory.
const BATCH: u32 = 64;

/// What a stream is about.
pub(super) enum Source {
    /// All runs of a workflow; places are the workflow's.
    Workflow(WorkflowId),
    /// One run, which need not exist yet; places are the run's sequences.
    Run(WorkflowId, RunId),
}

impl Source {
    /// The workflow that must wake the reader.
    pub(super) fn workflow(&self) -> &WorkflowId {
        match self {
            Self::Workflow(workflow) | Self::Run(workflow, _) => workflow,
        }
    }

    /// The place of the last event; 0 before the first.
    pub(super) async fn position(&self, engine: &Engine) -> Result<u64, EngineError> {
        match self {
            Self::Workflow(workflow) => engine.stream_position(workflow).await,
            Self::Run(workflow, run) => match engine.run(workflow, run).await {
                Ok(run) => Ok(run.last_sequence.unwrap_or(0)),
                Err(EngineError::NotFound { .. }) => Ok(0),
                Err(wrong) => Err(wrong),
            },
        }
    }

    /// The next events after a place, oldest first; none when there are none yet.
    pub(super) async fn after(
        &self,
        engine: &Engine,
        place: u64,
    ) -> Result<Vec<(u64, RunEvent)>, EngineError> {
        match self {
            Self::Workflow(workflow) => engine.stream_after(workflow, place, BATCH).await,
            Self::Run(workflow, run) => match engine.events(workflow, run, place, BATCH).await {
                Ok(events) => Ok(events.into_iter().filter_map(|e| Some((e.sequence?, e))).collect()),
                Err(EngineError::NotFound { .. }) => Ok(Vec::new()),
                Err(wrong) => Err(wrong),
            },
        }
    }
}
