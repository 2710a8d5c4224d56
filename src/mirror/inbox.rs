//! The tasks that wait for a person, grouped by workflow, then run, oldest first.

use std::collections::HashSet;

use crate::domain::{EventKind, PendingTask, RunEvent, RunId, Timestamp};

/// The inbox.
#[derive(Clone, Debug, Default)]
pub(super) struct Inbox {
    tasks: Vec<PendingTask>,
    /// As of when they are known: the instant of asking, or of an event's arrival.
    known_at: Option<Timestamp>,
}

impl Inbox {
    /// The tasks in order.
    pub(super) fn tasks(&self) -> &[PendingTask] {
        &self.tasks
    }

    /// Takes over a whole list; `false` when something newer is known.
    pub(super) fn list(&mut self, tasks: &[PendingTask], asked_at: Timestamp) -> bool {
        if self.is_newer_than(asked_at) {
            return false;
        }
        self.replace(tasks.to_vec(), asked_at);
        true
    }

    /// Takes over what a run itself says of its tasks; `false` when that is no news.
    pub(super) fn put(&mut self, run: &RunId, tasks: &[PendingTask], asked_at: Timestamp) -> bool {
        let key = |task: &PendingTask| (task.task_id.clone(), task.created_at);
        let of_run = self.tasks.iter().filter(|task| task.run_id == *run);
        let known: HashSet<_> = of_run.map(key).collect();
        if self.is_newer_than(asked_at) || known == tasks.iter().map(key).collect() {
            return false;
        }
        let others = self.tasks.drain(..).filter(|task| task.run_id != *run);
        let all = others.chain(tasks.iter().cloned()).collect();
        self.replace(all, asked_at);
        true
    }

    /// Takes out what an event ends; `false` when it ends nothing.
    pub(super) fn fold(&mut self, event: &RunEvent, at: Timestamp) -> bool {
        let before = self.tasks.len();
        match event.kind {
            EventKind::HumanTaskCompleted
            | EventKind::StepCompleted
            | EventKind::StepCancelled
            | EventKind::StepFailed => {
                let Some(step) = event.step_id() else { return false };
                self.tasks.retain(|task| task.run_id != event.run_id || task.step_id != step);
            }
            EventKind::RunCompleted
            | EventKind::RunFailed
            | EventKind::RunStopped
            | EventKind::RunCancelled => self.tasks.retain(|task| task.run_id != event.run_id),
            _ => {}
        }
        let ended = self.tasks.len() < before;
        if ended {
            self.known_at = Some(at);
        }
        ended
    }

    fn is_newer_than(&self, asked_at: Timestamp) -> bool {
        self.known_at.is_some_and(|at| at >= asked_at)
    }

    fn replace(&mut self, tasks: Vec<PendingTask>, asked_at: Timestamp) {
        self.tasks = tasks;
        self.known_at = Some(asked_at);
        self.tasks.sort_by(|a, b| key(a).cmp(&key(b)));
    }
}

fn key(task: &PendingTask) -> impl Ord + '_ {
    (&task.workflow_name, &task.workflow_id, &task.run_id, task.created_at)
}
