//! What `enter` does on a finding: its offer, through the same paths as the keys.

use super::actions::{perform, show as show_dialog};
use crate::app::model::{Access, Tone};
use crate::app::panes::{self, Tab};
use crate::app::{Action, Effect, Model, decide};
use crate::domain::Timestamp;
use crate::domain::triage::{Act, Page};
use crate::wire::CallError;

/// Does the selected offer of the selected finding.
pub(super) fn accept(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let diagnosis = model.run.as_ref().map(|open| &open.diagnosis);
    let finding = diagnosis.and_then(|diagnosis| Some((diagnosis.current()?, diagnosis.offer)));
    let act = finding.and_then(|(finding, offer)| finding.offers.get(offer)).map(|offer| offer.act.clone());
    match act {
        Some(act) => perform_act(model, act, now),
        None => {
            model.say(
                Tone::Info,
                "nothing can be done about this from here; the right side says what to do",
                now,
            );
            Vec::new()
        }
    }
}

fn perform_act(model: &mut Model, act: Act, now: Timestamp) -> Vec<Effect> {
    match act {
        Act::Decide => return perform(model, Action::RunMenu, now),
        Act::Pause => return perform(model, Action::Pause, now),
        Act::Resume => return perform(model, Action::Resume, now),
        Act::Stop => return perform(model, Action::Stop, now),
        Act::RunAgain => return perform(model, Action::RunAgain, now),
        Act::Refetch => return perform(model, Action::Refetch, now),
        Act::Validate => return validate(model, now),
        Act::ShowEvents => show(model, Tab::Events),
        Act::ShowStep(step) => {
            show(model, Tab::Canvas);
            if let Some(open) = &mut model.run {
                open.canvas.selected = Some(panes::on_canvas(&step));
                open.canvas.follow = false;
            }
            panes::settle_run(model);
        }
        Act::OpenRun { workflow, run } => panes::open_run(model, workflow, run),
        Act::Reconnect { connection, provider } => {
            return reconnect(model, connection.into(), provider.into(), now);
        }
        Act::Activate(profiled) => {
            let offer = decide::activate(model, &profiled, now);
            return show_dialog(model, offer, now);
        }
        Act::Publish(workflow) => {
            let known = model.run.as_ref().and_then(|open| open.diagnosis.facts.published(&workflow).known());
            let offer = decide::publish(model, &workflow, known, now);
            return show_dialog(model, offer, now);
        }
        Act::Console(page) => return console(model, &page, now),
        Act::Copy(text) => return copy(model, "it", text.into(), now),
        Act::Command(command) => return copy(model, "the command", command.into(), now),
    }
    Vec::new()
}

/// Has the server check the binding of the step that matters, and shows how that goes.
pub(super) fn validate(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    if model.session.access == Access::ReadOnly {
        model.say(
            Tone::Info,
            "read-only session: validations are requests that have the server act, so none is sent",
            now,
        );
        return Vec::new();
    }
    if let Some(open) = &mut model.run {
        open.tab = Tab::Diagnosis;
        open.diagnosis.check();
    }
    Vec::new()
}

fn show(model: &mut Model, tab: Tab) {
    if let Some(open) = &mut model.run {
        open.tab = tab;
    }
}

fn reconnect(model: &mut Model, connection: String, provider: String, now: Timestamp) -> Vec<Effect> {
    if model.session.access == Access::ReadOnly {
        model.say(Tone::Info, "read-only session: no reconnection is begun", now);
        return Vec::new();
    }
    model.say(Tone::Info, format!("asking where {connection} is connected again…"), now);
    if let Some(open) = &mut model.run {
        open.diagnosis.wait_for(connection.as_str().into(), now);
    }
    vec![Effect::Reconnect { connection, provider }]
}

/// Opens the page on which an account is connected again. Where there is no browser, as on a jump host,
/// its address can be taken to one.
pub(super) fn connect_at(
    model: &mut Model,
    connection: &str,
    address: Result<String, CallError>,
    now: Timestamp,
) -> Vec<Effect> {
    match address {
        Ok(address) => {
            let text = format!("connect {connection} in the browser; the address is in the clipboard too");
            model.say(Tone::Info, text, now);
            vec![Effect::Copy(address.clone()), Effect::Open(address)]
        }
        Err(error) => {
            model.say(Tone::Bad, format!("cannot reconnect {connection}: {error}"), now);
            Vec::new()
        }
    }
}

fn console(model: &mut Model, page: &Page, now: Timestamp) -> Vec<Effect> {
    match &model.session.console {
        Some(base) => vec![Effect::Open(format!("{}{}", base.trim_end_matches('/'), page.path()))],
        None => {
            model.say(Tone::Info, "this server has no web console", now);
            Vec::new()
        }
    }
}

fn copy(model: &mut Model, what: &str, text: String, now: Timestamp) -> Vec<Effect> {
    model.say(Tone::Info, format!("copied {what}: {text}"), now);
    vec![Effect::Copy(text)]
}
