//! Makes the dialog of a decision. Its commands are fixed here and never aimed again.

use serde_json::Map;

use super::aim::{Aim, decides, named, workflow_of};
use super::outcome;
use super::rules::{Refusal, refusal, sendable, word};
use crate::app::guard::Typed;
use crate::app::key::Key;
use crate::app::layers::{Choice, Demands, Dialog, DialogKind};
use crate::app::pending::Order;
use crate::app::{Action, Model};
use crate::domain::consequence::Consequence;
use crate::domain::{RunClass, RunId, StopMode, Timestamp, WorkflowId};
use crate::wire::{Command, Decision, StartRun};

/// The dialog of an action, or why there is none.
///
/// # Errors
/// When the action cannot be done to what it is aimed at.
pub(crate) fn offer(model: &Model, action: Action, aim: &Aim<'_>, now: Timestamp) -> Result<Dialog, Refusal> {
    if let Some(refusal) = refusal(model, action, aim, now) {
        return Err(refusal);
    }
    let workflow = workflow_of(model, aim.run).ok_or_else(nothing)?;
    let kind = kind(action).ok_or_else(nothing)?;
    let found = aim.task.and_then(|task| outcome::consequence(model, aim.run, &task.step_id));
    let choices = match kind {
        DialogKind::Approve | DialogKind::Reject => decisions(aim, &workflow, kind, found.as_ref()),
        DialogKind::Pause => {
            let command = Command::Pause { workflow, run: aim.run.clone() };
            vec![choice("pause", outcome::pause(model, aim.run), command)]
        }
        DialogKind::Resume => {
            let command = Command::Resume { workflow, run: aim.run.clone() };
            vec![choice("resume", outcome::resume(model, aim.run), command)]
        }
        DialogKind::Stop => stops(model, aim.run, &workflow),
        DialogKind::RunAgain => vec![run_again(model, aim.run, workflow)?],
        DialogKind::RunAll | DialogKind::Publish | DialogKind::Activate => return Err(nothing()),
    };
    let task = aim.task.filter(|_| matches!(kind, DialogKind::Approve | DialogKind::Reject));
    let mut dialog = Dialog::new(kind, named(model, aim.run), choices, now);
    dialog.step = task.map(|task| task.step_id.clone());
    dialog.payload = task.map(|task| task.payload.clone());
    dialog.verbatim = task.and_then(|task| task.verbatim.clone());
    dialog.next = found.filter(|_| kind == DialogKind::Approve).map(|found| found.next).unwrap_or_default();
    if let Some(Order::Send(Command::Start(start))) = dialog.choices.first().map(|choice| &choice.order) {
        dialog.payload = Some(start.input.clone());
    }
    dialog.demands = demands(model, word(action), ("run id", aim.run.short()));
    Ok(dialog.ready(model.size))
}

/// There is nothing that it could be done to.
pub(super) fn nothing() -> Refusal {
    Refusal::Senseless("nothing is selected that this could be done to".into())
}

/// What the guardrails ask for beyond a key, for a command of that word; `own` is what would be typed to
/// confirm this very one, and what that is.
pub(super) fn demands(model: &Model, word: &str, own: (&'static str, &str)) -> Demands {
    let guard = model.session.guards.of(word);
    let proof = guard.typed.map(|typed| match typed {
        Typed::RunId => (own.0, own.1.to_owned()),
        Typed::Profile => ("profile", model.session.profile.clone()),
    });
    Demands { proof, reason: guard.needs_reason }
}

/// Whether what the dialog was opened on still stands as it did; the target itself never moves.
///
/// # Errors
/// Why it may not be sent any more.
pub(crate) fn recheck(model: &Model, dialog: &Dialog, order: &Order, now: Timestamp) -> Result<(), Refusal> {
    let Order::Send(command) = order else { return sendable(model, now) };
    let aim = match command {
        Command::Decide(decision) => {
            let task = model.mirror.tasks_of(&decision.run).find(|task| decides(command, task));
            let gone = || Refusal::Senseless(format!("already decided: {}", dialog.target));
            Aim { run: &decision.run, task: Some(task.ok_or_else(gone)?) }
        }
        // A new run needs nothing of the old one but its input, which is in the command; what is
        // published or made active, the server is asked about before.
        Command::Start(_) | Command::Publish(_) | Command::Activate { .. } => return sendable(model, now),
        Command::Pause { run, .. } | Command::Resume { run, .. } | Command::Stop { run, .. } => {
            Aim { run, task: model.mirror.tasks_of(run).next() }
        }
    };
    let action = dialog.kind.action().ok_or_else(nothing)?;
    refusal(model, action, &aim, now).map_or(Ok(()), Err)
}

fn kind(action: Action) -> Option<DialogKind> {
    use DialogKind::{Approve, Pause, Reject, Resume, RunAgain, Stop};
    [Approve, Reject, Pause, Resume, Stop, RunAgain].into_iter().find(|kind| kind.action() == Some(action))
}

/// The only choice of a dialog.
pub(super) fn choice(label: &'static str, outcome: String, command: Command) -> Choice {
    Choice { key: Key::Enter, label, outcome, order: Order::Send(command) }
}

fn decisions(
    aim: &Aim<'_>,
    workflow: &WorkflowId,
    kind: DialogKind,
    found: Option<&Consequence>,
) -> Vec<Choice> {
    let Some(task) = aim.task else { return Vec::new() };
    let approved = kind == DialogKind::Approve;
    let command = Command::Decide(Decision {
        workflow: workflow.clone(),
        run: aim.run.clone(),
        task: task.task_id.clone(),
        created_at: task.created_at,
        shown: Some(task.fingerprint()),
        approved,
        result: Map::new(),
    });
    if approved {
        vec![choice("approve", outcome::approval(found), command)]
    } else {
        vec![choice("reject", outcome::rejection(found), command)]
    }
}

fn stops(model: &Model, run: &RunId, workflow: &WorkflowId) -> Vec<Choice> {
    let order = |mode| Order::Send(Command::Stop { workflow: workflow.clone(), run: run.clone(), mode });
    let immediately = Choice {
        key: Key::Char('i'),
        label: "immediately",
        outcome: outcome::stop_now(model, run),
        order: order(StopMode::Immediate),
    };
    let gracefully = Choice {
        key: Key::Char('g'),
        label: "gracefully",
        outcome: outcome::stop_gracefully(model, run),
        order: order(StopMode::Graceful),
    };
    match model.mirror.run(run).map(|run| run.status.class()) {
        // It is stopping gracefully already.
        Some(RunClass::Draining) => vec![immediately],
        _ => vec![gracefully, immediately],
    }
}

fn run_again(model: &Model, run: &RunId, workflow: WorkflowId) -> Result<Choice, Refusal> {
    let Some(detail) = model.mirror.detail(run) else {
        let text = "its input is being fetched; press R again in a moment";
        return Err(Refusal::AskFirst(text.into()));
    };
    let start = StartRun::again((workflow, run.clone()), &detail.history, detail.context.as_ref());
    let unknown = || Refusal::Senseless("the server does not say which input it was started with".into());
    let command = Command::Start(start.ok_or_else(unknown)?);
    Ok(choice("run again", "a new run starts with this input; the old one stays as it is".into(), command))
}
