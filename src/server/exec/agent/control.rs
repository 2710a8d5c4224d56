//! The tools that act on the episode instead of on a server.

use serde_json::{Value, json};

use crate::machine::Powers;

/// Closes the episode.
pub(super) const FINISH: &str = "finish";
/// Hands off to a step.
pub(super) const HANDOFF: &str = "handoff";
/// Both.
pub(super) const NAMES: [&str; 2] = [FINISH, HANDOFF];

/// The longest payload of a handoff, in bytes.
const MAX_PAYLOAD: usize = 64 * 1024;

/// As a request tells them. Handing off is only told of where somebody can be handed to.
pub(super) fn schemas(powers: &Powers) -> Vec<Value> {
    let anything = json!({"type": "object", "description": "What comes of it, in fields of your choice."});
    let mut told = vec![function(
        FINISH,
        "Says that all work is done. Ends your turn, and no further step is brought in after it.",
        &json!({"type": "object", "properties": {"result": anything}}),
    )];
    if !powers.targets.is_empty() {
        told.push(function(HANDOFF, &who(powers), &handoff(powers)));
    }
    told
}

fn function(name: &str, description: &str, parameters: &Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": description, "parameters": parameters}})
}

fn who(powers: &Powers) -> String {
    let named = powers.targets.iter().map(|target| match &target.name {
        Some(name) => format!("{} ({name})", target.step),
        None => target.step.to_string(),
    });
    let named: Vec<_> = named.collect();
    format!("Ends your turn and lets another step take over: {}.", named.join(", "))
}

fn handoff(powers: &Powers) -> Value {
    let steps: Vec<_> = powers.targets.iter().map(|target| target.step.as_str()).collect();
    json!({
        "type": "object",
        "properties": {
            "to": {"type": "string", "enum": steps, "description": "The step that takes over."},
            "payload": {"type": "object", "description": "What it needs to know."},
        },
        "required": ["to"],
    })
}

/// The `result` of a turn that ends by closing the episode.
pub(super) fn finished(args: &Value) -> Value {
    match args.get("result").filter(|result| !result.is_null()) {
        Some(result) => json!({"done": true, "output": result}),
        None => json!({"done": true}),
    }
}

/// The `result` of a turn that ends with a handoff.
///
/// # Errors
/// A sentence for the model, when that step cannot take over.
pub(super) fn handed_off(args: &Value, powers: &Powers) -> Result<Value, String> {
    let to = args.get("to").and_then(Value::as_str).unwrap_or_default();
    let known: Vec<_> = powers.targets.iter().map(|target| target.step.as_str()).collect();
    if !known.contains(&to) {
        return Err(format!("`to` must be one of {}", known.join(", ")));
    }
    let payload = args.get("payload").cloned().unwrap_or_default();
    if payload.to_string().len() > MAX_PAYLOAD {
        return Err(format!("the payload is longer than {MAX_PAYLOAD} bytes; hand over less"));
    }
    Ok(json!({"handoff": {"to": to, "payload": payload}}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::Target;
    use pretty_assertions::assert_eq;

    fn powers(steps: &[&str]) -> Powers {
        let target = |step: &&str| Target { step: (*step).into(), name: Some("Mend it".into()) };
        Powers { targets: steps.iter().map(target).collect() }
    }

    #[test]
    fn handing_off_is_only_told_of_where_it_is_possible() {
        assert_eq!(schemas(&powers(&[])).len(), 1);
        let told = &schemas(&powers(&["fix"]))[1]["function"];
        assert_eq!(told["parameters"]["properties"]["to"]["enum"], json!(["fix"]));
        assert_eq!(told["description"], "Ends your turn and lets another step take over: fix (Mend it).");
    }

    #[test]
    fn what_cannot_be_handed_off_is_told_to_the_model() {
        let powers = powers(&["fix"]);
        let done = handed_off(&json!({"to": "fix", "payload": {"n": 1}}), &powers);
        assert_eq!(done, Ok(json!({"handoff": {"to": "fix", "payload": {"n": 1}}})));
        assert_eq!(handed_off(&json!({"to": "x"}), &powers), Err("`to` must be one of fix".into()));
        let long = json!({"to": "fix", "payload": "x".repeat(MAX_PAYLOAD)});
        assert!(handed_off(&long, &powers).unwrap_err().contains("hand over less"));
    }
}
