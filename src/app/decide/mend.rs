//! Offers to mend what a diagnosis found, through the API.

use serde_json::Value;

use super::offer::{choice, demands};
use super::rules::{Refusal, allowed, sendable};
use crate::app::Model;
use crate::app::layers::{Dialog, DialogKind};
use crate::domain::draft::changes;
use crate::domain::graph::GraphProblem;
use crate::domain::triage::{Profiled, Published};
use crate::domain::{Digest, Graph, Timestamp, WorkflowId};
use crate::wire::{Command, Publish};

/// The dialog that makes a config profile the active one, or why there is none.
///
/// # Errors
/// When nothing may be changed now.
pub(crate) fn activate(model: &Model, of: &Profiled, now: Timestamp) -> Result<Dialog, Refusal> {
    may(model, "activate", now)?;
    let command = Command::Activate { instance: of.instance.clone(), profile: of.profile.clone() };
    let outcome = "every step that is bound to the instance calls over it; what is bound is checked then";
    let target = format!("profile {} of instance {}", of.profile_name, of.instance_name);
    let choices = vec![choice("make it active", outcome.into(), command)];
    let mut dialog = Dialog::new(DialogKind::Activate, target, choices, now);
    let active = of.instead_of.as_deref().map(|name| format!("profile {name} is active"));
    dialog.facts = vec![("now", active.unwrap_or_else(|| "no profile is active".into()))];
    dialog.demands = demands(model, "activate", ("profile", &of.profile_name));
    Ok(dialog.ready(model.size))
}

/// The dialog that publishes a workflow's draft, with what that changes; or why there is none.
///
/// # Errors
/// When nothing may be published now, or it is not known what would be.
pub(crate) fn publish(
    model: &Model,
    workflow: &WorkflowId,
    known: Option<&Published>,
    now: Timestamp,
) -> Result<Dialog, Refusal> {
    may(model, "publish", now)?;
    let unknown = || Refusal::AskFirst("the draft is not known; it is being asked for again".into());
    let (known, draft) = known.and_then(|known| Some((known, known.draft.as_ref()?))).ok_or_else(unknown)?;
    let unreadable = |problem: GraphProblem| {
        Refusal::Senseless(format!(
            "the draft cannot be read as a graph, so that nothing is published: {problem}"
        ))
    };
    let changes = changes(known.graph.as_deref(), &Graph::parse(draft).map_err(unreadable)?);
    if changes.is_empty() {
        return Err(Refusal::Senseless("the draft is what is published already".into()));
    }
    let command = Command::Publish(Publish {
        workflow: workflow.clone(),
        changelog: "".into(),
        shown: Some(Digest::of(draft)),
        after: known.latest,
    });
    let next = known.latest.map_or(1, |latest| latest + 1);
    let outcome = format!("new runs take version {next}; runs that began keep theirs");
    let name = model.mirror.workflows().find(|each| each.id == *workflow).map(|each| each.name.to_string());
    let name = name.unwrap_or_else(|| workflow.to_string());
    let choices = vec![choice("publish", outcome, command)];
    let mut dialog = Dialog::new(DialogKind::Publish, format!("the draft of {name}"), choices, now);
    let names: Vec<&str> = changes.keys().map(String::as_str).collect();
    dialog.facts = vec![("changes", names.join(", "))];
    dialog.demands = demands(model, "publish", ("workflow", &name));
    dialog.payload = Some(Value::Object(changes));
    Ok(dialog.ready(model.size))
}

fn may(model: &Model, word: &'static str, now: Timestamp) -> Result<(), Refusal> {
    allowed(model, word).map_or(Ok(()), Err)?;
    sendable(model, now)
}
