//! How a run ends: completed, failed, stopped, drained or out of time to drain.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::{Map, Value};

use super::draft::{self, CancelReason};
use super::io::{Order, StepError, TimerKey};
use super::turn::Turn;
use crate::domain::clock::{human, later};
use crate::domain::{FailureCode, RunStatus, StepId, StepStatus};

/// How long a graceful stop waits for what is in flight.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(60);

impl Turn<'_> {
    /// A step failed for good, which fails the run: what is in flight is cancelled, the rest never starts.
    pub(super) fn fail(&mut self, step: usize, error: &StepError, took: Duration) {
        let id = self.id(step);
        let attempt = self.machine.steps[step].attempt;
        self.emit(draft::step_failed(&id, attempt, error, took));
        self.cancel_in_flight(CancelReason::RunFailed, Some(&id));
        self.block_pending();
        self.fail_run("step_failed", &error.code, &error.message, Some(&id));
    }

    /// A graceful stop: a person's decision is not work in flight, so waiting tasks are withdrawn;
    /// calls and attempts to come may finish until the deadline.
    pub(super) fn drain(&mut self) {
        let was_held = self.is(&RunStatus::Paused);
        let deadline = later(self.at, DRAIN_TIMEOUT);
        self.emit(draft::draining(&self.machine.status.clone(), deadline));
        self.set_timer(TimerKey::Drain, deadline);
        for step in self.in_flight() {
            if self.status(step) == StepStatus::Waiting {
                self.release(step);
                self.withdraw_question(step);
            }
        }
        self.block_pending();
        if was_held {
            self.wake_retries();
        }
    }

    /// Ends a step that waits for a person, because the run is being stopped.
    pub(super) fn withdraw_question(&mut self, step: usize) {
        self.emit(draft::step_cancelled(&self.id(step), CancelReason::RunStopped, None));
    }

    /// An immediate stop.
    pub(super) fn stop(&mut self) {
        self.cancel_in_flight(CancelReason::RunStopped, None);
        self.block_pending();
        self.stop_run();
    }

    /// A graceful stop is out of time.
    pub(super) fn overrun(&mut self) {
        let slow = self.in_flight().first().map(|step| self.id(*step));
        let named = slow.as_ref().map(|id| format!(", step `{id}` first")).unwrap_or_default();
        let error = format!(
            "the graceful stop took longer than {}; cancelled what was still in flight{named}",
            human(DRAIN_TIMEOUT)
        );
        self.cancel_in_flight(CancelReason::DrainTimeout, None);
        self.fail_run("drain_timeout", &FailureCode::DrainTimeout, &error, slow.as_ref());
    }

    /// Ends the run if nothing is left to do. What is left of a paused run, if anything, waits.
    pub(super) fn end_if_done(&mut self) {
        match self.machine.status {
            RunStatus::Running | RunStatus::Paused if self.machine.ended == self.machine.plan.len() => {
                self.change_at_end(&RunStatus::Completed, "all_steps_ended");
                self.emit(draft::run_completed(self.outputs()));
            }
            RunStatus::Draining if self.machine.in_flight.is_empty() => self.stop_run(),
            _ => {}
        }
    }

    fn fail_run(&mut self, reason: &str, code: &FailureCode, error: &str, step: Option<&StepId>) {
        self.change_at_end(&RunStatus::Failed, reason);
        self.emit(draft::run_failed(code, error, step));
    }

    fn stop_run(&mut self) {
        self.change_at_end(&RunStatus::Stopped, "operator");
        self.emit(draft::run_stopped());
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

    /// The results of the steps that no other step waits for.
    fn outputs(&self) -> Map<String, Value> {
        let last = (0..self.machine.plan.len()).filter(|step| self.machine.plan.dependants(*step).is_empty());
        last.filter_map(|step| Some((self.id(step).to_string(), self.machine.steps[step].result.clone()?)))
            .collect()
    }

    pub(super) fn in_flight(&self) -> Vec<usize> {
        self.machine.in_flight.iter().map(|(_, step)| *step).collect()
    }

    fn status(&self, step: usize) -> StepStatus {
        self.machine.steps[step].status.clone()
    }

    fn block_pending(&mut self) {
        if self.machine.ended + self.machine.in_flight.len() < self.machine.plan.len() {
            (0..self.machine.plan.len()).for_each(|step| self.block(step));
        }
    }

    fn cancel_in_flight(&mut self, reason: CancelReason, cause: Option<&StepId>) {
        let unborn = self.take_back_orders();
        for step in self.in_flight() {
            let id = self.id(step);
            if !unborn.contains(&id) {
                self.release(step);
            }
            self.emit(draft::step_cancelled(&id, reason, cause));
        }
    }

    /// Takes back the calls ordered within this very turn: nobody has begun them.
    fn take_back_orders(&mut self) -> HashSet<StepId> {
        let orders = &mut self.reaction.orders;
        let unborn = orders.iter().filter_map(|order| match order {
            Order::Execute(call) => Some(call.step.clone()),
            _ => None,
        });
        let unborn: HashSet<_> = unborn.collect();
        orders.retain(|order| match order {
            Order::Execute(_) => false,
            Order::SetTimer { key: TimerKey::Timeout { step, .. }, .. } => !unborn.contains(step),
            _ => true,
        });
        unborn
    }

    /// Tells the host to forget a step that is in flight.
    fn release(&mut self, step: usize) {
        let attempt = self.machine.steps[step].attempt;
        match self.status(step) {
            StepStatus::Running => {
                self.order(Order::Cancel { step: self.id(step), attempt });
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
