//! The life of a step: attempts, their results, the time between them.

use std::time::Duration;

use serde_json::Value;

use super::draft;
use super::io::{Call, Order, StepError, TimerKey, Work};
use super::loops::{Lane, View};
use super::state::Progression;
use super::turn::Turn;
use super::work::{Prepared, prepare};
use crate::domain::clock::{age, human, later};
use crate::domain::{FailureCode, RunStatus, StepKind, StepSpec, StepStatus};

/// The time before the second attempt; it doubles before each further one. A step's numeric field
/// `retry_delay_ms` overrides it.
pub const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The longest time between two attempts.
pub const MAX_RETRY_DELAY: Duration = Duration::from_secs(30);

impl Turn<'_> {
    /// Begins an attempt; one that cannot be prepared fails at once.
    pub(super) fn begin(&mut self, step: usize, attempt: u32) {
        let is_first = self.machine.lane(step).is_some_and(Lane::is_untouched);
        let spec = self.machine.spec(step);
        let prepared = prepare(spec, &View::at(self.machine, step));
        let child = match &prepared {
            Ok(Prepared::Child(work)) => Some(self.machine.new_child(step, attempt, work)),
            _ => None,
        };
        let input = match &prepared {
            Ok(Prepared::Child(work)) => Some(work.input.clone()),
            Ok(Prepared::Call { input, .. }) => input.clone(),
            Ok(Prepared::Ask { payload, .. }) => Some(payload.clone()),
            Ok(Prepared::Loop { input }) => Some(input.clone()),
            Err(_) => None,
        };
        let mut event = draft::step_started(&self.named(step), spec, attempt, input);
        if let Some(child) = child {
            event.data["child_run_id"] = child.run.as_str().into();
            event.data["child_workflow_id"] = child.workflow.as_str().into();
        }
        self.emit(event);
        if is_first {
            self.arm_iteration(step);
        }
        match prepared {
            Ok(Prepared::Call { work, .. }) => self.execute(step, work),
            Ok(Prepared::Child(work)) => self.call_child(step, work),
            Ok(Prepared::Loop { .. }) => self.arm_timeout(step),
            Ok(Prepared::Ask { task_type, payload }) => self.ask(step, &task_type, payload),
            Err(error) => self.fail_attempt(step, &error, Duration::ZERO),
        }
    }

    /// Orders the attempt under way, with its whole time limit from now on.
    pub(super) fn execute(&mut self, step: usize, mut work: Work) {
        let spec = self.machine.spec(step);
        let (id, timeout) = (self.id(step), spec.timeout);
        let attempt = self.machine.steps[step].attempt;
        if let Work::Agent(work) = &mut work {
            work.turn_id = self.named(step).turn_id(attempt).into();
            work.transcript.clone_from(&self.machine.steps[step].transcript);
        }
        let (run_id, workflow_id) = (self.machine.run.id.clone(), self.machine.run.workflow_id.clone());
        let call = Call { run_id, workflow_id, step: id, attempt, work, timeout };
        self.order(Order::Execute(Box::new(call)));
        self.arm_timeout(step);
    }

    pub(super) fn arm_timeout(&mut self, step: usize) {
        if let Some(timeout) = self.machine.spec(step).timeout {
            self.set_timer(self.timeout_key(step), later(self.at, timeout));
        }
    }

    pub(super) fn disarm_timeout(&mut self, step: usize) {
        if self.machine.spec(step).timeout.is_some() {
            self.order(Order::ClearTimer(self.timeout_key(step)));
        }
    }

    fn timeout_key(&self, step: usize) -> TimerKey {
        TimerKey::Timeout { step: self.id(step), attempt: self.machine.steps[step].attempt }
    }

    pub(super) fn complete(&mut self, step: usize, result: Value, took: Duration) {
        self.complete_as(step, result, took, None);
    }

    /// The same of an agent whose handoff is ignored for a reason.
    pub(super) fn complete_as(&mut self, step: usize, result: Value, took: Duration, ignored: Option<&str>) {
        self.disarm_timeout(step);
        let event = draft::step_completed(&self.named(step), result, took);
        self.emit(match ignored {
            None => event,
            Some(reason) => draft::handoff_ignored(event, reason),
        });
        self.disarm_finished(step);
    }

    /// An attempt failed: another one follows, or the step and with it the run has failed.
    pub(super) fn fail_attempt(&mut self, step: usize, error: &StepError, took: Duration) {
        self.disarm_timeout(step);
        self.give_up_attempt(step, error, took);
    }

    fn give_up_attempt(&mut self, step: usize, error: &StepError, took: Duration) {
        let spec = self.machine.spec(step);
        let attempt = self.machine.steps[step].attempt;
        if !error.retryable || attempt > spec.retry_count {
            return self.fail(step, error, took);
        }
        let delay = retry_delay(spec, attempt);
        let next = later(self.at, delay);
        self.emit(draft::step_retrying(&self.named(step), attempt, error, (delay, next)));
        self.set_timer(TimerKey::Retry { step: self.id(step), attempt: attempt + 1 }, next);
    }

    /// The attempt under way used up its time: the host is to drop it.
    pub(super) fn time_out(&mut self, step: usize) {
        if self.machine.is_loop(step) {
            return self.fail_loop(step, &self.overrun_of(step), None);
        }
        self.call_off(step);
        self.give_up_timed_out(step);
    }

    /// A task was not decided in time. A question whether to repeat a call has no time limit.
    pub(super) fn time_out_task(&mut self, step: usize) {
        if self.is_human(step) {
            self.give_up_timed_out(step);
        }
    }

    fn give_up_timed_out(&mut self, step: usize) {
        let error = self.overrun_of(step);
        let took = age(self.machine.steps[step].began_at, self.at);
        self.give_up_attempt(step, &error, took);
    }

    fn overrun_of(&self, step: usize) -> StepError {
        let spec = self.machine.spec(step);
        let limit = human(spec.timeout.unwrap_or_default());
        let attempt = self.machine.steps[step].attempt;
        let message = format!(
            "{} took longer than its timeout_s of {limit} (attempt {attempt} of {})",
            self.named(step),
            u64::from(spec.retry_count) + 1
        );
        StepError::new(FailureCode::RunStalledOrTimedOut, message, true)
    }

    /// Begins the attempts that came due while the run was held, and sets the timers of the others anew.
    pub(super) fn wake_retries(&mut self) {
        for step in self.in_flight() {
            // One that fails in the beginning ends the others, or holds the run.
            if self.is(&RunStatus::Paused) {
                return;
            }
            let Progression { status: StepStatus::Retrying, due: Some(due), attempt, .. } =
                self.machine.steps[step]
            else {
                continue;
            };
            if due <= self.at {
                self.begin(step, attempt + 1);
            } else {
                self.set_timer(TimerKey::Retry { step: self.id(step), attempt: attempt + 1 }, due);
            }
        }
    }

    pub(super) fn is_human(&self, step: usize) -> bool {
        self.machine.spec(step).kind == StepKind::HumanTask
    }
}

fn retry_delay(spec: &StepSpec, failed: u32) -> Duration {
    let base = spec.fields.get("retry_delay_ms").and_then(Value::as_f64).filter(|ms| *ms >= 0.0);
    let base = base.map_or(RETRY_DELAY, |ms| Duration::from_millis(ms as u64));
    let doublings = failed.saturating_sub(1).min(30);
    base.saturating_mul(1 << doublings).min(MAX_RETRY_DELAY)
}
