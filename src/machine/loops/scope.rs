//! What templates and scripts see at a step.

use serde_json::{Map, Value, json};

use super::body::Rule;
use super::lane::{Lane, LoopState};
use crate::domain::StepSpec;
use crate::domain::template::{Scope, walk};
use crate::machine::state::Machine;

/// A run's data as seen from one of its steps: within a loop also the item, the iteration, the
/// results of the inner steps before (`body`) and of the iteration before (`while.prev`).
#[derive(Clone, Copy, Debug)]
pub(in crate::machine) struct View<'m> {
    pub(in crate::machine) machine: &'m Machine,
    inside: Option<Inside<'m>>,
}

#[derive(Clone, Copy, Debug)]
struct Inside<'m> {
    lane: &'m Lane,
    state: &'m LoopState,
    /// The results of the iteration before; where the loop is tested, of the one that just ended.
    prev: Option<&'m Value>,
}

impl<'m> View<'m> {
    /// From a step.
    pub(in crate::machine) fn at(machine: &'m Machine, step: usize) -> Self {
        let inside = machine.lane(step).and_then(|lane| {
            let state = machine.loops.get(&lane.parent)?;
            let prev = if lane.is_at_test() {
                Some(&lane.results)
            } else {
                let before = lane.iteration.checked_sub(1).and_then(|before| state.lanes.get(before));
                before.and_then(|before| machine.lane(*before)).map(|before| &before.results)
            };
            Some(Inside { lane, state, prev })
        });
        Self { machine, inside }
    }

    /// From the test after an iteration.
    pub(in crate::machine) fn after(machine: &'m Machine, step: usize) -> Self {
        let mut view = Self::at(machine, step);
        if let Some(inside) = &mut view.inside {
            inside.prev = Some(&inside.lane.results);
        }
        view
    }

    /// The number of a step that is seen from outside of loops; `None` within one.
    pub(in crate::machine) fn own_step(&self, spec: &StepSpec) -> Option<usize> {
        if self.inside.is_some() { None } else { self.machine.plan.find(spec.id.as_str()) }
    }

    /// The globals that scripts see within a loop alone.
    pub(in crate::machine) fn loop_globals(&self) -> Map<String, Value> {
        let Some(inside) = self.inside else { return Map::new() };
        let Inside { lane, state, prev } = inside;
        let mut around = json!({"iteration": lane.index, "index": lane.index});
        let mut globals = Map::new();
        globals.insert("index".into(), lane.index.clone());
        globals.insert("body".into(), lane.results.clone());
        if let Some(item) = inside.item() {
            globals.insert("item".into(), item.clone());
            globals.insert("foreach".into(), json!({"item": item, "index": lane.index}));
            around["item"] = item.clone();
        }
        if let Rule::While { max, .. } = state.body.rule {
            around["max_iterations"] = max.into();
            around["prev"] = prev.cloned().unwrap_or_else(|| json!({}));
        }
        globals.insert("loop".into(), around);
        globals
    }
}

impl<'m> Inside<'m> {
    fn item(&self) -> Option<&'m Value> {
        self.state.items.get(self.lane.iteration)
    }

    fn get(&self, machine: &Machine, path: &[&str]) -> Option<&'m Value> {
        match path {
            ["item", rest @ ..] | ["foreach", "item", rest @ ..] => walk(self.item()?, rest),
            ["steps", id, "item", rest @ ..] if machine.plan.find(id) == Some(self.lane.parent) => {
                walk(self.item()?, rest)
            }
            ["index"] | ["foreach", "index"] | ["while", "iteration"] => Some(&self.lane.index),
            ["body", rest @ ..] => outputs(&self.lane.results, rest),
            ["while", "prev", rest @ ..] => outputs(self.prev?, rest),
            _ => None,
        }
    }
}

/// Looks into the results of inner steps; `.result` may stand after the step's id.
fn outputs<'v>(results: &'v Value, path: &[&str]) -> Option<&'v Value> {
    walk(results, path).or_else(|| match path {
        [id, "result", rest @ ..] => walk(results.get(*id)?, rest),
        _ => None,
    })
}

impl Scope for View<'_> {
    fn get(&self, path: &[&str]) -> Option<&Value> {
        let inner = self.inside.and_then(|inside| inside.get(self.machine, path));
        inner.or_else(|| self.machine.get(path))
    }

    fn names(&self, path: &[&str]) -> Vec<String> {
        let Some(inside) = self.inside else { return self.machine.names(path) };
        match path {
            [] => {
                let own = ["item", "index", "foreach", "body", "while"].map(String::from);
                self.machine.names(path).into_iter().chain(own).collect()
            }
            ["body"] => inside.lane.results.names(&[]),
            ["while"] => ["iteration".to_owned(), "prev".to_owned()].into(),
            path => match inside.get(self.machine, path) {
                Some(value) => value.names(&[]),
                None => self.machine.names(path),
            },
        }
    }
}
