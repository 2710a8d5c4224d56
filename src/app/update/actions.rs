//! What each action does.

use super::{bundle, copy, family, offers, send};
use crate::app::decide::{self, Aim, Refusal};
use crate::app::layers::{Layer, TextInput, edit_dialog};
use crate::app::model::{Paper, Screen, Tone};
use crate::app::panes::{self, Tab};
use crate::app::{Action, Effect, Model};
use crate::domain::{RunId, Timestamp};

/// Does an action to what is selected on the screen.
pub(crate) fn perform(model: &mut Model, action: Action, now: Timestamp) -> Vec<Effect> {
    use Action::{Approve, Pause, Reject, Resume, RunAgain, Stop};
    match action {
        Action::Quit => return send::quit(model, now),
        Action::Undo => send::undo(model, now),
        Action::Refetch => {
            model.refused.clear();
            if let Some(open) = &mut model.run {
                open.diagnosis.ask_again();
            }
            return vec![Effect::Refetch];
        }
        Action::Validate if model.screen == Screen::Run => return offers::validate(model, now),
        Action::OpenChild | Action::OpenParent if model.screen == Screen::Run => {
            family::open(model, action, now);
        }
        Action::Open if is_diagnosis(model) => return offers::accept(model, now),
        Action::Series => series(model, now),
        Action::Help => model.layers.push(Layer::Help { offset: 0 }),
        Action::Palette => model.layers.push(Layer::Palette { input: TextInput::default(), index: 0 }),
        Action::Theme => model.paper = turned(model.paper),
        Action::CopyCell => return copy::cell(model, now),
        Approve | Reject | Pause | Resume | Stop | RunAgain => return decide_here(model, action, now),
        Action::EditResult => {
            return edited(model, now, |model| decide_here(model, Approve, now));
        }
        Action::RunMenu | Action::CopyId | Action::Console | Action::Diagnose | Action::Bundle => {
            return on_selected_run(model, action, now);
        }
        moved if model.screen == Screen::Run => {
            panes::perform_on_run(model, moved, now);
        }
        moved => return at_home(model, moved, now),
    }
    Vec::new()
}

/// Does an action to a run, whatever is selected.
pub(crate) fn perform_at(model: &mut Model, action: Action, run: &RunId, now: Timestamp) -> Vec<Effect> {
    use Action::{Approve, Pause, Reject, Resume, RunAgain, Stop};
    match action {
        Approve | Reject | Pause | Resume | Stop | RunAgain => {
            let aim = decide::aim_at(model, run);
            // The task that the screen has selected, if it is one of this run's.
            let aim = decide::aim(model).filter(|shown| shown.run == run).unwrap_or(aim);
            let offer = decide::offer(model, action, &aim, now);
            show(model, offer, now)
        }
        Action::EditResult => edited(model, now, |model| perform_at(model, Approve, run, now)),
        Action::Open => {
            open(model, run, now);
            Vec::new()
        }
        Action::Diagnose => {
            open(model, run, now);
            if let Some(shown) = model.run.as_mut().filter(|shown| shown.run == *run) {
                shown.tab = Tab::Diagnosis;
            }
            Vec::new()
        }
        Action::CopyId => copy::id(model, run, now),
        Action::Console => copy::console(model, run, now),
        Action::Bundle => bundle::of(model, run, now),
        _ => Vec::new(),
    }
}

fn is_diagnosis(model: &Model) -> bool {
    model.screen == Screen::Run && model.run.as_ref().is_some_and(|open| open.tab == Tab::Diagnosis)
}

fn decide_here(model: &mut Model, action: Action, now: Timestamp) -> Vec<Effect> {
    if action == Action::RunAgain
        && let Some(failures) = panes::selected_failures(model)
    {
        let offer = decide::offer_all(model, &failures, now);
        return show(model, offer, now);
    }
    let offer = match decide::aim(model) {
        Some(aim) => decide::offer(model, action, &aim, now),
        None => Err(Refusal::Senseless("no run is selected".into())),
    };
    show(model, offer, now)
}

/// The dialog of an approval, where it opens, and over it the editor of what it results in.
fn edited(model: &mut Model, now: Timestamp, approve: impl FnOnce(&mut Model) -> Vec<Effect>) -> Vec<Effect> {
    let open = model.layers.len();
    let mut effects = approve(model);
    if model.layers.len() > open {
        effects.extend(edit_dialog(model, now));
    }
    effects
}

/// Shows the runs that run again, from the one whose turn it is on.
fn series(model: &mut Model, now: Timestamp) {
    match &model.reruns.series {
        Some(series) => {
            let here = series.items().iter().position(|item| {
                item.stage.is_under_way()
                    || series.stopped_at().is_some_and(|stopped| stopped.run == item.run)
            });
            model.layers.push(Layer::Series { index: here.unwrap_or(0) });
        }
        None => {
            let text = "no series of runs: R on failures of one cause runs all of them again, one at a time";
            model.say(Tone::Info, text, now);
        }
    }
}

pub(super) fn show(
    model: &mut Model,
    offer: Result<crate::app::layers::Dialog, Refusal>,
    now: Timestamp,
) -> Vec<Effect> {
    match offer {
        Ok(dialog) => model.layers.push(Layer::Dialog(Box::new(dialog))),
        Err(Refusal::Senseless(text)) => model.say(Tone::Info, text, now),
        Err(Refusal::AskFirst(text)) => {
            model.say(Tone::Bad, text, now);
            return vec![Effect::Refetch];
        }
    }
    Vec::new()
}

fn on_selected_run(model: &mut Model, action: Action, now: Timestamp) -> Vec<Effect> {
    let Some(run) = decide::aim(model).map(|aim: Aim<'_>| aim.run.clone()) else {
        model.say(Tone::Info, "no run is selected", now);
        return Vec::new();
    };
    if action != Action::RunMenu {
        return perform_at(model, action, &run, now);
    }
    match decide::workflow_of(model, &run) {
        Some(workflow) => model.layers.push(Layer::RunMenu { workflow, run, index: 0 }),
        None => unknown(model, &run, now),
    }
    Vec::new()
}

fn at_home(model: &mut Model, action: Action, now: Timestamp) -> Vec<Effect> {
    match action {
        Action::Open if panes::fold_failures(model, action, now) => panes::settle_home(model, now),
        Action::Open => {
            if let Some(run) = model.home.selected().map(|key| key.run().clone()) {
                open(model, &run, now);
            }
        }
        Action::Back if model.home.filter.is_empty() => {}
        Action::Back => panes::set_filter(model, "", now),
        Action::Find => model.layers.push(Layer::Find { input: model.home.filter.as_str().into() }),
        moved => {
            panes::motion(model, moved, now);
        }
    }
    Vec::new()
}

fn open(model: &mut Model, run: &RunId, now: Timestamp) {
    let already = model.screen == Screen::Run && model.run.as_ref().is_some_and(|open| open.run == *run);
    match decide::workflow_of(model, run) {
        Some(_) if already => {}
        Some(workflow) => panes::open_run(model, workflow, run.clone()),
        None => unknown(model, run, now),
    }
}

fn unknown(model: &mut Model, run: &RunId, now: Timestamp) {
    model.say(Tone::Info, family::of_no_workflow(run), now);
}

fn turned(paper: Paper) -> Paper {
    match paper {
        Paper::Dark => Paper::Light,
        Paper::Light => Paper::Dark,
    }
}
