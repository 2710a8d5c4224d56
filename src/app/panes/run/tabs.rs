//! What keys do within a tab.

use super::{RunScreen, Tab, canvas, context, diagnosis, events, timeline};
use crate::app::layout::{self, CanvasForm};
use crate::app::model::Tone;
use crate::app::{Action, Model};
use crate::domain::Timestamp;
use crate::mirror::RunDetail;

/// Does what an action means in the tab that is shown; `false` when it means nothing.
pub(super) fn perform(model: &mut Model, open: &mut RunScreen, action: Action, now: Timestamp) -> bool {
    let sizes = (page(model), layout::payload_columns(model.size));
    let found = match (model.mirror.detail(&open.run), open.tab) {
        (None, _) => return false,
        (Some(detail), Tab::Canvas) => {
            let form = layout::canvas(model.size, open.canvas.drawing.as_deref()).form;
            on_canvas(open, detail, form, action)
        }
        (Some(detail), Tab::Events) => in_log(open, detail, action, sizes),
        (Some(detail), Tab::Timeline) => in_time(open, detail, action, sizes.0),
        (Some(_), Tab::Diagnosis) if diagnosis::motion(&mut open.diagnosis, action, sizes.0) => Outcome::Done,
        (Some(_), Tab::Diagnosis) => Outcome::NotMine,
        (Some(detail), Tab::Context) => match context::perform(open, detail, action, sizes) {
            Some(true) => Outcome::Done,
            Some(false) => Outcome::NotFound,
            None => Outcome::NotMine,
        },
    };
    if found == Outcome::NotFound {
        let searches = open.tab == Tab::Context || open.search().is_some();
        model.say(Tone::Info, if searches { "no match" } else { "no problem step" }, now);
    }
    found != Outcome::NotMine
}

/// What came of an action.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    NotFound,
    NotMine,
}

fn on_canvas(open: &mut RunScreen, detail: &RunDetail, form: CanvasForm, action: Action) -> Outcome {
    let to = match action {
        Action::Follow => {
            open.canvas.follow = !open.canvas.follow;
            return Outcome::Done;
        }
        Action::Open => return show_in_log(open, detail),
        Action::Down | Action::Up | Action::Left | Action::Right => {
            canvas::neighbour(&open.canvas, form, action)
        }
        Action::First => open.canvas.steps.first().cloned(),
        Action::Last => open.canvas.steps.last().cloned(),
        Action::NextMatch | Action::PreviousMatch => return to_problem(open, detail, action),
        Action::PageDown | Action::PageUp => None,
        _ => return Outcome::NotMine,
    };
    open.canvas.follow = false;
    open.canvas.selected = to.or(open.canvas.selected.take());
    Outcome::Done
}

/// `sizes`: rows of a page, columns of a payload.
fn in_log(open: &mut RunScreen, detail: &RunDetail, action: Action, sizes: (usize, usize)) -> Outcome {
    let RunScreen { events: list, moment, .. } = open;
    let log = moment.as_ref().map_or(&detail.history, |moment| &moment.history).events();
    match action {
        Action::Follow => list.follow = !list.follow,
        Action::Open => events::open_payload(list, log, sizes.1),
        Action::NextMatch | Action::PreviousMatch => {
            return if events::seek(list, log, action) { Outcome::Done } else { Outcome::NotFound };
        }
        Action::Down | Action::Up | Action::First | Action::Last | Action::PageDown | Action::PageUp => {
            events::motion(list, action, log.len(), sizes.0);
        }
        Action::Left | Action::Right => {}
        _ => return Outcome::NotMine,
    }
    Outcome::Done
}

/// Goes to the selected step's last event in the log.
fn show_in_log(open: &mut RunScreen, detail: &RunDetail) -> Outcome {
    let selected = match open.tab {
        Tab::Timeline => open.timeline.selected.as_ref().map(|key| key.step.clone()),
        _ => open.canvas.selected.clone(),
    };
    let log = open.history(detail).events();
    if let Some(place) = log.iter().rposition(|event| selected.is_some() && event.step_id() == selected) {
        open.events.index = place;
        open.events.follow = false;
    }
    open.tab = Tab::Events;
    Outcome::Done
}

/// Problem steps are gone to here as they are on the canvas.
fn in_time(open: &mut RunScreen, detail: &RunDetail, action: Action, page: usize) -> Outcome {
    match action {
        Action::Follow => open.canvas.follow = !open.canvas.follow,
        Action::Open => return show_in_log(open, detail),
        Action::NextMatch | Action::PreviousMatch => return to_problem(open, detail, action),
        action if timeline::perform(open, action, page) => {}
        _ => return Outcome::NotMine,
    }
    Outcome::Done
}

fn to_problem(open: &mut RunScreen, detail: &RunDetail, action: Action) -> Outcome {
    match canvas::next_problem(&open.canvas, open.history(detail), action) {
        Some(step) => {
            open.canvas.follow = false;
            open.canvas.selected = Some(step);
            Outcome::Done
        }
        None => Outcome::NotFound,
    }
}

/// Rows of a page.
pub(super) fn page(model: &Model) -> usize {
    usize::from(layout::inner(layout::run(model.size).main).height).saturating_sub(1).max(1)
}
