//! Moving over the canvas: which step lies where, which one is next in a direction.

use std::collections::HashSet;
use std::sync::Arc;

use ratatui::layout::Rect;

use super::super::keep_seen;
use super::Canvas;
use crate::app::layout::CanvasForm;
use crate::app::{Action, layout};
use crate::domain::drawing::{Direction, Drawing};
use crate::domain::{Graph, RunHistory, SkipReason, StepId, StepStatus};
use crate::mirror::RunDetail;

/// Rows of every box of a drawing.
const BOX_ROWS: u16 = 3;

/// The step to go to in a direction: over the drawing, or along the list where there is none.
pub(super) fn neighbour(canvas: &Canvas, form: CanvasForm, action: Action) -> Option<StepId> {
    let from = canvas.selected.as_ref()?;
    let drawn = canvas.drawing.as_ref().filter(|_| form == CanvasForm::Drawing);
    if let Some(drawing) = drawn.filter(|drawing| drawing.node(from).is_some()) {
        return drawing.neighbour(from, direction(action)?).cloned();
    }
    let here = canvas.steps.iter().position(|step| step == from)?;
    match action {
        Action::Down => canvas.steps.get(here + 1).cloned(),
        Action::Up => here.checked_sub(1).map(|above| canvas.steps[above].clone()),
        _ => None,
    }
}

/// Draws and lists the steps when the graph becomes known or is another one. Without a graph they
/// are listed as the log mentions them.
pub(super) fn draw(canvas: &mut Canvas, detail: &RunDetail) {
    let Some(graph) = &detail.graph else {
        let top = detail.history.steps().map(|(id, _)| id).filter(|id| id.parent().is_none());
        canvas.steps = top.cloned().collect();
        (canvas.graph, canvas.drawing) = (None, None);
        return;
    };
    if canvas.graph.as_ref().is_some_and(|drawn| Arc::ptr_eq(drawn, graph)) {
        return;
    }
    if canvas.graph.as_ref() != Some(graph) {
        canvas.drawing = Some(Arc::new(Drawing::of(graph)));
        canvas.steps = ordered(graph);
    }
    canvas.graph = Some(Arc::clone(graph));
}

fn ordered(graph: &Graph) -> Vec<StepId> {
    let mut order = graph.topological_order();
    let mut known: HashSet<StepId> = order.iter().cloned().collect();
    let rest = graph.steps.iter().map(|step| &step.id).filter(|id| known.insert((*id).clone()));
    order.extend(rest.cloned());
    order
}

/// The step that is worth watching: in flight, else the root cause, else the last one that did
/// anything, else the first.
pub(super) fn step_to_follow(canvas: &Canvas, history: &RunHistory) -> Option<StepId> {
    let current = || history.progress(None).current;
    let cause = || history.root_cause().map(|id| id.parent().unwrap_or_else(|| id.clone()));
    let acted = history.steps().filter(|(id, step)| {
        id.parent().is_none()
            && matches!(step.status, StepStatus::Completed | StepStatus::Cancelled | StepStatus::Unended)
    });
    let last = acted.max_by_key(|(_, step)| step.ended_at).map(|(id, _)| id.clone());
    current().or_else(cause).or(last).or_else(|| canvas.steps.first().cloned())
}

/// The next step, in list order and around the end, that needs a look.
pub(super) fn next_problem(canvas: &Canvas, history: &RunHistory, action: Action) -> Option<StepId> {
    let (order, from) = (&canvas.steps, canvas.selected.as_ref());
    let count = order.len();
    let here = from.and_then(|from| order.iter().position(|step| step == from));
    let place = |turn: usize| match (action, here) {
        (Action::PreviousMatch, Some(here)) => (here + count - turn) % count,
        (Action::PreviousMatch, None) => count - turn,
        (_, Some(here)) => (here + turn) % count,
        (_, None) => turn - 1,
    };
    let wrong = |step: &StepId| canvas.issues.iter().any(|issue| issue.step == *step);
    let fits = |place: &usize| is_problem(history, &order[*place]) || wrong(&order[*place]);
    (1..=count).map(place).find(fits).map(|place| order[place].clone())
}

/// Moves the part that is seen so that the selected step is in it.
pub(super) fn pan(canvas: &mut Canvas, size: (u16, u16)) {
    let Rect { width, height, .. } = layout::canvas(size, canvas.drawing.as_deref()).steps;
    let Some(selected) = &canvas.selected else { return };
    if let Some(drawing) = &canvas.drawing
        && let Some(node) = drawing.node(selected)
    {
        let x = reach(canvas.pan.0, (node.x, node.w), width, drawing.width);
        let y = reach(canvas.pan.1, (node.y, BOX_ROWS), height, drawing.height);
        canvas.pan = (x, y);
    }
    let place = canvas.steps.iter().position(|step| step == selected).unwrap_or(0);
    canvas.offset = keep_seen(place, canvas.offset, usize::from(height), canvas.steps.len());
}

fn is_problem(history: &RunHistory, step: &StepId) -> bool {
    let status = history.step(step).map(|state| &state.status);
    matches!(
        status,
        Some(
            StepStatus::Failed
                | StepStatus::Cancelled
                | StepStatus::Unended
                | StepStatus::Waiting
                | StepStatus::Retrying
                | StepStatus::Skipped(SkipReason::Blocked)
        )
    )
}

/// The offset nearest to `offset` that shows `length` cells from `at` in `room` cells of `whole`.
fn reach(offset: u16, (at, length): (u16, u16), room: u16, whole: u16) -> u16 {
    let lowest = at.saturating_add(length).saturating_sub(room).min(at);
    offset.clamp(lowest, at).min(whole.saturating_sub(room).max(lowest))
}

fn direction(action: Action) -> Option<Direction> {
    match action {
        Action::Up => Some(Direction::Up),
        Action::Down => Some(Direction::Down),
        Action::Left => Some(Direction::Left),
        Action::Right => Some(Direction::Right),
        _ => None,
    }
}
