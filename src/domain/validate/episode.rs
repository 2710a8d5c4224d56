//! Part of the check `graph`: an episode needs a step that can close it.

use serde_json::Value;

use super::run::Context;
use super::{Code, Issue};
use crate::domain::StepKind;

/// A graph with `no_auto_start` steps runs as an episode, which ends when a step marked `terminal`
/// completes or an agent says `done`. Without either it would never close.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let nodes = &context.subject.nodes;
    let is_set =
        |fields: &serde_json::Map<String, Value>, name: &str| fields.get(name) == Some(&Value::Bool(true));
    let gated = nodes.iter().find(|node| is_set(node.fields, "no_auto_start"));
    let closes = nodes.iter().filter(|node| node.is_enabled()).any(|node| {
        is_set(node.fields, "terminal") || matches!(node.kind, StepKind::AgentCall | StepKind::ExternalAgent)
    });
    let Some(gated) = gated.filter(|_| !closes) else { return Vec::new() };
    let text = format!(
        "`{}` has `no_auto_start`, which makes the graph an episode, but no step can close it",
        gated.id
    );
    let advice = "mark the last step of the episode with `\"terminal\": true`";
    let issue = Issue::new(Code::EpisodeC3SpineWithoutClose, gated.place("no_auto_start"), text);
    vec![issue.of(gated.id).advise(Some(advice.into()))]
}
