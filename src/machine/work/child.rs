//! `workflow_call`: another workflow, run as a child.

use serde_json::{Map, Value};

use super::prepare::{Prepared, broken, field, text};
use crate::domain::child_call::{PASS_PARENT_INPUT, WAIT, switch};
use crate::domain::{FailureCode, StepSpec, WorkflowId};
use crate::machine::io::StepError;
use crate::machine::loops::View;

/// What a child run is started with.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) struct ChildWork {
    pub(in crate::machine) workflow: WorkflowId,
    pub(in crate::machine) input: Value,
    pub(in crate::machine) is_awaited: bool,
}

/// Fails with `VALIDATION_ERROR`. Later templates see the child's input as the step's input.
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::parse("VALIDATION_ERROR");
    let wrong = |problem: String| broken(&code, format!("step `{}`: {problem}", spec.id));
    let workflow = text(spec, "workflow_id", run, &code)?
        .ok_or_else(|| wrong("it has no `workflow_id`; add it to the graph and publish it".into()))?;
    let is_awaited = switch(spec, &WAIT).map_err(wrong)?.unwrap_or(true);
    let passes_on = switch(spec, &PASS_PARENT_INPUT).map_err(wrong)?.unwrap_or(false);
    let own = field(spec, "input", run, &code)?;
    let input = if passes_on { merged(&run.machine.run.input, own).map_err(wrong)? } else { own };
    let input = input.unwrap_or_else(|| Value::Object(Map::new()));
    Ok(Prepared::Child(ChildWork { workflow: WorkflowId::new(workflow), input, is_awaited }))
}

/// The parent's input with the step's own fields over it.
fn merged(parent: &Value, own: Option<Value>) -> Result<Option<Value>, String> {
    match (parent, own) {
        (parent, None | Some(Value::Null)) => Ok(Some(parent.clone())),
        (Value::Object(parent), Some(Value::Object(own))) => {
            let fields = parent.clone().into_iter().chain(own);
            Ok(Some(Value::Object(fields.collect())))
        }
        _ => Err(format!(
            "with `{}`, both its `input` and the run's input must be objects",
            PASS_PARENT_INPUT[0]
        )),
    }
}
