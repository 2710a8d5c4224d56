//! One input being answered: events are folded the moment they are decided.

use super::io::{EventDraft, Order, Reaction, TimerKey};
use super::state::Machine;
use crate::domain::{RunStatus, SkipReason, StepId, StepStatus, Timestamp};

/// A machine in the middle of answering an input.
pub(super) struct Turn<'m> {
    pub(super) machine: &'m mut Machine,
    /// When the input came.
    pub(super) at: Timestamp,
    pub(super) reaction: Reaction,
}

impl<'m> Turn<'m> {
    pub(super) fn new(machine: &'m mut Machine, at: Timestamp) -> Self {
        Self { machine, at, reaction: Reaction::default() }
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

    pub(super) fn id(&self, step: usize) -> StepId {
        self.machine.plan.spec(step).id.clone()
    }

    pub(super) fn is(&self, status: &RunStatus) -> bool {
        self.machine.status == *status
    }

    /// Starts what may start, then ends the run if nothing is left to do.
    pub(super) fn settle(&mut self) {
        while self.is(&RunStatus::Running) {
            let Some(step) = self.machine.ready.first().copied() else { break };
            if self.machine.steps[step].switched_off {
                self.skip(step, &SkipReason::Disabled);
            } else {
                self.begin(step, 1);
            }
        }
        self.end_if_done();
    }

    pub(super) fn skip(&mut self, step: usize, reason: &SkipReason) {
        self.emit(super::draft::step_skipped(&self.id(step), reason));
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
