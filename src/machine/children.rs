//! `workflow_call`: a step that another run carries out.

use std::time::Duration;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::draft::{self, CancelReason};
use super::io::{Caller, ChildCall, ChildEnd, Failure, Order, Outcome, StepError};
use super::state::Machine;
use super::turn::Turn;
use super::work::ChildWork;
use crate::domain::{FailureCode, ParentStep, RunId, RunStatus, StepStatus, StopMode, WorkflowId};

/// The run that carries out an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Child {
    pub(super) run: RunId,
    pub(super) workflow: WorkflowId,
    /// Whether it waits for nothing but a person.
    pub(super) waits: bool,
}

impl Child {
    /// What the beginning of an attempt says of its child.
    pub(super) fn of(data: &Value) -> Option<Self> {
        let text = |field| data.get(field).and_then(Value::as_str);
        let workflow = WorkflowId::new(text("child_workflow_id")?);
        Some(Self { run: RunId::new(text("child_run_id")?), workflow, waits: false })
    }
}

impl Machine {
    /// What a run hands to the run that called it: the result of its last step, or, where several
    /// steps have none after them, an object of their results by step id. Empty before it completed.
    pub fn output(&self) -> Value {
        let mut outputs = self.outputs();
        match outputs.len() {
            1 => outputs.remove(0).1,
            _ => Value::Object(outputs.into_iter().collect()),
        }
    }

    /// The results of the steps that no other step waits for, in the author's order.
    pub(super) fn outputs(&self) -> Vec<(String, Value)> {
        let last = (0..self.plan.len()).filter(|step| self.plan.dependants(*step).is_empty());
        last.filter_map(|step| Some((self.id(step).to_string(), self.steps[step].result.clone()?))).collect()
    }

    /// How the run ended, as the run that called it is told; `None` while it is live.
    pub fn end(&self) -> Option<ChildEnd> {
        if !self.status.is_terminal() {
            return None;
        }
        let output =
            if self.status == RunStatus::Completed { self.output() } else { Value::Object(Map::new()) };
        Some(ChildEnd { status: self.status.clone(), output, failure: self.failure.clone() })
    }

    /// The attempt that called the run, of a child run.
    pub fn caller(&self) -> Option<&Caller> {
        self.run.caller.as_ref()
    }

    /// The child run that a step waits for.
    pub(super) fn child(&self, step: usize) -> Option<&Child> {
        let state = &self.steps[step];
        state.child.as_ref().filter(|_| state.status == StepStatus::Running)
    }

    /// The child of an attempt that is about to begin.
    pub(super) fn new_child(&self, step: usize, attempt: u32, work: &ChildWork) -> Child {
        let name = format!("{}/{}/{attempt}", self.run.id, self.id(step));
        let run = RunId::from(Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes()).to_string());
        Child { run, workflow: work.workflow.clone(), waits: false }
    }
}

impl Turn<'_> {
    /// Orders the child of the attempt under way, with the step's whole time limit from now on.
    pub(super) fn call_child(&mut self, step: usize, work: ChildWork) {
        let Some(child) = self.machine.steps[step].child.clone() else { return };
        let parent = ParentStep {
            workflow_id: self.machine.run.workflow_id.clone(),
            run_id: self.machine.run.id.clone(),
            step_id: self.named(step).id,
        };
        let attempt = self.machine.steps[step].attempt;
        self.order(Order::StartChild(Box::new(ChildCall {
            run: child.run,
            workflow: child.workflow,
            input: work.input,
            principal: self.machine.run.principal.clone(),
            caller: Caller { parent, step: self.id(step), attempt },
            is_awaited: work.is_awaited,
        })));
        self.arm_timeout(step);
    }

    /// Stops working on the attempt under way.
    pub(super) fn call_off(&mut self, step: usize) {
        let order = match self.machine.child(step) {
            Some(child) => Order::StopChild { run: child.run.clone(), mode: StopMode::Immediate },
            None => Order::Cancel { step: self.id(step), attempt: self.machine.steps[step].attempt },
        };
        self.order(order);
    }

    /// A graceful stop winds the children down as well.
    pub(super) fn drain_children(&mut self) {
        for step in self.in_flight() {
            if let Some(child) = self.machine.child(step) {
                self.order(Order::StopChild { run: child.run.clone(), mode: StopMode::Graceful });
            }
        }
    }

    pub(super) fn note_wait(&mut self, step: usize, waits: bool) {
        if let Some(child) = self.machine.child(step).filter(|child| child.waits != waits) {
            self.emit(draft::child_waiting(&self.named(step), &child.run.clone(), waits));
        }
    }

    /// The child has ended, and its attempt with it. One that this run's own graceful stop ended has
    /// not failed.
    pub(super) fn take_child(&mut self, step: usize, end: ChildEnd, took: Duration) {
        if end.status == RunStatus::Stopped && self.is(&RunStatus::Draining) {
            self.disarm_timeout(step);
            self.emit(draft::step_cancelled(&self.named(step), CancelReason::RunStopped, None));
            return self.block_rest(step);
        }
        let Some(child) = self.machine.child(step) else { return };
        let outcome = outcome(child, end);
        self.end_attempt(step, outcome, took);
    }
}

/// What a child's end means for the attempt. A child that somebody stopped is not tried again.
fn outcome(child: &Child, end: ChildEnd) -> Outcome {
    let Child { run, workflow, .. } = child;
    if end.status == RunStatus::Completed {
        let status = end.status.as_str();
        return Outcome::Done(json!({"child_run_id": run, "status": status, "output": end.output}));
    }
    let unsaid =
        || Failure { code: FailureCode::UpstreamError, error: String::new(), details: None, step: None };
    let Failure { code, error, details, .. } = end.failure.unwrap_or_else(unsaid);
    let why = if error.is_empty() { String::new() } else { format!(": {error}") };
    let message = format!("the child run `{run}` of the workflow `{workflow}` ended {}{why}", end.status);
    let retryable = end.status == RunStatus::Failed;
    // What lacks, lacks in the child's step, and its name stays with it.
    Outcome::Failed(StepError { details: details.map(Box::new), ..StepError::new(code, message, retryable) })
}
