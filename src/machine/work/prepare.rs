//! From a step's kind to its work.

use serde_json::Value;

use super::{ChildWork, agent, child, human, llm, looped, lua, mcp, unsupported};
use crate::domain::template::{Scope, resolve};
use crate::domain::{FailureCode, StepKind, StepSpec};
use crate::machine::io::{StepError, Work};
use crate::machine::loops::View;

/// What an attempt of a step needs.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) enum Prepared {
    /// The host does it.
    Call {
        work: Work,
        /// What later templates see as the step's input.
        input: Option<Value>,
    },
    /// Another run does it.
    Child(ChildWork),
    /// The machine does it, iteration by iteration.
    Loop { input: Value },
    /// A person decides it.
    Ask { task_type: Box<str>, payload: Value },
}

/// Resolves a step's templates and checks that its fields are there.
///
/// A step that cannot be prepared fails at once and for good: its templates would not resolve
/// any better on another attempt. The code is the one of its kind.
pub(in crate::machine) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    match &spec.kind {
        StepKind::McpCall => mcp::prepare(spec, run),
        StepKind::LlmCall => llm::prepare(spec, run),
        StepKind::LuaScript => lua::prepare(spec, run),
        StepKind::HumanTask => human::prepare(spec, run),
        StepKind::ForEach | StepKind::While => looped::prepare(spec, run),
        StepKind::AgentCall => agent::prepare(spec, run),
        StepKind::WorkflowCall => child::prepare(spec, run),
        StepKind::ExternalAgent | StepKind::Unknown(_) => Err(unsupported::refuse(spec)),
    }
}

/// A field of a step with its templates resolved; `None` where the step lacks it.
pub(super) fn field(
    spec: &StepSpec,
    name: &str,
    run: &impl Scope,
    code: &FailureCode,
) -> Result<Option<Value>, StepError> {
    let raw = spec.fields.get(name).filter(|raw| !raw.is_null());
    let resolved = raw.map(|raw| resolve(raw, run)).transpose();
    resolved.map_err(|error| broken(code, format!("step `{}`, field `{name}`: {error}", spec.id)))
}

/// A text field of a step with its templates resolved; `None` where it is absent or no text.
pub(super) fn text(
    spec: &StepSpec,
    name: &str,
    run: &impl Scope,
    code: &FailureCode,
) -> Result<Option<Box<str>>, StepError> {
    let value = field(spec, name, run, code)?;
    Ok(value.as_ref().and_then(Value::as_str).filter(|text| !text.is_empty()).map(Into::into))
}

/// The failure of a step that is written wrongly; another attempt cannot help.
pub(super) fn broken(code: &FailureCode, message: String) -> StepError {
    StepError::lasting(code.clone(), message)
}
