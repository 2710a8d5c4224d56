//! What a machine tells about its run.

use serde_json::{Map, Value, json};

use super::AWAITING_EPISODE_CLOSE;
use super::io::Failure;
use super::state::{Machine, Progression};
use crate::domain::template::{Scope, walk};
use crate::domain::{Drain, PendingTask, Progress, RunId, RunStatus, StepId, StepStatus};

/// The phase of a run in which nothing is left to do but a person's decision.
pub const AWAITING_HUMAN_TASK: &str = "awaiting_human_task";

/// The phase of a run in which nothing is left to do but a person's decision in a child run.
pub const AWAITING_CHILD_TASK: &str = "awaiting_child_task";

impl Machine {
    /// The run; empty before it started.
    pub fn run_id(&self) -> &RunId {
        &self.run.id
    }

    /// Where the run stands; pending before it started.
    pub fn status(&self) -> &RunStatus {
        &self.status
    }

    /// What a live run waits for, while nothing else is in flight: [`AWAITING_HUMAN_TASK`] while a task
    /// waits, [`AWAITING_CHILD_TASK`] while only children's tasks do, [`AWAITING_EPISODE_CLOSE`] while
    /// nothing can begin and the episode is open; of a paused run
    /// [`AWAITING_CHAT`](super::AWAITING_CHAT) or [`AWAITING_CONTINUE`](super::AWAITING_CONTINUE).
    pub fn phase(&self) -> Option<&'static str> {
        if let Some(asked) = self.asked() {
            return Some(asked);
        }
        let is_idle = self.in_flight.is_empty() && self.ready.is_empty();
        let is_stuck = self.status == RunStatus::Running && is_idle && self.is_episode_open();
        if is_stuck { Some(AWAITING_EPISODE_CLOSE) } else { self.held_phase() }
    }

    /// Whose person's decision is all that the steps in flight wait for.
    fn asked(&self) -> Option<&'static str> {
        let mut phase = None;
        for step in self.in_flight.iter().map(|(_, step)| *step).filter(|step| !self.is_loop(*step)) {
            if self.steps[step].task.is_some() {
                phase = Some(AWAITING_HUMAN_TASK);
            } else if self.child(step).is_some_and(|child| child.waits) {
                phase = phase.or(Some(AWAITING_CHILD_TASK));
            } else {
                return None;
            }
        }
        phase
    }

    /// How far the run has come.
    pub fn progress(&self) -> Progress {
        let own = self.in_flight.iter().rev().find(|(_, step)| *step < self.plan.len());
        Progress {
            done: self.ended as u32,
            total: self.plan.len() as u32,
            in_flight: self.own_in_flight() as u32,
            current: own.map(|(_, step)| self.plan.spec(*step).id.clone()),
        }
    }

    /// Why the run failed or was stopped or refused.
    pub fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// The graceful stop, while it is under way.
    pub fn drain(&self) -> Option<Drain> {
        self.drain
    }

    /// Where a step of the graph stands, or an inner step in flight, by its path.
    pub fn step_status(&self, id: &StepId) -> Option<&StepStatus> {
        self.find(id.as_str()).map(|step| &self.steps[step].status)
    }

    /// What the log calls a step in flight that orders name by its path: the id, and within a loop
    /// the iteration besides.
    pub fn logged_as(&self, path: &StepId) -> Option<(StepId, Option<usize>)> {
        let named = self.named(self.find(path.as_str())?);
        Some((named.id, named.iteration))
    }

    /// The run's data: `{input, steps: {id: {status, result?, input?}}, custom?}`, steps that began or
    /// ended; in an episode `custom.episode: {entry_granted, in_scope, runtime_depends_on, episode_closed}`.
    pub fn context(&self) -> Value {
        let own = self.steps.iter().take(self.plan.len()).enumerate();
        let touched = own.filter(|(_, state)| state.status != StepStatus::Pending);
        let steps: Map<_, _> =
            touched.map(|(step, state)| (self.plan.spec(step).id.to_string(), shown(state))).collect();
        let mut context = json!({ "input": self.run.input, "steps": steps });
        if let Some(episode) = self.shown_episode() {
            context["custom"] = json!({ "episode": episode });
        }
        context
    }

    /// The steps in flight, inner steps of loops by their paths, as calls name them.
    pub fn under_way(&self) -> Vec<StepId> {
        self.in_flight.iter().map(|(_, step)| self.id(*step).clone()).collect()
    }

    /// The tasks that wait for a decision, in the order in which their steps began.
    pub fn pending_tasks(&self) -> Vec<PendingTask> {
        self.in_flight.iter().filter_map(|(_, step)| self.pending_task(*step)).collect()
    }

    fn pending_task(&self, step: usize) -> Option<PendingTask> {
        let id = self.steps[step].task.as_ref()?;
        let task = self.tasks.get(id)?;
        Some(PendingTask {
            run_id: self.run.id.clone(),
            task_id: id.clone(),
            workflow_id: self.run.workflow_id.clone(),
            workflow_name: None,
            step_id: self.named(step).id,
            task_type: task.task_type.clone(),
            created_at: Some(task.created_at),
            payload: task.payload.clone(),
            verbatim: None,
        })
    }

    fn state_of(&self, id: &str) -> Option<&Progression> {
        self.plan.find(id).map(|step| &self.steps[step])
    }
}

fn shown(state: &Progression) -> Value {
    let mut fields = Map::new();
    fields.insert("status".into(), status_word(&state.status).into());
    fields.extend(state.result.clone().map(|result| ("result".into(), result)));
    fields.extend(state.input.clone().map(|input| ("input".into(), input)));
    Value::Object(fields)
}

/// The contract's six words; waiting and retrying are kinds of running.
fn status_word(status: &StepStatus) -> &'static str {
    match status {
        StepStatus::Pending => "pending",
        StepStatus::Running | StepStatus::Retrying | StepStatus::Waiting => "running",
        StepStatus::Completed => "completed",
        StepStatus::Failed => "failed",
        // A machine ends every step itself; only a log that lacks an end is read as one that has none.
        StepStatus::Cancelled | StepStatus::Unended => "cancelled",
        StepStatus::Skipped(_) => "skipped",
    }
}

/// What the templates of a run's steps see: `input`, `steps`, `run`, `connection`.
impl Scope for Machine {
    fn get(&self, path: &[&str]) -> Option<&Value> {
        match path {
            ["input", rest @ ..] => walk(&self.run.input, rest),
            ["run", rest @ ..] => walk(&self.run.shown, rest),
            ["connection", rest @ ..] => walk(&self.run.connection, rest),
            ["steps", id, "result", rest @ ..] => walk(self.state_of(id)?.result.as_ref()?, rest),
            ["steps", id, "input", rest @ ..] => walk(self.state_of(id)?.input.as_ref()?, rest),
            _ => None,
        }
    }

    fn names(&self, path: &[&str]) -> Vec<String> {
        match path {
            [] => ["input", "steps", "run", "connection"].map(Into::into).into(),
            ["steps"] => (0..self.plan.len()).map(|step| self.plan.spec(step).id.to_string()).collect(),
            ["steps", id] => {
                let state = self.state_of(id);
                let result = state.and_then(|state| state.result.as_ref()).map(|_| "result".to_owned());
                let input = state.and_then(|state| state.input.as_ref()).map(|_| "input".to_owned());
                result.into_iter().chain(input).collect()
            }
            path => self.get(path).map(|value| value.names(&[])).unwrap_or_default(),
        }
    }
}
