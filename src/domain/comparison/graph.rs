//! Graphs against each other, step by step.

use crate::domain::{Graph, StepId, StepSpec};

/// What became of a step from one graph to the next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// These of its fields differ, or are in one of the two alone.
    Changed(Vec<Box<str>>),
}

/// How a graph differs from an older one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GraphDiff {
    /// The steps that differ: in the newer graph's order, then those that it drops.
    pub steps: Vec<(StepId, Change)>,
    /// Whether the schema of the input differs.
    pub schema: bool,
}

impl GraphDiff {
    /// What the newer graph changes. The order of steps is no difference.
    pub fn between(older: &Graph, newer: &Graph) -> Self {
        let there = newer.steps.iter().filter_map(|step| {
            let change = match older.step(&step.id) {
                None => Change::Added,
                Some(known) => Change::Changed(fields(known, step)?),
            };
            Some((step.id.clone(), change))
        });
        let gone = older.steps.iter().filter(|step| newer.step(&step.id).is_none());
        let gone = gone.map(|step| (step.id.clone(), Change::Removed));
        Self { steps: there.chain(gone).collect(), schema: older.input_schema != newer.input_schema }
    }

    /// Whether the graphs are the same.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty() && !self.schema
    }

    /// What became of a step, if anything did.
    pub fn of(&self, step: &StepId) -> Option<&Change> {
        self.steps.iter().find(|(id, _)| id == step).map(|(_, change)| change)
    }
}

/// The fields that differ, in the newer step's order, then those that it drops; none if all agree.
fn fields(older: &StepSpec, newer: &StepSpec) -> Option<Vec<Box<str>>> {
    let new = newer.fields.iter().filter(|(name, value)| older.fields.get(*name) != Some(value));
    let gone = older.fields.keys().filter(|name| !newer.fields.contains_key(*name));
    let names: Vec<Box<str>> =
        new.map(|(name, _)| name).chain(gone).map(|name| name.as_str().into()).collect();
    (!names.is_empty()).then_some(names)
}
