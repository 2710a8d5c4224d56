//! The event log of a run.

use std::fmt;

use serde_json::Value;

use super::{EventId, RunId, StepId, Timestamp, WorkflowId};

/// What an event reports.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// The run was accepted and began.
    RunStarted,
    /// The run was refused.
    RunRejected,
    /// The run's status changed: `data.from`, `data.to`, `data.reason`.
    StateChanged,
    /// A step began an attempt.
    StepStarted,
    /// A step ended well, or was skipped: `data.skipped`.
    StepCompleted,
    /// A step failed for good.
    StepFailed,
    /// A step was cancelled while in flight.
    StepCancelled,
    /// A step failed an attempt and will be tried again (the local runtime's own).
    StepRetrying,
    /// A step was in flight when the runtime died, and only a person can say whether it took
    /// effect (the local runtime's own).
    StepUncertain,
    /// An agent reported what it is doing.
    AgentTurnStatus,
    /// An agent used a tool.
    AgentTurnToolRound,
    /// An agent used up its rounds.
    AgentTurnLimitReached,
    /// The graph changed.
    GraphUpdated,
    /// A person is asked.
    HumanTaskCreated,
    /// A person has decided.
    HumanTaskCompleted,
    /// The run ended well.
    RunCompleted,
    /// The run failed.
    RunFailed,
    /// The run was paused.
    RunPaused,
    /// The run was stopped (the local runtime's own).
    RunStopped,
    /// The run was cancelled.
    RunCancelled,
    /// A type this version does not know, as it came.
    Unknown(Box<str>),
}

/// Every kind with its word on the wire, in the order of [`EventKind`].
const WORDS: [(EventKind, &str); 20] = [
    (EventKind::RunStarted, "run_started"),
    (EventKind::RunRejected, "run_rejected"),
    (EventKind::StateChanged, "state_changed"),
    (EventKind::StepStarted, "step_started"),
    (EventKind::StepCompleted, "step_completed"),
    (EventKind::StepFailed, "step_failed"),
    (EventKind::StepCancelled, "step_cancelled"),
    (EventKind::StepRetrying, "step_retrying"),
    (EventKind::StepUncertain, "step_uncertain"),
    (EventKind::AgentTurnStatus, "agent_turn_status"),
    (EventKind::AgentTurnToolRound, "agent_turn_tool_round"),
    (EventKind::AgentTurnLimitReached, "agent_turn_limit_reached"),
    (EventKind::GraphUpdated, "graph_updated"),
    (EventKind::HumanTaskCreated, "human_task_created"),
    (EventKind::HumanTaskCompleted, "human_task_completed"),
    (EventKind::RunCompleted, "run_completed"),
    (EventKind::RunFailed, "run_failed"),
    (EventKind::RunPaused, "run_paused"),
    (EventKind::RunStopped, "run_stopped"),
    (EventKind::RunCancelled, "run_cancelled"),
];

impl EventKind {
    /// Reads the platform's word; any other word is kept.
    pub fn parse(raw: &str) -> Self {
        WORDS
            .iter()
            .find(|(_, word)| *word == raw)
            .map_or_else(|| Self::Unknown(raw.into()), |(kind, _)| kind.clone())
    }

    /// The word on the wire.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Unknown(raw) => raw,
            known => WORDS.iter().find(|(kind, _)| kind == known).map_or("", |(_, word)| word),
        }
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One entry of a run's log, from the log or from the stream.
#[derive(Clone, Debug, PartialEq)]
pub struct RunEvent {
    /// The event; the same on the stream and in the log.
    pub id: EventId,
    /// The run it belongs to.
    pub run_id: RunId,
    /// The run's workflow, where the frame or the log says.
    pub workflow_id: Option<WorkflowId>,
    /// Its place in the run's log, counted from 1, where the server publishes sequences.
    pub sequence: Option<u64>,
    /// What it reports.
    pub kind: EventKind,
    /// When it happened.
    pub at: Option<Timestamp>,
    /// Its details; foreign content.
    pub data: Value,
}

impl RunEvent {
    /// The step it is about, if it is about one.
    pub fn step_id(&self) -> Option<StepId> {
        self.text("step_id").or_else(|| self.text("stepId")).map(StepId::new)
    }

    /// A text field of its details.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.data.get(field).and_then(Value::as_str)
    }

    /// Whether it is the same event as `other`: by id, or, where a stream sends none, by type,
    /// step and time.
    pub fn same_as(&self, other: &RunEvent) -> bool {
        if !self.id.as_str().is_empty() && !other.id.as_str().is_empty() {
            return self.id == other.id;
        }
        self.kind == other.kind && self.at == other.at && self.step_id() == other.step_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_survives_a_round_trip_and_unknown_ones_are_kept() {
        for (kind, word) in WORDS {
            assert_eq!(EventKind::parse(word), kind);
            assert_eq!(kind.as_str(), word);
        }
        assert_eq!(EventKind::parse("Workflow.AgentTurn").as_str(), "Workflow.AgentTurn");
    }
}
