//! Inputs to decisions.

use serde_json::{Map, Value};

use super::draft::{self, Stopper};
use super::io::{Input, Reaction, Refusal, StartInput, StepError, TimerKey};
use super::state::{Fate, Machine};
use super::turn::Turn;
use crate::domain::{FailureCode, RunStatus, StepId, StepStatus, StopMode, TaskId, Timestamp};

impl Machine {
    /// Answers an input that came at an instant: what to log, then what to do.
    ///
    /// The host logs the events with that same instant. Results and timers that no longer matter
    /// (of an earlier attempt, of an ended run) are answered with nothing. A step that fails for
    /// good fails the run at once, whatever its status: running, paused or draining.
    ///
    /// # Errors
    /// When an operator's input does not fit the run's state; then nothing has changed.
    pub fn handle(&mut self, input: Input, at: Timestamp) -> Result<Reaction, Refusal> {
        self.admit(&input)?;
        if let Input::Start(start) | Input::Reject { start, .. } = &input {
            *self = Self::new(start.run_id.clone(), start.graph.clone());
        } else if !self.is_live() {
            return Ok(Reaction::default());
        }
        let mut turn = Turn::new(self, at);
        match input {
            Input::Start(start) => turn.start(&start),
            Input::Reject { start, error } => turn.reject(&start, &error),
            Input::Finished { step, attempt, outcome, took } => {
                if let Some(step) = turn.running(&step, attempt) {
                    turn.end_attempt(step, outcome, took);
                }
            }
            Input::Progress { step, attempt, note } => {
                if let Some(step) = turn.running(&step, attempt) {
                    turn.note(step, &note);
                }
            }
            Input::ChildEnded { step, attempt, end, took } => {
                if let Some(step) = turn.running(&step, attempt) {
                    turn.take_child(step, end, took);
                }
            }
            Input::ChildWaits { step, attempt, waits } => {
                if let Some(step) = turn.running(&step, attempt) {
                    turn.note_wait(step, waits);
                }
            }
            Input::Timer(key) => turn.timer(&key),
            Input::Decide { task, approved, result } => turn.decide(&task, approved, result),
            Input::Pause => turn.change(&RunStatus::Paused),
            Input::Resume => turn.resume(),
            Input::Stop(mode) => turn.end_by(Stopper::Operator, mode),
            Input::StopWithParent(mode) => turn.end_by(Stopper::Parent, mode),
            Input::Recover { repeatable } => turn.recover(&repeatable),
        }
        turn.settle();
        Ok(turn.reaction)
    }

    fn is_live(&self) -> bool {
        matches!(self.status, RunStatus::Running | RunStatus::Paused | RunStatus::Draining)
    }

    fn admit(&self, input: &Input) -> Result<(), Refusal> {
        use RunStatus::{Draining, Paused, Pending, Running};
        match input {
            Input::Finished { .. }
            | Input::Progress { .. }
            | Input::ChildEnded { .. }
            | Input::ChildWaits { .. }
            | Input::Timer(_)
            | Input::Recover { .. } => Ok(()),
            Input::Start(_) | Input::Reject { .. } => self.need("started", &[Pending]),
            Input::Pause => self.need("paused", &[Running]),
            Input::Resume => self.need("resumed", &[Paused]),
            Input::Stop(StopMode::Graceful) | Input::StopWithParent(StopMode::Graceful) => {
                self.need("stopped gracefully", &[Running, Paused])
            }
            Input::Stop(StopMode::Immediate) | Input::StopWithParent(StopMode::Immediate) => {
                self.need("stopped", &[Running, Paused, Draining])
            }
            Input::Decide { task, .. } => self.need_open(task),
        }
    }

    fn need(&self, wanted: &'static str, allowed: &[RunStatus]) -> Result<(), Refusal> {
        let status = self.status.as_str();
        if allowed.contains(&self.status) {
            Ok(())
        } else if self.status.is_terminal() {
            Err(Refusal::Ended(status.into()))
        } else {
            Err(Refusal::WrongStatus { status: status.into(), wanted })
        }
    }

    fn need_open(&self, task: &TaskId) -> Result<(), Refusal> {
        if self.status.is_terminal() {
            return Err(Refusal::Ended(self.status.as_str().into()));
        }
        match self.tasks.get(task).map(|known| known.fate) {
            Some(Fate::Open) => Ok(()),
            Some(fate) => Err(Refusal::NotPending { task: task.clone(), decision: fate.word() }),
            None => Err(Refusal::NotPending { task: task.clone(), decision: "never asked" }),
        }
    }
}

impl Turn<'_> {
    fn start(&mut self, start: &StartInput) {
        if let Some(problem) = self.machine.plan.problem() {
            let version = start.version;
            let message =
                format!("version {version} cannot run: {problem}; correct the graph and publish it again");
            let code = FailureCode::parse("VALIDATION_ERROR");
            return self.reject(start, &StepError::lasting(code, message));
        }
        self.emit(draft::run_started(start));
    }

    fn reject(&mut self, start: &StartInput, error: &StepError) {
        let reason = match error.code {
            FailureCode::InsufficientCredits => "insufficient_credits",
            _ => "graph_invalid",
        };
        let from = self.machine.status.clone();
        self.emit(draft::state_changed(&from, &RunStatus::Rejected, reason));
        self.emit(draft::run_rejected(start, error));
    }

    /// The number of a step, if that attempt of it is under way.
    fn running(&self, step: &StepId, attempt: u32) -> Option<usize> {
        self.find(step, attempt, &StepStatus::Running)
    }

    fn find(&self, step: &StepId, attempt: u32, status: &StepStatus) -> Option<usize> {
        let step = self.machine.find(step.as_str())?;
        let state = &self.machine.steps[step];
        (state.attempt == attempt && state.status == *status).then_some(step)
    }

    fn timer(&mut self, key: &TimerKey) {
        match key {
            TimerKey::Retry { step, attempt } => {
                let last = attempt.saturating_sub(1);
                // Of a paused run it starts with the resumption.
                if let Some(step) = self.find(step, last, &StepStatus::Retrying)
                    && !self.is(&RunStatus::Paused)
                {
                    self.begin(step, *attempt);
                }
            }
            TimerKey::Timeout { step, attempt } => {
                if let Some(step) = self.running(step, *attempt) {
                    self.time_out(step);
                } else if let Some(step) = self.find(step, *attempt, &StepStatus::Waiting) {
                    self.time_out_task(step);
                }
            }
            TimerKey::Iteration { step, iteration } => self.time_out_iteration(step, *iteration),
            TimerKey::Drain if self.is(&RunStatus::Draining) => self.overrun(),
            TimerKey::Drain => {}
        }
    }

    fn decide(&mut self, task: &TaskId, approved: bool, result: Map<String, Value>) {
        let Some(step) = self.machine.tasks.get(task).map(|task| task.step) else { return };
        if self.is_review(task) {
            return self.decide_remedy((step, task), approved, &result);
        }
        self.emit(draft::task_completed(&self.named(step), task, approved));
        if self.is_human(step) {
            self.complete_task(step, approved, result);
        } else {
            self.decide_repetition(step, approved);
        }
    }

    fn resume(&mut self) {
        let held: Vec<usize> =
            self.in_flight().into_iter().filter(|step| self.machine.steps[*step].is_held()).collect();
        self.change(&RunStatus::Running);
        for step in held {
            // One that cannot be prepared any more has failed the run.
            if self.is(&RunStatus::Running) {
                self.repeat(step);
            }
        }
        self.wake_retries();
    }

    /// Changes the run's status on an operator's word.
    pub(super) fn change(&mut self, to: &RunStatus) {
        self.emit(draft::state_changed(&self.machine.status.clone(), to, "operator"));
    }
}
