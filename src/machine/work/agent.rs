//! `agent_call`: a turn of an agent.

use serde_json::{Value, json};

use super::llm::as_text;
use super::prepare::{Prepared, broken, field, text};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::agent::AgentWork;
use crate::machine::io::{StepError, Work};
use crate::machine::loops::View;

/// Fails with [`FailureCode::LlmRequestFailed`].
///
/// Later templates see `{agent_id, prompt}` as the step's input; the prompt with all that the agent
/// was given.
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::LlmRequestFailed;
    let lacks = |what: &str| {
        broken(&code, format!("step `{}` has no {what}; add it to the graph and publish it", spec.id))
    };
    let agent_id = text(spec, "agent_id", run, &code)?.ok_or_else(|| lacks("`agent_id`"))?;
    let own = field(spec, "prompt", run, &code)?.and_then(as_text);
    let input = field(spec, "input", run, &code)?.and_then(as_text);
    let agent = run.own_step(spec);
    let given = agent.and_then(|_| run.machine.given(spec.id.as_str()));
    let other = given.and_then(|given| given.get("prompt")).cloned().and_then(as_text);
    let asked = [other.or(own), input].into_iter().flatten().chain(given.and_then(handed));
    let prompt = asked.collect::<Vec<_>>().join("\n\n");
    if prompt.is_empty() {
        return Err(lacks("`prompt` and no `input`"));
    }
    let powers = agent.and_then(|step| run.machine.powers(step));
    let input = json!({"agent_id": agent_id, "prompt": prompt});
    let work = AgentWork { agent_id, turn_id: "".into(), prompt: prompt.into(), powers, transcript: None };
    Ok(Prepared::Call { work: Work::Agent(Box::new(work)), input: Some(input) })
}

/// What was given besides a prompt, in words.
fn handed(given: &Value) -> Option<Box<str>> {
    let mut given = given.clone();
    if let Some(fields) = given.as_object_mut() {
        fields.remove("prompt");
    }
    let is_empty = given.as_object().is_some_and(serde_json::Map::is_empty);
    (!is_empty).then(|| format!("Handed to you:\n{}", as_text(given).unwrap_or_default()).into())
}
