//! The check `graph`: a list of steps, each an object with an id and a type, no id twice.

use std::collections::HashSet;

use serde_json::Value;

use super::run::Context;
use super::{Code, Issue};

/// Everything wrong with the envelope.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let Some(steps) = context.subject.raw.get("steps").and_then(Value::as_array) else {
        let text = "the graph has no `steps` list; `nodes` and `edges` are not read";
        return vec![Issue::new(Code::GraphStepsMissing, "$.steps", text)];
    };
    if steps.is_empty() {
        let text = "the graph has no steps; a run of it would complete at once";
        return vec![Issue::new(Code::GraphEmpty, "$.steps", text)];
    }
    let mut issues = Vec::new();
    list(steps, "$.steps", &mut issues);
    for node in context.subject.nodes.iter().filter(|node| !node.body.is_empty()) {
        let field = super::subject::body_field(&node.kind).unwrap_or_default();
        let body = node.fields.get(field).and_then(Value::as_array);
        list(body.map_or(&[][..], Vec::as_slice), &node.place(field), &mut issues);
    }
    issues
}

fn list(steps: &[Value], at: &str, issues: &mut Vec<Issue>) {
    let mut seen = HashSet::new();
    for (index, step) in steps.iter().enumerate() {
        let at = format!("{at}[{index}]");
        let Some(fields) = step.as_object() else {
            issues.push(Issue::new(Code::StepInvalid, at, format!("step {index} is not an object")));
            continue;
        };
        let text = |field: &str| fields.get(field).and_then(Value::as_str).filter(|text| !text.is_empty());
        let missing = ["id", "type"].into_iter().filter(|field| text(field).is_none());
        issues.extend(missing.map(|field| {
            let message = format!("step {index} has no text field `{field}`");
            let issue = Issue::new(Code::StepFieldMissing, format!("{at}.{field}"), message);
            text("id").map_or(issue.clone(), |id| issue.of(id))
        }));
        if let Some(id) = text("id").filter(|id| !seen.insert(*id)) {
            let message = format!("the step id `{id}` is used twice");
            issues.push(Issue::new(Code::StepIdDuplicate, format!("{at}.id"), message).of(id));
        }
    }
}
