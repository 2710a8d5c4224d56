//! Offers to run all failures of one cause again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use super::offer::{demands, nothing};
use super::rules::{Refusal, allowed, sendable};
use super::workflow_of;
use crate::app::Model;
use crate::app::key::Key;
use crate::app::layers::{Choice, Dialog, DialogKind};
use crate::app::pending::Order;
use crate::domain::series::Series;
use crate::domain::{Run, RunId, Timestamp, WorkflowId};

/// The most workflows that are named.
const NAMED: usize = 4;

/// The dialog that runs failures of one cause again, newest first as they stand in their group; or why
/// there is none.
///
/// # Errors
/// When nothing may be started, or nothing is left to be.
pub(crate) fn offer_all(model: &Model, failures: &[RunId], now: Timestamp) -> Result<Dialog, Refusal> {
    let senseless = |text: &str| Err(Refusal::Senseless(text.into()));
    if let Some(refusal) = allowed(model, "start") {
        return Err(refusal);
    }
    if model.reruns.is_going() {
        return senseless("runs are running again already, one at a time; S shows them");
    }
    sendable(model, now)?;
    let mut runs = Series::about(failures, &model.reruns.again);
    let left_out = failures.len() - runs.len();
    let Some(newest) = runs.last().cloned() else {
        return senseless("each of these was run again; the runs in their place tell how it went");
    };
    let most = model.session.guards.of("start").max_bulk.unwrap_or(usize::MAX);
    let kept_back = runs.len().saturating_sub(most);
    runs.truncate(most);
    let targets = runs.iter().map(|run| Some((workflow_of(model, run)?, run.clone())));
    let targets: Vec<(WorkflowId, RunId)> = targets.collect::<Option<_>>().ok_or_else(nothing)?;
    let rows: Vec<&Run> = runs.iter().filter_map(|run| model.mirror.run(run)).collect();
    let mut facts = vec![("runs", by_workflow(model, &rows)), ("version", versions(model, &rows))];
    facts.push(("input", "each its own: what its run was started with, asked for before its start".into()));
    if left_out > 0 {
        facts.push(("without", format!("{left_out} that another run stands in for already")));
    }
    if kept_back > 0 {
        facts.push(("without", format!("{kept_back} more: a guardrail lets {most} at once start")));
    }
    let choice = Choice {
        key: Key::Enter,
        label: "run all again",
        outcome: "oldest first, one at a time; the first that fails again is the last".into(),
        order: Order::Series(targets.into()),
    };
    let target = match runs.len() {
        1 => "1 failed run".to_owned(),
        count => format!("{count} failed runs of one cause"),
    };
    let mut dialog = Dialog::new(DialogKind::RunAll, target, vec![choice], now);
    dialog.facts = facts;
    dialog.demands = demands(model, "start", ("run id", newest.short()));
    Ok(dialog.ready(model.size))
}

/// The workflows of runs with how many each has, those with the most first.
pub fn by_workflow(model: &Model, runs: &[&Run]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for run in runs {
        *counts.entry(model.mirror.workflow_name(run)).or_default() += 1;
    }
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| Reverse(*count));
    let more = counts.len().saturating_sub(NAMED);
    let mut words: Vec<_> =
        counts.iter().take(NAMED).map(|(name, count)| format!("{name} {count}")).collect();
    if more > 0 {
        words.push(format!("{more} more workflows"));
    }
    words.join(", ")
}

/// Which version the new runs take, against the ones that failed.
fn versions(model: &Model, runs: &[&Run]) -> String {
    let workflows: BTreeSet<&WorkflowId> = runs.iter().map(|run| &run.workflow_id).collect();
    let latest = |id: &WorkflowId| model.mirror.workflows().find(|known| known.id == *id)?.latest_version;
    let one = workflows.first().filter(|_| workflows.len() == 1).and_then(|id| latest(id));
    let Some(latest) = one else {
        let of_each = if workflows.len() > 1 { " of each workflow" } else { "" };
        return format!("the latest that is published{of_each}");
    };
    let failed: BTreeSet<u64> = runs.iter().filter_map(|run| run.version).collect();
    if failed.is_empty() {
        return format!("{latest}, the latest that is published");
    }
    let failed: Vec<String> = failed.iter().map(u64::to_string).collect();
    if failed == [latest.to_string()] {
        return format!("{latest}, the one that failed: no newer one is published");
    }
    format!("{latest}, the latest that is published; {} failed", failed.join(", "))
}
