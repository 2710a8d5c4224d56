//! One input being answered: events are folded the moment they are decided.

use std::collections::HashSet;
use std::time::Duration;

use super::draft::Named;
use super::io::{EventDraft, Order, Reaction, TimerKey};
use super::loops::View;
use super::state::Machine;
use super::work::passes_over;
use crate::domain::{RunStatus, SkipReason, StepId, StepStatus, Timestamp};

/// A machine in the middle of answering an input.
pub(super) struct Turn<'m> {
    pub(super) machine: &'m mut Machine,
    /// When the input came.
    pub(super) at: Timestamp,
    pub(super) reaction: Reaction,
    /// Steps whose calls were taken back within this turn: nobody has begun them.
    pub(super) unborn: HashSet<StepId>,
}

impl<'m> Turn<'m> {
    pub(super) fn new(machine: &'m mut Machine, at: Timestamp) -> Self {
        Self { machine, at, reaction: Reaction::default(), unborn: HashSet::new() }
    }

    /// Decides an event: what replay will do with it happens now.
    pub(super) fn emit(&mut self, event: EventDraft) {
        self.machine.apply(&event.kind, &event.data, self.at);
        self.reaction.events.push(event);
    }

    pub(super) fn order(&mut self, order: Order) {
        self.reaction.orders.push(order);
    }

    pub(super) fn set_timer(&mut self, key: TimerKey, at: Timestamp) {
        self.order(Order::SetTimer { key, at });
    }

    /// The name of a step for orders, timers and tasks.
    pub(super) fn id(&self, step: usize) -> StepId {
        self.machine.id(step).clone()
    }

    /// What events call a step.
    pub(super) fn named(&self, step: usize) -> Named {
        self.machine.named(step)
    }

    pub(super) fn is(&self, status: &RunStatus) -> bool {
        self.machine.status == *status
    }

    /// Starts what may start, then ends the run if nothing is left to do.
    pub(super) fn settle(&mut self) {
        loop {
            self.skip_left_out();
            while self.is(&RunStatus::Running)
                && let Some(step) = self.machine.ready.first().copied()
            {
                self.enter(step);
            }
            if !self.advance_loops() {
                break;
            }
        }
        self.end_if_done();
    }

    /// Begins a step whose turn it is, or skips it.
    pub(super) fn enter(&mut self, step: usize) {
        let spec = self.machine.spec(step);
        if self.machine.steps[step].switched_off || !spec.enabled {
            return self.skip(step, &SkipReason::Disabled);
        }
        match passes_over(spec, &View::at(self.machine, step)) {
            Ok(false) => self.begin(step, 1),
            Ok(true) => self.skip(step, &SkipReason::Condition),
            Err(error) => {
                self.emit(super::draft::step_started(&self.named(step), spec, 1, None));
                self.fail_attempt(step, &error, Duration::ZERO);
            }
        }
    }

    pub(super) fn skip(&mut self, step: usize, reason: &SkipReason) {
        self.emit(super::draft::step_skipped(&self.named(step), reason));
        self.disarm_finished(step);
    }

    /// Skips a pending step that can no longer run; says so of one that never would have.
    pub(super) fn block(&mut self, step: usize) {
        let state = &self.machine.steps[step];
        if state.status == StepStatus::Pending {
            let off = state.switched_off;
            self.skip(step, if off { &SkipReason::Disabled } else { &SkipReason::Blocked });
        }
    }
}
