//! How wide the columns of a section are: as wide as what is shown needs, within limits.

use super::facts::{doing, drain};
use crate::domain::{FailureCode, PendingTask, Run};
use crate::ui::draw::Scene;
use crate::ui::strip::columns;

/// Columns of a short id.
pub(super) const ID: u16 = 8;

/// Columns of an age.
pub(super) const AGE: u16 = 6;

/// The most columns of a failure code where there is little room.
const CODE: u16 = 18;

/// The columns that differ from section to section and from screen to screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Columns {
    /// Columns of the whole row.
    pub(super) width: u16,
    /// The name of the run's workflow, or of a task's step.
    pub(super) name: u16,
    /// What follows the id: a task's type, what a run is doing, why it failed, what is in flight.
    pub(super) what: u16,
}

impl Columns {
    /// For tasks: step and type.
    pub(super) fn of_tasks<'a>(tasks: impl Iterator<Item = &'a PendingTask> + Clone, width: u16) -> Self {
        let room = width.saturating_sub(2 + ID + 2 + 2 + 1 + AGE);
        let name = widest(tasks.clone().map(|task| task.step_id.as_str()));
        let what = widest(tasks.map(|task| &*task.task_type)).min(12);
        let what = if width >= 44 { what } else { 0 };
        Self { width, name: name.min(room.saturating_sub(what)), what }
    }

    /// For runs that stop gracefully.
    pub(super) fn of_draining<'a>(
        scene: Scene<'a>,
        runs: impl Iterator<Item = &'a Run> + Clone,
        width: u16,
    ) -> Self {
        let what = runs.clone().map(|run| columns(&in_flight(run))).max().unwrap_or(0);
        let time = runs.clone().map(|run| columns(&drain(scene, run).text)).max().unwrap_or(0);
        let room = width.saturating_sub(head(0) + what + 2 + 6 + 1 + time);
        Self { width, name: names(scene, runs).min(room), what }
    }

    /// For runs that are under way.
    pub(super) fn of_running<'a>(
        scene: Scene<'a>,
        runs: impl Iterator<Item = &'a Run> + Clone,
        width: u16,
    ) -> Self {
        let room = width.saturating_sub(head(0) + 1 + 5 + 1 + AGE + 1);
        let wanted = widest(runs.clone().map(|run| doing(scene, run, room * 9 / 20)));
        let name = names(scene, runs).min(room.saturating_sub(wanted).max(room * 11 / 20));
        Self { width, name, what: room.saturating_sub(name) }
    }

    /// For runs that failed or were stopped.
    pub(super) fn of_failed<'a>(
        scene: Scene<'a>,
        runs: impl Iterator<Item = &'a Run> + Clone,
        width: u16,
    ) -> Self {
        let room = width.saturating_sub(head(0) + 1 + AGE);
        let code = widest(runs.clone().map(code));
        let code = if width >= 64 { code.min(26) } else { code.min(CODE) };
        let left = room.saturating_sub(code);
        let most = if left >= 26 { left * 3 / 5 } else { left };
        Self { width, name: names(scene, runs).min(most), what: code }
    }

    /// What is left of the row beside glyph, name, id, what follows the id, and an age.
    pub(super) fn rest(self) -> u16 {
        self.width.saturating_sub(head(self.name) + self.what + 1 + AGE)
    }
}

/// Why a run ended: its failure code, else its status.
pub(super) fn code(run: &Run) -> &str {
    run.failure_code.as_ref().map_or(run.status.as_str(), FailureCode::as_str)
}

/// How much of a run is still in flight.
pub(super) fn in_flight(run: &Run) -> String {
    format!("{} in flight", run.progress.in_flight)
}

/// Columns of glyph, name and id with the blanks after each.
fn head(name: u16) -> u16 {
    2 + name + 1 + ID + 2
}

fn names<'a>(scene: Scene<'a>, runs: impl Iterator<Item = &'a Run>) -> u16 {
    widest(runs.map(|run| scene.model.mirror.workflow_name(run))).max(8)
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> u16 {
    texts.map(columns).max().unwrap_or(0)
}
