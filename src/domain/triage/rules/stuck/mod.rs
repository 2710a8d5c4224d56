//! Why a run does not go on: each symptom with its age.

pub(super) mod child;
pub(super) mod draining;
pub(super) mod endless;
pub(super) mod held;
pub(super) mod queued;
pub(super) mod slow;
pub(super) mod waiting;

use crate::domain::triage::Case;
use crate::domain::{Run, RunClass, StepId, StepState};

/// The run, if it is live and of this class.
fn live<'a>(case: &Case<'a>, class: RunClass) -> Option<&'a Run> {
    case.run.filter(|run| run.status.class() == class)
}

/// The steps now in flight, inner ones instead of their loop.
fn in_flight<'a>(case: &Case<'a>) -> Vec<(&'a StepId, &'a StepState)> {
    let flying: Vec<_> = case.history.steps().filter(|(_, step)| step.status.is_in_flight()).collect();
    let holds_another = |id: &StepId| flying.iter().any(|(other, _)| other.parent().as_ref() == Some(id));
    flying.iter().filter(|(id, _)| !holds_another(id)).copied().collect()
}
