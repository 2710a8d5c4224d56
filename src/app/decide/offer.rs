//! Makes the dialog of a decision. Its commands are fixed here and never aimed again.

use std::sync::Arc;

use serde_json::Map;

use super::aim::{Aim, decides, named, workflow_of};
use super::outcome;
use super::rules::{Refusal, refusal, word};
use crate::app::guard::Typed;
use crate::app::key::Key;
use crate::app::layers::{Choice, Demands, Dialog, DialogKind, Field, TextInput};
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
    let nothing = || Refusal::Senseless("nothing is selected that this could be done to".into());
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
    };
    let task = aim.task.filter(|_| matches!(kind, DialogKind::Approve | DialogKind::Reject));
    let mut dialog = Dialog {
        kind,
        target: named(model, aim.run),
        step: task.map(|task| task.step_id.clone()),
        payload: task.map(|task| task.payload.clone()),
        verbatim: task.and_then(|task| task.verbatim.clone()),
        next: found.filter(|_| kind == DialogKind::Approve).map(|found| found.next).unwrap_or_default(),
        lines: Arc::default(),
        names: 0,
        own: Arc::default(),
        choices,
        reason: TextInput::default(),
        demands: demands(model, action, aim),
        proof: TextInput::default(),
        field: Field::Answer,
        offset: 0,
        seen: 0,
        opened_at: now,
    };
    dialog.field = dialog.fields()[0];
    dialog.fit(model.size);
    Ok(dialog)
}

/// What the guardrails ask for beyond a key.
fn demands(model: &Model, action: Action, aim: &Aim<'_>) -> Demands {
    let guard = model.session.guards.of(word(action));
    let proof = guard.typed.map(|typed| match typed {
        Typed::RunId => ("run id", aim.run.short().to_owned()),
        Typed::Profile => ("profile", model.session.profile.clone()),
    });
    Demands { proof, reason: guard.needs_reason }
}

/// Whether what the dialog was opened on still stands as it did; the target itself never moves.
///
/// # Errors
/// Why it may not be sent any more.
pub(crate) fn recheck(
    model: &Model,
    dialog: &Dialog,
    command: &Command,
    now: Timestamp,
) -> Result<(), Refusal> {
    let aim = match command {
        Command::Decide(decision) => {
            let task = model.mirror.tasks_of(&decision.run).find(|task| decides(command, task));
            let gone = || Refusal::Senseless(format!("already decided: {}", dialog.target));
            Aim { run: &decision.run, task: Some(task.ok_or_else(gone)?) }
        }
        // A new run needs nothing of the old one but its input, which is in the command.
        Command::Start(_) => return super::rules::sendable(model, now),
        Command::Pause { run, .. } | Command::Resume { run, .. } | Command::Stop { run, .. } => {
            Aim { run, task: model.mirror.tasks_of(run).next() }
        }
    };
    refusal(model, dialog.kind.action(), &aim, now).map_or(Ok(()), Err)
}

fn kind(action: Action) -> Option<DialogKind> {
    use DialogKind::{Approve, Pause, Reject, Resume, RunAgain, Stop};
    [Approve, Reject, Pause, Resume, Stop, RunAgain].into_iter().find(|kind| kind.action() == action)
}

fn choice(label: &'static str, outcome: String, command: Command) -> Choice {
    Choice { key: Key::Enter, label, outcome, command }
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
    let command = |mode| Command::Stop { workflow: workflow.clone(), run: run.clone(), mode };
    let immediately = Choice {
        key: Key::Char('i'),
        label: "immediately",
        outcome: outcome::stop_now(model, run),
        command: command(StopMode::Immediate),
    };
    let gracefully = Choice {
        key: Key::Char('g'),
        label: "gracefully",
        outcome: outcome::stop_gracefully(model, run),
        command: command(StopMode::Graceful),
    };
    match model.mirror.run(run).map(|run| run.status.class()) {
        // It is stopping gracefully already.
        Some(RunClass::Draining) => vec![immediately],
        _ => vec![gracefully, immediately],
    }
}

fn run_again(model: &Model, run: &RunId, workflow: WorkflowId) -> Result<Choice, Refusal> {
    let unknown = || match model.mirror.detail(run) {
        None => Refusal::AskFirst("its input is being fetched; press R again in a moment".into()),
        Some(_) => Refusal::Senseless("the server does not say which input it was started with".into()),
    };
    let input = outcome::input(model, run).ok_or_else(unknown)?;
    let command = Command::Start(StartRun {
        workflow,
        run_id: None,
        input,
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: outcome::trigger_steps(model, run),
        principal: Default::default(),
    });
    Ok(choice("run again", "a new run starts with the same input; this one stays as it is".into(), command))
}
