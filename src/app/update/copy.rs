//! What leaves the screen: copies and console links.

use crate::app::decide::workflow_of;
use crate::app::model::{Screen, Tone};
use crate::app::panes::{RowKey, Tab, pretty, under_context};
use crate::app::{Effect, Model, decide};
use crate::domain::text::{pasteable, visible};
use crate::domain::{RunId, Timestamp};
use crate::wire::paths;

/// Copies a run's id.
pub(super) fn id(model: &mut Model, run: &RunId, now: Timestamp) -> Vec<Effect> {
    model.say(Tone::Info, format!("copied run id {run}"), now);
    vec![Effect::Copy(visible(run.as_str()).into_owned())]
}

/// Copies what is under the cursor.
pub(super) fn cell(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let under = match model.screen {
        Screen::Home => under_home(model),
        Screen::Run => under_run(model),
    };
    let Some((what, text)) = under else {
        model.say(Tone::Info, "nothing here can be copied", now);
        return Vec::new();
    };
    let text = pasteable(&text);
    model.say(Tone::Info, format!("copied {what}, {} characters", text.chars().count()), now);
    vec![Effect::Copy(text)]
}

/// Opens a run's workflow in the web console.
pub(super) fn console(model: &mut Model, run: &RunId, now: Timestamp) -> Vec<Effect> {
    let why = match (&model.session.console, workflow_of(model, run)) {
        (Some(console), Some(workflow)) => {
            // The console's path for a workflow encodes the id as the API's does.
            let path = paths::workflow(&workflow);
            let id = path.rsplit('/').next().unwrap_or_default();
            return vec![Effect::Open(format!("{}/workflow/{id}", console.trim_end_matches('/')))];
        }
        (None, _) => "this server has no web console",
        (Some(_), None) => "the server does not say which workflow this run is of",
    };
    model.say(Tone::Info, why, now);
    Vec::new()
}

fn under_home(model: &Model) -> Option<(&'static str, String)> {
    let aim = decide::aim(model)?;
    let of_run = || Some(("the run id", aim.run.as_str().to_owned()));
    match (model.home.selected()?, aim.task) {
        (RowKey::Task(..), Some(task)) => Some(("the payload", pretty(&task.payload))),
        _ => match model.mirror.run(aim.run).and_then(|run| run.error.as_deref()) {
            Some(error) => Some(("the error", error.to_owned())),
            None => of_run(),
        },
    }
}

fn under_run(model: &Model) -> Option<(&'static str, String)> {
    let open = model.run.as_ref()?;
    let detail = model.mirror.detail(&open.run)?;
    let history = open.history(detail);
    let step = match open.tab {
        Tab::Events => {
            let place = open.events.payload.as_ref().map_or(open.events.index, |payload| payload.event);
            return history.events().get(place).map(|event| ("the payload", pretty(&event.data)));
        }
        Tab::Context => return under_context(open, detail),
        Tab::Diagnosis => {
            let finding = open.diagnosis.current()?;
            let quote = finding.quote.as_deref().map(|quote| ("what was said", quote.to_owned()));
            return quote.or_else(|| Some(("the finding", finding.title.to_string())));
        }
        Tab::Timeline => &open.timeline.selected.as_ref()?.step,
        Tab::Canvas => open.canvas.selected.as_ref()?,
    };
    let state = history.step(step);
    let error =
        || state.and_then(|state| state.error.as_deref()).map(|error| ("the error", error.to_owned()));
    let result =
        || state.and_then(|state| state.result.as_ref()).map(|result| ("the result", pretty(result)));
    error().or_else(result).or_else(|| Some(("the step id", step.as_str().to_owned())))
}
