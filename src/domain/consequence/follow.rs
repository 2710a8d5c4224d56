//! Which steps follow a decision.

use std::collections::{HashSet, VecDeque};

use serde_json::{Map, Value};

use super::Open;
use super::arguments::{self, After};
use crate::domain::{Graph, RunHistory, StepId, StepKind, StepSpec, StepStatus};

/// How many steps are named in a sentence before the rest is counted.
const NAMED: usize = 3;
/// Of so many steps the arguments are told.
const TOLD: usize = 5;

/// What a person decides on, and what is known of its run.
#[derive(Clone, Copy, Debug)]
pub struct Decided<'a> {
    /// The graph that the run executes.
    pub graph: &'a Graph,
    /// Its log, folded.
    pub history: &'a RunHistory,
    /// Its data as they were fetched; foreign content.
    pub context: Option<&'a Value>,
    /// The step that asks.
    pub step: &'a StepId,
}

/// What follows.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Consequence {
    /// The steps that wait for the decision and start when it is an approval, in the graph's order.
    pub next: Vec<Next>,
    /// The steps that never run when it is a rejection, in the graph's order.
    pub lost: Vec<StepId>,
    /// The loop whose body the task stands in; then it is the loop that goes on.
    pub within: Option<StepId>,
}

/// A step that starts next.
#[derive(Clone, Debug, PartialEq)]
pub struct Next {
    /// The step.
    pub step: StepId,
    /// What does it: the tool, else the step's type.
    pub does: Box<str>,
    /// The steps that it waits for besides.
    pub waits_for: Vec<StepId>,
    /// Whether a condition of its own may skip it.
    pub is_conditional: bool,
    /// What it would be called with; foreign content. Empty for steps that are handed nothing.
    pub arguments: Value,
    /// The templates in it that cannot be resolved yet.
    pub open: Vec<Open>,
}

impl Consequence {
    /// What follows a decision on a task. An approval's result holds `approved` and the fields that
    /// are sent along with it.
    pub fn of(decided: Decided<'_>, sent: &Map<String, Value>) -> Self {
        let Decided { graph, history, context, step } = decided;
        if let Some(within) = step.parent() {
            return Self { within: Some(within), ..Self::default() };
        }
        let mut result = sent.clone();
        result.insert("approved".into(), Value::Bool(true));
        let result = Value::Object(result);
        let after = After { history, fetched: context, task: step, result: &result, graph };
        let next = starting(graph, history, step);
        let next = next.iter().enumerate().map(|(place, spec)| told(spec, place < TOLD, &after));
        let lost = graph.downstream(step).into_iter().filter(|id| !ended(history, id));
        Self { next: next.collect(), lost: lost.collect(), within: None }
    }

    /// What an approval does, in one line.
    pub fn approval(&self) -> String {
        if let Some(within) = &self.within {
            return format!("then the loop {within} goes on");
        }
        let mut words: Vec<String> = self.next.iter().take(NAMED).map(Next::words).collect();
        match self.next.len().checked_sub(NAMED) {
            _ if words.is_empty() => return "the step ends; no step waits for it".to_owned(),
            None | Some(0) => {}
            Some(more) => words.push(format!("{more} more")),
        }
        format!("then {}", words.join(", "))
    }

    /// What a rejection does, in one line.
    pub fn rejection(&self) -> String {
        match (&self.within, self.lost.as_slice()) {
            (Some(within), _) => format!("this iteration of {within} stops"),
            (None, []) => "the branch stops; no step follows it".to_owned(),
            (None, [only]) => format!("the branch stops; {only} never runs"),
            (None, more) => format!("the branch stops; {} steps never run", more.len()),
        }
    }
}

impl Next {
    /// The step and what does it, with what it still waits for.
    pub fn words(&self) -> String {
        let waits = match self.waits_for.as_slice() {
            [] => String::new(),
            [only] => format!(" after {only} as well"),
            more => format!(" after {} others as well", more.len()),
        };
        let may = if self.is_conditional { ", unless its condition skips it" } else { "" };
        format!("{} → {}{waits}{may}", self.step, self.does)
    }

    /// Whether there is anything to tell of what it is called with.
    pub fn has_arguments(&self) -> bool {
        let empty = |value: &Value| match value {
            Value::Object(fields) => fields.is_empty(),
            value => value.is_null(),
        };
        !empty(&self.arguments)
    }
}

fn ended(history: &RunHistory, id: &StepId) -> bool {
    history.step(id).is_some_and(|step| step.status.is_terminal())
}

/// The steps that a decision lets start. One that is switched off is passed over, as the engine does.
fn starting<'g>(graph: &'g Graph, history: &RunHistory, from: &StepId) -> Vec<&'g StepSpec> {
    let dependants = graph.dependants();
    let mut seen = HashSet::new();
    let mut queue = VecDeque::from([from.clone()]);
    while let Some(id) = queue.pop_front() {
        for next in dependants.get(&id).into_iter().flatten().filter_map(|id| graph.step(id)) {
            if seen.insert(&next.id) && !next.enabled {
                queue.push_back(next.id.clone());
            }
        }
    }
    let starts = |spec: &&StepSpec| {
        let pending = history.step(&spec.id).is_none_or(|state| state.status == StepStatus::Pending);
        seen.contains(&spec.id) && spec.enabled && pending
    };
    graph.steps.iter().filter(starts).collect()
}

fn told(spec: &StepSpec, in_full: bool, after: &After<'_>) -> Next {
    let others = spec.depends_on.iter().filter(|id| *id != after.task && !ended(after.history, id));
    let others = others.filter(|id| after.graph.step(id).is_some_and(|other| other.enabled));
    let tool = spec.text("tool_name").filter(|_| spec.kind == StepKind::McpCall);
    let set = |name: &str| spec.fields.get(name).is_some_and(|value| !value.is_null() && value != "");
    let mut open = Vec::new();
    let raw = if in_full { arguments::of(spec) } else { Value::Null };
    Next {
        step: spec.id.clone(),
        does: tool.unwrap_or_else(|| spec.kind.as_str()).into(),
        waits_for: others.cloned().collect(),
        is_conditional: set("skip_when") || set("condition"),
        arguments: arguments::resolved(&raw, after, &mut open),
        open,
    }
}
