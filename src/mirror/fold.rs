//! What a stream event changes on a run's row, and which of two tellings of a run is newer.

use std::time::Duration;

use serde_json::Value;

use crate::domain::{EventKind, FailureCode, Run, RunEvent, RunStatus, StepId, Timestamp, clock};

/// For so long after the stream told of a run's end, a list that says otherwise is a late one.
pub(super) const LATE: Duration = Duration::from_secs(30);

/// Folds an event into its run's row.
pub(super) fn fold_into_run(run: &mut Run, event: &RunEvent) {
    run.updated_at = event.at.or(run.updated_at);
    run.last_sequence = event.sequence.or(run.last_sequence);
    match &event.kind {
        EventKind::RunStarted => run.started_at = run.started_at.or(event.at),
        EventKind::StateChanged => {
            run.drain = event.drain().or(run.drain);
            if let Some(status) = event.new_state() {
                set_status(run, status, event);
            }
        }
        EventKind::RunCompleted => set_status(run, RunStatus::Completed, event),
        EventKind::RunFailed => set_status(run, RunStatus::Failed, event),
        EventKind::RunStopped => set_status(run, RunStatus::Stopped, event),
        EventKind::RunCancelled => set_status(run, RunStatus::Cancelled, event),
        EventKind::RunRejected => set_status(run, RunStatus::Rejected, event),
        EventKind::RunPaused => set_status(run, RunStatus::Paused, event),
        EventKind::StepStarted => step_started(run, event.step_id()),
        EventKind::StepCompleted | EventKind::StepFailed | EventKind::StepCancelled => step_ended(run, event),
        _ => {}
    }
}

fn set_status(run: &mut Run, status: RunStatus, event: &RunEvent) {
    if status.is_terminal() {
        run.ended_at = event.at.or(run.ended_at);
        run.progress.in_flight = 0;
        run.progress.current = None;
        run.drain = None;
    }
    if status == RunStatus::Failed {
        run.failed_step = event.step_id().or(run.failed_step.take());
    }
    if let Some(code) = event.text("failure_code") {
        run.failure_code = Some(FailureCode::parse(code));
    }
    if let Some(error) = event.text("error") {
        run.error = Some(error.into());
    }
    if let Some(details) = event.data.get("details").and_then(Value::as_object) {
        run.error_details = Some(Box::new(details.clone()));
    }
    run.status = status;
}

fn step_started(run: &mut Run, step: Option<StepId>) {
    let Some(step) = step.filter(|step| step.parent().is_none()) else { return };
    if run.progress.current.as_ref() != Some(&step) {
        run.progress.in_flight += 1;
    }
    run.progress.current = Some(step);
}

fn step_ended(run: &mut Run, event: &RunEvent) {
    let Some(step) = event.step_id().filter(|step| step.parent().is_none()) else { return };
    run.progress.done += 1;
    if event.kind == EventKind::StepFailed && run.failed_step.is_none() {
        run.failed_step = Some(step.clone());
    }
    if event.data.get("skipped").is_none() {
        run.progress.in_flight = run.progress.in_flight.saturating_sub(1);
    }
    if run.progress.current.as_ref() == Some(&step) {
        run.progress.current = None;
    }
}

/// Whether what is known of a run is newer than what a list says.
pub(super) fn outranks(known: &Run, known_at: Timestamp, listed: &Run, asked_at: Timestamp) -> bool {
    if known_at >= asked_at {
        // Asked for before the last word on it; only its sequence could show that it is newer still.
        return !matches!((known.last_sequence, listed.last_sequence), (Some(a), Some(b)) if b >= a);
    }
    // Asked for later, and still behind: nothing resumes an ended run, so the list lags, unless
    // it keeps saying so. A sequence rules that out, and then the server's data were restored.
    let revived = known.status.is_terminal() && !listed.status.is_terminal();
    revived && listed.last_sequence.is_none() && clock::age(known_at, asked_at) < LATE
}

/// Keeps what the stream told of a run and lists do not. A server that lists sequences lists all
/// that there is, and what it leaves out is so no more.
pub(super) fn keep_unlisted(listed: &mut Run, known: Run) {
    if listed.last_sequence.is_some() {
        return;
    }
    if listed.status == RunStatus::Draining {
        listed.drain = listed.drain.or(known.drain);
    }
    if listed.status == known.status {
        listed.failed_step = listed.failed_step.take().or(known.failed_step);
        listed.error_details = listed.error_details.take().or(known.error_details);
    }
}

/// Whether an event of this kind changes the inbox.
pub(super) fn tells_of_tasks(kind: &EventKind) -> bool {
    matches!(kind, EventKind::HumanTaskCreated | EventKind::HumanTaskCompleted)
}
