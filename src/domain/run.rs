//! A run: one execution of a published workflow version.

use std::fmt;

use serde_json::{Map, Value};

use super::{FailureCode, RunId, StepId, Timestamp, WorkflowId};

/// The status of a run, as the platform spells it. Unknown ones are kept word for word.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RunStatus {
    /// Accepted, not executing.
    Pending,
    /// Accepted, waiting for a slot.
    Queued,
    /// About to execute.
    Starting,
    /// Executing; a run that waits for a person may also say this.
    Running,
    /// Held by an operator, by an agent's round limit or by a chat turn.
    Paused,
    /// Stopping gracefully: what is in flight finishes, nothing new starts.
    Draining,
    /// Ended well.
    Completed,
    /// Ended by the first step failure.
    Failed,
    /// Ended by an operator.
    Stopped,
    /// Ended; an older spelling of stopped.
    Cancelled,
    /// Never started.
    Rejected,
    /// A word this version does not know, as it came.
    Unknown(Box<str>),
}

/// What a status means for triage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunClass {
    /// Accepted, not executing yet; suspicious after 30 s.
    Waiting,
    /// Executing.
    Active,
    /// Held on purpose.
    Held,
    /// Stopping gracefully.
    Draining,
    /// Ended well.
    Succeeded,
    /// Ended badly, or ended by an operator, which is triaged with failures.
    Failed,
}

impl RunStatus {
    /// Reads the platform's word; any other word is kept.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "pending" => Self::Pending,
            "queued" => Self::Queued,
            "starting" => Self::Starting,
            "running" => Self::Running,
            "paused" => Self::Paused,
            "draining" => Self::Draining,
            "completed" => Self::Completed,
            "failed" => Self::Failed,
            "stopped" => Self::Stopped,
            "cancelled" => Self::Cancelled,
            "rejected" => Self::Rejected,
            other => Self::Unknown(other.into()),
        }
    }

    /// The platform's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Draining => "draining",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
            Self::Cancelled => "cancelled",
            Self::Rejected => "rejected",
            Self::Unknown(raw) => raw,
        }
    }

    /// What the status means for triage; an unknown one counts as active.
    pub fn class(&self) -> RunClass {
        match self {
            Self::Pending | Self::Queued | Self::Starting => RunClass::Waiting,
            Self::Running | Self::Unknown(_) => RunClass::Active,
            Self::Paused => RunClass::Held,
            Self::Draining => RunClass::Draining,
            Self::Completed => RunClass::Succeeded,
            Self::Failed | Self::Stopped | Self::Cancelled | Self::Rejected => RunClass::Failed,
        }
    }

    /// Whether the run has ended. Nothing resumes an ended run.
    pub fn is_terminal(&self) -> bool {
        matches!(self.class(), RunClass::Succeeded | RunClass::Failed)
    }
}

impl fmt::Display for RunStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The server's finer word for what a live run is doing (`orchestration_phase`), free text.
pub type Phase = Box<str>;

/// How far a run has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Steps that ended, in whatever way.
    pub done: u32,
    /// Steps of the graph; zero when unknown.
    pub total: u32,
    /// Steps now in flight.
    pub in_flight: u32,
    /// The step that started last and has not ended.
    pub current: Option<StepId>,
}

/// A graceful stop: when it began, and when it gives up waiting for what is in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// When it began.
    pub since: Timestamp,
    /// When what is still in flight is cancelled.
    pub deadline: Timestamp,
}

/// The step of another run that started a run, a `workflow_call`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParentStep {
    /// That run's workflow; empty where the server does not say.
    pub workflow_id: WorkflowId,
    /// That run.
    pub run_id: RunId,
    /// The step; empty where the server does not say.
    pub step_id: StepId,
}

/// For whom a run is, as its start said; templates see it below `run`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Principal {
    /// The user's id in the embedding product.
    pub external_user_id: Option<Box<str>>,
    /// The platform's id of that user.
    pub principal_id: Option<Box<str>>,
    /// The Console user.
    pub user_id: Option<Box<str>>,
    /// The segment that the start was fanned out over.
    pub segment_id: Option<Box<str>>,
}

impl Principal {
    /// Reads it from wherever fields of these names stand.
    pub fn read<'t>(field: impl Fn(&str) -> Option<&'t str>) -> Self {
        let text = |name| field(name).map(Into::into);
        Self {
            external_user_id: text("external_user_id"),
            principal_id: text("principal_id"),
            user_id: text("user_id"),
            segment_id: text("segment_id"),
        }
    }

    /// The names that are known, with their values.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let own = [
            ("external_user_id", &self.external_user_id),
            ("principal_id", &self.principal_id),
            ("user_id", &self.user_id),
            ("segment_id", &self.segment_id),
        ];
        own.into_iter().filter_map(|(name, value)| Some((name, value.as_deref()?)))
    }

    /// Every name that templates may use, with its value; `external_id` is the external user's.
    pub fn all(&self) -> [(&'static str, Option<&str>); 5] {
        [
            ("external_id", self.external_user_id.as_deref()),
            ("external_user_id", self.external_user_id.as_deref()),
            ("principal_id", self.principal_id.as_deref()),
            ("user_id", self.user_id.as_deref()),
            ("segment_id", self.segment_id.as_deref()),
        ]
    }
}

/// A run as the feed lists it. What the server did not say is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The run.
    pub id: RunId,
    /// Its workflow; empty when the feed does not say.
    pub workflow_id: WorkflowId,
    /// The workflow's name, if the feed carries it.
    pub workflow_name: Option<Box<str>>,
    /// The published version it executes.
    pub version: Option<u64>,
    /// Where it stands.
    pub status: RunStatus,
    /// The server's finer word for it.
    pub phase: Option<Phase>,
    /// How far it has come.
    pub progress: Progress,
    /// Why it failed.
    pub failure_code: Option<FailureCode>,
    /// The failure in words; foreign text.
    pub error: Option<Box<str>>,
    /// What more is known of the failure, for programs; foreign content.
    pub error_details: Option<Box<Map<String, Value>>>,
    /// The step that failed it.
    pub failed_step: Option<StepId>,
    /// Its graceful stop, while it is stopping.
    pub drain: Option<Drain>,
    /// When it was accepted or started.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// When it last changed.
    pub updated_at: Option<Timestamp>,
    /// How it was started: `api`, `manual`, `schedule`, …
    pub trigger: Option<Box<str>>,
    /// The trace id to give to support.
    pub request_id: Option<Box<str>>,
    /// The step of another run that started it, of a child run.
    pub parent: Option<Box<ParentStep>>,
    /// The sequence of its last event, where the server publishes sequences.
    pub last_sequence: Option<u64>,
}

impl Run {
    /// When it was over, of a run that is; servers that do not say tell when it changed last.
    pub fn over_at(&self) -> Option<Timestamp> {
        self.ended_at.or(self.updated_at)
    }

    /// A run about which nothing but its id and workflow is known yet.
    pub fn new(id: RunId, workflow_id: WorkflowId, status: RunStatus) -> Self {
        Self {
            id,
            workflow_id,
            workflow_name: None,
            version: None,
            status,
            phase: None,
            progress: Progress::default(),
            failure_code: None,
            error: None,
            error_details: None,
            failed_step: None,
            drain: None,
            started_at: None,
            ended_at: None,
            updated_at: None,
            trigger: None,
            request_id: None,
            parent: None,
            last_sequence: None,
        }
    }

    /// The workflow's name, else its id: what a row is headed with.
    pub fn title(&self) -> &str {
        self.workflow_name.as_deref().unwrap_or(self.workflow_id.as_str())
    }
}

/// How an operator ends a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StopMode {
    /// What is in flight is cancelled now.
    Immediate,
    /// What is in flight may finish; what never started never will.
    Graceful,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_word_survives_a_round_trip_and_unknown_ones_are_kept() {
        let words = "pending queued starting running paused draining completed failed stopped cancelled rejected hibernating";
        for word in words.split(' ') {
            assert_eq!(RunStatus::parse(word).as_str(), word);
        }
        assert_eq!(RunStatus::parse("hibernating"), RunStatus::Unknown("hibernating".into()));
        assert_eq!(RunStatus::parse("hibernating").class(), RunClass::Active);
    }
}
