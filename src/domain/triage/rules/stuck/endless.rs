//! Row 25: a run that nothing will ever end, because its episode has no step that closes it.

use super::super::words::steps;
use super::{in_flight, live};
use crate::domain::triage::{Act, Case, Finding, Page, Verdict};
use crate::domain::{RunClass, StepId, StepSpec};

/// Running, nothing active, steps that start only when called, and the episode is open.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let (Some(run), Some(graph)) = (live(case, RunClass::Active), case.graph) else { return Vec::new() };
    let gated = graph.steps.iter().filter(|step| step.is_gated() && case.state(&step.id).is_none());
    let waiting: Vec<StepId> = gated.map(|step| step.id.clone()).collect();
    let began = case.history.steps().next().is_some();
    if waiting.is_empty() || !began || !in_flight(case).is_empty() || case.own_tasks().next().is_some() {
        return Vec::new();
    }
    if closed(case) == Some(true) {
        return Vec::new();
    }
    let closes = graph.steps.iter().any(StepSpec::is_terminal);
    let remedy = if closes { "its terminal step was never reached" } else { "no step is terminal" };
    let title = format!(
        "nothing is in flight and {} never starts by itself: {remedy}, so the run never ends",
        steps(&waiting)
    );
    let found =
        if closed(case).is_some() { "episode_closed is false" } else { "says nothing of the episode" };
    let finding = Finding::new(25, "never-ends", Verdict::Cause, title).at(&waiting[0]);
    vec![
        finding
            .seen("graph", "no_auto_start steps that have not started", None)
            .seen("context", found, case.log_at)
            .offer("stop", Act::Stop)
            .offer("open the workflow", Act::Console(Page::Workflow(run.workflow_id.clone()))),
    ]
}

fn closed(case: &Case<'_>) -> Option<bool> {
    let context = case.context?;
    let episode = [&["custom", "episode"][..], &["variables", "custom", "episode"][..]];
    let found = episode.iter().find_map(|path| path.iter().try_fold(context, |value, name| value.get(*name)));
    found?.get("episode_closed")?.as_bool()
}
