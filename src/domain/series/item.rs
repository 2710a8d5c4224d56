//! One run of a series.

use crate::domain::{RunId, WorkflowId};

/// A run that failed, and how far it is with running again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Its workflow.
    pub workflow: WorkflowId,
    /// The run that failed. It stays as it is.
    pub run: RunId,
    /// How far it is.
    pub stage: Stage,
}

/// How far a run is with running again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Its turn has not come.
    Waiting,
    /// What it was started with is being asked for.
    Preparing,
    /// The start of this new run is on its way.
    Starting(RunId),
    /// The server took the start; this new run has not ended.
    Running(RunId),
    /// The new run completed.
    Completed(RunId),
    /// The new run ended badly as well.
    FailedAgain(RunId),
    /// No new run was started, and why; may hold foreign text.
    NotStarted(Box<str>),
}

impl Stage {
    /// Whether its turn has come and is not over.
    pub fn is_under_way(&self) -> bool {
        matches!(self, Self::Preparing | Self::Starting(_) | Self::Running(_))
    }

    /// The new run, once there is to be one.
    pub fn new_run(&self) -> Option<&RunId> {
        match self {
            Self::Starting(run) | Self::Running(run) | Self::Completed(run) | Self::FailedAgain(run) => {
                Some(run)
            }
            Self::Waiting | Self::Preparing | Self::NotStarted(_) => None,
        }
    }

    /// The word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Preparing => "preparing",
            Self::Starting(_) => "starting",
            Self::Running(_) => "running",
            Self::Completed(_) => "completed",
            Self::FailedAgain(_) => "failed again",
            Self::NotStarted(_) => "not started",
        }
    }
}
