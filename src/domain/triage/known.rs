//! The server's answers in the terms of the rules. What the server did not say is `None`.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::domain::{Graph, Run, RunHistory, RunId, RunStatus, StepId, StepStatus, Timestamp};

/// Something that used credits, or has a price.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpendRow {
    /// A workflow, an action, or whatever the server groups by; foreign text.
    pub name: Box<str>,
    /// Microcredits.
    pub amount: u64,
}

/// What used credits within a window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spend {
    /// The window in words, as it was asked for.
    pub window: Box<str>,
    /// How many seconds it covers.
    pub seconds: u64,
    /// Microcredits in all.
    pub total: u64,
    /// By workflow, the largest first.
    pub workflows: Vec<SpendRow>,
    /// By action, the largest first.
    pub actions: Vec<SpendRow>,
}

/// An MCP instance: a server as this project uses it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instance {
    /// Its id, which steps name.
    pub id: Box<str>,
    /// What it is called.
    pub name: Box<str>,
    /// The server it is of.
    pub server: Option<Box<str>>,
    /// Where the server is.
    pub url: Option<Box<str>>,
    /// The profile that is active, where the list says.
    pub active_profile: Option<Box<str>>,
    /// Whether a connection is wired, where the list says.
    pub has_connection: Option<bool>,
    /// The connection, where the list says.
    pub connection: Option<Box<str>>,
    /// Its status in the server's word.
    pub status: Option<Box<str>>,
}

/// A config profile of an instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Profile {
    /// Its id.
    pub id: Box<str>,
    /// What it is called.
    pub name: Box<str>,
    /// Whether it is the active one.
    pub active: bool,
    /// The connection it is wired to.
    pub connection: Option<Box<str>>,
}

/// A connection: credentials for a provider.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Connection {
    /// Its id.
    pub id: Box<str>,
    /// What it is called.
    pub name: Box<str>,
    /// Whose it is: `google`, `custom`, …
    pub provider: Box<str>,
    /// What of the provider: `gmail`, `api_key`, …
    pub service: Box<str>,
    /// Its status in the server's word.
    pub status: Box<str>,
    /// Whether a person must connect it again.
    pub needs_reconnect: bool,
    /// What it is allowed to do, where the server says.
    pub scopes: Vec<Box<str>>,
}

/// A connection that a workflow uses in place of an instance's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The instance.
    pub instance: Box<str>,
    /// The connection.
    pub connection: Box<str>,
}

/// What a validation of a server or a connection found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// Whether all went well; none where the server does not say.
    pub passed: Option<bool>,
    /// The single checks.
    pub checks: Vec<ProbeCheck>,
}

/// One check of a validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProbeCheck {
    /// What was checked.
    pub name: Box<str>,
    /// Whether it went well.
    pub passed: bool,
    /// What the server says of it; foreign text.
    pub message: Box<str>,
}

/// What a dry run of a graph found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// Whether there is no error.
    pub valid: bool,
    /// Everything found.
    pub issues: Vec<DryRunIssue>,
    /// The checks that ended, by name, with their results in the server's words.
    pub checks: Vec<(Box<str>, Box<str>)>,
}

/// One finding of a dry run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DryRunIssue {
    /// Whether it makes the graph invalid.
    pub is_error: bool,
    /// The machine word.
    pub code: Box<str>,
    /// The step.
    pub step: Option<StepId>,
    /// What is wrong, in one sentence; foreign text.
    pub message: Box<str>,
    /// Where, as a JSONPath.
    pub place: Option<Box<str>>,
    /// What to write instead.
    pub suggestion: Option<Box<str>>,
}

/// A workflow's draft against its latest published version.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Published {
    /// The latest version, if any was published.
    pub latest: Option<u64>,
    /// The steps that the draft adds, changes or drops; none when draft or version cannot be had.
    pub changed: Option<Vec<StepId>>,
    /// The draft's graph as its author wrote it.
    pub draft: Option<Value>,
    /// The latest version's graph, if it can be read.
    pub graph: Option<Arc<Graph>>,
}

/// How long the steps of a workflow usually take.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Earlier {
    /// How many runs were looked at.
    pub runs: usize,
    /// Of the steps that completed in at least one of them.
    pub steps: BTreeMap<StepId, Usual>,
}

/// How long a step usually takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usual {
    /// How many times it was seen to complete.
    pub count: usize,
    /// Half of the times it took no longer.
    pub p50: Duration,
    /// In 95 of 100 cases it took no longer; the longest where there are fewer than 20.
    pub p95: Duration,
}

impl Earlier {
    /// Learns from the logs of earlier runs. Steps that failed or were cancelled tell nothing of how
    /// long success takes.
    pub fn of(histories: &[RunHistory]) -> Self {
        let mut times: BTreeMap<StepId, Vec<Duration>> = BTreeMap::new();
        for (id, step) in histories.iter().flat_map(RunHistory::steps) {
            if let (StepStatus::Completed, Some(end)) = (&step.status, step.ended_at)
                && let Some(took) = step.elapsed(end)
            {
                times.entry(id.clone()).or_default().push(took);
            }
        }
        let steps = times.into_iter().filter_map(|(id, times)| Some((id, Usual::of(times)?))).collect();
        Self { runs: histories.len(), steps }
    }
}

/// The last run of a workflow that went well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LastGood {
    /// How many runs that completed were listed.
    pub listed: usize,
    /// The run; none where no run ever went well.
    pub run: Option<Box<GoodRun>>,
}

/// A run that went well, with all that it is compared by.
#[derive(Clone, Debug, PartialEq)]
pub struct GoodRun {
    /// The run.
    pub run: Run,
    /// Its log, folded.
    pub history: RunHistory,
    /// The graph that it executed.
    pub graph: Option<Arc<Graph>>,
    /// Its data; foreign content.
    pub context: Option<Value>,
}

impl LastGood {
    /// Of runs as they are listed, newest first, the one to compare with: the last that went well
    /// before an instant, else the newest that did.
    pub fn pick<'r>(listed: &'r [Run], except: &RunId, before: Option<Timestamp>) -> Option<&'r Run> {
        let good = || listed.iter().filter(|run| run.id != *except && run.status == RunStatus::Completed);
        let earlier = |run: &&Run| before.is_some_and(|end| run.started_at.is_some_and(|at| at < end));
        good().find(earlier).or_else(|| good().next())
    }
}

/// Failed runs of the project, the newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Failures {
    /// The runs.
    pub runs: Vec<Run>,
    /// Whether there may be more of them.
    pub more: bool,
}

impl Usual {
    /// From every time it took; none without any.
    pub fn of(mut times: Vec<Duration>) -> Option<Self> {
        times.sort_unstable();
        let count = times.len();
        // The nearest rank: no value is made up between two that were seen.
        let at = |percent: usize| times.get((count * percent).div_ceil(100).max(1) - 1).copied();
        Some(Self { count, p50: at(50)?, p95: at(95)? })
    }
}

/// Which key answers for a model.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ModelSource {
    /// Whether any does; none where the server does not say.
    pub resolved: Option<bool>,
    /// Whose key: `catalog`, `tenant`, `system`, … in the server's word.
    pub source: Option<Box<str>>,
    /// The provider.
    pub provider: Option<Box<str>>,
}

/// An access token as listed; never the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenInfo {
    /// What it is called.
    pub name: Box<str>,
    /// What it may be used for.
    pub scopes: Vec<Box<str>>,
    /// Whether it is the one that asked, where the server says.
    pub is_own: bool,
}

/// What a search in memory brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryProbe {
    /// How many hits.
    pub hits: usize,
}

/// How a memory extraction stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extraction {
    /// Its status in the server's word.
    pub status: Box<str>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn the_last_good_run_is_the_one_before_else_the_newest() {
        let at = |second: i64| Timestamp::from_second(second).ok();
        let run = |id: &str, status: RunStatus, second: i64| Run {
            started_at: at(second),
            ..Run::new(id.into(), "w".into(), status)
        };
        let listed = [
            run("later", RunStatus::Completed, 90),
            run("r", RunStatus::Failed, 50),
            run("odd", RunStatus::Failed, 40),
            run("before", RunStatus::Completed, 30),
            run("oldest", RunStatus::Completed, 10),
        ];
        let pick = |before| LastGood::pick(&listed, &"r".into(), before).map(|run| run.id.as_str());
        assert_eq!(pick(at(50)), Some("before"));
        assert_eq!(pick(None), Some("later"));
        assert_eq!(pick(at(5)), Some("later"), "better a later one than none");
        assert_eq!(LastGood::pick(&listed[1..3], &"r".into(), at(50)), None);
        assert_eq!(LastGood::pick(&listed[3..4], &"before".into(), at(50)), None, "never itself");
    }

    #[test]
    fn usual_times_are_times_that_were_seen() {
        let seconds = |list: &[u64]| Usual::of(list.iter().map(|s| Duration::from_secs(*s)).collect());
        let usual = |count, p50, p95| {
            Some(Usual { count, p50: Duration::from_secs(p50), p95: Duration::from_secs(p95) })
        };
        assert_eq!(seconds(&[]), None);
        assert_eq!(seconds(&[7]), usual(1, 7, 7));
        assert_eq!(seconds(&[9, 1, 5]), usual(3, 5, 9));
        assert_eq!(seconds(&(1..=100).collect::<Vec<_>>()), usual(100, 50, 95));
    }
}
