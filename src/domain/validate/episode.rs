//! Part of the check `graph`: an episode needs a step that can close it, and gates whose keepers exist.

use serde_json::{Map, Value};

use super::run::Context;
use super::subject::{Node, Subject, nearest};
use super::{Code, Issue};
use crate::domain::StepKind;

/// Who may hand off to a step besides the steps that its list names.
const HUMAN: &str = "human";

/// A graph with `no_auto_start` steps runs as an episode, which ends when a step marked `terminal`
/// completes or an agent says `done`. Without either it would never close.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let subject = &context.subject;
    let lists = subject.nodes.iter().flat_map(|node| allowlist(node, subject));
    spine(subject).into_iter().chain(lists).collect()
}

/// What closes must be able to run: a switched-off step never completes, and an agent outside of the
/// runtime is refused.
fn spine(subject: &Subject<'_>) -> Option<Issue> {
    let gated = subject.nodes.iter().find(|node| is_set(node.fields, "no_auto_start"))?;
    let closes = |node: &&Node<'_>| is_set(node.fields, "terminal") || node.kind == StepKind::AgentCall;
    let mut enabled =
        subject.nodes.iter().filter(|node| node.is_enabled() && node.kind != StepKind::ExternalAgent);
    if enabled.any(|node| closes(&node)) {
        return None;
    }
    let text = format!(
        "`{}` has `no_auto_start`, which makes the graph an episode, but no step can close it",
        gated.id
    );
    let advice = "mark the last step of the episode with `\"terminal\": true`";
    let issue = Issue::new(Code::EpisodeC3SpineWithoutClose, gated.place("no_auto_start"), text);
    Some(issue.of(gated.id).advise(Some(advice.into())))
}

fn is_set(fields: &Map<String, Value>, name: &str) -> bool {
    fields.get(name) == Some(&Value::Bool(true))
}

/// Names of a list that are neither steps nor people: nobody could ever hand off under them.
fn allowlist(node: &Node<'_>, subject: &Subject<'_>) -> Vec<Issue> {
    let names = node.fields.get("input_allowlist").and_then(Value::as_array).into_iter().flatten();
    let names = names.enumerate().filter_map(|(place, name)| Some((place, name.as_str()?)));
    let unknown = names.filter(|(_, name)| *name != HUMAN && subject.node(name).is_none());
    unknown
        .map(|(place, name)| {
            let text = format!("`{}` takes handoffs from `{name}`, which does not exist", node.id);
            let known = subject.ids().filter(|id| *id != node.id).chain([HUMAN]);
            let near = nearest(name, known).map(str::to_owned);
            let place = format!("{}[{place}]", node.place("input_allowlist"));
            Issue::new(Code::InputAllowlistUnknown, place, text).of(node.id).replace_by(near)
        })
        .collect()
}
