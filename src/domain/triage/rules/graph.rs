//! Rows 30 and 46 to 50: what a dry run finds, and what can be seen in the graph without one.

use super::stuck;
use super::subject::{Binding, code, has_failed};
use super::words::{counted, mentions};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, DryRun, DryRunIssue, Finding, Need, Page, Verdict};
use crate::domain::validate::{Options, Severity, validate};
use crate::domain::{FailureCode, Graph};

/// Whether the graph itself may be what is wrong.
fn is_about(case: &Case<'_>) -> bool {
    let by_code = match code(case) {
        Some(FailureCode::Unknown(_) | FailureCode::HumanTaskFailed) | None => true,
        Some(_) => Binding::of(case).is_some(),
    };
    has_failed(case) && by_code || stuck::queued::is_late(case)
}

/// A dry run of the graph that the run executes.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let run = case.run.filter(|_| is_about(case));
    run.map(|run| Need::DryRun { workflow: run.workflow_id.clone(), version: run.version })
        .into_iter()
        .collect()
}

/// Row 30: what the server's dry run says as a whole.
pub(super) fn dry_run(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| is_about(case)) else { return Vec::new() };
    let what = run.version.map_or_else(
        || "the dry run of the draft".to_owned(),
        |version| format!("the dry run of version {version}"),
    );
    let asked = case.facts.dry_run(&run.workflow_id, run.version);
    vec![match asked {
        Asked::Not => Finding::new(30, "dry-run", Verdict::Unchecked, format!("{what}: not made yet"))
            .offer("make it now", Act::Validate),
        Asked::OnItsWay | Asked::Failed(..) => unchecked(30, "dry-run", &what, &asked),
        Asked::Known(fact, report) => {
            let (errors, warnings) = counts(report);
            let title = format!("{what}: {}, {}", counted(errors, "error"), counted(warnings, "warning"));
            let verdict = if errors > 0 || !report.valid { Verdict::Contributing } else { Verdict::Ok };
            let finding = Finding::new(30, "dry-run", verdict, title).seen(
                fact.asked.clone(),
                format!("{} checks", report.checks.len()),
                Some(fact.asked_at),
            );
            report.checks.iter().filter(|(_, result)| &**result != "passed").fold(
                finding,
                |finding, (check, result)| {
                    finding.seen(format!("check {check}"), result.clone(), Some(fact.asked_at))
                },
            )
        }
    }]
}

fn counts(report: &DryRun) -> (usize, usize) {
    let errors = report.issues.iter().filter(|issue| issue.is_error).count();
    (errors, report.issues.len() - errors)
}

/// Rows 46 to 50: each error of the graph, from the server's dry run, else from the graph alone.
pub fn issues(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| is_about(case)) else { return Vec::new() };
    let asked = case.facts.dry_run(&run.workflow_id, run.version);
    let (source, at, report) = match asked {
        Asked::Known(fact, report) => (fact.asked.clone(), Some(fact.asked_at), report.clone()),
        _ => match case.graph.and_then(local) {
            Some(report) => ("the graph, checked here".into(), None, report),
            None => return Vec::new(),
        },
    };
    let mut findings: Vec<Finding> = report
        .issues
        .iter()
        .filter(|issue| issue.is_error)
        .filter_map(|issue| {
            let (row, id) = class(issue)?;
            let mut finding = Finding::new(row, id, Verdict::Cause, title(issue)).seen(
                source.clone(),
                issue.code.clone(),
                at,
            );
            finding.step = issue.step.clone();
            if let Some(place) = &issue.place {
                finding = finding.seen("place", place.clone(), None);
            }
            if let Some(suggestion) = issue.suggestion.as_ref().filter(|text| !text.contains(' ')) {
                finding = finding.offer(format!("copy {suggestion}"), Act::Copy(suggestion.clone()));
            }
            Some(finding.offer("open the workflow", Act::Console(Page::Workflow(run.workflow_id.clone()))))
        })
        .collect();
    // A graph that ran this far is no whole failure: its issues have a part in it.
    if !stuck::queued::is_late(case)
        && case.root().is_some_and(|root| !findings.iter().any(|finding| finding.step.as_ref() == Some(root)))
    {
        findings.iter_mut().for_each(|finding| finding.verdict = Verdict::Contributing);
    }
    findings
}

fn title(issue: &DryRunIssue) -> String {
    match &issue.suggestion {
        Some(suggestion) => format!("{} (try {suggestion})", issue.message),
        None => issue.message.to_string(),
    }
}

/// The row that an issue belongs to. Codes that are not published are known by their words.
fn class(issue: &DryRunIssue) -> Option<(u8, &'static str)> {
    let says = |words: &[&str]| mentions(&issue.code, words) || mentions(&issue.message, words);
    let place = issue.place.as_deref().unwrap_or_default();
    Some(if says(&["cycle", "wait for each other"]) {
        (46, "graph-cycle")
    } else if mentions(&issue.code, &["lua"]) || mentions(&issue.message, &["lua script", "lua syntax"]) {
        (48, "graph-lua")
    } else if mentions(&issue.code, &["braces"]) {
        (51, "braces")
    } else if mentions(&issue.code, &["template", "for_each_items"]) {
        (50, "graph-template")
    } else if says(&["tool_name", "server_url"]) || mentions(place, &["tool_name", "server_url"]) {
        (47, "graph-tool-missing")
    } else if says(&["instance"]) {
        (49, "graph-instance")
    } else {
        return None;
    })
}

/// What can be said of a graph without a server.
fn local(graph: &Graph) -> Option<DryRun> {
    let report = validate(&graph.to_value(), &Options::default()).ok()?;
    let issues = report.issues.iter().map(|issue| DryRunIssue {
        is_error: issue.severity() == Severity::Error,
        code: issue.code.as_str().into(),
        step: issue.step_id.clone(),
        message: issue.message.as_str().into(),
        place: Some(issue.json_path.as_str().into()),
        suggestion: issue.suggestion.as_deref().map(Into::into),
    });
    let checks = report.checks.iter().map(|(check, result)| (check.as_str().into(), result.as_str().into()));
    Some(DryRun { valid: report.is_valid(), issues: issues.collect(), checks: checks.collect() })
}
