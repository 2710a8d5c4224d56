//! `llm_call`: one question to a model.

use serde_json::{Map, Value, json};

use super::prepare::{Prepared, broken, field, text};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::{StepError, Work};
use crate::machine::loops::View;

/// What a request is made of itself; parameters of these names would contradict it.
const RESERVED: [&str; 2] = ["model", "messages"];

/// Fails with [`FailureCode::LlmRequestFailed`].
///
/// Later templates see `{model, prompt, llm_params?}` as the step's input.
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::LlmRequestFailed;
    let lacks = |what: &str| {
        broken(&code, format!("step `{}` has no {what}; add it to the graph and publish it", spec.id))
    };
    let model = match text(spec, "model", run, &code)? {
        Some(model) => model,
        None => text(spec, "model_ref", run, &code)?.ok_or_else(|| lacks("`model` and no `model_ref`"))?,
    };
    let prompt = field(spec, "prompt", run, &code)?.and_then(as_text).ok_or_else(|| lacks("`prompt`"))?;
    let params = params(spec, run, &code)?;
    let credential = text(spec, "llm_credential_id", run, &code)?;
    let mut input = json!({"model": model, "prompt": prompt});
    if !params.is_empty() {
        input["llm_params"] = Value::Object(params.clone());
    }
    Ok(Prepared::Call { work: Work::Llm { model, prompt, params, credential }, input: Some(input) })
}

/// A prompt that is one template keeps the type of what it names; a model reads JSON as text.
pub(super) fn as_text(value: Value) -> Option<Box<str>> {
    let text = match value {
        Value::Null => return None,
        Value::String(text) => text,
        other => other.to_string(),
    };
    (!text.trim().is_empty()).then(|| text.into())
}

fn params(spec: &StepSpec, run: &View<'_>, code: &FailureCode) -> Result<Map<String, Value>, StepError> {
    let params = match field(spec, "llm_params", run, code)? {
        None | Some(Value::Null) => Map::new(),
        Some(Value::Object(params)) => params,
        Some(_) => {
            let message =
                format!("step `{}`: `llm_params` is not an object; write {{\"temperature\": 0}}", spec.id);
            return Err(broken(code, message));
        }
    };
    match RESERVED.into_iter().find(|name| params.contains_key(*name)) {
        None => Ok(params),
        Some(name) => {
            let message = format!(
                "step `{}`: `llm_params` holds `{name}`; use the step's `model` and `prompt`, and `system` in `llm_params`",
                spec.id
            );
            Err(broken(code, message))
        }
    }
}
