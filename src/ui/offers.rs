//! What the keys can do right now: what the footer lists, and what lists of actions set back.

use crate::app::decide::{aim, refusal};
use crate::app::panes::{RunScreen, Tab};
use crate::app::{Action, Freshness, Model, Screen};
use crate::domain::{RunStatus, Timestamp};

/// The order of commands in the footer: the most telling first.
const COMMANDS: [Action; 7] = [
    Action::Approve,
    Action::Reject,
    Action::EditResult,
    Action::Resume,
    Action::Pause,
    Action::Stop,
    Action::RunAgain,
];

/// The actions that have an effect on what is selected, the most telling first.
pub fn offered(model: &Model, now: Timestamp) -> Vec<Action> {
    let mut out: Vec<_> = COMMANDS.into_iter().filter(|action| is_offered(model, *action, now)).collect();
    let reads = reads_payload(model);
    match model.screen {
        Screen::Home if model.home.selected().is_some() => out.extend([Action::Open, Action::RunMenu]),
        Screen::Home => {}
        Screen::Run => {
            let open = model.run.as_ref();
            let acts = open.is_some_and(|open| open.tab == Tab::Diagnosis && has_offer(open));
            out.extend(acts.then_some(Action::Open));
            let opens = |open: &&RunScreen| matches!(open.tab, Tab::Events | Tab::Context) && !reads;
            out.extend(open.filter(opens).map(|_| Action::Open));
            out.extend((!reads && seeks(model)).then_some(Action::NextMatch));
            out.extend(diagnosis(open));
            out.extend(open.and_then(|open| family(model, open)));
            out.push(Action::RunMenu);
        }
    }
    out.extend(model.reruns.series.as_ref().map(|_| Action::Series));
    let back = model.screen == Screen::Run || !model.home.filter.is_empty();
    out.extend(back.then_some(Action::Back));
    let fresh = matches!(Freshness::of(model, now), Freshness::Fresh { .. });
    out.extend((!fresh).then_some(Action::Refetch));
    out.extend((!reads).then_some(Action::Find));
    out.extend([Action::Palette, Action::Help]);
    out
}

/// Whether something can be done about the selected finding.
fn has_offer(open: &RunScreen) -> bool {
    open.diagnosis.current().is_some_and(|finding| !finding.offers.is_empty())
}

/// The way to the diagnosis, or, on it, to have it checked by the server.
fn diagnosis(open: Option<&RunScreen>) -> Option<Action> {
    let on_it = open?.tab == Tab::Diagnosis;
    Some(if on_it { Action::Validate } else { Action::Diagnose })
}

/// The way to the run that the selected step called, else to the one that called this run.
fn family(model: &Model, open: &RunScreen) -> Option<Action> {
    let detail = model.mirror.detail(&open.run)?;
    let state = open.history(detail).step(open.canvas.selected.as_ref()?);
    if state.is_some_and(|state| state.child.is_some()) {
        return Some(Action::OpenChild);
    }
    model.mirror.run(&open.run)?.parent.is_some().then_some(Action::OpenParent)
}

/// Whether the payload of an event or a value is open to be read, which takes the tab's keys.
fn reads_payload(model: &Model) -> bool {
    let open = model.run.as_ref().filter(|_| model.screen == Screen::Run);
    open.is_some_and(|open| match open.tab {
        Tab::Events => open.events.payload.is_some(),
        Tab::Context => open.context.open.is_some(),
        Tab::Canvas | Tab::Timeline | Tab::Diagnosis => false,
    })
}

/// Whether there is something to go to the next of: data have no problem steps, only matches.
fn seeks(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|open| open.tab != Tab::Context || open.search().is_some())
}

/// Whether a command would be taken for what is selected, and is worth offering.
pub(super) fn is_offered(model: &Model, action: Action, now: Timestamp) -> bool {
    let Some(aim) = aim(model) else { return false };
    let run = model.mirror.run(aim.run);
    let sensible = match action {
        // Possible at any time, but what one wants with a live run is something else.
        Action::RunAgain => run.is_some_and(|run| run.status.is_terminal()),
        // A run that waits for a person or has not started is not what pause is for.
        Action::Pause => aim.task.is_none() && run.is_some_and(|run| run.status == RunStatus::Running),
        // Any approval can be edited; a plain yes or no seldom wants it.
        Action::EditResult => aim.task.is_some_and(|task| &*task.task_type != "approval"),
        _ => true,
    };
    sensible && refusal(model, action, &aim, now).is_none()
}

/// Whether an action sends something to the server.
pub(super) fn is_command(action: Action) -> bool {
    COMMANDS.contains(&action)
}
