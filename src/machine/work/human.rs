//! `human_task`: a person's decision.

use serde_json::{Map, Value};

use super::prepare::{Prepared, field, text};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::StepError;
use crate::machine::loops::View;

/// Fails with [`FailureCode::HumanTaskFailed`].
///
/// What a grant or a handoff gave to the step is added to the payload as `handoff`.
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::HumanTaskFailed;
    let task_type = text(spec, "task_type", run, &code)?.unwrap_or_else(|| "approval".into());
    let mut payload = field(spec, "task_payload", run, &code)?.unwrap_or_else(|| Value::Object(Map::new()));
    if let (Some(given), Some(fields)) = (run.machine.given(spec.id.as_str()), payload.as_object_mut()) {
        fields.entry("handoff").or_insert_with(|| given.clone());
    }
    Ok(Prepared::Ask { task_type, payload })
}
