//! Kinds and fields that this runtime does not execute yet.

use serde_json::Value;

use super::prepare::broken;
use crate::domain::{FailureCode, StepKind, StepSpec};
use crate::machine::io::StepError;

/// The failure of a step of such a kind: [`FailureCode::LlmRequestFailed`] where a model would be
/// called, else [`FailureCode::DependencyUnavailable`].
pub(super) fn refuse(spec: &StepSpec) -> StepError {
    let code = match spec.kind {
        StepKind::AgentCall => FailureCode::LlmRequestFailed,
        _ => FailureCode::DependencyUnavailable,
    };
    broken(&code, format!("step `{}`: {} is not executed by this local runtime yet", spec.id, spec.kind))
}

/// Refuses a step whose gate this runtime would have to ignore: running a step
/// that its author meant to hold back is worse than failing it.
pub(super) fn check(spec: &StepSpec) -> Result<(), StepError> {
    let unset = [Value::Null, Value::Bool(false), Value::from("")];
    if spec.fields.get("no_auto_start").is_none_or(|value| unset.contains(value)) {
        return Ok(());
    }
    let message = format!("step `{}`: `no_auto_start` is not executed by this local runtime yet", spec.id);
    Err(broken(&FailureCode::DependencyUnavailable, message))
}
