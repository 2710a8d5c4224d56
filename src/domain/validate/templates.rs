//! The check `templates`: every path can have a value where it stands, and braces are whole.

use serde_json::Value;

use super::run::Context;
use super::scope::{Fault, Place, Remedy};
use super::subject::{Node, body_field};
use super::{Code, Issue};
use crate::domain::StepKind;
use crate::domain::template::{Fallback, Path, Segment, Template, parse};

/// Fields in which braces mean nothing, or which are looked at on their own.
const PLAIN: [&str; 8] =
    ["id", "type", "name", "description", "depends_on", "script", "while_eval_script", "input_schema"];

/// Every template without value, and braces that are none.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    for node in &context.subject.nodes {
        step(context, node, None, &mut issues);
        node.body.iter().for_each(|inner| step(context, inner, Some(node), &mut issues));
    }
    issues
}

/// A template and where it stands.
pub(super) struct Reference {
    /// The template.
    pub(super) template: Template,
    /// Its place in the graph.
    pub(super) place: String,
}

/// The templates of a step, without those of its body.
pub(super) fn references(node: &Node<'_>) -> Vec<Reference> {
    let mut found = Vec::new();
    texts(node, &mut |_, place, text| {
        for segment in parse(text) {
            if let Segment::Template(template) = segment {
                found.push(Reference { template, place: place.to_owned() });
            }
        }
    });
    found
}

/// Every text of a step that may hold templates: its field, its place, itself.
fn texts(node: &Node<'_>, take: &mut dyn FnMut(&str, &str, &str)) {
    for (field, value) in node.fields {
        if !PLAIN.contains(&field.as_str()) && Some(field.as_str()) != body_field(&node.kind) {
            descend(field, &node.place(field), value, take);
        }
    }
}

fn descend(field: &str, at: &str, value: &Value, take: &mut dyn FnMut(&str, &str, &str)) {
    match value {
        Value::String(text) if text.contains("{{") || text.contains("}}") => take(field, at, text),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                descend(field, &format!("{at}[{index}]"), item, take);
            }
        }
        Value::Object(fields) => {
            for (key, inner) in fields {
                descend(field, &format!("{at}.{key}"), inner, take);
            }
        }
        _ => {}
    }
}

fn step(context: &Context<'_>, user: &Node<'_>, outer: Option<&Node<'_>>, issues: &mut Vec<Issue>) {
    texts(user, &mut |field, at, text| {
        let is_condition = field == "while_condition" && user.kind == StepKind::While;
        let place = Place { context, user, outer, is_condition };
        let found = segments(&place, text);
        issues.extend(found.into_iter().map(|issue| {
            let is_items = field == "for_each_items" && issue.code == Code::TemplateUnresolved;
            let code = if is_items { Code::ForEachItemsUnresolved } else { issue.code };
            Issue { code, json_path: at.to_owned(), ..issue }.of(user.id)
        }));
    });
}

fn segments(place: &Place<'_, '_>, text: &str) -> Vec<Issue> {
    let mut issues = Vec::new();
    for segment in parse(text) {
        match segment {
            Segment::Template(template) => issues.extend(template_issues(place, &template)),
            Segment::Malformed(source) => issues.push(malformed(&source)),
            Segment::Text(plain) => issues.extend(stray(&plain)),
        }
    }
    issues
}

fn template_issues(place: &Place<'_, '_>, template: &Template) -> Vec<Issue> {
    let has_default = template.paths.len() > 1 || template.fallback != Fallback::Fail;
    let mut issues = Vec::new();
    for path in &template.paths {
        let fault = place.fault(path).filter(|fault| !(fault.is_optional && has_default));
        issues.extend(fault.map(|fault| issue(template, path, fault)));
        issues.extend(ambiguous(place.context, path));
    }
    issues
}

fn issue(template: &Template, path: &Path, fault: Fault) -> Issue {
    let issue = Issue::new(fault.code, "", fault.message);
    match fault.remedy {
        Remedy::Path(meant) => issue.replace_by(Some(template.source.replace(path.as_str(), &meant))),
        Remedy::Advice(advice) => issue.advise(Some(advice)),
        Remedy::None => issue,
    }
}

/// `connection.<field>` where several instances are bound.
fn ambiguous(context: &Context<'_>, path: &Path) -> Option<Issue> {
    let mut segments = path.segments();
    let is_root = segments.next() == Some("connection")
        && !matches!(segments.next(), None | Some("by_instance" | "primary_instance_id"));
    if !is_root {
        return None;
    }
    let mut bound: Vec<&str> = context.subject.all().filter_map(|node| node.text("instance_id")).collect();
    bound.sort_unstable();
    bound.dedup();
    (bound.len() > 1).then(|| {
        let text = format!("`{path}` does not say which of {} instances is meant", bound.len());
        let advice = "name one: `connection.by_instance.<instance id>.…`";
        Issue::new(Code::ConnectionRootMultiInstance, "", text).advise(Some(advice.into()))
    })
}

/// Braces that close but hold no template.
fn malformed(source: &str) -> Issue {
    let inner = source.trim_matches(|ch: char| ch == '{' || ch == '}' || ch.is_whitespace());
    let once = format!("{{{{ {inner} }}}}");
    let is_doubled = matches!(parse(&once).as_slice(), [Segment::Template(_)]);
    if is_doubled && source.contains(['.']) {
        let text = format!("`{source}` has braces within braces, and would stay in the text as it is");
        return Issue::new(Code::TemplateBraces, "", text).replace_by(Some(once));
    }
    if inner.contains("{{") {
        let text = format!("`{source}` nests one template in another, and would stay in the text as it is");
        let advice = "give each value a template of its own";
        return Issue::new(Code::TemplateBraces, "", text).advise(Some(advice.into()));
    }
    let text = format!("`{source}` holds no path, and stays in the text as it is");
    Issue::new(Code::TemplateLiteralBraces, "", text)
}

/// Doubled braces that never open or never close.
fn stray(plain: &str) -> Option<Issue> {
    let text = if plain.contains("{{") {
        "`{{` is never closed, and stays in the text as it is"
    } else if plain.contains("}}") {
        "`}}` closes nothing, and stays in the text as it is"
    } else {
        return None;
    };
    Some(Issue::new(Code::TemplateLiteralBraces, "", text))
}
