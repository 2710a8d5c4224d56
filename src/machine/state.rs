//! What a machine remembers of its run.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde_json::Value;

use super::children::Child;
use super::draft::{Named, Stopper};
use super::episode::Episode;
use super::io::{Caller, Failure};
use super::loops::{Lane, LoopState};
use super::plan::Plan;
use crate::domain::{
    Drain, Graph, Principal, RunId, RunStatus, StepId, StepSpec, StepStatus, TaskId, Timestamp, WorkflowId,
};

/// A run, as the fold of its events.
///
/// [`Machine::default`] has no run; [`Input::Start`](super::Input::Start) gives it one.
#[derive(Clone, Debug, PartialEq)]
pub struct Machine {
    pub(super) plan: Plan,
    pub(super) run: Facts,
    pub(super) status: RunStatus,
    /// The steps of the graph, then the iterations of loops.
    pub(super) steps: Vec<Progression>,
    /// The iterations; the first has the number after the last step of the graph.
    pub(super) lanes: Vec<Lane>,
    /// The loops that began and have not ended.
    pub(super) loops: BTreeMap<usize, LoopState>,
    /// The iterations by the path of the inner step that is in flight.
    pub(super) paths: HashMap<StepId, usize>,
    /// Pending steps that nothing stands before, in the author's order.
    pub(super) ready: BTreeSet<usize>,
    /// Steps that began and have not ended, in the order in which they first began.
    pub(super) in_flight: BTreeSet<(u64, usize)>,
    /// How many of them are iterations.
    pub(super) inner_in_flight: usize,
    /// How many steps began so far, inner ones too.
    pub(super) begun: u64,
    /// How many steps of the graph ended so far.
    pub(super) ended: usize,
    pub(super) tasks: HashMap<TaskId, Task>,
    pub(super) failure: Option<Failure>,
    /// Of a graph with gated steps.
    pub(super) episode: Option<Episode>,
    /// Why the run is paused, while it is.
    pub(super) pause_reason: Box<str>,
    /// The graceful stop, while it is under way.
    pub(super) drain: Option<Drain>,
    /// On whose word it stops gracefully.
    pub(super) drained_by: Stopper,
}

/// What a run is.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Facts {
    pub(super) id: RunId,
    pub(super) workflow_id: WorkflowId,
    pub(super) input: Value,
    /// What templates and scripts see as `run`.
    pub(super) shown: Value,
    /// What templates and scripts see as `connection`.
    pub(super) connection: Value,
    pub(super) principal: Principal,
    pub(super) caller: Option<Caller>,
}

/// How far a step has come.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Progression {
    pub(super) status: StepStatus,
    /// Steps before it that have not ended.
    pub(super) waits: u32,
    /// Left out of this run, or switched off in the graph.
    pub(super) switched_off: bool,
    /// Its place in the order of first beginnings.
    pub(super) order: u64,
    /// The attempt under way, or the last one; 0 before the first.
    pub(super) attempt: u32,
    /// When that attempt began.
    pub(super) began_at: Timestamp,
    /// When the next attempt is due, between attempts.
    pub(super) due: Option<Timestamp>,
    /// The task a person is asked to decide.
    pub(super) task: Option<TaskId>,
    /// The run that carries out that attempt.
    pub(super) child: Option<Child>,
    pub(super) input: Option<Value>,
    pub(super) result: Option<Value>,
    /// Where an agent came to when it used up its rounds.
    pub(super) transcript: Option<Value>,
}

impl Progression {
    /// Whether it goes on when the run is resumed: a person has approved to repeat its call while the
    /// run was paused, or an agent has used up its rounds.
    pub(super) fn is_held(&self) -> bool {
        self.status == StepStatus::Waiting && self.task.is_none()
    }
}

/// A task that a person was asked to decide.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Task {
    pub(super) step: usize,
    pub(super) task_type: Box<str>,
    pub(super) payload: Value,
    pub(super) created_at: Timestamp,
    pub(super) fate: Fate,
}

/// What became of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Open,
    Approved,
    Rejected,
    /// Its step ended or tried again without a decision.
    Withdrawn,
}

impl Fate {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Open => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl Default for Machine {
    fn default() -> Self {
        Self::new(RunId::new(""), Arc::default())
    }
}

impl Machine {
    /// A machine for a run that has no events yet.
    pub(super) fn new(run_id: RunId, graph: Arc<Graph>) -> Self {
        let plan = Plan::new(graph);
        let steps: Vec<Progression> = (0..plan.len())
            .map(|step| Progression {
                waits: plan.waits(step),
                switched_off: !plan.spec(step).enabled,
                ..Progression::default()
            })
            .collect();
        let episode = plan.has_gates().then(Episode::default);
        let facts = Facts {
            id: run_id,
            workflow_id: WorkflowId::new(""),
            input: Value::Null,
            shown: Value::Null,
            connection: Value::Null,
            principal: Principal::default(),
            caller: None,
        };
        Self {
            plan,
            run: facts,
            status: RunStatus::Pending,
            steps,
            lanes: Vec::new(),
            loops: BTreeMap::new(),
            paths: HashMap::new(),
            ready: BTreeSet::new(),
            in_flight: BTreeSet::new(),
            inner_in_flight: 0,
            begun: 0,
            ended: 0,
            tasks: HashMap::new(),
            failure: None,
            episode,
            pause_reason: "".into(),
            drain: None,
            drained_by: Stopper::Operator,
        }
    }

    /// What a step does; of an iteration, the inner step it has come to.
    pub(super) fn spec(&self, step: usize) -> &StepSpec {
        self.lane(step).map_or_else(|| self.plan.spec(step), Lane::spec)
    }

    /// The name of a step within the run; orders and tasks use it.
    pub(super) fn id(&self, step: usize) -> &StepId {
        self.lane(step).map_or_else(|| &self.plan.spec(step).id, |lane| &lane.path)
    }

    /// What events call a step.
    pub(super) fn named(&self, step: usize) -> Named {
        match self.lane(step) {
            None => Named { id: self.plan.spec(step).id.clone(), iteration: None },
            Some(lane) => Named { id: lane.public_id().clone(), iteration: Some(lane.iteration) },
        }
    }

    /// What events call an inner step of an iteration.
    pub(super) fn name_in(&self, lane: &Lane, place: usize) -> Named {
        Named { id: lane.body.ids[place].clone(), iteration: Some(lane.iteration) }
    }

    /// The step of that name, or the iteration whose inner step of that name is in flight.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.plan.find(id).or_else(|| self.paths.get(id).copied())
    }

    /// Whether a step is a loop under way.
    pub(super) fn is_loop(&self, step: usize) -> bool {
        self.loops.contains_key(&step)
    }

    /// How many steps of the graph are in flight.
    pub(super) fn own_in_flight(&self) -> usize {
        self.in_flight.len() - self.inner_in_flight
    }
}
