//! The check `mcp_bindings`: tool calls name a tool and where it is. Nothing is asked of servers.

use std::collections::HashMap;

use super::run::Context;
use super::subject::Node;
use super::{Code, Issue};
use crate::domain::StepKind;

/// Everything that a tool call lacks, or says twice.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let mut calls = context.subject.all().filter(|node| node.kind == StepKind::McpCall).peekable();
    calls.peek().ok_or("the graph has no `mcp_call` steps")?;
    let mut issues: Vec<_> = calls.flat_map(call).collect();
    issues.extend(conflicts(context));
    Ok(issues)
}

fn call(node: &Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let lacks = |field: &str, what: &str| {
        let text = format!("`{}` is an mcp_call and has no {what}", node.id);
        Issue::new(Code::StepFieldMissing, node.place(field), text).of(node.id)
    };
    if !node.has("tool_name") {
        issues.push(lacks("tool_name", "`tool_name`"));
    }
    if !node.has("server_url") && !node.has("instance_id") {
        issues.push(lacks("server_url", "`server_url` and no `instance_id`"));
    }
    issues.extend(resolution(node));
    issues
}

/// One instance is resolved once per run, so its steps cannot ask for different owners.
fn conflicts(context: &Context<'_>) -> Vec<Issue> {
    let explicit = |node: &Node<'_>| {
        let word =
            node.text("connection_resolution").filter(|word| matches!(*word, "principal" | "workspace"))?;
        Some((node.text("instance_id")?.to_owned(), word.to_owned()))
    };
    let mut first: HashMap<String, (String, &str)> = HashMap::new();
    let mut issues = Vec::new();
    for node in context.subject.all() {
        let Some((instance, word)) = explicit(node) else { continue };
        let (known, by) = first.entry(instance).or_insert_with(|| (word.clone(), node.id));
        if *known != word {
            let text = format!(
                "`{}` resolves `{word}` and `{by}` resolves `{known}` for the same instance",
                node.id
            );
            let place = node.place("connection_resolution");
            let issue = Issue::new(Code::McpConnectionResolutionConflict, place, text).of(node.id);
            issues.push(issue.advise(Some(format!("use `{known}` in both, or another instance"))));
        }
    }
    issues
}

fn resolution(node: &Node<'_>) -> Option<Issue> {
    let place = node.place("connection_resolution");
    node.text("connection_resolution").filter(|word| *word == "principal")?;
    if node.has("connection_id") {
        let text =
            format!("`{}` resolves the principal's connection and pins `connection_id` as well", node.id);
        let issue = Issue::new(Code::McpConnectionResolutionConflict, place, text).of(node.id);
        return Some(issue.advise(Some("remove one of the two".into())));
    }
    let text =
        format!("`{}` uses the connection of whoever the run is for; it fails where they have none", node.id);
    Some(Issue::new(Code::McpConnectionResolutionPrincipal, place, text).of(node.id))
}
