//! The event log of a run.

use std::fmt;

use serde_json::Value;

use super::{Drain, EventId, RunId, RunStatus, SkipReason, StepId, StepStatus, Timestamp, WorkflowId};

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
    /// A child run began, or ceased, to wait for nothing but a person: `data.waiting` (the local
    /// runtime's own).
    ChildWaiting,
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
const WORDS: [(EventKind, &str); 21] = [
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
    (EventKind::ChildWaiting, "child_waiting"),
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

    /// What its step became by it; none for events that are about no step or change nothing of it.
    pub fn step_status(&self) -> Option<StepStatus> {
        let says = |field| self.data.get(field).and_then(Value::as_bool) == Some(true);
        match &self.kind {
            EventKind::StepStarted | EventKind::HumanTaskCompleted => Some(StepStatus::Running),
            EventKind::StepCompleted if says("skipped") => {
                Some(StepStatus::Skipped(SkipReason::parse(self.text("reason").unwrap_or_default())))
            }
            EventKind::StepCompleted if says("cancelled") => Some(StepStatus::Cancelled),
            EventKind::StepCompleted => Some(StepStatus::Completed),
            EventKind::StepFailed => Some(StepStatus::Failed),
            EventKind::StepCancelled => Some(StepStatus::Cancelled),
            EventKind::StepRetrying => Some(StepStatus::Retrying),
            EventKind::StepUncertain | EventKind::HumanTaskCreated => Some(StepStatus::Waiting),
            EventKind::RunStarted
            | EventKind::RunRejected
            | EventKind::StateChanged
            | EventKind::AgentTurnStatus
            | EventKind::AgentTurnToolRound
            | EventKind::AgentTurnLimitReached
            | EventKind::GraphUpdated
            | EventKind::ChildWaiting
            | EventKind::RunCompleted
            | EventKind::RunFailed
            | EventKind::RunPaused
            | EventKind::RunStopped
            | EventKind::RunCancelled
            | EventKind::Unknown(_) => None,
        }
    }

    /// What the run became by a change of its own status, where the event says.
    pub fn new_state(&self) -> Option<RunStatus> {
        if self.kind != EventKind::StateChanged {
            return None;
        }
        let word = ["to", "new_status", "status", "state"].iter().find_map(|field| self.text(field));
        word.map(RunStatus::parse)
    }

    /// What the run became by it, where it is about the run as a whole.
    pub fn run_status(&self) -> Option<RunStatus> {
        match self.kind {
            EventKind::StateChanged => self.new_state(),
            EventKind::RunStarted => Some(RunStatus::Running),
            EventKind::RunRejected => Some(RunStatus::Rejected),
            EventKind::RunCompleted => Some(RunStatus::Completed),
            EventKind::RunFailed => Some(RunStatus::Failed),
            EventKind::RunPaused => Some(RunStatus::Paused),
            EventKind::RunStopped => Some(RunStatus::Stopped),
            EventKind::RunCancelled => Some(RunStatus::Cancelled),
            _ => None,
        }
    }

    /// Whether its run has ended by it.
    pub fn ends_run(&self) -> bool {
        self.run_status().is_some_and(|status| status.is_terminal())
    }

    /// What the run was before a change of its own status, word for word, where the event says.
    pub fn old_state(&self) -> Option<&str> {
        ["from", "old_status", "previous_status"].iter().find_map(|field| self.text(field))
    }

    /// The graceful stop that it begins, where it says when that gives up.
    pub fn drain(&self) -> Option<Drain> {
        let deadline = self.text("drain_deadline")?.parse().ok()?;
        (self.new_state()? == RunStatus::Draining).then_some(Drain { since: self.at?, deadline })
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
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn every_kind_survives_a_round_trip_and_unknown_ones_are_kept() {
        for (kind, word) in WORDS {
            assert_eq!(EventKind::parse(word), kind);
            assert_eq!(kind.as_str(), word);
        }
        assert_eq!(EventKind::parse("Workflow.AgentTurn").as_str(), "Workflow.AgentTurn");
    }

    fn event(kind: EventKind, data: Value) -> RunEvent {
        RunEvent {
            id: "e".into(),
            run_id: "r".into(),
            workflow_id: None,
            sequence: None,
            kind,
            at: Some(Timestamp::UNIX_EPOCH),
            data,
        }
    }

    #[test]
    fn a_completed_step_may_have_been_skipped_or_cancelled() {
        let status = |data| event(EventKind::StepCompleted, data).step_status();
        assert_eq!(status(json!({"result": 1})), Some(StepStatus::Completed));
        let blocked = json!({"skipped": true, "reason": "blocked"});
        assert_eq!(status(blocked), Some(StepStatus::Skipped(SkipReason::Blocked)));
        assert_eq!(status(json!({"skipped": false})), Some(StepStatus::Completed));
        assert_eq!(status(json!({"cancelled": true})), Some(StepStatus::Cancelled));
        assert_eq!(event(EventKind::RunFailed, json!({})).step_status(), None);
    }

    #[test]
    fn a_drain_is_known_by_its_deadline() {
        let drain = |data| event(EventKind::StateChanged, data).drain();
        let deadline = "1970-01-01T00:01:00Z";
        let known = Drain { since: Timestamp::UNIX_EPOCH, deadline: deadline.parse().unwrap() };
        assert_eq!(drain(json!({"to": "draining", "drain_deadline": deadline})), Some(known));
        assert_eq!(drain(json!({"to": "draining"})), None);
        assert_eq!(drain(json!({"to": "draining", "drain_deadline": "soon"})), None);
        assert_eq!(drain(json!({"to": "stopped", "drain_deadline": deadline})), None);
    }
}
