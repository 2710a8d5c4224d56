//! Runs that call runs. What one of them means for another is done in the same transaction, so
//! that a crash neither doubles a child nor loses its end.

use super::batch::{Batch, Unmoved};
use super::steer::Launch;
use crate::domain::clock::age;
use crate::domain::{FailureCode, RunId, StopMode};
use crate::machine::{ChildCall, Input, Order, Outcome, StepError};
use crate::server::db::{children, runs, workflows};
use crate::server::engine::EngineError;

/// How a run was started that another run called.
const TRIGGER: &str = "workflow_call";

/// How many runs may call each other in a row.
const MAX_DEPTH: usize = 8;

/// What one run means for another.
pub(super) enum Errand {
    /// A run calls another.
    Call(Box<ChildCall>),
    /// A run stops the one it called.
    Stop(RunId, StopMode),
    /// A run that was called has ended, or waits for a person, or ceased to.
    Tell(RunId),
}

impl Batch<'_> {
    /// Takes a run's orders: those about other runs are errands of this transaction, the others are
    /// for after the commit.
    pub(super) fn take_orders(&mut self, run: &RunId, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::StartChild(call) => self.errands.push_back(Errand::Call(call)),
                Order::StopChild { run, mode } => self.errands.push_back(Errand::Stop(run, mode)),
                own => self.after.orders.push((run.clone(), own)),
            }
        }
    }

    /// Does the errands, and those that come of them.
    pub(super) fn run_errands(&mut self) -> Result<(), EngineError> {
        while let Some(errand) = self.errands.pop_front() {
            match errand {
                Errand::Call(call) => self.call(*call)?,
                Errand::Stop(run, mode) => {
                    // One that has ended, or is stopping already, is no less stopped.
                    self.drive(&run, Input::StopWithParent(mode))?;
                }
                Errand::Tell(child) => self.tell_parent(&child)?,
            }
        }
        Ok(())
    }

    /// Starts a child, unless there is one.
    fn call(&mut self, call: ChildCall) -> Result<(), EngineError> {
        let (parent, step, attempt) =
            (call.caller.parent.run_id.clone(), call.caller.step.clone(), call.caller.attempt);
        let (child, is_awaited) = (call.run.clone(), call.is_awaited);
        if runs::find(self.db, &child)?.is_some() {
            // The parent was taken up again; it is told how the child stands.
            self.errands.push_back(Errand::Tell(child.clone()));
        } else if let Err(refusal) = self.start_child(call)? {
            let code = FailureCode::parse("VALIDATION_ERROR");
            let outcome = Outcome::Failed(StepError::lasting(code, refusal));
            let input = Input::Finished { step, attempt, outcome, took: Default::default() };
            self.drive(&parent, input)?;
            return Ok(());
        }
        if !is_awaited {
            let result = serde_json::json!({"child_run_id": child, "status": "running"});
            let outcome = Outcome::Done(result);
            self.drive(&parent, Input::Finished { step, attempt, outcome, took: Default::default() })?;
        }
        Ok(())
    }

    /// Starts a child; the inner error says why it cannot be.
    fn start_child(&mut self, call: ChildCall) -> Result<Result<(), String>, EngineError> {
        let ChildCall { run, workflow, input, principal, caller, .. } = call;
        let step = &caller.parent.step_id;
        let refuse = |why: String| Ok(Err(format!("step `{step}` cannot run `{workflow}`: {why}")));
        let lineage = children::lineage(self.db, &caller.parent.run_id)?;
        if lineage.contains(&workflow) {
            let line: Vec<_> = lineage.iter().rev().chain([&workflow]).map(|id| format!("`{id}`")).collect();
            return refuse(format!(
                "a workflow may not call itself, directly or through others ({})",
                line.join(" → ")
            ));
        }
        if lineage.len() >= MAX_DEPTH {
            return refuse(format!(
                "it would be the run number {} in a row, {MAX_DEPTH} are allowed",
                lineage.len() + 1
            ));
        }
        let Some(found) = workflows::startable(self.db, &workflow)? else {
            return refuse("there is no such workflow; correct the step's `workflow_id`".into());
        };
        let launch = Launch {
            id: run,
            workflow: workflow.clone(),
            input,
            trigger_type: TRIGGER.into(),
            excluded: Vec::new(),
            trigger_steps: Default::default(),
            principal,
            caller: Some(caller.clone()),
        };
        match self.launch_latest(found, launch) {
            Ok(_) => Ok(Ok(())),
            Err(error @ EngineError::Storage(_)) => Err(error),
            Err(refusal) => refuse(refusal.to_string()),
        }
    }

    /// Tells the run that called it how a child stands.
    fn tell_parent(&mut self, child: &RunId) -> Result<(), EngineError> {
        self.after.driven.insert(child.clone());
        let now = self.now;
        let Some(live) = self.fleet.load(self.db, child)? else { return Ok(()) };
        let Some(caller) = live.machine.caller().cloned() else { return Ok(()) };
        let took = live.run.started_at.map(|start| age(start, now)).unwrap_or_default();
        let (step, attempt) = (caller.step, caller.attempt);
        let waits = live.machine.phase().is_some();
        let input = match live.machine.end() {
            Some(end) => Input::ChildEnded { step, attempt, end, took },
            None => Input::ChildWaits { step, attempt, waits },
        };
        let parent = caller.parent.run_id;
        if let Some(Err(Unmoved::Broken(run))) = self.drive(&parent, input)? {
            tracing::error!(%run, %child, "a run could not take the end of its child; it will when it is taken up again");
        }
        Ok(())
    }
}
