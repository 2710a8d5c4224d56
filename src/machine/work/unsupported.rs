//! Kinds that this runtime does not execute yet.

use super::prepare::broken;
use crate::domain::{FailureCode, StepKind, StepSpec};
use crate::machine::io::StepError;

/// The failure of a step of such a kind: [`FailureCode::LlmRequestFailed`] where a model would be
/// called, else [`FailureCode::DependencyUnavailable`].
pub(super) fn refuse(spec: &StepSpec) -> StepError {
    let code = match spec.kind {
        StepKind::LlmCall | StepKind::AgentCall => FailureCode::LlmRequestFailed,
        _ => FailureCode::DependencyUnavailable,
    };
    broken(&code, format!("step `{}`: {} is not executed by this local runtime yet", spec.id, spec.kind))
}
