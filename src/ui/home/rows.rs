//! One row of each section.

use super::facts::{is_late, waits};
use crate::domain::clock::{age, human};
use crate::domain::{FailureCode, PendingTask, Run, RunStatus, Timestamp};
use crate::ui::draw::Scene;
use crate::ui::footer;
use crate::ui::status::{Waits, of_run, of_status};
use crate::ui::strip::Strip;

/// Columns of a short id.
const ID: u16 = 8;

/// Columns of an age.
const AGE: u16 = 6;

/// A task of the inbox.
pub(super) fn task<'a>(scene: Scene<'a>, task: &'a PendingTask, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let kind = if width >= 44 { 10 } else { 0 };
    let step = width.saturating_sub(2 + ID + 2 + kind + AGE + 3);
    let strip = Strip::new()
        .gap(2)
        .cell(task.run_id.short(), ID, theme.accent)
        .gap(2)
        .cell(task.step_id.as_str(), step, theme.text)
        .gap(1);
    if let Some(pending) = scene.model.pending.of(&task.run_id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    strip.cell(&*task.task_type, kind, theme.muted).right(since(task.created_at, scene), theme.waiting)
}

/// A run that stops gracefully.
pub(super) fn draining<'a>(scene: Scene<'a>, run: &'a Run, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let bar = if width >= 56 { 10 } else { 6 };
    let name = width.saturating_sub(2 + 1 + ID + 2 + 11 + 2 + bar + 1 + AGE);
    let strip = head(scene, run, name);
    if let Some(pending) = scene.model.pending.of(&run.id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    let progress = &run.progress;
    strip
        .cell(format!("{} in flight", progress.in_flight), 11, theme.draining)
        .gap(2)
        .add(meter(progress.done, progress.total, bar), theme.draining)
        .right(since(run.started_at, scene), theme.muted)
}

/// A run that is accepted, running or paused.
pub(super) fn running<'a>(scene: Scene<'a>, run: &'a Run, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let rest = width.saturating_sub(2 + 1 + ID + 2 + 1 + 5 + 1 + AGE + 1);
    let name = rest * 11 / 20;
    let strip = head(scene, run, name);
    if let Some(pending) = scene.model.pending.of(&run.id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    let mark = of_run(run, waits(scene, run), theme);
    let done = match run.progress.total {
        0 => run.progress.done.to_string(),
        total => format!("{}/{total}", run.progress.done),
    };
    let late = is_late(run, scene.now);
    strip
        .cell(doing(scene, run, rest - name), rest - name, mark.style)
        .gap(1)
        .number(done, 5, theme.muted)
        .gap(1)
        .number(since(run.started_at, scene), AGE, if late { theme.failed } else { theme.muted })
        .cell(if late { "!" } else { "" }, 1, theme.failed)
}

/// A run that failed or was stopped.
pub(super) fn failed<'a>(scene: Scene<'a>, run: &'a Run, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let code = run.failure_code.as_ref().map_or(run.status.as_str(), FailureCode::as_str);
    let code_columns = if width >= 70 { 24 } else { 18 };
    let rest = width.saturating_sub(2 + 1 + ID + 2 + code_columns + 1 + AGE);
    let name = if rest >= 26 { rest * 3 / 5 } else { rest };
    let strip = head(scene, run, name);
    if let Some(pending) = scene.model.pending.of(&run.id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    let mark = of_status(&run.status, theme);
    let strip = strip.cell(code, code_columns, mark.style);
    let strip =
        if rest > name { strip.gap(1).cell(cause(scene, run), rest - name - 1, theme.muted) } else { strip };
    strip.gap(1).number(since(run.ended_at.or(run.updated_at), scene), AGE, theme.muted)
}

/// Glyph, name and short id, which all rows of runs begin with.
fn head<'a>(scene: Scene<'a>, run: &'a Run, name: u16) -> Strip<'a> {
    let mark = of_run(run, waits(scene, run), scene.theme);
    Strip::new()
        .cell(mark.glyph, 2, mark.style)
        .cell(scene.model.mirror.workflow_name(run), name, scene.theme.text)
        .gap(1)
        .cell(run.id.short(), ID, scene.theme.accent)
        .gap(2)
}

/// What a live run is doing: its step, or its state where no step runs.
fn doing<'a>(scene: Scene<'_>, run: &'a Run, columns: u16) -> &'a str {
    if waits(scene, run) == Waits::ForPerson {
        return if columns < 18 { "waiting" } else { "waits for a person" };
    }
    match (&run.status, &run.progress.current, &run.phase) {
        (RunStatus::Running, Some(step), _) => step.as_str(),
        (RunStatus::Running, None, Some(phase)) => phase,
        (status, ..) => status.as_str(),
    }
}

/// Where a run failed: the step where it is known, else what the server said.
fn cause<'a>(scene: Scene<'a>, run: &'a Run) -> &'a str {
    let root = scene.model.mirror.detail(&run.id).and_then(|detail| detail.history.root_cause());
    let step = root.or(run.progress.current.as_ref()).map(crate::domain::StepId::as_str);
    step.or(run.error.as_deref()).unwrap_or_default()
}

fn since(at: Option<Timestamp>, scene: Scene<'_>) -> String {
    at.map_or_else(String::new, |at| human(age(at, scene.now)))
}

/// A bar of `columns` cells.
fn meter(done: u32, total: u32, columns: u16) -> String {
    let full = if total == 0 { 0 } else { usize::from(columns) * done.min(total) as usize / total as usize };
    format!("{}{}", "▓".repeat(full), "░".repeat(usize::from(columns) - full))
}
