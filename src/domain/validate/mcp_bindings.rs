//! The check `mcp_bindings`: tool calls name a tool and where it is. Nothing is asked of servers.

use super::run::Context;
use super::subject::Node;
use super::{Code, Issue};
use crate::domain::StepKind;

/// Everything that a tool call lacks, or says twice.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let mut calls = context.subject.all().filter(|node| node.kind == StepKind::McpCall).peekable();
    calls.peek().ok_or("the graph has no `mcp_call` steps")?;
    Ok(calls.flat_map(call).collect())
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
