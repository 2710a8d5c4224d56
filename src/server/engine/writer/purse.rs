//! What is left to pay with, in the memory of the writer.

use rusqlite::Connection;

use crate::domain::{Bucket, Usage};
use crate::server::db::{DbError, credits};

/// Who paid how much, in microcredits; nobody where credits are unlimited.
pub(super) type Payment = Vec<(Option<Bucket>, u64)>;

/// The balance as the database has it, and changes that the transaction in the making adds.
#[derive(Debug, Default)]
pub(super) struct Purse {
    usage: Option<Usage>,
    has_changed: bool,
}

impl Purse {
    /// What is left.
    pub(super) fn usage(&mut self, db: &Connection) -> Result<&mut Usage, DbError> {
        match &mut self.usage {
            Some(usage) => Ok(usage),
            empty => Ok(empty.insert(credits::load(db)?)),
        }
    }

    /// Pays an amount; tells who gave how much, or that not enough is left.
    pub(super) fn pay(&mut self, db: &Connection, amount: u64) -> Result<Option<Payment>, DbError> {
        let usage = self.usage(db)?;
        if usage.is_unlimited {
            return Ok(Some(vec![(None, amount)]));
        }
        let given = usage.balance.spend(amount);
        usage.total = usage.balance.total();
        self.has_changed |= given.is_some();
        Ok(given.map(|given| given.into_iter().map(|(bucket, part)| (Some(bucket), part)).collect()))
    }

    /// Makes the balance another one.
    pub(super) fn set(&mut self, usage: Usage) {
        self.usage = Some(usage);
        self.has_changed = true;
    }

    /// Writes what has changed, once for all of a transaction's charges.
    pub(super) fn store(&mut self, db: &Connection) -> Result<(), DbError> {
        if std::mem::take(&mut self.has_changed)
            && let Some(usage) = &self.usage
        {
            credits::store(db, usage)?;
        }
        Ok(())
    }

    /// Forgets all, because the transaction was not recorded.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}
