//! Turns of agents: what is ordered, what is told meanwhile, what follows when the rounds are used up.
//!
//! A turn is one attempt of an `agent_call`. Its id is unique within the step: `turn-1` is that of
//! the first attempt, `turn-3-1`, within a loop, that of the first attempt in iteration 3.

use std::time::Duration;

use serde_json::Value;

use super::draft;
use super::io::{Outcome, StepError};
use super::turn::Turn;
use crate::domain::{RunStatus, StepId, StepKind};

/// Why a run is paused whose agent has used up its rounds; also its phase. Resuming gives it as many again.
pub const AWAITING_CONTINUE: &str = "awaiting_continue";

/// What an agent's turn is made of.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentWork {
    /// The agent.
    pub agent_id: Box<str>,
    /// Names the turn within its step.
    pub turn_id: Box<str>,
    /// What it is asked.
    pub prompt: Box<str>,
    /// What it can do to the episode; nothing in other graphs and within loops.
    pub powers: Option<Powers>,
    /// Where this attempt came to when it used up its rounds, as the host told it then.
    pub transcript: Option<Value>,
}

/// What an agent can do to the episode that it belongs to, besides closing it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Powers {
    /// The gated steps that it may hand off to.
    pub targets: Vec<Target>,
}

/// A step that can be handed off to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The step.
    pub step: StepId,
    /// Its display name.
    pub name: Option<Box<str>>,
}

/// What an agent tells while it is at work; each becomes an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TurnNote {
    /// What it is doing: `agent_turn_status`.
    Status {
        /// In one word: `asking`, `deciding`.
        phase: Box<str>,
        /// In one sentence.
        message: String,
    },
    /// It used a tool: `agent_turn_tool_round`.
    ToolRound {
        /// Which round, counted from 1 over the whole turn.
        round: u32,
        /// The tool, as its server calls it.
        tool: Box<str>,
        /// What was asked and answered, in one line.
        summary: String,
        /// Whether the tool did as asked.
        ok: bool,
    },
}

/// An agent has used up its rounds.
#[derive(Clone, Debug, PartialEq)]
pub struct TurnLimit {
    /// How many rounds the turn has had.
    pub rounds: u32,
    /// In one sentence.
    pub message: String,
    /// What the host needs to go on; it comes back in [`AgentWork::transcript`], also after a restart.
    pub transcript: Value,
}

impl Turn<'_> {
    /// An attempt ended.
    pub(super) fn end_attempt(&mut self, step: usize, outcome: Outcome, took: Duration) {
        match outcome {
            Outcome::Done(result) if self.machine.spec(step).kind == StepKind::AgentCall => {
                self.complete_turn(step, result, took);
            }
            Outcome::Done(result) => self.complete(step, result, took),
            Outcome::Failed(error) => self.fail_attempt(step, &self.located(step, error), took),
            Outcome::LimitReached(limit) => self.hold_at_limit(step, &limit),
        }
    }

    /// An error whose details, if it has any, name the step.
    fn located(&self, step: usize, mut error: StepError) -> StepError {
        let spec = self.machine.spec(step);
        if let Some(details) = &mut error.details
            && !details.contains_key("step_name")
        {
            let name = spec.name.as_deref().unwrap_or(spec.id.as_str());
            details.insert("step_name".into(), name.into());
        }
        error
    }

    /// Logs what an attempt under way tells.
    pub(super) fn note(&mut self, step: usize, note: &TurnNote) {
        let attempt = self.machine.steps[step].attempt;
        self.emit(draft::agent_note(&self.named(step), attempt, note));
    }

    /// The result of a turn says what becomes of the episode.
    fn complete_turn(&mut self, step: usize, result: Value, took: Duration) {
        let heeded = self.machine.heed(step, &result);
        let ignored = match heeded {
            Ok(ignored) => ignored,
            Err(message) => {
                let error = StepError::lasting(super::episode::refused(), message);
                return self.fail_attempt(step, &error, took);
            }
        };
        let has_ended = self.machine.leaves_open(step, &result);
        self.complete_as(step, result, took, ignored);
        if has_ended && self.is(&RunStatus::Running) {
            self.emit(draft::state_changed(&RunStatus::Running, &RunStatus::Paused, super::AWAITING_CHAT));
        }
    }

    /// The rounds are used up: the run waits for somebody to let the agent go on. A stop that was
    /// asked for does not wait.
    fn hold_at_limit(&mut self, step: usize, limit: &TurnLimit) {
        self.disarm_timeout(step);
        self.disarm_iteration(step);
        let attempt = self.machine.steps[step].attempt;
        self.emit(draft::agent_limit(&self.named(step), attempt, limit));
        if self.is(&RunStatus::Draining) {
            self.withdraw_question(step);
        } else if self.is(&RunStatus::Running) {
            self.emit(draft::state_changed(&RunStatus::Running, &RunStatus::Paused, AWAITING_CONTINUE));
        }
    }
}
