//! The switches of a `workflow_call`.
//!
//! The platform's documentation speaks of a switch to wait for the child and of one to pass the
//! parent's input on, without their names. The first name of each list is this program's; the
//! others are taken as well.

use serde_json::Value;

use super::StepSpec;

/// Whether the step lasts until the child has ended; true unless it says otherwise.
pub const WAIT: [&str; 4] = ["wait", "wait_for_completion", "wait_for_result", "workflow_wait"];

/// Whether the child gets the parent's input, with the step's own `input` over it; false unless it
/// says otherwise.
pub const PASS_PARENT_INPUT: [&str; 4] =
    ["pass_parent_input", "pass_input", "inherit_input", "pass_through_input"];

/// A switch under the first of its names that the step has; `None` where it has none of them.
///
/// # Errors
/// When it is neither true nor false, in words.
pub fn switch(spec: &StepSpec, names: &[&str]) -> Result<Option<bool>, String> {
    let given = names.iter().filter_map(|name| Some((*name, spec.fields.get(*name)?)));
    match given.into_iter().find(|(_, value)| !value.is_null()) {
        None => Ok(None),
        Some((_, Value::Bool(on))) => Ok(Some(*on)),
        Some((name, other)) => Err(format!("`{name}` must be true or false, and is {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Graph;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn a_switch_is_read_under_any_of_its_names_and_nothing_else_is_taken_for_one() {
        let read = |fields: Value| {
            let mut step = json!({"id": "call", "type": "workflow_call"});
            step.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
            let graph = Graph::parse(&json!({"steps": [step]})).unwrap();
            switch(&graph.steps[0], &WAIT)
        };
        assert_eq!(read(json!({})), Ok(None));
        assert_eq!(read(json!({"wait": null, "wait_for_completion": false})), Ok(Some(false)));
        assert_eq!(read(json!({"wait": "no"})), Err("`wait` must be true or false, and is \"no\"".into()));
    }
}
