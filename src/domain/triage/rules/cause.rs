//! The step that failed first, and what its failure did to the others.

use std::time::Duration;

use super::subject::{code, error, has_failed};
use super::words::{counted, since, steps};
use crate::domain::clock::{age, later};
use crate::domain::failures::RECENT;
use crate::domain::triage::{Act, Case, CauseChain, Finding, Page, Verdict};
use crate::domain::{EventKind, RunEvent, RunStatus, StepId, StepStatus};

/// A log that was asked for so long after the run's end holds all of it.
const SETTLED: Duration = Duration::from_secs(2);

/// Row 3: where it began.
pub(super) fn root(case: &Case<'_>) -> Vec<Finding> {
    let Some(root) = case.root().filter(|_| has_failed(case)) else { return Vec::new() };
    if case.run.is_some_and(|run| run.status == RunStatus::Stopped) {
        return Vec::new();
    }
    let attempts = case.state(root).map_or(0, |state| u64::from(state.attempt));
    let of = case.spec(root).map_or(attempts, |spec| spec.retries() + 1).max(attempts);
    let tries = if of > 1 { format!(", attempt {attempts} of {of}") } else { String::new() };
    let inside = root.parent().map(|parent| format!(" inside of {parent}")).unwrap_or_default();
    let name = root.as_str().rsplit('#').next().unwrap_or_default();
    let title = format!("{name}{inside} failed first{tries}");
    let finding = Finding::new(3, "root-cause", Verdict::Cause, title).at(root).quoting(error(case));
    let event = case.history.events().iter().find(|event| fails(event, root));
    let finding = match event {
        Some(event) => finding.seen("event step_failed", said(event), event.at),
        None => finding.seen("the run itself", "names this step; its log has no step_failed", None),
    };
    vec![finding.offer("show the step", Act::ShowStep(root.clone()))]
}

fn fails(event: &RunEvent, step: &StepId) -> bool {
    event.kind == EventKind::StepFailed && event.step_id().as_ref() == Some(step)
}

fn said(event: &RunEvent) -> String {
    let place = event.sequence.map(|sequence| format!("event {sequence}")).unwrap_or_default();
    let code = event.text("failure_code").unwrap_or("no failure_code");
    if place.is_empty() { code.to_owned() } else { format!("{place}, {code}") }
}

/// Row 5: further steps that failed by themselves.
pub(super) fn also_failed(case: &Case<'_>) -> Vec<Finding> {
    let chain = CauseChain::of(case);
    let also = |id: &StepId| {
        let state = case.state(id)?;
        let hint = case.spec(id).map_or("its graph", |spec| match spec.kind() {
            crate::domain::StepKind::LlmCall => "its model and credential",
            crate::domain::StepKind::McpCall => "its arguments and binding",
            crate::domain::StepKind::LuaScript => "its script",
            _ => "its fields in the graph",
        });
        let title = format!("{id} failed as well: check {hint}");
        let finding = Finding::new(5, "also-failed", Verdict::Contributing, title).at(id);
        let finding = finding.quoting(state.error.as_deref());
        Some(
            finding
                .seen("event step_failed", "after the first one", state.ended_at)
                .offer("show the step", Act::ShowStep(id.clone())),
        )
    };
    chain.also_failed.iter().filter_map(also).collect()
}

/// Rows 4, 6 and 7: badges that need no fix.
pub(super) fn expected(case: &Case<'_>) -> Vec<Finding> {
    let chain = CauseChain::of(case);
    let mut findings = Vec::new();
    let verb = |list: &[StepId]| if list.len() == 1 { "was" } else { "were" };
    if let Some(first) = chain.cancelled.first() {
        let cause = chain.cancelled.iter().find_map(|id| case.state(id)?.caused_by.as_ref());
        let because = cause.or(chain.root.as_ref()).map(|id| format!(" because {id} failed"));
        let because = because.unwrap_or_else(|| " because the run was ended".into());
        let title = format!(
            "{} {} cancelled{because}: no fix needed",
            steps(&chain.cancelled),
            verb(&chain.cancelled)
        );
        let at = case.state(first).and_then(|state| state.ended_at);
        let finding = Finding::new(6, "cancelled", Verdict::ByDesign, title).at(first);
        findings.push(finding.seen("event step_cancelled", "in flight when the run ended", at));
    }
    if let Some(first) = chain.blocked.first() {
        let behind = chain.root.as_ref().map(|id| format!(" behind {id}")).unwrap_or_default();
        let title = format!(
            "{} {} blocked{behind} and never ran: runs on a new run",
            steps(&chain.blocked),
            verb(&chain.blocked)
        );
        let logged = case.state(first).is_some();
        let source = if logged { "event step_completed" } else { "graph" };
        let found = if logged { "skipped, reason blocked" } else { "depends on the failed step; no event" };
        findings
            .push(Finding::new(7, "blocked", Verdict::ByDesign, title).at(first).seen(source, found, None));
    }
    findings
}

/// Row 8: what succeeded has its output in the context.
pub(super) fn succeeded(case: &Case<'_>) -> Vec<Finding> {
    if !has_failed(case) {
        return Vec::new();
    }
    let done: Vec<StepId> = case
        .history
        .steps()
        .filter(|(id, step)| id.parent().is_none() && step.status == StepStatus::Completed)
        .map(|(id, _)| id.clone())
        .collect();
    let Some(last) = done.last() else { return Vec::new() };
    let title = format!("{} succeeded: {}", counted(done.len(), "step"), steps(&done));
    let has_output = case.context.is_some_and(|context| context.get("steps").is_some());
    let found =
        if has_output { "their results are in the run's context" } else { "the context holds no results" };
    vec![Finding::new(8, "succeeded", Verdict::Ok, title).at(last).seen("context", found, case.log_at)]
}

/// Row 9: steps that the log leaves running although the run has ended.
pub(super) fn unended(case: &Case<'_>) -> Vec<Finding> {
    let chain = CauseChain::of(case);
    let (Some(first), Some(run)) = (chain.unended.first(), case.run) else { return Vec::new() };
    let settled = run.ended_at.zip(case.log_at).is_some_and(|(end, asked)| later(end, SETTLED) <= asked);
    let (verdict, title) = if settled {
        (
            Verdict::ByDesign,
            format!("{} ended with the run; the log has no event of it", steps(&chain.unended)),
        )
    } else {
        (
            Verdict::Unchecked,
            format!(
                "{} may have ended meanwhile: the log is older than the run's end",
                steps(&chain.unended)
            ),
        )
    };
    let started = case.state(first).and_then(|state| state.started_at);
    let finding = Finding::new(9, "ended-with-run", verdict, title).at(first);
    vec![finding.seen("event step_started", "without an end", started).offer("ask again", Act::Refetch)]
}

/// Rows 1 and 2: where the run is listed, and that its whole log was read.
pub(super) fn recorded(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| has_failed(case)) else { return Vec::new() };
    let mut findings = Vec::new();
    if let Some(end) = run.ended_at {
        let recent = age(end, case.now) < RECENT;
        let place =
            if recent { "listed under Failed recently" } else { "too old for Failed recently (24 h)" };
        let title = format!("{} {} ago: {place}", run.status, since(Some(end), case.now));
        let listed = Finding::new(1, "failed-recently", Verdict::Ok, title);
        findings.push(listed.seen("the run itself", format!("status {}", run.status), Some(end)));
    }
    let events = case.history.events().len();
    if events > 0 {
        let title = format!("the whole log was read: {}", counted(events, "event"));
        let log = Finding::new(2, "log-read", Verdict::Ok, title);
        let by = code(case).map_or_else(|| "no failure code".to_owned(), ToString::to_string);
        let log = log.seen("the event log", by, case.log_at).offer("show the events", Act::ShowEvents);
        findings
            .push(log.offer("open in the console", Act::Console(Page::Workflow(run.workflow_id.clone()))));
    }
    findings
}
