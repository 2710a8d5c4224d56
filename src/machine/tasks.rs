//! Questions to a person.

use serde_json::{Map, Value};

use super::draft;
use super::turn::Turn;
use crate::domain::TaskId;
use crate::domain::clock::age;

impl Turn<'_> {
    /// Asks a person, as the step's attempt.
    pub(super) fn ask(&mut self, step: usize, task_type: &str, payload: Value) {
        let task = self.new_task(step);
        self.emit(draft::task_created(&self.named(step), &task, task_type, payload));
        self.arm_timeout(step);
    }

    /// An id no task of the run has had: the step's, or from the second attempt on `step@attempt`.
    pub(super) fn new_task(&self, step: usize) -> TaskId {
        let id = self.id(step);
        let attempts = self.machine.steps[step].attempt.max(1)..;
        let mut names = attempts.map(|n| if n == 1 { id.to_string() } else { format!("{id}@{n}") });
        let is_free = |name: &String| {
            let is_step = self.machine.plan.find(name).is_some_and(|other| other != step);
            !is_step && !self.machine.tasks.contains_key(name.as_str())
        };
        names.find(is_free).map_or_else(|| TaskId::new(id.as_str()), TaskId::from)
    }

    /// A decision ends the step; a rejection ends the branch after it as well.
    pub(super) fn complete_task(&mut self, step: usize, approved: bool, fields: Map<String, Value>) {
        let mut result = Map::from_iter([("approved".to_owned(), approved.into())]);
        result.extend(fields.into_iter().filter(|(name, _)| name != "approved"));
        let took = age(self.machine.steps[step].began_at, self.at);
        self.complete(step, Value::Object(result), took);
        if !approved {
            for after in self.machine.plan.downstream(step) {
                self.block(after);
            }
        }
    }
}
