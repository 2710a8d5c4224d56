//! Requests about runs.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::batch::{Batch, Unmoved};
use super::bound::bound;
use super::catalog::archived;
use crate::domain::input::admit;
use crate::domain::{
    EventKind, FailureCode, Graph, Principal, Run, RunId, RunStatus, StepId, TaskId, Timestamp, WorkflowId,
};
use crate::machine::{Caller, Input, Machine, Reaction, Refusal, StartInput};
use crate::server::db::workflows::Startable;
use crate::server::db::{DbError, children, log, runs, workflows};
use crate::server::engine::EngineError;
use crate::server::engine::fleet::Live;
use crate::server::engine::guard::guarded;
use crate::server::engine::request::{Control, Report};
use crate::wire::{Decision, StartRun};

/// A run to start, whoever asked for it.
pub(super) struct Launch {
    pub(super) id: RunId,
    pub(super) workflow: WorkflowId,
    pub(super) input: Value,
    pub(super) trigger_type: Box<str>,
    pub(super) excluded: Vec<StepId>,
    pub(super) trigger_steps: Map<String, Value>,
    pub(super) principal: Principal,
    pub(super) caller: Option<Caller>,
}

impl Launch {
    fn into_input(self, version: u64, graph: Arc<Graph>, connection: Map<String, Value>) -> StartInput {
        StartInput {
            run_id: self.id,
            workflow_id: self.workflow,
            version,
            graph,
            input: self.input,
            trigger_type: self.trigger_type,
            excluded: self.excluded,
            trigger_steps: self.trigger_steps,
            principal: self.principal,
            caller: self.caller,
            connection,
        }
    }
}

impl Batch<'_> {
    pub(super) fn start(&mut self, start: StartRun) -> Result<Run, EngineError> {
        let workflow = workflows::startable(self.db, &start.workflow)?
            .ok_or_else(|| EngineError::missing("workflow", &start.workflow))?;
        if let Some(existing) = self.existing(&start)? {
            return accepted(existing);
        }
        let launch = Launch {
            id: start.run_id.unwrap_or_else(|| RunId::from(uuid::Uuid::new_v4().to_string())),
            workflow: start.workflow,
            input: start.input,
            trigger_type: start.trigger_type,
            excluded: start.excluded,
            trigger_steps: start.trigger_steps,
            principal: start.principal.map(|principal| *principal).unwrap_or_default(),
            caller: None,
        };
        accepted(self.launch_latest(workflow, launch)?)
    }

    /// Starts a run of a workflow's latest version.
    pub(super) fn launch_latest(
        &mut self,
        workflow: Startable,
        mut launch: Launch,
    ) -> Result<Run, EngineError> {
        if workflow.archived {
            return Err(archived(&launch.workflow));
        }
        let version = workflow.latest_version.ok_or_else(|| unpublished(&launch.workflow))?;
        let graph = self.fleet.graph(self.db, &launch.workflow, version)?;
        need_steps(&graph, &launch)?;
        let mut run = Run::new(launch.id.clone(), launch.workflow.clone(), RunStatus::Pending);
        run.workflow_name = Some(workflow.name);
        run.version = Some(version);
        run.started_at = Some(self.now);
        run.trigger = Some(launch.trigger_type.clone());
        run.parent = launch.caller.as_ref().map(|caller| Box::new(caller.parent.clone()));
        launch.input = admit(graph.input_schema.as_ref(), launch.input).map_err(EngineError::Input)?;
        let input = launch.input.clone();
        let poor = self.too_poor(&graph)?;
        let connection = bound(self.db, &launch.workflow, &graph)?;
        let start = Box::new(launch.into_input(version, graph, connection));
        let (live, reaction) = self.begin(
            run,
            match poor {
                None => Input::Start(start),
                Some(error) => Input::Reject { start, error },
            },
        )?;
        let written = live.run.clone();
        runs::put(self.db, &written)?;
        runs::put_input(self.db, &written.id, &input)?;
        if let Some(parent) = &written.parent {
            children::insert(self.db, &written.id, parent)?;
        }
        let live = self.launch(live, reaction)?.ok_or_else(|| EngineError::missing("run", &written.id))?;
        // The row is written; what may be missing are tasks, and what a step that could not be paid
        // changed. Later inputs say so themselves.
        live.is_stale = live.run != written || !live.machine.pending_tasks().is_empty();
        Ok(live.run.clone())
    }

    /// Lets a run's machine begin; nothing is recorded yet.
    fn begin(&self, run: Run, input: Input) -> Result<(Live, Reaction), EngineError> {
        let id = run.id.clone();
        let started = guarded(|| {
            let mut machine = Machine::default();
            let reaction = machine.handle(input, self.now)?;
            let mut live = Live::begun(machine, run);
            live.follow(&reaction, self.now);
            Ok((live, reaction))
        });
        Ok(started.ok_or(Unmoved::Broken(id))?.map_err(Unmoved::Refused)?)
    }

    pub(super) fn control(
        &mut self,
        workflow: &WorkflowId,
        run: &RunId,
        control: Control,
    ) -> Result<Run, EngineError> {
        self.need_run(workflow, run)?;
        self.drive(run, control.into())?.transpose()?;
        self.shown(run)
    }

    pub(super) fn decide(&mut self, decision: Decision) -> Result<(), EngineError> {
        let Decision { workflow, run, task, created_at, shown: _, approved, result } = decision;
        self.need_run(&workflow, &run)?;
        self.need_same_task(&run, &task, created_at)?;
        let input = Input::Decide { task: task.clone(), approved, result };
        match self.drive(&run, input)?.transpose() {
            Ok(_) => Ok(()),
            Err(Unmoved::Refused(refusal)) => Err(self.undecided(&run, &task, &refusal)?),
            Err(broken) => Err(broken.into()),
        }
    }

    pub(super) fn report(&mut self, report: Report) -> Result<(), EngineError> {
        let Report { run, input } = report.clone();
        self.after.reports.push(report);
        // What comes late for an ended run changes nothing; its log is not read for that.
        if self.fleet.get(&run).is_some() || runs::find(self.db, &run)?.is_some_and(|run| is_live(&run)) {
            self.drive(&run, input)?;
        }
        Ok(())
    }

    /// The run that a repeated start means. Its input is compared as that run took it: with the
    /// defaults of the version that it executes.
    fn existing(&mut self, start: &StartRun) -> Result<Option<Run>, EngineError> {
        let Some(id) = &start.run_id else { return Ok(None) };
        let Some(run) = runs::find(self.db, id)? else { return Ok(None) };
        if run.workflow_id == start.workflow {
            let graph = self.fleet.graph(self.db, &start.workflow, run.version.unwrap_or(0))?;
            let given = admit(graph.input_schema.as_ref(), start.input.clone());
            if given == Ok(runs::input(self.db, id)?) {
                return Ok(Some(run));
            }
        }
        let text = format!("the run id `{id}` belongs to another start; use a new id, or leave it out");
        Err(EngineError::Conflict(text))
    }

    fn need_run(&mut self, workflow: &WorkflowId, run: &RunId) -> Result<(), EngineError> {
        self.after.driven.insert(run.clone());
        let live = self.fleet.load(self.db, run)?;
        match live.filter(|live| live.run.workflow_id == *workflow) {
            Some(_) => Ok(()),
            None => Err(EngineError::missing("run", run)),
        }
    }

    /// The run as it now stands, with its workflow's present name.
    fn shown(&mut self, id: &RunId) -> Result<Run, EngineError> {
        let live = self.fleet.get(id).ok_or_else(|| EngineError::missing("run", id))?;
        let mut run = live.run.clone();
        run.workflow_name = workflows::startable(self.db, &run.workflow_id)?.map(|workflow| workflow.name);
        Ok(run)
    }

    /// Refuses a decision on a task that was asked again since the person saw it.
    fn need_same_task(
        &mut self,
        run: &RunId,
        task: &TaskId,
        seen: Option<Timestamp>,
    ) -> Result<(), EngineError> {
        let pending = self.fleet.get(run).map(|live| live.machine.pending_tasks()).unwrap_or_default();
        let asked = pending.iter().find(|pending| pending.task_id == *task).and_then(|task| task.created_at);
        match (asked, seen) {
            (Some(asked), Some(seen)) if asked != seen => Err(EngineError::Conflict(format!(
                "the task `{task}` was asked again at {asked}; look at it again before you decide"
            ))),
            _ => Ok(()),
        }
    }

    /// Why a decision was not taken. Of an ended run the log tells whether the task was decided.
    fn undecided(&self, run: &RunId, task: &TaskId, refusal: &Refusal) -> Result<EngineError, DbError> {
        if let Refusal::NotPending { decision: "never asked", .. } = refusal {
            return Ok(EngineError::missing("task", task));
        }
        if !matches!(refusal, Refusal::Ended(_)) {
            return Ok(EngineError::Conflict(refusal.to_string()));
        }
        let events = log::of_run(self.db, run, 0, u32::MAX)?;
        let about = |event: &&crate::domain::RunEvent| event.text("task_id") == Some(task.as_str());
        Ok(match events.iter().rev().find(about) {
            None => EngineError::missing("task", task),
            Some(event) if event.kind == EventKind::HumanTaskCompleted => {
                let approved = event.data.get("approved").and_then(Value::as_bool);
                let decision = if approved == Some(true) { "approved" } else { "rejected" };
                EngineError::Conflict(Refusal::NotPending { task: task.clone(), decision }.to_string())
            }
            Some(_) => EngineError::Conflict(refusal.to_string()),
        })
    }
}

/// The run, unless it was refused for lack of credits, which its caller must not take for a start.
fn accepted(run: Run) -> Result<Run, EngineError> {
    let is_broke = run.failure_code == Some(FailureCode::InsufficientCredits);
    if run.status != RunStatus::Rejected || !is_broke {
        return Ok(run);
    }
    let message = run.error.map(String::from).unwrap_or_default();
    Err(EngineError::InsufficientCredits { run: run.id, message })
}

fn is_live(run: &Run) -> bool {
    !run.status.is_terminal()
}

/// Refuses to leave out or to let in what is not there: the step that was meant would run, or not.
fn need_steps(graph: &Graph, start: &Launch) -> Result<(), EngineError> {
    let lacks = |id: &str| !graph.steps.iter().any(|step| step.id.as_str() == id);
    let excluded = start.excluded.iter().map(StepId::as_str).find(|id| lacks(id));
    let granted = start.trigger_steps.keys().map(String::as_str).find(|id| lacks(id));
    let problem = match (excluded, granted) {
        (Some(id), _) => format!("there is no step `{id}` to leave out; check excluded_step_ids"),
        (None, Some(id)) => format!("there is no step `{id}` to let in; check trigger_steps"),
        (None, None) => return Ok(()),
    };
    Err(EngineError::Invalid(problem))
}

fn unpublished(workflow: &WorkflowId) -> EngineError {
    EngineError::Invalid(format!("the workflow `{workflow}` has no published version; publish it first"))
}
