//! Counts by the hour, derived from the log in the transaction that appends to it, so that
//! questions about weeks read hours instead of events.

use std::collections::HashMap;

use rusqlite::Connection;
use serde_json::Value;

use super::DbError;
use crate::domain::{EventKind, Timestamp, WorkflowId};

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
    /// Per action: how many charges, and how many microcredits.
    charges: HashMap<&'static str, (u64, u64)>,
}

impl Tally {
    /// Counts an event; those that are about no step count for nothing.
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
    let Tally { started, completed, skipped, failed, cancelled, retried, duration_ms, charges } = tally;
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
    let mut spent = connection.prepare_cached(
        "INSERT INTO hourly_credits VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (hour, workflow_id, action) DO UPDATE SET charges = charges + ?4, delta = delta + ?5",
    )?;
    for (action, (count, sum)) in charges {
        spent.execute((hour, workflow.as_str(), action, count, sum))?;
    }
    Ok(())
}
