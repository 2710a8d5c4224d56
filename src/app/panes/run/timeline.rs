//! The Timeline tab: which rows there are, and moving over them.

use std::collections::HashSet;

use super::super::{keep_seen, moved};
use super::RunScreen;
use crate::app::Action;
use crate::domain::timeline::{Timeline, Track, TrackKind, critical_path};
use crate::domain::tree::Fold;
use crate::domain::{Graph, StepId};
use crate::mirror::RunDetail;

/// A row of the timeline by what it is about, however the rows around it change.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TimeKey {
    /// The step.
    pub step: StepId,
    /// 0 for the step itself; its agent's activities are counted from 1.
    pub activity: usize,
}

/// One row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeRow {
    /// What it is about.
    pub key: TimeKey,
    /// Its place among the tracks; none for a step that was never mentioned.
    pub track: Option<usize>,
    /// How far it is indented.
    pub depth: u16,
    /// Whether what is inside of it is shown; none where nothing is.
    pub fold: Option<Fold>,
}

/// What the Timeline tab remembers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TimelineView {
    /// The shown history over time.
    pub timeline: Timeline,
    /// The rows, folded ones left out.
    pub rows: Vec<TimeRow>,
    /// The steps that decided how long the run took.
    pub critical: HashSet<StepId>,
    /// The selected row.
    pub selected: Option<TimeKey>,
    /// Its place among the rows.
    pub index: usize,
    /// The first row that is seen.
    pub offset: usize,
    /// The steps that a person folded or unfolded, against how they begin.
    turned: HashSet<StepId>,
}

/// Derives the rows from the shown history, and keeps the selection where it was and in sight.
pub(super) fn settle(open: &mut RunScreen, detail: &RunDetail, height: usize) {
    let history = open.moment.as_ref().map_or(&detail.history, |moment| &moment.history);
    let view = &mut open.timeline;
    view.timeline.follow(history.events());
    if let Some(end) = history.ended_at() {
        view.timeline.leave(end);
    }
    view.rows = rows(view, detail.graph.as_deref());
    let graph = detail.graph.as_deref();
    view.critical =
        graph.map(|graph| critical_path(&view.timeline, graph)).unwrap_or_default().into_iter().collect();
    let on_canvas = open.canvas.selected.as_ref();
    let same = |key: &TimeKey| Some(&root(&key.step)) == on_canvas;
    if !view.selected.as_ref().is_some_and(same) {
        view.selected = on_canvas.map(|step| TimeKey { step: step.clone(), activity: 0 });
    }
    let wanted = view.selected.as_ref();
    let place = |wanted: &TimeKey| view.rows.iter().position(|row| row.key == *wanted);
    let found = wanted.and_then(|wanted| {
        let step = TimeKey { step: root(&wanted.step), activity: 0 };
        place(wanted).or_else(|| place(&step))
    });
    view.index = found.unwrap_or(0);
    view.offset = keep_seen(view.index, view.offset, height, view.rows.len());
}

/// Moves, folds and unfolds; `false` when the action means nothing here.
pub(super) fn perform(open: &mut RunScreen, action: Action, page: usize) -> bool {
    let view = &mut open.timeline;
    let last = view.rows.len().saturating_sub(1);
    let to = match (moved(view.index, action, last, page), action) {
        (Some(to), _) => to,
        (None, Action::Left | Action::Right) => fold(view, action),
        (None, _) => return false,
    };
    select(open, to);
    true
}

/// Selects a row, and its step on the canvas.
fn select(open: &mut RunScreen, index: usize) {
    let Some(row) = open.timeline.rows.get(index) else { return };
    open.timeline.selected = Some(row.key.clone());
    open.canvas.selected = Some(root(&row.key.step));
    open.canvas.follow = false;
}

/// Folds or unfolds the selected row; answers with the row to go to: what it stands in, where it
/// cannot be folded itself.
fn fold(view: &mut TimelineView, action: Action) -> usize {
    let Some(row) = view.rows.get(view.index) else { return view.index };
    match (action, row.fold) {
        (Action::Left, Some(Fold::Open)) | (Action::Right, Some(Fold::Closed)) => {
            let step = row.key.step.clone();
            if !view.turned.remove(&step) {
                view.turned.insert(step);
            }
            view.index
        }
        (Action::Left, _) => {
            view.rows[..view.index].iter().rposition(|above| above.depth < row.depth).unwrap_or(view.index)
        }
        _ => view.index,
    }
}

fn rows(view: &TimelineView, graph: Option<&Graph>) -> Vec<TimeRow> {
    let tracks = view.timeline.tracks();
    let mut rows: Vec<TimeRow> = Vec::new();
    let mut place = 0;
    while place < tracks.len() {
        let step = &tracks[place].step;
        let inside = tracks[place + 1..].iter().take_while(|track| root(&track.step) == *step).count();
        let within = &tracks[place + 1..=place + inside];
        let fold = (inside > 0).then(|| fold_of(view, step, within));
        let key = TimeKey { step: step.clone(), activity: 0 };
        rows.push(TimeRow { key, track: Some(place), depth: 0, fold });
        if fold == Some(Fold::Open) {
            rows.extend(inner_rows(within, place + 1));
        }
        place += inside + 1;
    }
    let unmentioned = graph.into_iter().flat_map(|graph| &graph.steps).map(|step| &step.id);
    let unmentioned = unmentioned.filter(|id| view.timeline.track(id).is_none());
    rows.extend(unmentioned.map(|id| TimeRow {
        key: TimeKey { step: id.clone(), activity: 0 },
        track: None,
        depth: 0,
        fold: None,
    }));
    rows
}

fn inner_rows(within: &[Track], first: usize) -> impl Iterator<Item = TimeRow> {
    let mut activity = 0;
    let mut last: Option<&StepId> = None;
    within.iter().enumerate().map(move |(index, track)| {
        let round = track.kind == TrackKind::Round;
        activity = if !round {
            0
        } else if last == Some(&track.step) {
            activity + 1
        } else {
            1
        };
        last = Some(&track.step);
        let depth = if round && track.step.parent().is_some() { 2 } else { 1 };
        TimeRow {
            key: TimeKey { step: track.step.clone(), activity },
            track: Some(first + index),
            depth,
            fold: None,
        }
    })
}

/// Agents begin unfolded, loops folded.
fn fold_of(view: &TimelineView, step: &StepId, within: &[Track]) -> Fold {
    let opens = within.iter().all(|track| track.kind == TrackKind::Round);
    if opens != view.turned.contains(step) { Fold::Open } else { Fold::Closed }
}

/// The step of the graph that a step belongs to.
fn root(step: &StepId) -> StepId {
    step.parent().unwrap_or_else(|| step.clone())
}
