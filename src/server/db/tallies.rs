//! Counts by the hour, derived from the log in the transaction that appends to it, so that
//! questions about weeks read hours instead of events.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::Value;

use super::DbError;
use crate::domain::{EventKind, Timestamp, WorkflowId};

/// What the schema gains so that questions about a hundred thousand runs read no rows of runs: counts
/// by the hour, and indexes that hold all that is asked of the others.
pub(super) const RUNS: &str = "
CREATE TABLE hourly_runs (
    hour        INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    started     INTEGER NOT NULL,
    completed   INTEGER NOT NULL,
    failed      INTEGER NOT NULL,
    stopped     INTEGER NOT NULL,
    PRIMARY KEY (hour, workflow_id)
) STRICT, WITHOUT ROWID;
INSERT INTO hourly_runs
    SELECT hour, workflow_id, sum(what = 'started'), sum(what = 'completed'), sum(what = 'failed'),
           sum(what = 'stopped')
    FROM (SELECT started_at / 3600000000 AS hour, workflow_id, 'started' AS what FROM runs
          UNION ALL
          SELECT ended_at / 3600000000, workflow_id, status FROM runs WHERE ended_at IS NOT NULL)
    GROUP BY hour, workflow_id;
DROP INDEX runs_started;
CREATE INDEX runs_started ON runs (started_at, workflow_id, status);
CREATE INDEX runs_of_status ON runs (status, number);
";

/// What happened in one workflow within one transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    started: u64,
    completed: u64,
    skipped: u64,
    failed: u64,
    cancelled: u64,
    retried: u64,
    duration_ms: u64,
    runs: RunTally,
    /// Per action: how many charges, and how many microcredits.
    charges: HashMap<&'static str, (u64, u64)>,
}

/// How many runs began and ended, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct RunTally {
    started: u64,
    completed: u64,
    failed: u64,
    stopped: u64,
}

impl Tally {
    /// Counts an event; those that are about no step, and neither begin nor end a run, count for nothing.
    pub fn note(&mut self, kind: &EventKind, data: &Value) {
        let count = match kind {
            EventKind::StepStarted => &mut self.started,
            EventKind::StepCompleted if data["skipped"] == true => &mut self.skipped,
            EventKind::StepCompleted => {
                self.duration_ms += data["duration_ms"].as_u64().unwrap_or(0);
                &mut self.completed
            }
            EventKind::StepFailed => &mut self.failed,
            EventKind::StepCancelled => &mut self.cancelled,
            EventKind::StepRetrying => &mut self.retried,
            EventKind::RunStarted | EventKind::RunRejected => &mut self.runs.started,
            EventKind::RunCompleted => &mut self.runs.completed,
            EventKind::RunFailed => &mut self.runs.failed,
            EventKind::RunStopped => &mut self.runs.stopped,
            _ => return,
        };
        *count += 1;
    }

    /// Counts a charge.
    pub fn note_charge(&mut self, action: &'static str, amount: u64) {
        let (charges, sum) = self.charges.entry(action).or_default();
        *charges += 1;
        *sum += amount;
    }
}

/// The hour of an instant, counted from 1970.
pub fn hour(at: Timestamp) -> i64 {
    at.as_second().div_euclid(3_600)
}

/// Adds what happened to the hour it happened in.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn add(
    connection: &Connection,
    workflow: &WorkflowId,
    tally: &Tally,
    at: Timestamp,
) -> Result<(), DbError> {
    let hour = hour(at);
    let mut steps = connection.prepare_cached(
        "INSERT INTO hourly_steps VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
         ON CONFLICT (hour, workflow_id) DO UPDATE SET
             started = started + ?3, completed = completed + ?4, skipped = skipped + ?5,
             failed = failed + ?6, cancelled = cancelled + ?7, retried = retried + ?8,
             duration_ms = duration_ms + ?9",
    )?;
    let Tally { started, completed, skipped, failed, cancelled, retried, duration_ms, runs, charges } = tally;
    steps.execute((
        hour,
        workflow.as_str(),
        started,
        completed,
        skipped,
        failed,
        cancelled,
        retried,
        duration_ms,
    ))?;
    if *runs != RunTally::default() {
        let mut ends = connection.prepare_cached(
            "INSERT INTO hourly_runs VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (hour, workflow_id) DO UPDATE SET started = started + ?3,
                 completed = completed + ?4, failed = failed + ?5, stopped = stopped + ?6",
        )?;
        ends.execute((hour, workflow.as_str(), runs.started, runs.completed, runs.failed, runs.stopped))?;
    }
    let mut spent = connection.prepare_cached(
        "INSERT INTO hourly_credits VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hour, workflow_id, action) DO UPDATE SET charges = charges + ?4, delta = delta + ?5",
    )?;
    for (action, (count, sum)) in charges {
        spent.execute((hour, workflow.as_str(), action, count, sum))?;
    }
    Ok(())
}
