//! Row 1: how many other runs failed with the same cause.

use std::collections::BTreeMap;

use super::subject::{code, has_failed};
use super::words::{counted, list};
use crate::domain::clock::age;
use crate::domain::failures::{RECENT, Signature};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Asked, Case, Failures, Finding, Need, Verdict};
use crate::domain::{FailureCode, Run, RunClass};

/// Whether the run failed by itself: who was stopped has no cause to share.
fn is_about(case: &Case<'_>) -> bool {
    has_failed(case) && code(case) != Some(&FailureCode::RunStopped)
}

/// The failed runs, for one of them.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    is_about(case).then_some(Need::Failures).into_iter().collect()
}

/// The others, counted by workflow.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| is_about(case)) else { return Vec::new() };
    let asked = case.facts.failures();
    let Asked::Known(fact, failures) = asked else {
        return vec![unchecked(1, "same-cause", "whether other runs failed with the same cause", &asked)];
    };
    let others =
        others(run, failures, |other| other.over_at().is_some_and(|end| age(end, case.now) < RECENT));
    let count: usize = others.values().sum();
    let least = if failures.more { "at least " } else { "" };
    let mut named: Vec<(&str, usize)> = others.into_iter().collect();
    named.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let named: Vec<String> = named.iter().map(|(name, count)| format!("{name} {count}")).collect();
    let (verdict, title) = match count {
        0 => (Verdict::Ok, "no other run failed with this cause in 24 h".to_owned()),
        count => {
            let runs = counted(count, "other run");
            let of = list(named.iter().map(String::as_str));
            (Verdict::Contributing, format!("{least}{runs} failed with the same cause in 24 h: {of}"))
        }
    };
    let listed = format!(
        "{} listed, compared by code, step and masked message",
        counted(failures.runs.len(), "failed run")
    );
    vec![Finding::new(1, "same-cause", verdict, title).seen(fact.asked.clone(), listed, Some(fact.asked_at))]
}

/// How many other runs share the cause, by the name of their workflow.
fn others<'a>(
    run: &'a Run,
    failures: &'a Failures,
    counts: impl Fn(&Run) -> bool,
) -> BTreeMap<&'a str, usize> {
    let failed = || failures.runs.iter().filter(|other| other.status.class() == RunClass::Failed);
    // A run's own row may say more, or less, than the list does of it; like is compared with like.
    let own = Signature::of(failed().find(|other| other.id == run.id).unwrap_or(run));
    let mut found = BTreeMap::new();
    if !own.tells() {
        return found;
    }
    for other in failed().filter(|other| other.id != run.id && counts(other)) {
        if own.may_be(&Signature::of(other)) {
            *found.entry(other.title()).or_default() += 1;
        }
    }
    found
}
