//! A graph, indexed once per run so that no event has to search it.

use std::collections::HashMap;
use std::sync::Arc;

use super::loops::Body;
use crate::domain::{Graph, StepId, StepSpec};

/// A graph with its steps numbered in the author's order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Plan {
    graph: Arc<Graph>,
    index: HashMap<StepId, usize>,
    /// For each step, those that wait for it; twice if they say so twice, and so counts `waits`.
    dependants: Vec<Vec<usize>>,
    /// For each step, how many it waits for.
    waits: Vec<u32>,
    /// The loops' definitions, or what is wrong with them.
    bodies: HashMap<usize, Result<Arc<Body>, String>>,
    /// The loop and place of each inner step, by what events call it.
    inner: HashMap<StepId, (usize, usize)>,
}

type Bodies = HashMap<usize, Result<Arc<Body>, String>>;

fn loops(graph: &Graph) -> (Bodies, HashMap<StepId, (usize, usize)>) {
    let bodies = graph.steps.iter().enumerate();
    let bodies: Bodies =
        bodies.filter_map(|(step, spec)| Some((step, Body::of(spec)?.map(Arc::new)))).collect();
    let sound = bodies.iter().filter_map(|(step, body)| Some((*step, body.as_ref().ok()?)));
    let inner = sound.flat_map(|(step, body)| {
        body.ids.iter().enumerate().map(move |(place, id)| (id.clone(), (step, place)))
    });
    let inner = inner.collect();
    (bodies, inner)
}

impl Plan {
    /// Indexes a graph. Dependencies on steps that do not exist are left out.
    pub(super) fn new(graph: Arc<Graph>) -> Self {
        let index: HashMap<_, _> =
            graph.steps.iter().enumerate().map(|(step, spec)| (spec.id.clone(), step)).collect();
        let mut dependants: Vec<Vec<usize>> = vec![Vec::new(); graph.steps.len()];
        let mut waits = vec![0; graph.steps.len()];
        for (step, spec) in graph.steps.iter().enumerate() {
            for before in spec.depends_on.iter().filter_map(|id| index.get(id)) {
                dependants[*before].push(step);
                waits[step] += 1;
            }
        }
        let (bodies, inner) = loops(&graph);
        Self { graph, index, dependants, waits, bodies, inner }
    }

    /// How many steps there are.
    pub(super) fn len(&self) -> usize {
        self.graph.steps.len()
    }

    /// The step of that number.
    pub(super) fn spec(&self, step: usize) -> &StepSpec {
        &self.graph.steps[step]
    }

    /// Whether it runs as an episode.
    pub(super) fn has_gates(&self) -> bool {
        self.graph.steps.iter().any(StepSpec::is_gated)
    }

    /// The number of a step.
    pub(super) fn find(&self, id: &str) -> Option<usize> {
        self.index.get(id).copied()
    }

    /// The definition of a loop, or what is wrong with it; `None` of any other step.
    pub(super) fn body(&self, step: usize) -> Option<&Result<Arc<Body>, String>> {
        self.bodies.get(&step)
    }

    /// The loop of an inner step and its place in the body, by what events call it.
    pub(super) fn find_inner(&self, id: &str) -> Option<(usize, usize)> {
        self.inner.get(id).copied()
    }

    /// The steps that wait for a step directly.
    pub(super) fn dependants(&self, step: usize) -> &[usize] {
        &self.dependants[step]
    }

    /// How many steps a step waits for.
    pub(super) fn waits(&self, step: usize) -> u32 {
        self.waits[step]
    }

    /// Every step that comes after a step, nearest first.
    pub(super) fn downstream(&self, step: usize) -> Vec<usize> {
        let mut seen = vec![false; self.len()];
        let mut found = vec![step];
        let mut next = 0;
        while next < found.len() {
            for after in &self.dependants[found[next]] {
                if !std::mem::replace(&mut seen[*after], true) {
                    found.push(*after);
                }
            }
            next += 1;
        }
        found.remove(0);
        found
    }

    /// Why the graph cannot run, in words; `None` when it can.
    pub(super) fn problem(&self) -> Option<String> {
        let whole = self.index.len() == self.len() && !self.is_dangling() && self.is_acyclic();
        let problems = if whole { Vec::new() } else { self.graph.problems() };
        let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
        (!texts.is_empty()).then(|| texts.join("; "))
    }

    fn is_dangling(&self) -> bool {
        self.graph.steps.iter().flat_map(|spec| &spec.depends_on).any(|id| !self.index.contains_key(id))
    }

    fn is_acyclic(&self) -> bool {
        let mut waits = self.waits.clone();
        let mut order: Vec<usize> = (0..self.len()).filter(|step| waits[*step] == 0).collect();
        let mut next = 0;
        while next < order.len() {
            for after in &self.dependants[order[next]] {
                waits[*after] -= 1;
                if waits[*after] == 0 {
                    order.push(*after);
                }
            }
            next += 1;
        }
        order.len() == self.len()
    }
}
