//! Which column every step stands in, and which columns its edges pass.

use std::collections::{HashMap, VecDeque};

use crate::domain::{Graph, StepId};

/// The most columns that all edges together may pass; the longest edges beyond it are left out.
const SPANS: usize = 40_000;

/// The graph by numbers. Items below `steps.len()` are steps, the others stand for an edge that
/// passes a column.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// For each step item, its place in the graph; ids that are used twice count once.
    pub(super) steps: Vec<usize>,
    /// The items of every column, from top to bottom.
    pub(super) layers: Vec<Vec<usize>>,
    /// For every item, those of the next column that it is joined to.
    pub(super) next: Vec<Vec<usize>>,
    /// For every item, those of the column before that it is joined to.
    pub(super) previous: Vec<Vec<usize>>,
    /// The edges as items from begin to end, one of every column that they touch.
    pub(super) edges: Vec<Vec<usize>>,
    /// How many edges are left out.
    pub(super) hidden: usize,
}

impl Plan {
    /// Gives every step its column and every edge its way.
    pub(super) fn of(graph: &Graph) -> Self {
        let mut place: HashMap<&StepId, usize> = HashMap::new();
        let mut plan = Self::default();
        for (index, step) in graph.steps.iter().enumerate() {
            place.entry(&step.id).or_insert_with(|| {
                plan.steps.push(index);
                plan.steps.len() - 1
            });
        }
        let mut edges = Vec::new();
        for (item, index) in plan.steps.iter().enumerate() {
            let mut sources: Vec<_> =
                graph.steps[*index].depends_on.iter().filter_map(|id| place.get(id).copied()).collect();
            sources.sort_unstable();
            sources.dedup();
            edges.extend(sources.into_iter().map(|source| (source, item)));
        }
        let levels = levels(plan.steps.len(), &edges);
        plan.layers = vec![Vec::new(); levels.iter().max().map_or(0, |deepest| deepest + 1)];
        for (item, level) in levels.iter().enumerate() {
            plan.layers[*level].push(item);
        }
        plan.next = vec![Vec::new(); plan.steps.len()];
        plan.previous = vec![Vec::new(); plan.steps.len()];
        plan.lay_edges(&edges, &levels);
        plan
    }

    /// Whether an item is a step's box.
    pub(super) fn is_step(&self, item: usize) -> bool {
        item < self.steps.len()
    }

    fn lay_edges(&mut self, edges: &[(usize, usize)], levels: &[usize]) {
        let mut forward: Vec<_> = edges.iter().copied().filter(|(a, b)| levels[*a] < levels[*b]).collect();
        forward.sort_by_key(|(a, b)| (levels[*b] - levels[*a], *a, *b));
        let mut passes: HashMap<(usize, usize), usize> = HashMap::new();
        let mut spans = 0;
        for (from, to) in forward {
            spans += levels[to] - levels[from];
            if spans > SPANS {
                break;
            }
            let mut path = vec![from];
            for level in levels[from] + 1..levels[to] {
                // Edges of one step share their way for as long as they can.
                let pass = *passes.entry((from, level)).or_insert_with(|| self.next.len());
                if pass == self.next.len() {
                    self.next.push(Vec::new());
                    self.previous.push(Vec::new());
                    self.layers[level].push(pass);
                }
                path.push(pass);
            }
            path.push(to);
            for pair in path.windows(2) {
                if !self.next[pair[0]].contains(&pair[1]) {
                    self.next[pair[0]].push(pair[1]);
                    self.previous[pair[1]].push(pair[0]);
                }
            }
            self.edges.push(path);
        }
        self.hidden = edges.len() - self.edges.len();
    }
}

/// The longest way to every step. Where only cycles are left, the first step of them in the
/// author's order is taken as if it waited for nothing more.
fn levels(count: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut waits = vec![0_usize; count];
    let mut next = vec![Vec::new(); count];
    for (from, to) in edges {
        waits[*to] += 1;
        next[*from].push(*to);
    }
    let mut levels = vec![0; count];
    let mut done = vec![false; count];
    let mut ready: VecDeque<usize> = (0..count).filter(|item| waits[*item] == 0).collect();
    let mut rest = 0..count;
    loop {
        let Some(item) = ready.pop_front().or_else(|| rest.find(|item| !done[*item])) else { return levels };
        if std::mem::replace(&mut done[item], true) {
            continue;
        }
        for target in &next[item] {
            if done[*target] {
                continue;
            }
            levels[*target] = levels[*target].max(levels[item] + 1);
            waits[*target] = waits[*target].saturating_sub(1);
            if waits[*target] == 0 {
                ready.push_back(*target);
            }
        }
    }
}
