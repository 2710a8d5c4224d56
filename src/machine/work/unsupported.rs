//! Kinds that this runtime does not execute.

use super::prepare::broken;
use crate::domain::{FailureCode, StepKind, StepSpec};
use crate::machine::io::StepError;

/// The failure of a step of such a kind: [`FailureCode::DependencyUnavailable`].
pub(super) fn refuse(spec: &StepSpec) -> StepError {
    let (id, kind) = (&spec.id, &spec.kind);
    let message = match kind {
        StepKind::ExternalAgent => format!(
            "step `{id}`: an {kind} is deployed outside of this runtime, which has no way to reach it; make it an \
             agent_call of an agent of this runtime, switch the step off, or run the workflow on the platform"
        ),
        _ => format!("step `{id}`: {kind} is not executed by this local runtime yet"),
    };
    broken(&FailureCode::DependencyUnavailable, message)
}
