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

/// Refuses a step whose own condition or gate this runtime would have to ignore: running a step
/// that its author meant to hold back is worse than failing it.
pub(super) fn check(spec: &StepSpec) -> Result<(), StepError> {
    let unset = [Value::Null, Value::Bool(false), Value::from("")];
    let is_set = |name: &&str| spec.fields.get(*name).is_some_and(|value| !unset.contains(value));
    match ["skip_when", "condition", "no_auto_start"].into_iter().find(is_set) {
        None => Ok(()),
        Some(field) => {
            let message = format!("step `{}`: `{field}` is not executed by this local runtime yet", spec.id);
            Err(broken(&FailureCode::DependencyUnavailable, message))
        }
    }
}
