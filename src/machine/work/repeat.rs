//! Repeating a call as it was.

use serde_json::Value;

use crate::machine::io::Work;

/// Puts what was logged as the call's input back into it: a repetition asks for the very same,
/// whatever has ended since.
pub(in crate::machine) fn restore(work: &mut Work, logged: &Value) {
    match work {
        Work::Mcp { args, .. } => args.clone_from(logged),
        Work::Llm { model, prompt, params, .. } => {
            for (place, name) in [(model, "model"), (prompt, "prompt")] {
                if let Some(text) = logged[name].as_str() {
                    *place = text.into();
                }
            }
            *params = logged["llm_params"].as_object().cloned().unwrap_or_default();
        }
        Work::Agent(work) => {
            if let Some(prompt) = logged["prompt"].as_str() {
                work.prompt = prompt.into();
            }
        }
        Work::Lua { .. } => {}
    }
}
