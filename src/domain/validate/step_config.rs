//! The check `step_config`: the fields that a type needs, loops and their bodies, placeholders.

use serde_json::Value;

use super::run::Context;
use super::subject::{Node, body_field};
use super::{Code, Issue, fields};
use crate::domain::StepKind;

/// The most items that a loop takes.
const MAX_ITEMS: usize = 500;

/// What only steps of the graph itself have.
const GATING: [&str; 3] = ["no_auto_start", "terminal", "input_allowlist"];

/// Every step that would fail for want of a field.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for node in context.subject.all() {
        issues.extend(missing(node));
        issues.extend(resolver(node));
        placeholders(node, &mut issues);
    }
    for node in &context.subject.nodes {
        issues.extend(items(node));
        issues.extend(empty_body(node));
        issues.extend(node.body.iter().filter_map(|inner| misplaced(node, inner)));
    }
    issues
}

fn missing(node: &Node<'_>) -> Vec<Issue> {
    let needs = fields::of(&node.kind).needs.iter();
    let lacking = needs.filter(|names| !names.iter().any(|name| node.has(name)));
    let told = lacking.map(|names| {
        let text = format!("`{}` is a {} and has no `{}`", node.id, node.kind, names.join("` or `"));
        Issue::new(Code::StepFieldMissing, node.place(names[0]), text).of(node.id)
    });
    told.collect()
}

/// A resolver of inputs asks a model, so it has to name one.
fn resolver(node: &Node<'_>) -> Option<Issue> {
    let resolver = node.fields.get("input_resolver").and_then(Value::as_object)?;
    let names = |field: &str| resolver.get(field).is_some_and(|value| !value.is_null());
    (!names("model") && !names("model_ref")).then(|| {
        let text = format!("the `input_resolver` of `{}` names no `model` and no `model_ref`", node.id);
        Issue::new(Code::InputResolverNoModel, node.place("input_resolver"), text).of(node.id)
    })
}

/// Placeholders of import files, `REPLACE_…`, in any text of the step itself.
fn placeholders(node: &Node<'_>, issues: &mut Vec<Issue>) {
    let own = node.fields.iter().filter(|(name, _)| Some(name.as_str()) != body_field(&node.kind));
    for (name, value) in own {
        if let Some(found) = placeholder(value) {
            let text = format!("`{name}` still holds the placeholder `{found}`");
            let issue = Issue::new(Code::PlaceholderUnmapped, node.place(name), text).of(node.id);
            issues.push(issue.advise(Some("put the id or URL of this project in its place".into())));
        }
    }
}

fn placeholder(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) if text.starts_with("REPLACE_") => Some(text),
        Value::Array(items) => items.iter().find_map(placeholder),
        Value::Object(fields) => fields.values().find_map(placeholder),
        _ => None,
    }
}

fn items(node: &Node<'_>) -> Option<Issue> {
    let items = node.fields.get("for_each_items").filter(|_| node.kind == StepKind::ForEach)?;
    let text = match items {
        Value::Array(list) if list.len() > MAX_ITEMS => {
            format!("`{}` has {} items; a loop takes at most {MAX_ITEMS}", node.id, list.len())
        }
        Value::Object(_) => format!("`{}` loops over an object; its items must be a list", node.id),
        _ => return None,
    };
    Some(Issue::new(Code::ForEachItemsInvalid, node.place("for_each_items"), text).of(node.id))
}

fn empty_body(node: &Node<'_>) -> Option<Issue> {
    let field = body_field(&node.kind)?;
    let body = node.fields.get(field)?.as_array()?;
    body.is_empty().then(|| {
        let text = format!("the body of `{}` has no steps", node.id);
        Issue::new(Code::LoopBodyInvalid, node.place(field), text).of(node.id)
    })
}

fn misplaced(node: &Node<'_>, inner: &Node<'_>) -> Option<Issue> {
    let text = match inner.kind {
        StepKind::ForEach | StepKind::While => {
            format!("`{}` is a loop within the loop `{}`; loops do not nest", inner.id, node.id)
        }
        StepKind::HumanTask | StepKind::ExternalAgent => {
            format!("`{}` is a {}, which the loop `{}` cannot hold", inner.id, inner.kind, node.id)
        }
        _ => match GATING.into_iter().find(|name| inner.has(name)) {
            Some(name) => format!("`{}` has `{name}`, which steps within a loop cannot have", inner.id),
            None => return None,
        },
    };
    let advice = "move it out of the loop, or into a workflow that a `workflow_call` starts";
    Some(Issue::new(Code::LoopBodyInvalid, &inner.at, text).of(inner.id).advise(Some(advice.into())))
}
