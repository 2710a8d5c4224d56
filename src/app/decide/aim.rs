//! What a key acts on.

use crate::app::model::Screen;
use crate::app::panes::RowKey;
use crate::app::{Model, panes::RunScreen};
use crate::domain::{PendingTask, RunId, WorkflowId};
use crate::wire::Command;

/// A run, and the task of it that a decision would be about.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Aim<'a> {
    /// The run.
    pub run: &'a RunId,
    /// Its task that waits for a person, if one does.
    pub task: Option<&'a PendingTask>,
}

/// What the screen has selected: a task, a run, or the open run with its selected step.
pub fn aim(model: &Model) -> Option<Aim<'_>> {
    match model.screen {
        Screen::Run => model.run.as_ref().map(|open| aim_on_screen(model, open)),
        Screen::Home => match model.home.selected()? {
            RowKey::Run(run) | RowKey::Failures(_, run) => Some(aim_at(model, run)),
            RowKey::Task(run, id, at) => {
                let same = |task: &&PendingTask| task.task_id == *id && task.created_at == *at;
                Some(Aim { run, task: model.mirror.tasks_of(run).find(same) })
            }
        },
    }
}

/// A run with the first of its tasks that no decision is on its way for, else with the first.
pub fn aim_at<'a>(model: &'a Model, run: &'a RunId) -> Aim<'a> {
    let undecided = model.mirror.tasks_of(run).find(|task| !is_on_its_way(model, task));
    Aim { run, task: undecided.or_else(|| model.mirror.tasks_of(run).next()) }
}

fn is_on_its_way(model: &Model, task: &PendingTask) -> bool {
    model.pending.iter().any(|pending| pending.order.command().is_some_and(|sent| decides(sent, task)))
}

/// Whether a command decides this very task, and not an earlier one of the same id.
pub(super) fn decides(command: &Command, task: &PendingTask) -> bool {
    matches!(command, Command::Decide(decision) if decision.run == task.run_id
        && decision.task == task.task_id
        && decision.created_at == task.created_at)
}

/// The workflow of a run, from the feed or from one of its tasks; none when neither says.
pub fn workflow_of(model: &Model, run: &RunId) -> Option<WorkflowId> {
    let listed = model.mirror.run(run).map(|run| &run.workflow_id);
    let known = |id: &&WorkflowId| !id.as_str().is_empty();
    let of_task = || model.mirror.tasks_of(run).map(|task| &task.workflow_id).find(known);
    listed.filter(known).or_else(of_task).cloned()
}

/// A run as the operator reads it: workflow name and short id.
pub(crate) fn named(model: &Model, run: &RunId) -> String {
    let listed = model.mirror.run(run).map(|run| model.mirror.workflow_name(run));
    let of_task = || model.mirror.tasks_of(run).find_map(|task| task.workflow_name.as_deref());
    match listed.or_else(of_task) {
        Some(name) if !name.is_empty() => format!("{name} {}", run.short()),
        _ => run.short().to_owned(),
    }
}

fn aim_on_screen<'a>(model: &'a Model, open: &'a RunScreen) -> Aim<'a> {
    let selected = open.canvas.selected.as_ref();
    let of_step = model.mirror.tasks_of(&open.run).find(|task| Some(&task.step_id) == selected);
    of_step.map_or_else(|| aim_at(model, &open.run), |task| Aim { run: &open.run, task: Some(task) })
}
