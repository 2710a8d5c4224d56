//! How a run ends: completed, failed, stopped, drained or out of time to drain.

use std::collections::HashSet;
use std::time::Duration;

use super::draft::{self, CancelReason, Named, Stopper};
use super::io::{Order, StepError, TimerKey};
use super::turn::Turn;
use crate::domain::clock::{human, later};
use crate::domain::{FailureCode, RunStatus, StepId, StepStatus, StopMode};

/// How long a graceful stop waits for what is in flight.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);

impl Turn<'_> {
    /// A step failed for good, which, unless it is a loop's inner step, fails the run: what is in flight is cancelled, the rest never starts.
    pub(super) fn fail(&mut self, step: usize, error: &StepError, took: Duration) {
        if self.machine.lane(step).is_some() {
            return self.fail_inner(step, error, took);
        }
        self.fail_run_by(step, error, took, &self.named(step));
    }

    /// A step of the graph failed for good; the cause is itself, or of a loop an inner step.
    pub(super) fn fail_run_by(&mut self, step: usize, error: &StepError, took: Duration, cause: &Named) {
        let attempt = self.machine.steps[step].attempt;
        self.emit(draft::step_failed(&self.named(step), attempt, error, took));
        self.cancel_in_flight(CancelReason::RunFailed, Some(&cause.id));
        self.block_pending();
        self.fail_run("step_failed", error, Some(cause));
    }

    /// Ends the run on somebody's word.
    pub(super) fn end_by(&mut self, stopper: Stopper, mode: StopMode) {
        match mode {
            StopMode::Graceful => self.drain(stopper),
            StopMode::Immediate => self.stop(stopper),
        }
    }

    /// A graceful stop: a person's decision is not work in flight, so waiting tasks are withdrawn;
    /// calls and attempts to come may finish until the deadline.
    fn drain(&mut self, stopper: Stopper) {
        let was_held = self.is(&RunStatus::Paused);
        let deadline = later(self.at, DRAIN_TIMEOUT);
        self.emit(draft::draining(&self.machine.status.clone(), stopper, deadline));
        self.set_timer(TimerKey::Drain, deadline);
        for step in self.in_flight() {
            if self.status(step) == StepStatus::Waiting {
                self.release(step);
                self.withdraw_question(step);
            }
        }
        self.drain_children();
        self.block_pending();
        if was_held {
            self.wake_retries();
        }
    }

    /// Ends a step that waits for a person, because the run is being stopped.
    pub(super) fn withdraw_question(&mut self, step: usize) {
        self.emit(draft::step_cancelled(&self.named(step), CancelReason::RunStopped, None));
        self.block_rest(step);
    }

    /// An immediate stop.
    fn stop(&mut self, stopper: Stopper) {
        self.cancel_in_flight(CancelReason::RunStopped, None);
        self.block_pending();
        self.stop_run(stopper);
    }

    /// A graceful stop is out of time.
    pub(super) fn overrun(&mut self) {
        let slow = self.in_flight().into_iter().find(|step| !self.machine.is_loop(*step));
        let slow = slow.map(|step| self.named(step));
        let named = slow.as_ref().map(|step| format!(", {step} first")).unwrap_or_default();
        let message = format!(
            "the graceful stop took longer than {}; cancelled what was still in flight{named}",
            human(DRAIN_TIMEOUT)
        );
        self.cancel_in_flight(CancelReason::DrainTimeout, None);
        let error = StepError::lasting(FailureCode::DrainTimeout, message);
        self.fail_run("drain_timeout", &error, slow.as_ref());
    }

    /// Ends the run if nothing is left to do. What is left of a paused run, if anything, waits.
    pub(super) fn end_if_done(&mut self) {
        match self.machine.status {
            RunStatus::Running | RunStatus::Paused if self.machine.ended == self.machine.plan.len() => {
                self.change_at_end(&RunStatus::Completed, "all_steps_ended");
                self.emit(draft::run_completed(self.machine.outputs().into_iter().collect()));
            }
            RunStatus::Draining if self.machine.in_flight.is_empty() => {
                self.stop_run(self.machine.drained_by);
            }
            _ => {}
        }
    }

    fn fail_run(&mut self, reason: &str, error: &StepError, step: Option<&Named>) {
        self.change_at_end(&RunStatus::Failed, reason);
        self.emit(draft::run_failed(error, step));
    }

    fn stop_run(&mut self, stopper: Stopper) {
        self.change_at_end(&RunStatus::Stopped, stopper.reason());
        self.emit(draft::run_stopped(stopper));
    }

    fn change_at_end(&mut self, to: &RunStatus, reason: &str) {
        if self.is(&RunStatus::Draining) {
            self.clear_drain_timer();
        }
        self.emit(draft::state_changed(&self.machine.status.clone(), to, reason));
    }

    /// Takes the timer back if it was set within this very turn.
    fn clear_drain_timer(&mut self) {
        let orders = &mut self.reaction.orders;
        let before = orders.len();
        orders.retain(|order| !matches!(order, Order::SetTimer { key: TimerKey::Drain, .. }));
        if orders.len() == before {
            orders.push(Order::ClearTimer(TimerKey::Drain));
        }
    }

    pub(super) fn in_flight(&self) -> Vec<usize> {
        self.machine.in_flight.iter().map(|(_, step)| *step).collect()
    }

    fn status(&self, step: usize) -> StepStatus {
        self.machine.steps[step].status.clone()
    }

    fn block_pending(&mut self) {
        if self.machine.ended + self.machine.own_in_flight() < self.machine.plan.len() {
            (0..self.machine.plan.len()).for_each(|step| self.block(step));
        }
    }

    fn cancel_in_flight(&mut self, reason: CancelReason, cause: Option<&StepId>) {
        self.take_back_orders();
        self.cancel_lanes(None, reason, cause);
        for step in self.in_flight() {
            self.cancel_step(step, reason, cause);
        }
    }

    pub(super) fn cancel_step(&mut self, step: usize, reason: CancelReason, cause: Option<&StepId>) {
        if !self.unborn.contains(self.machine.id(step)) {
            self.release(step);
        }
        self.emit(draft::step_cancelled(&self.named(step), reason, cause));
    }

    /// Takes back the calls ordered within this very turn: nobody has begun them.
    pub(super) fn take_back_orders(&mut self) {
        let orders = &mut self.reaction.orders;
        let unborn = orders.iter().filter_map(|order| match order {
            Order::Execute(call) => Some(call.step.clone()),
            Order::StartChild(call) => Some(call.caller.step.clone()),
            _ => None,
        });
        let unborn: HashSet<_> = unborn.collect();
        orders.retain(|order| match order {
            Order::Execute(_) | Order::StartChild(_) => false,
            Order::SetTimer { key: TimerKey::Timeout { step, .. }, .. } => !unborn.contains(step),
            _ => true,
        });
        self.unborn.extend(unborn);
    }

    /// Tells the host to forget a step that is in flight.
    pub(super) fn release(&mut self, step: usize) {
        if self.machine.is_loop(step) {
            return self.disarm_timeout(step);
        }
        let attempt = self.machine.steps[step].attempt;
        match self.status(step) {
            StepStatus::Running => {
                self.call_off(step);
                self.disarm_timeout(step);
            }
            StepStatus::Retrying => {
                let key = TimerKey::Retry { step: self.id(step), attempt: attempt + 1 };
                self.order(Order::ClearTimer(key));
            }
            StepStatus::Waiting if self.is_human(step) => self.disarm_timeout(step),
            _ => {}
        }
    }
}
