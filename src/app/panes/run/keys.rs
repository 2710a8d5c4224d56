//! What keys do on the screen of a run, and what happens to it when the run changes.

use super::{RunScreen, Tab, canvas, context, events, judge, moment, tabs, timeline};
use crate::app::layers::Layer;
use crate::app::model::{Screen, Tone};
use crate::app::{Action, Model, layout};
use crate::domain::document::json_lines;
use crate::domain::{RunId, StepId, Timestamp, WorkflowId};

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
    let page = tabs::page(model);
    let done = events::in_payload(&mut open, action, page)
        || context::in_reader(&mut open, action, page)
        || on_screen(model, &mut open, action, now);
    model.run = Some(open);
    settle(model);
    done
}

/// Breaks the lines of what is open to be read anew for the terminal's new width.
pub(crate) fn resized(model: &mut Model) {
    let columns = layout::payload_columns(model.size);
    if let Some(open) = &mut model.run
        && let Some(detail) = model.mirror.detail(&open.run)
    {
        let log = open.history(detail).events();
        let data = open.events.payload.as_ref().and_then(|payload| log.get(payload.event));
        let lines = data.map(|event| json_lines(&event.data, columns));
        if let (Some(payload), Some(lines)) = (&mut open.events.payload, lines) {
            payload.text.lines = lines.into();
        }
        context::resized(open, detail, columns);
    }
    settle(model);
}

/// Follows the run, draws the graph once it is known, and keeps what is selected in sight.
pub(crate) fn settle(model: &mut Model) {
    let area = layout::inner(layout::run(model.size).main);
    judge::graph(model);
    let Some(open) = &mut model.run else { return };
    let Some(detail) = model.mirror.detail(&open.run) else { return };
    moment::settle(open, detail.history.events());
    let height = usize::from(area.height);
    let count = open.history(detail).events().len();
    events::settle(&mut open.events, count, height);
    canvas::draw(&mut open.canvas, detail);
    let known = |step: &StepId| match &detail.graph {
        Some(graph) => graph.step(step).is_some(),
        None => detail.history.step(step).is_some(),
    };
    if open.canvas.follow || !open.canvas.selected.as_ref().is_some_and(known) {
        open.canvas.selected = canvas::step_to_follow(&open.canvas, open.history(detail));
    }
    canvas::pan(&mut open.canvas, model.size);
    match open.tab {
        Tab::Canvas | Tab::Events | Tab::Diagnosis => {}
        Tab::Timeline => {
            let rows = layout::timeline(model.size).rows;
            timeline::settle(open, detail, usize::from(rows.height));
        }
        Tab::Context => context::settle(open, detail, height),
    }
}

fn on_screen(model: &mut Model, open: &mut RunScreen, action: Action, now: Timestamp) -> bool {
    if let Some(tab) = Tab::of(action) {
        open.tab = tab;
        return true;
    }
    match action {
        Action::NextPane => open.tab = open.tab.next(),
        Action::PreviousPane => open.tab = open.tab.previous(),
        Action::Earlier | Action::Later => scrub(model, open, action, now),
        Action::Follow if moment::leave(open) => {}
        Action::Find => {
            if open.tab != Tab::Context {
                open.tab = Tab::Events;
            }
            let input = open.search().map_or("", |search| &search.text).into();
            model.layers.push(Layer::Find { input });
        }

        Action::Back if open.search().is_some() => *open.search_mut() = None,
        Action::Back if moment::leave(open) => {}
        Action::Back => model.screen = Screen::Home,
        _ => return tabs::perform(model, open, action, now),
    }
    true
}

fn scrub(model: &mut Model, open: &mut RunScreen, action: Action, now: Timestamp) {
    let Some(detail) = model.mirror.detail(&open.run) else { return };
    if !moment::step(open, detail, action) {
        let what = if action == Action::Earlier { "this is the first event" } else { "this is the present" };
        model.say(Tone::Info, what, now);
    }
}
