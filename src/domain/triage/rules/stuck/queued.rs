//! Row 26: accepted and not started.

use std::time::Duration;

use super::super::words::since;
use super::live;
use crate::domain::RunClass;
use crate::domain::clock::age;
use crate::domain::triage::{Act, Case, Finding, Need, Verdict};

/// From here on it is not usual any more.
const USUAL: Duration = Duration::from_secs(30);

/// Whether the run waits to be started for longer than usual.
pub(in super::super) fn is_late(case: &Case<'_>) -> bool {
    let Some(run) = live(case, RunClass::Waiting) else { return false };
    run.started_at.is_some_and(|at| age(at, case.now) > USUAL)
}

/// The two things that keep a run from starting: credits, and a graph that does not hold.
pub(in super::super) fn needs(case: &Case<'_>) -> Vec<Need> {
    match case.run.filter(|_| is_late(case)) {
        Some(run) => {
            vec![Need::Balance, Need::DryRun { workflow: run.workflow_id.clone(), version: run.version }]
        }
        None => Vec::new(),
    }
}

/// That it has not started.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = live(case, RunClass::Waiting) else { return Vec::new() };
    let waited = since(run.started_at, case.now);
    if !is_late(case) {
        let title = format!("{} since {waited}: usual up to 30s", run.status);
        return vec![Finding::new(26, "not-started", Verdict::Ok, title).seen(
            "the run itself",
            format!("status {}", run.status),
            run.started_at,
        )];
    }
    let title = format!("{} since {waited}, and not started; usual is up to 30s", run.status);
    let finding = Finding::new(26, "not-started", Verdict::Cause, title);
    vec![
        finding
            .seen("the run itself", format!("status {}", run.status), run.started_at)
            .offer("check credits and graph", Act::Validate)
            .offer("stop", Act::Stop),
    ]
}
