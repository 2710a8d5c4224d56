//! What follows when an inner step fails for good, or an iteration takes too long.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::body::{ErrorPolicy, Rule};
use crate::domain::clock::{age, human};
use crate::domain::{FailureCode, RunStatus, StepId, StepStatus, TaskId};
use crate::machine::draft::{self, CancelReason, Named};
use crate::machine::io::StepError;
use crate::machine::turn::Turn;

/// The type of the task that asks what to do about an item that failed.
pub const REVIEW_TASK: &str = "loop_item_review";

/// What a person says of an item that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remedy {
    Retry,
    Skip,
    Fail,
}

impl Remedy {
    /// The word in the result, else the decision itself.
    fn of(approved: bool, fields: &Map<String, Value>) -> Self {
        match (fields.get("action").and_then(Value::as_str), approved) {
            (Some("retry"), _) => Self::Retry,
            (Some("skip"), _) => Self::Skip,
            (Some("fail"), _) => Self::Fail,
            (_, true) => Self::Retry,
            (_, false) => Self::Fail,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Skip => "skip",
            Self::Fail => "fail",
        }
    }
}

/// The failure of a loop that is written wrongly.
pub(in crate::machine) fn invalid(message: String) -> StepError {
    StepError::lasting(FailureCode::parse("VALIDATION_ERROR"), message)
}

impl Turn<'_> {
    /// An inner step failed for good; the loop's policy says what follows.
    pub(in crate::machine) fn fail_inner(&mut self, step: usize, error: &StepError, took: Duration) {
        let Some(policy) = self.machine.lane(step).map(|lane| lane.body.policy()) else { return };
        // What cannot be paid now cannot be paid for the next item either.
        let is_broke = error.code == FailureCode::InsufficientCredits;
        match if is_broke { ErrorPolicy::FailFast } else { policy } {
            ErrorPolicy::Review if !self.is(&RunStatus::Draining) => self.ask_remedy(step, error),
            ErrorPolicy::FailFast => self.fail_with_loop(step, error, took),
            ErrorPolicy::Pause => {
                self.give_up_item(step, error, took);
                self.pause_for(step);
            }
            ErrorPolicy::Continue | ErrorPolicy::Review => self.give_up_item(step, error, took),
        }
    }

    /// The item has failed, the loop goes on.
    fn give_up_item(&mut self, step: usize, error: &StepError, took: Duration) {
        let attempt = self.machine.steps[step].attempt;
        self.emit(draft::step_failed(&self.named(step), attempt, error, took));
        self.block_rest(step);
    }

    fn fail_with_loop(&mut self, step: usize, error: &StepError, took: Duration) {
        let Some(parent) = self.machine.lane(step).map(|lane| lane.parent) else { return };
        let cause = self.named(step);
        self.give_up_item(step, error, took);
        let message = format!("{cause} failed: {}", error.message);
        self.fail_loop(parent, &StepError { message, ..error.clone() }, Some(&cause));
    }

    /// A loop fails, by an inner step or by itself, and with it the run.
    pub(in crate::machine) fn fail_loop(&mut self, step: usize, error: &StepError, cause: Option<&Named>) {
        let own = self.named(step);
        let cause = cause.unwrap_or(&own);
        self.take_back_orders();
        self.cancel_lanes(Some(step), CancelReason::RunFailed, Some(&cause.id));
        self.disarm_timeout(step);
        let took = age(self.machine.steps[step].began_at, self.at);
        self.fail_run_by(step, error, took, cause);
    }

    fn pause_for(&mut self, step: usize) {
        let Some(lane) = self.machine.lane(step) else { return };
        if self.is(&RunStatus::Running) {
            let reason = format!("item {} of step `{}` failed", lane.iteration, self.id(lane.parent));
            self.emit(draft::state_changed(&RunStatus::Running, &RunStatus::Paused, &reason));
        }
    }

    /// Ends what of a loop's iterations, or of all loops', is under way.
    pub(in crate::machine) fn cancel_lanes(
        &mut self,
        only: Option<usize>,
        reason: CancelReason,
        cause: Option<&StepId>,
    ) {
        let loops = self.machine.loops.iter().filter(|(step, _)| only.is_none_or(|only| only == **step));
        let open: Vec<usize> = loops.flat_map(|(_, state)| &state.open).copied().collect();
        for lane in open {
            if self.machine.steps[lane].status.is_in_flight() {
                self.cancel_step(lane, reason, cause);
            }
            self.cut(lane);
        }
    }

    /// Asks a person what to do about an item; the iteration waits, the others go on.
    fn ask_remedy(&mut self, step: usize, error: &StepError) {
        self.disarm_iteration(step);
        let task = self.new_task(step);
        let payload = self.about_item(step, error);
        self.emit(draft::task_created(&self.named(step), &task, REVIEW_TASK, payload));
    }

    fn about_item(&self, step: usize, error: &StepError) -> Value {
        let lane = self.machine.lane(step);
        let state = lane.and_then(|lane| self.machine.loops.get(&lane.parent));
        let item = lane.zip(state).and_then(|(lane, state)| state.items.get(lane.iteration));
        let message = format!(
            "{} failed: {}. Approve to try it again, reject to fail the loop, \
             or give the result field `action`: `retry`, `skip` or `fail`.",
            self.named(step),
            error.message
        );
        let mut payload = json!({
            "message": message,
            "item": item,
            "index": lane.map(|lane| lane.iteration),
            "error": error.message,
            "failure_code": error.code.as_str(),
            "attempt": self.machine.steps[step].attempt,
        });
        draft::note_details(&mut payload, error.details.as_deref());
        payload
    }

    /// Whether a task asks what to do about an item.
    pub(in crate::machine) fn is_review(&self, task: &TaskId) -> bool {
        self.machine.tasks.get(task).is_some_and(|task| task.task_type.as_ref() == REVIEW_TASK)
    }

    /// A person has said what to do about an item. Of a paused run it is tried again with the resumption.
    pub(in crate::machine) fn decide_remedy(
        &mut self,
        (step, task): (usize, &TaskId),
        approved: bool,
        fields: &Map<String, Value>,
    ) {
        let remedy = Remedy::of(approved, fields);
        let error = self.reviewed(task);
        let attempt = self.machine.steps[step].attempt;
        let took = age(self.machine.steps[step].began_at, self.at);
        let mut event = draft::task_completed(&self.named(step), task, approved);
        event.data["action"] = remedy.word().into();
        self.emit(event);
        match remedy {
            Remedy::Retry => {
                let name = self.named(step);
                self.emit(draft::step_retrying(&name, attempt, &error, (Duration::ZERO, self.at)));
                self.arm_iteration(step);
                if !self.is(&RunStatus::Paused) {
                    self.begin(step, attempt + 1);
                }
            }
            Remedy::Skip => self.give_up_item(step, &error, took),
            Remedy::Fail => self.fail_with_loop(step, &error, took),
        }
    }

    /// The error that a task was asked about.
    fn reviewed(&self, task: &TaskId) -> StepError {
        let payload = self.machine.tasks.get(task).map(|task| &task.payload);
        let text = |field| {
            payload.and_then(|payload| payload.get(field)).and_then(Value::as_str).unwrap_or_default()
        };
        let details = payload.and_then(|payload| payload.get("details")).and_then(Value::as_object);
        StepError {
            details: details.cloned().map(Box::new),
            ..StepError::lasting(FailureCode::parse(text("failure_code")), text("error").into())
        }
    }

    /// An iteration has used up its time.
    pub(in crate::machine) fn time_out_iteration(&mut self, step: &StepId, iteration: u64) {
        let Some(parent) = self.machine.plan.find(step.as_str()) else { return };
        let Some(state) = self.machine.loops.get(&parent) else { return };
        let lane = usize::try_from(iteration).ok().and_then(|iteration| state.lanes.get(iteration)).copied();
        let Some(lane) = lane else { return };
        // A question to a person has no time limit.
        if !matches!(self.machine.steps[lane].status, StepStatus::Running | StepStatus::Retrying) {
            return;
        }
        let field = match state.body.rule {
            Rule::ForEach { .. } => "for_each_item_timeout_s",
            Rule::While { .. } => "while_iteration_timeout_s",
        };
        let limit = human(state.body.limit.unwrap_or_default());
        let message =
            format!("iteration {iteration} of step `{step}` took longer than its {field} of {limit}");
        let error = StepError::lasting(FailureCode::RunStalledOrTimedOut, message);
        let took = age(self.machine.steps[lane].began_at, self.at);
        self.release(lane);
        self.fail(lane, &error, took);
    }
}
