//! What can be said of a run beyond its row.

use std::time::Duration;

use crate::domain::clock::age;
use crate::domain::{Run, RunClass, RunStatus, Timestamp};
use crate::ui::draw::Scene;
use crate::ui::status::Waits;

/// A run that is accepted starts well within this time.
const START: Duration = Duration::from_secs(30);

/// Whether a task of the run is in the inbox.
pub(super) fn waits(scene: Scene<'_>, run: &Run) -> Waits {
    scene.model.mirror.tasks_of(&run.id).next().map_or(Waits::ForNothing, |_| Waits::ForPerson)
}

/// Whether the run takes longer than it should to begin.
pub(super) fn is_late(run: &Run, now: Timestamp) -> bool {
    run.status.class() == RunClass::Waiting && run.started_at.is_some_and(|at| age(at, now) > START)
}

/// Why a live run stands where it stands.
pub(super) fn why(scene: Scene<'_>, run: &Run) -> &'static str {
    if waits(scene, run) == Waits::ForPerson && run.status.class() != RunClass::Draining {
        return "Working as designed: it waits for a person, it is not stuck.";
    }
    match &run.status {
        RunStatus::Pending | RunStatus::Queued | RunStatus::Starting if is_late(run, scene.now) => {
            "Not started after 30 s, which is unusual: check credits and validate the workflow."
        }
        RunStatus::Pending | RunStatus::Queued | RunStatus::Starting => {
            "Accepted: it starts as soon as there is a slot."
        }
        RunStatus::Paused => "Held on purpose: nothing new starts until it is resumed.",
        RunStatus::Draining => "Stopping gracefully: what is in flight finishes, nothing new starts.",
        RunStatus::Running if run.progress.in_flight == 0 && run.progress.total > 0 => {
            "No step is in flight: between steps, or waiting for something outside."
        }
        _ => "",
    }
}
