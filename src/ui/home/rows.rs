//! One row of each section.

use super::columns::{AGE, Columns, ID, code, in_flight};
use super::facts::{Meter, doing, drain, is_late, root_cause, said, waits};
use crate::domain::clock::{age, human, human_coarse};
use crate::domain::tree::Fold;
use crate::domain::{PendingTask, Run, StepId, Timestamp};
use crate::ui::draw::Scene;
use crate::ui::footer;
use crate::ui::status::{of_run, of_status};
use crate::ui::strip::Strip;

/// The most columns of a bar.
const BAR: u16 = 10;

/// A task of the inbox.
pub(super) fn task<'a>(scene: Scene<'a>, task: &'a PendingTask, columns: Columns) -> Strip<'a> {
    let theme = scene.theme;
    let strip = Strip::new()
        .gap(2)
        .cell(task.run_id.short(), ID, theme.accent)
        .gap(2)
        .cell(task.step_id.as_str(), columns.name, theme.text)
        .gap(2);
    if let Some(pending) = scene.model.pending.of(&task.run_id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    strip
        .cell(&*task.task_type, columns.what, theme.muted)
        .right(since(task.created_at, scene), theme.waiting)
}

/// A run that stops gracefully.
pub(super) fn draining<'a>(scene: Scene<'a>, run: &'a Run, columns: Columns) -> Strip<'a> {
    let theme = scene.theme;
    let strip = head(scene, run, columns.name);
    if let Some(pending) = scene.model.pending.of(&run.id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    let Meter { done, of, text } = drain(scene, run);
    let time = crate::ui::strip::columns(&text);
    let strip = strip.cell(in_flight(run), columns.what, theme.draining).gap(2);
    let room = columns.width.saturating_sub(strip.left_columns() + 1 + time).min(BAR);
    strip.add(bar(done, of, room), theme.draining).right(text, theme.muted)
}

/// A run that is accepted, running or paused.
pub(super) fn running<'a>(scene: Scene<'a>, run: &'a Run, columns: Columns) -> Strip<'a> {
    let theme = scene.theme;
    let strip = head(scene, run, columns.name);
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
        .cell(doing(scene, run, columns.what), columns.what, mark.style)
        .gap(1)
        .number(done, 5, theme.muted)
        .gap(1)
        .number(since(run.started_at, scene), AGE, if late { theme.failed } else { theme.muted })
        .cell(if late { "!" } else { "" }, 1, theme.failed)
}

/// A run that failed or was stopped: why, where, and as much of the error as fits.
pub(super) fn failed<'a>(scene: Scene<'a>, run: &'a Run, columns: Columns) -> Strip<'a> {
    let theme = scene.theme;
    let strip = head(scene, run, columns.name);
    if let Some(pending) = scene.model.pending.of(&run.id) {
        return strip.right(footer::mark(scene, pending), theme.waiting);
    }
    why(scene, run, strip, columns)
}

/// Failures of one cause: how many, and what the newest of them says.
pub(super) fn failures<'a>(
    scene: Scene<'a>,
    run: &'a Run,
    (count, fold): (usize, Fold),
    columns: Columns,
) -> Strip<'a> {
    let theme = scene.theme;
    let mark = of_status(&run.status, theme);
    let sign = if fold == Fold::Open { "▾" } else { "▸" };
    let strip = Strip::new()
        .cell(mark.glyph, 2, mark.style)
        .cell(scene.model.mirror.workflow_name(run), columns.name, theme.strong)
        .gap(1)
        .cell(format!("{sign} {count}×"), ID, mark.style)
        .gap(2);
    why(scene, run, strip, columns)
}

/// Why and where a run failed, as much of the error as fits, and how long ago.
fn why<'a>(scene: Scene<'a>, run: &'a Run, strip: Strip<'a>, columns: Columns) -> Strip<'a> {
    let theme = scene.theme;
    let mark = of_status(&run.status, theme);
    let ago = run.over_at();
    let ago = ago.map_or_else(String::new, |at| human_coarse(age(at, scene.now)));
    let mut strip = strip.cell(code(run), columns.what, mark.style);
    if columns.rest() > 4 {
        if let Some(step) = root_cause(scene, run) {
            strip = strip.gap(1).add(StepId::as_str(step), theme.text);
        }
        strip = strip.gap(1).add(said(scene, run).unwrap_or_default(), theme.muted);
    }
    strip.right(ago, theme.muted)
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

fn since(at: Option<Timestamp>, scene: Scene<'_>) -> String {
    at.map_or_else(String::new, |at| human(age(at, scene.now)))
}

/// A bar of `columns` cells.
fn bar(done: u64, of: u64, columns: u16) -> String {
    let full = (u64::from(columns) * done.min(of)).checked_div(of).unwrap_or(0) as usize;
    format!("{}{}", "▓".repeat(full), "░".repeat(usize::from(columns) - full))
}
