//! Row 29: the connections that the workflow uses in place of its instances' own.

use super::super::subject::{Binding, connection};
use super::super::words::list;
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, Page, TroubleKind, Verdict};

/// The overrides of the workflow.
pub(in super::super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let run = case.run.filter(|_| Binding::of(case).is_some());
    run.map(|run| Need::Overrides(run.workflow_id.clone())).into_iter().collect()
}

/// Overrides that point nowhere, and whether one concerns the step.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let (Some(binding), Some(run)) = (Binding::of(case), case.run) else { return Vec::new() };
    let asked = case.facts.overrides(&run.workflow_id);
    let (fact, overrides) = match asked {
        Asked::Known(fact, overrides) => (fact, overrides),
        Asked::Failed(fact, trouble) if trouble.kind == TroubleKind::Missing => {
            let title = "this server keeps no connection overrides";
            let finding = Finding::new(29, "binding-override", Verdict::Ok, title);
            return vec![finding.seen(fact.asked.clone(), "404", Some(fact.asked_at))];
        }
        _ => return vec![unchecked(29, "binding-override", "connection overrides", &asked)],
    };
    let known = case.facts.connections().known().is_some();
    let dangling: Vec<&str> = overrides
        .iter()
        .filter(|over| known && connection(case, &over.connection).is_none())
        .map(|over| &*over.connection)
        .collect();
    let own = overrides.iter().find(|over| Some(&*over.instance) == binding.instance_id());
    let seen = |verdict, title: String| {
        Finding::new(29, "binding-override", verdict, title).at(binding.step).seen(
            fact.asked.clone(),
            format!("{} overrides", overrides.len()),
            Some(fact.asked_at),
        )
    };
    let open = Act::Console(Page::Workflow(run.workflow_id.clone()));
    vec![match (own, dangling.is_empty()) {
        (Some(over), false) if dangling.contains(&&*over.connection) => seen(
            Verdict::Cause,
            format!(
                "the workflow overrides the step's connection by {}, which does not exist",
                over.connection
            ),
        )
        .offer("open the workflow", open),
        (_, false) => seen(
            Verdict::Contributing,
            format!("the workflow names connections that do not exist: {}", list(dangling)),
        )
        .offer("open the workflow", open),
        (Some(over), true) => seen(
            Verdict::Ok,
            format!("the workflow uses connection {} here in place of the instance's own", over.connection),
        ),
        (None, true) => seen(Verdict::Ok, "no workflow override points elsewhere".into()),
    }]
}
