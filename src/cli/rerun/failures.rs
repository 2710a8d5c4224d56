//! Recent failures, folded by cause as the Command Center folds them.

use color_eyre::Result;
use serde_json::{Value, json};

use crate::cli::args::Print;
use crate::cli::connect::Connected;
use crate::cli::exit::Failure;
use crate::cli::output::{columns, remark, show};
use crate::domain::clock::{age, human};
use crate::domain::failures::{Group, RECENT, Signature, group};
use crate::domain::{Run, RunClass, RunId, Timestamp};

/// How many runs are looked through.
const SEARCHED: usize = 10_000;

/// Runs that failed recently, newest first, and their causes.
pub(super) struct Failures {
    pub(super) runs: Vec<Run>,
    pub(super) groups: Vec<Group>,
}

impl Failures {
    /// Asks for them.
    pub(super) async fn ask(connected: &Connected) -> Result<Self> {
        let page = connected.client.runs(SEARCHED, None).await?;
        if page.unreadable > 0 {
            remark(&format!("{} runs could not be read and are left out", page.unreadable));
        }
        let now = Timestamp::now();
        let is_recent = |run: &Run| run.over_at().is_none_or(|at| age(at, now) <= RECENT);
        let failed = |run: &Run| run.status.class() == RunClass::Failed && is_recent(run);
        let mut runs: Vec<Run> = page.runs.into_iter().filter(failed).collect();
        runs.sort_by_key(|run| std::cmp::Reverse(run.over_at()));
        let signed: Vec<Signature> = runs.iter().map(Signature::of).collect();
        let groups = group(runs.iter().zip(&signed));
        Ok(Self { runs, groups })
    }

    pub(super) fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.iter().find(|run| run.id == *id)
    }

    /// The failures of a signature.
    pub(super) fn of_signature(&self, id: &str) -> Result<&Group> {
        let found = self.groups.iter().find(|group| group.signature.id() == id);
        let text = || format!("no recent failure has the signature `{id}`: `arcc runs failures` lists them");
        Ok(found.ok_or_else(|| Failure::Operation(text()))?)
    }

    /// The failures of the same cause as a run's.
    pub(super) fn like(&self, run: &RunId) -> Result<&Group> {
        let found = self.groups.iter().find(|group| group.runs.contains(run));
        let text = || format!("run {run} did not fail within the last {} h", RECENT.as_secs() / 3_600);
        Ok(found.ok_or_else(|| Failure::Operation(text()))?)
    }
}

/// Prints the causes, those with the newest failures first.
pub(in crate::cli) async fn list(connected: &Connected, print: Print) -> Result<()> {
    let failures = Failures::ask(connected).await?;
    let body: Vec<Value> = failures.groups.iter().map(json_of).collect();
    let now = Timestamp::now();
    Ok(show(print, &json!({ "failures": body }), || {
        if failures.groups.is_empty() {
            return vec!["nothing failed within the last 24 h".into()];
        }
        let rows: Vec<_> = failures.groups.iter().map(|group| row(&failures, group, now)).collect();
        columns(&["SIGNATURE", "RUNS", "CODE", "STEP", "NEWEST", "MESSAGE"], &rows)
    })?)
}

fn json_of(group: &Group) -> Value {
    let signature = &group.signature;
    json!({
        "signature": signature.id(),
        "status": signature.status.as_str(),
        "failure_code": signature.code.as_ref().map(ToString::to_string),
        "step_id": signature.step,
        "message": signature.message,
        "run_ids": group.runs,
    })
}

fn row(failures: &Failures, group: &Group, now: Timestamp) -> Vec<String> {
    let signature = &group.signature;
    let newest = group.runs.first().and_then(|run| failures.run(run));
    let at = newest.and_then(Run::over_at);
    vec![
        signature.id(),
        group.runs.len().to_string(),
        signature.code.as_ref().map(ToString::to_string).unwrap_or_default(),
        signature.step.as_ref().map(ToString::to_string).unwrap_or_default(),
        at.map(|at| format!("{} ago", human(age(at, now)))).unwrap_or_default(),
        signature.message.to_string(),
    ]
}
