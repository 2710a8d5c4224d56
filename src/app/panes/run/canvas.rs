//! Moving over the canvas: which step lies where, which one is next in a direction.

use std::collections::HashMap;

use super::RunScreen;
use crate::app::Action;
use crate::domain::{Graph, SkipReason, StepId, StepStatus};
use crate::mirror::RunDetail;

/// Where a step's box is, in cells of the drawing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// The step.
    pub(super) step: StepId,
    /// Its left edge.
    pub(super) x: u16,
    /// Its middle row.
    pub(super) y: u16,
    /// Its width.
    pub(super) w: u16,
}

/// The steps as a list: in topological order, those on a cycle last; without a graph, in order of
/// first mention in the log.
pub(super) fn steps(detail: &RunDetail) -> Vec<StepId> {
    match &detail.graph {
        Some(graph) => {
            let mut order = graph.topological_order();
            let rest: Vec<StepId> =
                graph.steps.iter().map(|step| step.id.clone()).filter(|id| !order.contains(id)).collect();
            order.extend(rest);
            order
        }
        None => {
            let top = detail.history.steps().map(|(id, _)| id).filter(|id| id.parent().is_none());
            top.cloned().collect()
        }
    }
}

/// Where the steps lie: in columns by their depth.
pub(super) fn spots(detail: &RunDetail) -> Vec<Spot> {
    let order = steps(detail);
    let depths = detail.graph.as_deref().map(|graph| depths(graph, &order)).unwrap_or_default();
    let mut filled: HashMap<u16, u16> = HashMap::new();
    let spot = |step: StepId| {
        let depth = depths.get(&step).copied().unwrap_or(0);
        let row = filled.entry(depth).or_default();
        *row += 1;
        Spot { x: depth.saturating_mul(24), y: row.saturating_mul(3), w: 20, step }
    };
    order.into_iter().map(spot).collect()
}

/// The step to go to from `from`: the nearest one in the direction.
pub(super) fn neighbour(spots: &[Spot], from: &StepId, action: Action) -> Option<StepId> {
    let here = spots.iter().find(|spot| spot.step == *from)?;
    let away = |spot: &&Spot| distance(here, spot, action).map(|distance| (distance, (*spot).clone()));
    let nearest = spots.iter().filter_map(|spot| away(&spot)).min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, spot)| spot.step)
}

/// The step that is worth watching: in flight, else the root cause, else the last one that did
/// anything, else the first.
pub(super) fn step_to_follow(detail: &RunDetail) -> Option<StepId> {
    let history = &detail.history;
    let current = || history.progress(None).current;
    let cause = || history.root_cause().map(|id| id.parent().unwrap_or_else(|| id.clone()));
    let acted = history.steps().filter(|(id, step)| {
        id.parent().is_none() && matches!(step.status, StepStatus::Completed | StepStatus::Cancelled)
    });
    let last = acted.max_by_key(|(_, step)| step.ended_at).map(|(id, _)| id.clone());
    current().or_else(cause).or(last).or_else(|| steps(detail).into_iter().next())
}

/// The next step, in list order and around the end, that needs a look.
pub(super) fn next_problem(detail: &RunDetail, from: Option<&StepId>, action: Action) -> Option<StepId> {
    let order = steps(detail);
    let count = order.len();
    let here = from.and_then(|from| order.iter().position(|step| step == from));
    let place = |turn: usize| match (action, here) {
        (Action::PreviousMatch, Some(here)) => (here + count - turn) % count,
        (Action::PreviousMatch, None) => count - turn,
        (_, Some(here)) => (here + turn) % count,
        (_, None) => turn - 1,
    };
    (1..=count).map(place).find(|place| is_problem(detail, &order[*place])).map(|place| order[place].clone())
}

/// The first or last step of the list.
pub(super) fn end(detail: &RunDetail, action: Action) -> Option<StepId> {
    let order = steps(detail);
    if action == Action::First { order.first().cloned() } else { order.last().cloned() }
}

/// Moves the part that is seen so that the selected step is in it.
pub(super) fn pan(open: &mut RunScreen, detail: &RunDetail, (width, height): (u16, u16)) {
    let Some(selected) = &open.canvas.selected else { return };
    if let Some(at) = spots(detail).into_iter().find(|spot| spot.step == *selected) {
        let (x, y) = open.canvas.pan;
        open.canvas.pan = (reach(x, at.x, at.w, width), reach(y, at.y.saturating_sub(1), 3, height));
    }
    let order = steps(detail);
    let place = order.iter().position(|step| step == selected).unwrap_or(0);
    let offset = open.canvas.offset;
    open.canvas.offset = super::super::keep_seen(place, offset, usize::from(height), order.len());
}

fn is_problem(detail: &RunDetail, step: &StepId) -> bool {
    let status = detail.history.step(step).map(|state| &state.status);
    matches!(
        status,
        Some(
            StepStatus::Failed
                | StepStatus::Cancelled
                | StepStatus::Waiting
                | StepStatus::Retrying
                | StepStatus::Skipped(SkipReason::Blocked)
        )
    )
}

/// How far a step lies in a direction: first along it, then beside it. Less is nearer.
fn distance(here: &Spot, there: &Spot, action: Action) -> Option<(u32, u32)> {
    let dx = i32::from(there.x) - i32::from(here.x);
    let dy = i32::from(there.y) - i32::from(here.y);
    let apart = (dx.unsigned_abs(), dy.unsigned_abs());
    match action {
        Action::Right if dx > 0 => Some(apart),
        Action::Left if dx < 0 => Some(apart),
        Action::Down if dy > 0 => Some(apart),
        Action::Up if dy < 0 => Some(apart),
        _ => None,
    }
}

/// The offset nearest to `offset` that shows `length` cells from `at` in `room` cells.
fn reach(offset: u16, at: u16, length: u16, room: u16) -> u16 {
    let lowest = (at + length).saturating_sub(room).min(at);
    offset.clamp(lowest, at)
}

fn depths(graph: &Graph, order: &[StepId]) -> HashMap<StepId, u16> {
    let mut depths: HashMap<StepId, u16> = HashMap::new();
    for id in order {
        let before = graph.step(id).into_iter().flat_map(|step| &step.depends_on);
        let depth = before.filter_map(|dep| depths.get(dep)).max().map_or(0, |deepest| deepest + 1);
        depths.insert(id.clone(), depth);
    }
    depths
}
