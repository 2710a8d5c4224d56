//! A loop's next decision: begin an iteration, end the loop.

use super::body::Rule;
use super::result::Verdict;
use crate::domain::clock::{age, later};
use crate::domain::{RunStatus, StepStatus};
use crate::machine::draft::CancelReason;
use crate::machine::io::{Order, TimerKey};
use crate::machine::loops::failing::invalid;
use crate::machine::turn::Turn;

impl Turn<'_> {
    /// Lets one loop take its next decision; `false` when none has any to take.
    pub(in crate::machine) fn advance_loops(&mut self) -> bool {
        let loops: Vec<usize> = self.machine.loops.keys().copied().collect();
        loops.into_iter().any(|step| match self.machine.status {
            RunStatus::Running => self.proceed(step),
            RunStatus::Draining => self.wind_down(step),
            _ => false,
        })
    }

    fn proceed(&mut self, step: usize) -> bool {
        let Some(state) = self.machine.loops.get(&step) else { return false };
        match state.body.rule {
            Rule::ForEach { .. } => self.end_for_each(step),
            Rule::While { .. } => self.repeat_or_end(step),
        }
    }

    /// A `for_each` completes when its last item is over.
    fn end_for_each(&mut self, step: usize) -> bool {
        let Some(state) = self.machine.loops.get(&step) else { return false };
        let is_over = state.open.is_empty() && state.lanes.len() == state.items.len();
        if is_over {
            self.complete_loop(step, "");
        }
        is_over
    }

    fn repeat_or_end(&mut self, step: usize) -> bool {
        let Some(state) = self.machine.loops.get(&step) else { return false };
        let next = state.open.first().copied();
        if next.is_some_and(|next| !self.machine.lane(next).is_some_and(super::Lane::is_untouched)) {
            return false;
        }
        let over = state.lanes.iter().rev().find(|lane| Some(**lane) != next).copied();
        match (over.map_or(Ok(Verdict::GoOn), |over| self.machine.verdict(over)), next) {
            (Ok(Verdict::Stop), _) => self.complete_loop(step, "condition_met"),
            (Ok(Verdict::GoOn), None) => self.complete_loop(step, "max_iterations"),
            (Ok(Verdict::GoOn), Some(next)) => self.enter(next),
            (Err(problem), _) => {
                let message = format!("step `{}`: {problem}", self.id(step));
                self.fail_loop(step, &invalid(message), None);
            }
        }
        true
    }

    fn complete_loop(&mut self, step: usize, reason: &str) {
        let result = self.machine.loop_result(step, reason);
        let took = age(self.machine.steps[step].began_at, self.at);
        self.complete(step, result, took);
    }

    /// A graceful stop: nothing begins any more, so a loop ends with what of it is in flight.
    fn wind_down(&mut self, step: usize) -> bool {
        let Some(state) = self.machine.loops.get(&step) else { return false };
        let open: Vec<usize> = state.open.iter().copied().collect();
        let mut at_work = false;
        for lane in open {
            if self.machine.steps[lane].status.is_in_flight() {
                at_work = true;
            } else {
                self.cut(lane);
            }
        }
        if at_work {
            return false;
        }
        if !self.end_for_each(step) && !self.end_while(step) {
            self.disarm_timeout(step);
            self.emit(crate::machine::draft::step_cancelled(
                &self.named(step),
                CancelReason::RunStopped,
                None,
            ));
        }
        true
    }

    /// Completes a `while` that would not have gone on.
    fn end_while(&mut self, step: usize) -> bool {
        let Some(state) = self.machine.loops.get(&step) else { return false };
        let is_while = matches!(state.body.rule, Rule::While { .. });
        let is_over = |lane: &&usize| self.machine.steps[**lane].status == StepStatus::Completed;
        let over = state.lanes.iter().rev().find(is_over).copied();
        let has_next = !state.open.is_empty();
        let was_cut =
            state.lanes.iter().any(|lane| self.machine.steps[*lane].status == StepStatus::Cancelled);
        let Some(over) = over.filter(|_| is_while && !was_cut) else { return false };
        let reason = match self.machine.verdict(over) {
            Ok(Verdict::Stop) => "condition_met",
            Ok(Verdict::GoOn) if !has_next => "max_iterations",
            _ => return false,
        };
        self.complete_loop(step, reason);
        true
    }

    /// Ends an iteration between two inner steps; one that never began leaves no trace.
    pub(super) fn cut(&mut self, lane: usize) {
        if self.machine.lane(lane).is_some_and(|known| !known.is_untouched()) {
            self.block_rest(lane);
        }
    }

    /// Skips what an iteration has not started, and forgets its time limit.
    pub(in crate::machine) fn block_rest(&mut self, step: usize) {
        self.disarm_iteration(step);
        let Some(lane) = self.machine.lane(step) else { return };
        let is_open = !self.machine.steps[step].status.is_terminal();
        let first = if is_open { lane.place } else { lane.place + 1 };
        let names: Vec<_> =
            (first..lane.body.ids.len()).map(|place| self.machine.name_in(lane, place)).collect();
        for name in names {
            self.emit(crate::machine::draft::step_skipped(&name, &crate::domain::SkipReason::Blocked));
        }
    }

    /// Gives an iteration its time limit from now on.
    pub(in crate::machine) fn arm_iteration(&mut self, step: usize) {
        if let Some((key, limit)) = self.iteration_timer(step) {
            self.set_timer(key, later(self.at, limit));
        }
    }

    pub(in crate::machine) fn disarm_iteration(&mut self, step: usize) {
        if let Some((key, _)) = self.iteration_timer(step) {
            self.order(Order::ClearTimer(key));
        }
    }

    /// Forgets the time limit of an iteration that is over.
    pub(in crate::machine) fn disarm_finished(&mut self, step: usize) {
        let has_begun = self.machine.lane(step).is_some_and(|lane| lane.has_begun);
        if has_begun && self.machine.steps[step].status.is_terminal() {
            self.disarm_iteration(step);
        }
    }

    fn iteration_timer(&self, step: usize) -> Option<(TimerKey, std::time::Duration)> {
        let lane = self.machine.lane(step)?;
        let limit = lane.body.limit?;
        let key = TimerKey::Iteration { step: self.id(lane.parent), iteration: lane.iteration as u64 };
        Some((key, limit))
    }

    /// Gives the iterations under way their time limit again, after the host came back.
    pub(in crate::machine) fn rearm_iterations(&mut self) {
        let open: Vec<usize> = self.machine.loops.values().flat_map(|state| &state.open).copied().collect();
        for lane in open {
            if self.machine.lane(lane).is_some_and(|known| !known.is_untouched()) {
                self.arm_iteration(lane);
            }
        }
    }
}
