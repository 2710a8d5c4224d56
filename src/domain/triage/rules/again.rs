//! Running again: what must be published first, and what would make the next run sturdier.

use super::subject::{code, has_failed};
use super::words::{counted, steps};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, Page, Verdict};
use crate::domain::{FailureCode, StepKind};

/// The draft against the published version, for a run that failed.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let failed = case.run.filter(|_| has_failed(case));
    failed.map(|run| Need::Published(run.workflow_id.clone())).into_iter().collect()
}

/// Row 19: a change that was made but not published does nothing for the next run.
pub(super) fn unpublished(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| has_failed(case)) else { return Vec::new() };
    let asked = case.facts.published(&run.workflow_id);
    let Asked::Known(fact, published) = asked else {
        return vec![unchecked(
            19,
            "unpublished-changes",
            "whether the draft has changes that were not published",
            &asked,
        )];
    };
    let latest = published.latest.map_or_else(|| "nothing".into(), |version| format!("version {version}"));
    let finding = |verdict, title: String| {
        Finding::new(19, "unpublished-changes", verdict, title).seen(
            fact.asked.clone(),
            format!("{latest} is published"),
            Some(fact.asked_at),
        )
    };
    let open = Act::Console(Page::Workflow(run.workflow_id.clone()));
    vec![match (&published.changed, published.latest, run.version) {
        (None, None, _) => finding(
            Verdict::Contributing,
            "nothing of this workflow is published: a new run cannot start".into(),
        )
        .offer("publish it", Act::Publish(run.workflow_id.clone()))
        .offer("open the workflow", open),
        (None, Some(_), _) => finding(
            Verdict::Unchecked,
            "could not check whether the draft differs: the server does not give both graphs".into(),
        ),
        (Some(changed), _, _) if !changed.is_empty() => {
            let title = format!(
                "the draft changes {} ({}) and is not published: a new run would not have the change",
                counted(changed.len(), "step"),
                steps(changed)
            );
            finding(Verdict::Contributing, title)
                .offer("see what changes, and publish it", Act::Publish(run.workflow_id.clone()))
                .offer("open the workflow", open)
        }
        (Some(_), Some(latest), Some(ran)) if latest > ran => finding(
            Verdict::Ok,
            format!("version {latest} is newer than version {ran}, which failed: a new run takes it"),
        ),
        (Some(_), ..) => finding(Verdict::Ok, format!("the draft is what is published ({latest})")),
    }]
}

/// Row 20: what runs again is a new run.
pub(super) fn run_again(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| has_failed(case)) else { return Vec::new() };
    let input = case.context.and_then(|context| context.get("input"));
    let title = format!("a {} run never resumes; a new run starts from its beginning", run.status);
    let found =
        if input.is_some() { "the input of this run is known" } else { "the input of this run is not known" };
    vec![
        Finding::new(20, "run-again", Verdict::ByDesign, title)
            .seen("context", found, case.log_at)
            .offer("run again with the same input", Act::RunAgain),
    ]
}

/// Row 21: the step that failed is not tried again by itself.
pub(super) fn retries(case: &Case<'_>) -> Vec<Finding> {
    if !has_failed(case) || code(case) == Some(&FailureCode::RunStopped) {
        return Vec::new();
    }
    let Some(root) = case.root() else { return Vec::new() };
    let Some(spec) = case.spec(root) else { return Vec::new() };
    let calls = matches!(spec.kind(), StepKind::McpCall | StepKind::LlmCall | StepKind::AgentCall);
    if !calls || spec.retries() > 0 {
        return Vec::new();
    }
    let title = format!("{root} has no retry_count: one error that would pass ends the run");
    vec![Finding::new(21, "no-retries", Verdict::Contributing, title).at(root).seen(
        "graph",
        "retry_count is not set",
        None,
    )]
}
