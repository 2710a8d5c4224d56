//! The check `graph_schema`: known types of steps, and fields of the right type.

use super::fields::{self, COMMON, KINDS};
use super::run::Context;
use super::subject::{Node, nearest};
use super::{Code, Issue};
use crate::domain::StepKind;
use crate::domain::input::brief;

/// Types that the platform had once.
const LEGACY: [&str; 3] = ["condition", "parallel", "sequence"];

/// Every value that its place does not take.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    context.subject.all().flat_map(|node| [kind(node), legacy_field(node), values(node)].concat()).collect()
}

fn kind(node: &Node<'_>) -> Vec<Issue> {
    let StepKind::Unknown(word) = &node.kind else { return Vec::new() };
    let place = node.place("type");
    if word.is_empty() {
        // The check `graph` tells that it is missing.
        return Vec::new();
    }
    if LEGACY.contains(&&**word) {
        let text =
            format!("the type `{word}` was removed; steps run side by side unless `depends_on` orders them");
        let advice = match &**word {
            "condition" => "put `skip_when` on the steps that depend on it",
            _ => "remove the step and say with `depends_on` what waits for what",
        };
        return vec![Issue::new(Code::StepTypeLegacy, place, text).of(node.id).advise(Some(advice.into()))];
    }
    let near = nearest(word, KINDS.iter().map(StepKind::as_str)).map(str::to_owned);
    let issue = Issue::new(Code::StepTypeUnknown, place, format!("there is no type of step `{word}`"));
    vec![issue.of(node.id).replace_by(near)]
}

fn legacy_field(node: &Node<'_>) -> Vec<Issue> {
    if !node.has("for_each_body") {
        return Vec::new();
    }
    let text = "the field `for_each_body` was removed";
    let issue = Issue::new(Code::StepTypeLegacy, node.place("for_each_body"), text).of(node.id);
    vec![issue.advise(Some("list the inner steps in `for_each_body_steps`".into()))]
}

fn values(node: &Node<'_>) -> Vec<Issue> {
    let known = COMMON.iter().chain(fields::of(&node.kind).own);
    let wrong = known.filter_map(|(name, takes)| {
        let value = node.fields.get(*name).filter(|value| !value.is_null())?;
        (!takes.accepts(value)).then(|| {
            let text = format!("`{name}` must be {}, and is {}", takes.words(), brief(value));
            Issue::new(Code::GraphSchemaValidation, node.place(name), text).of(node.id)
        })
    });
    wrong.collect()
}
