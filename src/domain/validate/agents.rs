//! Part of the check `step_config`: agents that exist, and agents that cannot be reached.

use super::run::Context;
use super::subject::{Node, nearest};
use super::{Code, Issue};
use crate::domain::StepKind;

/// Every agent that would not take its turn. Which agents there are is only known where a runtime is
/// asked; an id that a template gives is only known in a run.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let nodes = context.subject.all();
    nodes.filter_map(|node| external(node).or_else(|| unknown(node, context))).collect()
}

fn external(node: &Node<'_>) -> Option<Issue> {
    // One within a loop is told by the check's other part.
    if node.kind != StepKind::ExternalAgent || !node.is_enabled() {
        return None;
    }
    let text =
        format!("`{}` is an external_agent, which this runtime cannot reach: its run would fail", node.id);
    let advice = "make it an agent_call, switch it off, or run the workflow on the platform";
    let issue = Issue::new(Code::StepTypeNotExecuted, node.place("type"), text).of(node.id);
    Some(issue.advise(Some(advice.into())))
}

fn unknown(node: &Node<'_>, context: &Context<'_>) -> Option<Issue> {
    let known = context.options.agents.as_ref().filter(|_| node.kind == StepKind::AgentCall)?;
    let id =
        node.text("agent_id").filter(|id| !id.is_empty() && !id.contains("{{") && !known.contains(*id))?;
    let text = format!("`{}` asks the agent `{id}`, which this runtime does not have", node.id);
    let issue = Issue::new(Code::AgentUnknown, node.place("agent_id"), text).of(node.id);
    Some(match nearest(id, known.iter().map(String::as_str)) {
        Some(near) => issue.replace_by(Some(near.to_owned())),
        None => issue.advise(Some(format!("create it with POST /v1/agents and the id `{id}`"))),
    })
}
