//! The fold of loops: opening them, opening and ending their iterations.

use serde_json::Value;

use super::body::Rule;
use super::lane::{Lane, LoopState};
use crate::domain::StepStatus;
use crate::machine::state::{Machine, Progression};

impl Machine {
    /// The iteration of that number, if it is one.
    pub(in crate::machine) fn lane(&self, step: usize) -> Option<&Lane> {
        self.lanes.get(step.checked_sub(self.plan.len())?)
    }

    pub(in crate::machine) fn lane_mut(&mut self, step: usize) -> Option<&mut Lane> {
        self.lanes.get_mut(step.checked_sub(self.plan.len())?)
    }

    /// What an event is about: a step of the graph, or the inner step an iteration has come to.
    pub(in crate::machine) fn subject(&self, data: &Value) -> Option<usize> {
        let id = data.get("step_id")?.as_str()?;
        let Some(iteration) = data.get("iteration") else { return self.plan.find(id) };
        let (parent, place) = self.plan.find_inner(id)?;
        let iteration = usize::try_from(iteration.as_u64()?).ok()?;
        let step = *self.loops.get(&parent)?.lanes.get(iteration)?;
        self.lane(step).filter(|lane| lane.place == place).map(|_| step)
    }

    /// A loop began; one that could not be prepared has no input and opens nothing.
    pub(in crate::machine) fn open_loop(&mut self, step: usize, data: &Value) {
        let Some(Ok(body)) = self.plan.body(step) else { return };
        let Some(input) = data.get("input") else { return };
        if self.loops.contains_key(&step) {
            return;
        }
        let items = input.get("items").and_then(Value::as_array).cloned().unwrap_or_default();
        let body = body.clone();
        let opened = LoopState { body: body.clone(), items, lanes: Vec::new(), open: Default::default() };
        self.loops.insert(step, opened);
        for _ in 0..body.at_a_time() {
            self.open_lane(step);
        }
    }

    /// Opens the next iteration of a loop, if there is one. That of a `for_each` is ready at once,
    /// that of a `while` waits for the test.
    fn open_lane(&mut self, parent: usize) {
        let step = self.steps.len();
        let Some(state) = self.loops.get_mut(&parent) else { return };
        let (is_ready, max) = match state.body.rule {
            Rule::ForEach { .. } => (true, state.items.len()),
            Rule::While { max, .. } => (false, max),
        };
        let iteration = state.lanes.len();
        if iteration >= max {
            return;
        }
        state.lanes.push(step);
        state.open.insert(step);
        let id = &self.plan.spec(parent).id;
        self.lanes.push(Lane::new((parent, id), state.body.clone(), iteration));
        self.steps.push(Progression::default());
        if is_ready {
            self.ready.insert(step);
        }
    }

    /// The inner step an iteration has come to has ended.
    pub(in crate::machine) fn fold_inner_end(&mut self, step: usize, status: StepStatus) {
        self.ready.remove(&step);
        if self.in_flight.remove(&(self.steps[step].order, step)) {
            self.inner_in_flight -= 1;
        }
        let Some(lane) = self.lanes.get_mut(step - self.plan.len()) else { return };
        self.paths.remove(&lane.path);
        match status {
            StepStatus::Completed | StepStatus::Skipped(_) => {
                if let Some(result) = self.steps[step].result.take() {
                    lane.note(result);
                }
                let has_more = lane.step_on(&self.plan.spec(lane.parent).id);
                self.steps[step] = Progression::default();
                if has_more {
                    self.ready.insert(step);
                } else {
                    self.end_lane(step, &StepStatus::Completed);
                }
            }
            ended => self.end_lane(step, &ended),
        }
    }

    /// An iteration is over; the next one may take its place.
    fn end_lane(&mut self, step: usize, status: &StepStatus) {
        self.ready.remove(&step);
        let is_done = *status == StepStatus::Completed;
        let has_failed = *status == StepStatus::Failed;
        self.steps[step] = Progression { status: status.clone(), ..Progression::default() };
        let Some(parent) = self.lane(step).map(|lane| lane.parent) else { return };
        let Some(state) = self.loops.get_mut(&parent) else { return };
        state.open.remove(&step);
        if is_done || (has_failed && state.body.goes_on()) {
            self.open_lane(parent);
        }
    }

    /// A loop has ended: nothing of its iterations is needed any more.
    pub(in crate::machine) fn close_loop(&mut self, step: usize) {
        let Some(state) = self.loops.remove(&step) else { return };
        for lane in state.lanes {
            self.ready.remove(&lane);
            if let Some(lane) = self.lane_mut(lane) {
                lane.results = Value::Null;
                lane.tested = None;
            }
        }
    }
}
