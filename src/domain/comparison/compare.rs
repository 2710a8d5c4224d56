//! Two runs of one workflow against each other.

use std::time::Duration;

use serde_json::Value;

use super::{Change, GraphDiff, ShapeDiff, shape_diff};
use crate::domain::context::{input_of, value_of};
use crate::domain::{Graph, Run, RunHistory, RunId, StepId, StepState, StepStatus, Timestamp, WorkflowId};

/// A step is told of as slower when it took at least this many times as long…
const TIMES: f64 = 2.0;
/// … and at least this much longer.
const LONGER: Duration = Duration::from_secs(1);

/// One of the two runs, as far as it is known.
#[derive(Clone, Copy, Debug)]
pub struct Side<'a> {
    /// The run.
    pub run: &'a Run,
    /// Its log, folded.
    pub history: &'a RunHistory,
    /// The graph that it executes.
    pub graph: Option<&'a Graph>,
    /// Its data; foreign content.
    pub context: Option<&'a Value>,
}

/// What is different. What is not known of one of the two is `None`.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// The workflow of both.
    pub workflow: WorkflowId,
    /// The run that went well.
    pub good: RunId,
    /// When it ended.
    pub good_ended_at: Option<Timestamp>,
    /// The version of the run that failed, and of the one that went well.
    pub versions: (Option<u64>, Option<u64>),
    /// What the graph of the run that failed changes.
    pub graph: Option<GraphDiff>,
    /// Where the inputs have different shapes.
    pub input: Option<Vec<ShapeDiff>>,
    /// How long each step took, in the order in which they began.
    pub paces: Vec<Pace>,
    /// The first step at which the runs part.
    pub first: Option<Parting>,
}

/// How long a step took in both runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pace {
    /// The step.
    pub step: StepId,
    /// In the run that failed; none where it did not run.
    pub here: Option<Duration>,
    /// In the run that went well.
    pub there: Option<Duration>,
}

/// A step at which two runs part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// The step.
    pub step: StepId,
    /// What is different about it.
    pub how: How,
}

/// What is different about a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// The other run had no such step.
    New,
    /// The graph defines it differently, in these fields.
    Defined(Vec<Box<str>>),
    /// It was given something of another shape.
    Input(Vec<ShapeDiff>),
    /// It came to another end: here, and there.
    Ended(StepStatus, StepStatus),
    /// It gave something of another shape.
    Result(Vec<ShapeDiff>),
}

impl Pace {
    /// How many times as long it took here; none where one of the two is not known or took no time.
    pub fn ratio(&self) -> Option<f64> {
        let (here, there) = (self.here?.as_secs_f64(), self.there?.as_secs_f64());
        (there > 0.0).then(|| here / there)
    }

    /// Whether it took so much longer that it is worth a look.
    pub fn is_slower(&self) -> bool {
        let longer = self.here.zip(self.there).is_some_and(|(here, there)| here >= there + LONGER);
        longer && self.ratio().is_none_or(|ratio| ratio >= TIMES)
    }
}

impl Comparison {
    /// Compares a run with one that went well.
    pub fn of(here: Side<'_>, good: Side<'_>) -> Self {
        let graph = here.graph.zip(good.graph).map(|(own, other)| GraphDiff::between(other, own));
        let inputs = input_of(here.history, here.context).zip(input_of(good.history, good.context));
        Self {
            workflow: here.run.workflow_id.clone(),
            good: good.run.id.clone(),
            good_ended_at: good.run.ended_at,
            versions: (here.run.version, good.run.version),
            input: inputs.map(|(own, other)| shape_diff(own, other)),
            paces: paces(here.history, good.history),
            first: first(here, good, graph.as_ref()),
            graph,
        }
    }

    /// Whether anything differs that may explain why one failed: more than that it did.
    pub fn tells(&self) -> bool {
        let parted = |first: &Parting| !matches!(first.how, How::Ended(..));
        self.graph.as_ref().is_some_and(|diff| !diff.is_empty())
            || self.input.as_ref().is_some_and(|diff| !diff.is_empty())
            || self.paces.iter().any(Pace::is_slower)
            || self.first.as_ref().is_some_and(parted)
    }
}

fn top(history: &RunHistory) -> impl Iterator<Item = (&StepId, &StepState)> {
    history.steps().filter(|(id, _)| id.parent().is_none())
}

fn paces(here: &RunHistory, there: &RunHistory) -> Vec<Pace> {
    let took = |history: &RunHistory, id: &StepId| {
        let step = history.step(id)?;
        step.elapsed(step.ended_at?)
    };
    let own = top(here).map(|(id, _)| id);
    let others = top(there).map(|(id, _)| id).filter(|id| here.step(id).is_none());
    let pace = |id: &StepId| Pace { step: id.clone(), here: took(here, id), there: took(there, id) };
    own.chain(others).map(pace).filter(|pace| pace.here.is_some() || pace.there.is_some()).collect()
}

/// The first step, in the order in which they began, that is not as it was.
fn first(here: Side<'_>, good: Side<'_>, graph: Option<&GraphDiff>) -> Option<Parting> {
    top(here.history).find_map(|(id, state)| {
        let how = parting(here, good, id, state, graph)?;
        Some(Parting { step: id.clone(), how })
    })
}

fn parting(
    here: Side<'_>,
    good: Side<'_>,
    id: &StepId,
    state: &StepState,
    graph: Option<&GraphDiff>,
) -> Option<How> {
    if let Some(Change::Changed(fields)) = graph.and_then(|graph| graph.of(id)) {
        return Some(How::Defined(fields.clone()));
    }
    let Some(other) = good.history.step(id) else { return Some(How::New) };
    let shapes = |field: &str| {
        let own = value_of(here.history, here.context, id, field)?;
        let other = value_of(good.history, good.context, id, field)?;
        Some(shape_diff(own, other)).filter(|diff| !diff.is_empty())
    };
    if let Some(diff) = shapes("input") {
        return Some(How::Input(diff));
    }
    if state.status != other.status {
        return Some(How::Ended(state.status.clone(), other.status.clone()));
    }
    shapes("result").map(How::Result)
}
