//! `for_each` and `while`: what a loop begins with.

use serde_json::{Value, json};

use super::prepare::{Prepared, field};
use crate::domain::template::leftovers;
use crate::domain::{FailureCode, StepKind, StepSpec};
use crate::machine::io::StepError;
use crate::machine::loops::{Body, MAX_ITEMS, View};

/// Fails with `VALIDATION_ERROR`, which is also what a graph is refused with.
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::parse("VALIDATION_ERROR");
    let invalid = |message| StepError::lasting(code.clone(), message);
    if let Some(Err(problem)) = Body::of(spec) {
        return Err(invalid(problem));
    }
    if spec.kind == StepKind::While {
        let fields = ["while_mode", "while_max_iterations"];
        let input =
            fields.iter().filter_map(|name| Some(((*name).to_owned(), spec.fields.get(*name)?.clone())));
        return Ok(Prepared::Loop { input: Value::Object(input.collect()) });
    }
    if !spec.fields.contains_key("for_each_items") {
        let message =
            format!("step `{}` has no `for_each_items`; add it to the graph and publish it", spec.id);
        return Err(invalid(message));
    }
    let items = items(field(spec, "for_each_items", run, &code)?);
    let problem = if !leftovers(&json!(items)).is_empty() && has_template(spec) {
        "holds a template that cannot be read".to_owned()
    } else if items.len() > MAX_ITEMS {
        format!("has {} items, the limit is {MAX_ITEMS}", items.len())
    } else {
        return Ok(Prepared::Loop { input: json!({"items": items}) });
    };
    Err(invalid(format!("step `{}`, field `for_each_items`: {problem}", spec.id)))
}

/// Nothing is no item, and what is no list is one.
fn items(given: Option<Value>) -> Vec<Value> {
    match given {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::String(text)) if text.is_empty() => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(one) => vec![one],
    }
}

/// Whether the field itself, not the data it names, holds braces that are no template.
fn has_template(spec: &StepSpec) -> bool {
    use crate::domain::template::{Segment, parse};
    let found = spec.fields.get("for_each_items").map(leftovers).unwrap_or_default();
    found.iter().any(|left| {
        let segments = parse(&left.text);
        segments.iter().all(|segment| !matches!(segment, Segment::Template(_)))
    })
}
