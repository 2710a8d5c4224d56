//! What can be said of a run beyond its row.

use std::time::Duration;

use crate::domain::clock::{age, human};
use crate::domain::{Run, RunClass, RunStatus, StepId, Timestamp};
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

/// What a live run is doing, for so many columns: its step, or its state where no step runs.
pub(super) fn doing<'a>(scene: Scene<'_>, run: &'a Run, columns: u16) -> &'a str {
    if waits(scene, run) == Waits::ForPerson {
        return if columns < 18 { "waiting" } else { "waits for a person" };
    }
    match (&run.status, &run.progress.current, &run.phase) {
        (RunStatus::Running, Some(step), _) => step.as_str(),
        (RunStatus::Running, None, Some(phase)) => phase,
        (status, ..) => status.as_str(),
    }
}

/// How far something has come, in numbers for a bar and in words.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Meter {
    pub(super) done: u64,
    pub(super) of: u64,
    pub(super) text: String,
}

/// How much of its time a graceful stop has used; where its limit is not known, how many steps
/// have ended and how old the run is.
pub(super) fn drain(scene: Scene<'_>, run: &Run) -> Meter {
    let detail = || scene.model.mirror.detail(&run.id)?.history.drain();
    match run.drain.or_else(detail) {
        Some(drain) => {
            let (used, limit) = (age(drain.since, scene.now), age(drain.since, drain.deadline));
            let text = format!("{}/{}", seconds(used), seconds(limit));
            Meter { done: used.as_secs(), of: limit.as_secs(), text }
        }
        None => {
            let text = run.started_at.map_or_else(String::new, |at| human(age(at, scene.now)));
            Meter { done: run.progress.done.into(), of: run.progress.total.into(), text }
        }
    }
}

/// Times that are compared read best in one unit.
fn seconds(time: Duration) -> String {
    if time < Duration::from_secs(100) { format!("{}s", time.as_secs()) } else { human(time) }
}

/// The step that failed a run, where it is known.
pub(super) fn root_cause<'a>(scene: Scene<'a>, run: &'a Run) -> Option<&'a StepId> {
    let detail = scene.model.mirror.detail(&run.id);
    detail.and_then(|detail| detail.history.root_cause()).or(run.failed_step.as_ref())
}

/// The error that failed a run, as the step said it or else the run; foreign text.
pub(super) fn said<'a>(scene: Scene<'a>, run: &'a Run) -> Option<&'a str> {
    let step = || {
        let detail = scene.model.mirror.detail(&run.id)?;
        detail.history.step(detail.history.root_cause()?)?.error.as_deref()
    };
    step().or(run.error.as_deref())
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
