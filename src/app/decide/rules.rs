//! When a decision is refused, and why.

use super::aim::{Aim, decides, workflow_of};
use crate::app::model::{Access, Screen};
use crate::app::pending::{Order, Pending, Stage};
use crate::app::{Action, Freshness, Model, guard};
use crate::domain::{Run, RunClass, RunStatus, Timestamp};
use crate::wire::Command;

const READ_ONLY: &str = "read-only session: nothing is sent";

/// Why an action is not offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It would not make sense, or is not allowed; the sentence says why.
    Senseless(String),
    /// What is known is too old or too little: the server has to be asked first.
    AskFirst(String),
}

impl Refusal {
    /// The sentence for the operator.
    pub fn text(&self) -> &str {
        match self {
            Self::Senseless(text) | Self::AskFirst(text) => text,
        }
    }

    pub(super) fn because(text: impl Into<String>) -> Option<Self> {
        Some(Self::Senseless(text.into()))
    }
}

/// Why an action cannot be done to what it is aimed at, if it cannot. Actions that change nothing
/// on the server are never refused.
pub fn refusal(model: &Model, action: Action, aim: &Aim<'_>, now: Timestamp) -> Option<Refusal> {
    use Action::{Approve, EditResult, Pause, Reject, Resume, RunAgain, Stop};
    // An edited approval is an approval.
    let action = if action == EditResult { Approve } else { action };
    if !matches!(action, Approve | Reject | Pause | Resume | Stop | RunAgain) {
        return None;
    }
    allowed(model, word(action))
        .or_else(|| by_state(model, action, aim))
        .or_else(|| unknown_workflow(model, aim))
        .or_else(|| double(model, action, aim))
        .or_else(|| sendable(model, now).err())
}

/// Why this session may not send a command of that word, if it may not.
pub(super) fn allowed(model: &Model, word: &'static str) -> Option<Refusal> {
    if model.session.access == Access::ReadOnly {
        return Refusal::because(READ_ONLY);
    }
    past(model)
        .or_else(|| guard::refused(model, word).map(Refusal::Senseless))
        .or_else(|| forbidden(model, word))
}

/// What the server refused this token once, it will refuse again, until somebody changes its role.
fn forbidden(model: &Model, word: &str) -> Option<Refusal> {
    let why = || format!("the server does not let this token {word} (403); . asks anew");
    model.refused.contains(word).then(|| Refusal::Senseless(why()))
}

/// The word of the command that an action gives.
pub(super) fn word(action: Action) -> &'static str {
    match action {
        Action::Approve => "approve",
        Action::Reject => "reject",
        Action::Pause => "pause",
        Action::Resume => "resume",
        Action::Stop => "stop",
        Action::RunAgain => "start",
        _ => "",
    }
}

/// Whether anything at all may be sent now.
pub(crate) fn sendable(model: &Model, now: Timestamp) -> Result<(), Refusal> {
    if model.session.access == Access::ReadOnly {
        return Err(Refusal::Senseless(READ_ONLY.into()));
    }
    Freshness::of(model, now).refusal().map_or(Ok(()), |text| Err(Refusal::AskFirst(text)))
}

/// Nobody decides on what is no longer so.
fn past(model: &Model) -> Option<Refusal> {
    let open = model.run.as_ref().filter(|_| model.screen == Screen::Run)?;
    open.moment.as_ref()?;
    Refusal::because("this is the past; esc returns to the present")
}

fn by_state(model: &Model, action: Action, aim: &Aim<'_>) -> Option<Refusal> {
    if matches!(action, Action::Approve | Action::Reject) {
        return match aim.task {
            Some(_) => None,
            None => Refusal::because("no task waits for a decision here"),
        };
    }
    let Some(run) = model.mirror.run(aim.run) else {
        return Some(Refusal::AskFirst(format!("nothing is known of run {} yet", aim.run.short())));
    };
    if let (RunStatus::Unknown(_), Action::Pause | Action::Resume | Action::Stop) = (&run.status, action) {
        return unknown_state(run, action);
    }
    match action {
        Action::Pause => pause(run),
        Action::Resume => resume(model, run),
        Action::Stop if run.status.is_terminal() => {
            Refusal::because(format!("{}: the run has ended already", run.status))
        }
        _ => None,
    }
}

/// Nobody can say what a command would do to a run whose state this version does not know. Who must
/// give it all the same does so by name, on the command line.
fn unknown_state(run: &Run, action: Action) -> Option<Refusal> {
    let (word, id) = (word(action), run.id.short());
    Refusal::because(format!(
        "{}: a state that this version does not know; `arcc runs {word} {id}` sends it all the same",
        run.status
    ))
}

fn pause(run: &Run) -> Option<Refusal> {
    let why = match run.status.class() {
        RunClass::Active | RunClass::Waiting => return None,
        RunClass::Held => "it is held already; r resumes it",
        RunClass::Draining => "a stopping run cannot be paused",
        RunClass::Succeeded | RunClass::Failed => "a finished run cannot be paused; R runs it again",
    };
    Refusal::because(format!("{}: {why}", run.status))
}

fn resume(model: &Model, run: &Run) -> Option<Refusal> {
    let why = match run.status.class() {
        RunClass::Held if asks_a_person(model, run) => {
            "it waits for a decision, not for resume; a approves, x rejects"
        }
        RunClass::Held => return None,
        RunClass::Active | RunClass::Waiting => "only a paused run can be resumed",
        RunClass::Draining => "a stopping run cannot be resumed",
        RunClass::Succeeded | RunClass::Failed => "a finished run never resumes; R runs it again",
    };
    Refusal::because(format!("{}: {why}", run.status))
}

/// Some servers call a run that waits for a person paused too. Only an operator's pause, on
/// record in its log, is lifted by resume then.
fn asks_a_person(model: &Model, run: &Run) -> bool {
    if model.mirror.tasks_of(&run.id).next().is_none() {
        return false;
    }
    let by_operator = model.mirror.detail(&run.id).is_some_and(|detail| detail.history.is_held_by_operator());
    !by_operator
}

fn unknown_workflow(model: &Model, aim: &Aim<'_>) -> Option<Refusal> {
    if workflow_of(model, aim.run).is_some() {
        return None;
    }
    Some(Refusal::AskFirst(format!("the server does not say which workflow run {} is of", aim.run.short())))
}

/// The same decision twice. Stopping again is allowed once the first stop is sent: it escalates.
fn double(model: &Model, action: Action, aim: &Aim<'_>) -> Option<Refusal> {
    let known = model.pending.iter().find(|pending| is_same(pending, action, aim))?;
    match known.stage {
        Stage::Held { .. } => {
            Refusal::because(format!("already {} {}; u takes it back", known.doing, known.target))
        }
        Stage::Sent | Stage::Unknown if action == Action::Stop => None,
        Stage::Unknown => Refusal::because(format!(
            "it is not known yet whether {} {} took effect; the server is being asked",
            known.doing, known.target
        )),
        Stage::Sent => {
            Refusal::because(format!("already {} {}; the answer is due", known.doing, known.target))
        }
    }
}

fn is_same(pending: &Pending, action: Action, aim: &Aim<'_>) -> bool {
    match (&pending.order, action) {
        (Order::Send(command @ Command::Decide(_)), Action::Approve | Action::Reject) => {
            aim.task.is_some_and(|task| decides(command, task))
        }
        (Order::Send(Command::Pause { run, .. }), Action::Pause)
        | (Order::Send(Command::Resume { run, .. }), Action::Resume)
        | (Order::Send(Command::Stop { run, .. }), Action::Stop) => run == aim.run,
        (Order::Send(Command::Start(start)), Action::RunAgain) => start.in_place_of.as_ref() == Some(aim.run),
        (series @ Order::Series(_), Action::RunAgain) => series.is_about(aim.run),
        _ => false,
    }
}
