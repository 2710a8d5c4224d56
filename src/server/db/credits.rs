//! Credits: what is left, what was given, and what each attempt cost.

use rusqlite::{Connection, Row};

use super::DbError;
use super::value::{instant, read_instant, rows};
use crate::domain::{Balance, Bucket, RunId, Timestamp, Usage, WorkflowId};

/// What one attempt cost one bucket, about to be recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct Charge<'a> {
    /// The number of the event that began the attempt.
    pub gid: u64,
    /// The bucket that paid; `None` where credits are unlimited.
    pub bucket: Option<Bucket>,
    /// When it was charged.
    pub at: Timestamp,
    /// The run.
    pub run: &'a RunId,
    /// Its workflow.
    pub workflow: &'a WorkflowId,
    /// The step as the log calls it.
    pub step: &'a str,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// What was done, as the price list calls it.
    pub action: &'a str,
    /// How much, in microcredits.
    pub amount: u64,
}

/// Credits given to the runtime.
#[derive(Clone, Debug, PartialEq)]
pub struct Grant {
    /// Into which bucket.
    pub bucket: Bucket,
    /// How much, in microcredits.
    pub amount: u64,
    /// What for.
    pub note: String,
}

/// One row of the history: credits given or spent.
#[derive(Clone, Debug, PartialEq)]
pub struct LedgerRow {
    /// The place of the row in its list.
    pub number: u64,
    /// When.
    pub at: Timestamp,
    /// `trial`, `included`, `payg` or `unlimited`.
    pub bucket: String,
    /// By how much the bucket changed, in microcredits; spending is negative.
    pub delta: i64,
    /// What it was for.
    pub cause: LedgerCause,
}

/// What a row of the history was for.
#[derive(Clone, Debug, PartialEq)]
pub enum LedgerCause {
    /// Credits were given.
    Grant {
        /// What for.
        note: String,
    },
    /// An attempt was paid.
    Charge {
        /// What was done.
        action: String,
        /// The run.
        run: RunId,
        /// Its workflow.
        workflow: WorkflowId,
        /// The step as the log calls it.
        step: String,
        /// Which attempt, counted from 1.
        attempt: u32,
    },
}

/// What is left, and whether that matters.
///
/// # Errors
/// When the database cannot be read.
pub fn load(connection: &Connection) -> Result<Usage, DbError> {
    let mut select = connection
        .prepare_cached("SELECT trial, included, payg, is_unlimited FROM credits WHERE only = 1")?;
    let usage = select.query_row([], |row| {
        let balance = Balance { trial: row.get(0)?, included: row.get(1)?, payg: row.get(2)? };
        Ok(Usage { balance, total: balance.total(), is_unlimited: row.get(3)? })
    })?;
    Ok(usage)
}

/// Writes what is left.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn store(connection: &Connection, usage: &Usage) -> Result<(), DbError> {
    let mut update = connection.prepare_cached(
        "UPDATE credits SET trial = ?1, included = ?2, payg = ?3, is_unlimited = ?4 WHERE only = 1",
    )?;
    let Balance { trial, included, payg } = usage.balance;
    update.execute((trial, included, payg, usage.is_unlimited))?;
    Ok(())
}

/// Records what an attempt cost.
///
/// # Errors
/// When the attempt was charged before, or the database cannot write.
pub fn charge(connection: &Connection, charge: &Charge<'_>) -> Result<(), DbError> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO charges (gid, bucket, at, run_id, workflow_id, step_id, attempt, action, delta)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?;
    insert.execute((
        charge.gid,
        charge.bucket.map_or("unlimited", Bucket::as_str),
        instant(charge.at),
        charge.run.as_str(),
        charge.workflow.as_str(),
        charge.step,
        charge.attempt,
        charge.action,
        charge.amount,
    ))?;
    Ok(())
}

/// Records that credits were given, or taken back.
///
/// # Errors
/// When the database refuses or cannot write.
pub fn grant(
    connection: &Connection,
    (bucket, delta): (Bucket, i64),
    note: &str,
    at: Timestamp,
) -> Result<(), DbError> {
    let mut insert = connection
        .prepare_cached("INSERT INTO credit_grants (at, bucket, delta, note) VALUES (?1, ?2, ?3, ?4)")?;
    insert.execute((instant(at), bucket.as_str(), delta, note))?;
    Ok(())
}

/// What was spent, newest first, before a number; of one run, if it is named.
///
/// # Errors
/// When the database cannot be read.
pub fn charges(
    connection: &Connection,
    run: Option<&RunId>,
    before: Option<u64>,
    limit: u32,
) -> Result<Vec<LedgerRow>, DbError> {
    let mut select = connection.prepare_cached(
        "SELECT * FROM charges WHERE (?1 IS NULL OR run_id = ?1) AND gid < ?2
         ORDER BY gid DESC, bucket DESC LIMIT ?3",
    )?;
    let before = before.and_then(|before| i64::try_from(before).ok()).unwrap_or(i64::MAX);
    let rows = select.query_map((run.map(RunId::as_str), before, limit), read_charge)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What was given, newest first.
///
/// # Errors
/// When the database cannot be read.
pub fn grants(connection: &Connection, limit: u32) -> Result<Vec<LedgerRow>, DbError> {
    rows(connection, "SELECT * FROM credit_grants ORDER BY number DESC LIMIT ?1", [limit], |row| {
        Ok(LedgerRow {
            number: row.get("number")?,
            at: read_instant(row, "at")?,
            bucket: row.get("bucket")?,
            delta: row.get("delta")?,
            cause: LedgerCause::Grant { note: row.get("note")? },
        })
    })
}

fn read_charge(row: &Row<'_>) -> rusqlite::Result<LedgerRow> {
    Ok(LedgerRow {
        number: row.get("gid")?,
        at: read_instant(row, "at")?,
        bucket: row.get("bucket")?,
        delta: -row.get::<_, i64>("delta")?,
        cause: LedgerCause::Charge {
            action: row.get("action")?,
            run: RunId::new(row.get_ref("run_id")?.as_str()?),
            workflow: WorkflowId::new(row.get_ref("workflow_id")?.as_str()?),
            step: row.get("step_id")?,
            attempt: row.get("attempt")?,
        },
    })
}
