//! What keys do on the screen of a run, and what happens to it when the run changes.

use super::{RunScreen, Tab, canvas, events};
use crate::app::layers::Layer;
use crate::app::layout::CanvasForm;
use crate::app::model::{Screen, Tone};
use crate::app::{Action, Model, layout};
use crate::domain::document::json_lines;
use crate::domain::{RunId, StepId, Timestamp, WorkflowId};
use crate::mirror::RunDetail;

/// Opens a run.
pub(crate) fn open(model: &mut Model, workflow: WorkflowId, run: RunId) {
    model.run = Some(RunScreen::new(workflow, run));
    model.screen = Screen::Run;
    settle(model);
}

/// Does what an action means here; `false` when it means nothing.
pub(crate) fn perform(model: &mut Model, action: Action, now: Timestamp) -> bool {
    let Some(mut open) = model.run.take() else {
        model.screen = Screen::Home;
        return false;
    };
    let done = events::in_payload(&mut open, action, page(model)) || on_screen(model, &mut open, action, now);
    model.run = Some(open);
    settle(model);
    done
}

/// Breaks the open payload's lines anew for the terminal's new width.
pub(crate) fn resized(model: &mut Model) {
    let columns = layout::payload_columns(model.size);
    if let Some(open) = &mut model.run
        && let Some(payload) = &mut open.events.payload
    {
        let log = model.mirror.detail(&open.run).map_or(&[][..], |detail| detail.history.events());
        payload.lines =
            log.get(payload.event).map_or_else(Vec::new, |event| json_lines(&event.data, columns)).into();
    }
    settle(model);
}

/// Follows the run, draws the graph once it is known, and keeps what is selected in sight.
pub(crate) fn settle(model: &mut Model) {
    let area = layout::inner(layout::run(model.size).main);
    let Some(open) = &mut model.run else { return };
    let Some(detail) = model.mirror.detail(&open.run) else { return };
    events::settle(&mut open.events, detail.history.events().len(), usize::from(area.height));
    canvas::draw(&mut open.canvas, detail);
    let known = |step: &StepId| match &detail.graph {
        Some(graph) => graph.step(step).is_some(),
        None => detail.history.step(step).is_some(),
    };
    if open.canvas.follow || !open.canvas.selected.as_ref().is_some_and(known) {
        open.canvas.selected = canvas::step_to_follow(&open.canvas, detail);
    }
    canvas::pan(&mut open.canvas, model.size);
}

fn on_screen(model: &mut Model, open: &mut RunScreen, action: Action, now: Timestamp) -> bool {
    if let Some(tab) = Tab::of(action) {
        open.tab = tab;
        return true;
    }
    match action {
        Action::NextPane => open.tab = open.tab.next(),
        Action::PreviousPane => open.tab = open.tab.previous(),
        Action::Find => {
            open.tab = Tab::Events;
            let input = open.events.search.as_ref().map_or("", |search| &search.text).into();
            model.layers.push(Layer::Find { input });
        }
        Action::Back if open.tab == Tab::Events && open.events.search.is_some() => open.events.search = None,
        Action::Back => model.screen = Screen::Home,
        _ => return in_tab(model, open, action, now),
    }
    true
}

fn in_tab(model: &mut Model, open: &mut RunScreen, action: Action, now: Timestamp) -> bool {
    let page = page(model);
    let found = match (model.mirror.detail(&open.run), open.tab) {
        (None, _) => return false,
        (Some(detail), Tab::Canvas) => {
            let form = layout::canvas(model.size, open.canvas.drawing.as_deref()).form;
            on_canvas(open, detail, form, action)
        }
        (Some(detail), Tab::Events) => {
            in_log(open, detail, action, (page, layout::payload_columns(model.size)))
        }
    };
    if found == Outcome::NotFound {
        let what = if open.tab == Tab::Events && open.events.search.is_some() {
            "no match"
        } else {
            "no problem step"
        };
        model.say(Tone::Info, what, now);
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
        Action::NextMatch | Action::PreviousMatch => match canvas::next_problem(&open.canvas, detail, action)
        {
            Some(step) => Some(step),
            None => return Outcome::NotFound,
        },
        Action::PageDown | Action::PageUp => None,
        _ => return Outcome::NotMine,
    };
    open.canvas.follow = false;
    open.canvas.selected = to.or(open.canvas.selected.take());
    Outcome::Done
}

/// `sizes`: rows of a page, columns of a payload.
fn in_log(open: &mut RunScreen, detail: &RunDetail, action: Action, sizes: (usize, usize)) -> Outcome {
    let log = detail.history.events();
    let list = &mut open.events;
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
    let selected = open.canvas.selected.clone();
    let log = detail.history.events();
    if let Some(place) = log.iter().rposition(|event| selected.is_some() && event.step_id() == selected) {
        open.events.index = place;
        open.events.follow = false;
    }
    open.tab = Tab::Events;
    Outcome::Done
}

fn page(model: &Model) -> usize {
    usize::from(layout::inner(layout::run(model.size).main).height).saturating_sub(1).max(1)
}
