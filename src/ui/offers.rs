//! What the keys can do right now: the footer's, the menu's and the palette's lists.

use crate::app::action::{ACTIONS, Action, Entry, Place};
use crate::app::model::Access;
use crate::app::panes::RowKey;
use crate::app::{Model, Screen};
use crate::domain::{Run, RunStatus};

/// The actions that have an effect on what is selected, the most telling first.
pub fn offered(model: &Model) -> Vec<Action> {
    let mut out = Vec::new();
    if let Some(run) = selected_run(model) {
        if model.session.access == Access::ReadWrite {
            out.extend(commands(model, run));
        }
    }
    match model.screen {
        Screen::Home if model.home.selected().is_some() => out.extend([Action::Open, Action::RunMenu]),
        Screen::Home => {}
        Screen::Run => out.extend([Action::NextMatch, Action::Follow, Action::RunMenu, Action::Back]),
    }
    if model.screen == Screen::Home && !model.home.filter.is_empty() {
        out.push(Action::Back);
    }
    out.extend([Action::Find, Action::Palette, Action::Help]);
    out
}

/// The actions of the palette for what was typed, in the order of the table.
pub fn matching(model: &Model, input: &str) -> Vec<&'static Entry> {
    let wanted = input.to_lowercase();
    let here = |entry: &&Entry| entry.place != Place::RunScreen || model.screen == Screen::Run;
    let fits = |entry: &&Entry| {
        entry.id.contains(&wanted)
            || entry.label.contains(&wanted)
            || entry.help.to_lowercase().contains(&wanted)
    };
    ACTIONS.iter().filter(here).filter(fits).collect()
}

/// The actions of a run's menu, in the order of the table.
pub fn menu() -> Vec<&'static Entry> {
    ACTIONS.iter().filter(|entry| entry.place == Place::OnRun && entry.action != Action::RunMenu).collect()
}

/// Whether an action sends something to the server.
pub(super) fn is_command(action: Action) -> bool {
    matches!(
        action,
        Action::Approve | Action::Reject | Action::Pause | Action::Resume | Action::Stop | Action::RunAgain
    )
}

/// The run that commands would go to.
pub(super) fn selected_run(model: &Model) -> Option<&Run> {
    let id = match (model.screen, &model.run) {
        (Screen::Run, Some(screen)) => &screen.run,
        _ => model.home.selected()?.run(),
    };
    model.mirror.run(id)
}

/// Whether a task of the selected run can be decided.
fn has_task(model: &Model, run: &Run) -> bool {
    match (model.screen, model.home.selected()) {
        (Screen::Home, Some(RowKey::Task(..))) => true,
        (Screen::Home, _) => false,
        (Screen::Run, _) => model.mirror.tasks_of(&run.id).next().is_some(),
    }
}

fn commands(model: &Model, run: &Run) -> Vec<Action> {
    let mut out = Vec::new();
    if has_task(model, run) {
        out.extend([Action::Approve, Action::Reject]);
    }
    let waits = model.mirror.tasks_of(&run.id).next().is_some();
    match &run.status {
        RunStatus::Paused if !waits => out.extend([Action::Resume, Action::Stop]),
        RunStatus::Running if !waits => out.extend([Action::Pause, Action::Stop]),
        RunStatus::Failed | RunStatus::Stopped | RunStatus::Cancelled | RunStatus::Completed => {
            out.push(Action::RunAgain);
        }
        RunStatus::Pending
        | RunStatus::Queued
        | RunStatus::Starting
        | RunStatus::Running
        | RunStatus::Paused
        | RunStatus::Draining
        | RunStatus::Unknown(_) => out.push(Action::Stop),
        RunStatus::Rejected => {}
    }
    out
}
