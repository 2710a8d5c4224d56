//! Events to state: the only code that changes a machine.
//!
//! It is total: events about unknown steps, of unknown kinds or without their fields change
//! nothing that they do not name.

use std::sync::Arc;

use serde_json::{Value, json};

use super::children::Child;
use super::draft::Stopper;
use super::io::{Caller, Failure};
use super::state::{Fate, Machine, Progression, Task};
use crate::domain::{
    Drain, EventKind, FailureCode, Graph, ParentStep, Principal, RunEvent, RunId, RunStatus, SkipReason,
    StepId, StepKind, StepStatus, TaskId, Timestamp, WorkflowId,
};

impl Machine {
    /// The state that a run's log describes, given the graph of the version it executes.
    ///
    /// The events must be in order and must carry the instants that were given to
    /// [`handle`](Machine::handle) with the inputs they answer.
    pub fn replay<'a>(graph: Arc<Graph>, events: impl IntoIterator<Item = &'a RunEvent>) -> Self {
        let mut events = events.into_iter().peekable();
        let run_id = events.peek().map_or_else(|| RunId::new(""), |event| event.run_id.clone());
        let mut machine = Self::new(run_id, graph);
        for event in events {
            machine.apply(&event.kind, &event.data, event.at.unwrap_or_default());
        }
        machine
    }

    /// Folds one event.
    pub(super) fn apply(&mut self, kind: &EventKind, data: &Value, at: Timestamp) {
        match kind {
            EventKind::RunStarted => self.fold_start(data, at),
            EventKind::StateChanged => self.fold_state(data, at),
            EventKind::RunFailed | EventKind::RunStopped => self.fold_failure(data),
            EventKind::RunRejected => {
                self.fold_origin(data);
                self.fold_failure(data);
            }
            EventKind::StepStarted
            | EventKind::StepCompleted
            | EventKind::StepFailed
            | EventKind::StepCancelled
            | EventKind::StepRetrying
            | EventKind::HumanTaskCreated
            | EventKind::HumanTaskCompleted
            | EventKind::AgentTurnLimitReached
            | EventKind::ChildWaiting => self.fold_step(kind, data, at),
            // Uncertainty becomes state by the task that is created right after it.
            EventKind::StepUncertain
            | EventKind::AgentTurnStatus
            | EventKind::AgentTurnToolRound
            | EventKind::GraphUpdated
            | EventKind::RunCompleted
            | EventKind::RunPaused
            | EventKind::RunCancelled
            | EventKind::Unknown(_) => {}
        }
    }

    fn fold_start(&mut self, data: &Value, at: Timestamp) {
        self.status = RunStatus::Running;
        self.fold_origin(data);
        self.run.input = data.get("input").cloned().unwrap_or_default();
        self.run.connection = data.get("connection").cloned().unwrap_or_else(|| json!({}));
        self.run.shown = json!({
            "run_id": self.run.id.as_str(),
            "trigger_type": text(data, "trigger_type"),
            "started_at": at.to_string(),
        });
        for (name, value) in self.run.principal.all() {
            self.run.shown[name] = value.into();
        }
        let excluded = data.get("excluded_step_ids").and_then(Value::as_array);
        for id in excluded.into_iter().flatten().filter_map(Value::as_str) {
            if let Some(step) = self.plan.find(id) {
                self.steps[step].switched_off = true;
            }
        }
        self.fold_grants(data.get("trigger_steps").and_then(Value::as_object));
        let is_ready = |step: &usize| self.steps[*step].waits == 0 && self.is_in_scope(*step);
        self.ready = (0..self.steps.len()).filter(is_ready).collect();
    }

    /// Whose the run is, and what called it.
    fn fold_origin(&mut self, data: &Value) {
        self.run.workflow_id = WorkflowId::new(text(data, "workflow_id"));
        self.run.principal = Principal::read(|name| data.get(name).and_then(Value::as_str));
        self.run.caller = data.get("parent_call").and_then(Value::as_str).map(|call| Caller {
            parent: ParentStep {
                workflow_id: WorkflowId::new(text(data, "parent_workflow_id")),
                run_id: RunId::new(text(data, "parent_run_id")),
                step_id: StepId::new(text(data, "parent_step_id")),
            },
            step: StepId::new(call),
            attempt: data.get("parent_attempt").and_then(Value::as_u64).map_or(1, |n| n as u32),
        });
    }

    fn fold_state(&mut self, data: &Value, at: Timestamp) {
        self.status = RunStatus::parse(text(data, "to"));
        let is_paused = self.status == RunStatus::Paused;
        self.pause_reason = if is_paused { text(data, "reason") } else { "" }.into();
        self.drain = None;
        if self.status == RunStatus::Draining {
            let deadline = text(data, "drain_deadline").parse().ok();
            self.drain = deadline.map(|deadline| Drain { since: at, deadline });
            self.drained_by = Stopper::of(text(data, "reason"));
        }
        if self.status == RunStatus::Running {
            let held =
                self.in_flight.iter().map(|(_, step)| *step).filter(|step| self.steps[*step].is_held());
            held.collect::<Vec<_>>().into_iter().for_each(|step| self.fold_resumption(step, at));
        }
    }

    fn fold_failure(&mut self, data: &Value) {
        self.failure = Some(Failure {
            code: FailureCode::parse(text(data, "failure_code")),
            error: text(data, "error").to_owned(),
            details: data.get("details").and_then(Value::as_object).cloned(),
            step: data.get("step_id").and_then(Value::as_str).map(StepId::new),
        });
    }

    fn fold_step(&mut self, kind: &EventKind, data: &Value, at: Timestamp) {
        let Some(step) = self.subject(data) else { return };
        if self.steps[step].status.is_terminal() {
            return;
        }
        match kind {
            EventKind::StepStarted => self.fold_attempt(step, data, at),
            EventKind::StepRetrying => {
                self.withdraw(step);
                self.steps[step].status = StepStatus::Retrying;
                self.steps[step].due = text(data, "next_attempt_at").parse().ok();
            }
            EventKind::HumanTaskCreated => self.fold_task(step, data, at),
            EventKind::HumanTaskCompleted => self.fold_decision(step, data, at),
            EventKind::StepCompleted => self.fold_completion(step, data),
            EventKind::StepFailed => {
                if let Some(lane) = self.lane_mut(step) {
                    lane.error = Some(text(data, "error").into());
                }
                self.fold_end(step, StepStatus::Failed);
            }
            EventKind::StepCancelled => self.fold_end(step, StepStatus::Cancelled),
            EventKind::ChildWaiting => {
                if let Some(child) = &mut self.steps[step].child {
                    child.waits = data.get("waiting").and_then(Value::as_bool) == Some(true);
                }
            }
            EventKind::AgentTurnLimitReached => {
                self.steps[step].status = StepStatus::Waiting;
                self.steps[step].transcript = data.get("transcript").cloned();
            }
            _ => {}
        }
    }

    fn fold_attempt(&mut self, step: usize, data: &Value, at: Timestamp) {
        self.ready.remove(&step);
        let first = self.steps[step].attempt == 0;
        let state = &mut self.steps[step];
        if first {
            state.order = self.begun;
            self.begun += 1;
            self.in_flight.insert((state.order, step));
            self.note_beginning(step);
        }
        let state = &mut self.steps[step];
        state.status = StepStatus::Running;
        state.attempt = data.get("attempt").and_then(Value::as_u64).map_or(state.attempt + 1, |n| n as u32);
        state.began_at = at;
        state.due = None;
        state.input = data.get("input").cloned();
        state.child = Child::of(data);
        state.transcript = None;
        if first {
            self.open_loop(step, data);
        }
    }

    fn note_beginning(&mut self, step: usize) {
        let Some(lane) = self.lane_mut(step) else { return };
        lane.has_begun = true;
        let path = lane.path.clone();
        self.inner_in_flight += 1;
        self.paths.insert(path, step);
    }

    fn fold_task(&mut self, step: usize, data: &Value, at: Timestamp) {
        let id = TaskId::new(text(data, "task_id"));
        self.steps[step].status = StepStatus::Waiting;
        self.steps[step].task = Some(id.clone());
        let payload = data.get("task_payload").cloned().unwrap_or_default();
        let task_type = text(data, "task_type").into();
        self.tasks.insert(id, Task { step, task_type, payload, created_at: at, fate: Fate::Open });
    }

    fn fold_decision(&mut self, step: usize, data: &Value, at: Timestamp) {
        let approved = data.get("approved").and_then(Value::as_bool) == Some(true);
        if let Some(task) = self.tasks.get_mut(text(data, "task_id")) {
            task.fate = if approved { Fate::Approved } else { Fate::Rejected };
        }
        let held = approved && self.status == RunStatus::Paused && !self.is_human(step);
        let state = &mut self.steps[step];
        state.task = None;
        if !held {
            self.fold_resumption(step, at);
        }
    }

    /// A task beside a call asks whether to repeat it; the repetition begins now.
    fn fold_resumption(&mut self, step: usize, at: Timestamp) {
        self.steps[step].status = StepStatus::Running;
        if !self.is_human(step) {
            self.steps[step].began_at = at;
        }
    }

    fn is_human(&self, step: usize) -> bool {
        self.spec(step).kind == StepKind::HumanTask
    }

    fn fold_completion(&mut self, step: usize, data: &Value) {
        if data.get("skipped").and_then(Value::as_bool) == Some(true) {
            let reason = SkipReason::parse(text(data, "reason"));
            let is_cut = reason == SkipReason::Blocked && self.lane(step).is_some();
            let status = if is_cut { StepStatus::Cancelled } else { StepStatus::Skipped(reason) };
            return self.fold_end(step, status);
        }
        if step < self.plan.len() {
            self.fold_outcome(step, data);
        }
        self.steps[step].result = data.get("result").cloned();
        self.fold_end(step, StepStatus::Completed);
    }

    fn fold_end(&mut self, step: usize, status: StepStatus) {
        self.withdraw(step);
        if self.lane(step).is_some() {
            return self.fold_inner_end(step, status);
        }
        self.close_loop(step);
        self.ready.remove(&step);
        let state = &mut self.steps[step];
        self.in_flight.remove(&(state.order, step));
        state.status = status;
        state.transcript = None;
        self.ended += 1;
        for after in self.plan.dependants(step) {
            let is_in_scope = self.episode.as_ref().is_none_or(|episode| episode.holds(*after));
            let Progression { waits, status, .. } = &mut self.steps[*after];
            *waits = waits.saturating_sub(1);
            if *waits == 0 && *status == StepStatus::Pending && is_in_scope {
                self.ready.insert(*after);
            }
        }
    }

    /// Takes back the task a step waits for, if nobody decided it.
    fn withdraw(&mut self, step: usize) {
        let task = self.steps[step].task.take();
        if let Some(task) = task.and_then(|id| self.tasks.get_mut(&id)) {
            task.fate = Fate::Withdrawn;
        }
    }
}

fn text<'v>(data: &'v Value, field: &str) -> &'v str {
    data.get(field).and_then(Value::as_str).unwrap_or_default()
}
