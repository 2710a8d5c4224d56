//! Requests about credits.

use super::batch::Batch;
use crate::domain::{Balance, Bucket, Credits, FailureCode, Graph, Usage};
use crate::machine::StepError;
use crate::server::db::DbError;
use crate::server::db::credits::{self, Grant};
use crate::server::engine::request::CreditsOrder;
use crate::server::engine::{EngineError, prices};

/// The most credits that a runtime may hold, in microcredits: sums must fit the database's columns.
const MOST: u64 = i64::MAX as u64 / 4;

impl Batch<'_> {
    pub(super) fn order_credits(&mut self, order: CreditsOrder) -> Result<Usage, EngineError> {
        match order {
            CreditsOrder::Grant(grant) => self.grant(&grant),
            CreditsOrder::Set(balance) => self.set_balance(balance),
            CreditsOrder::Unlimited => {
                let usage = *self.purse.usage(self.db)?;
                self.purse.set(Usage { is_unlimited: true, ..usage });
                Ok(*self.purse.usage(self.db)?)
            }
        }
    }

    fn grant(&mut self, grant: &Grant) -> Result<Usage, EngineError> {
        let mut usage = *self.purse.usage(self.db)?;
        if usage.total.saturating_add(grant.amount) > MOST {
            let text = format!("a runtime holds at most {}", Credits(MOST));
            return Err(EngineError::Invalid(text));
        }
        *usage.balance.of_mut(grant.bucket) += grant.amount;
        usage.total = usage.balance.total();
        credits::grant(self.db, (grant.bucket, signed(grant.amount)), &grant.note, self.now)?;
        self.purse.set(usage);
        Ok(usage)
    }

    /// Makes the balance exactly this; the history shows by how much each bucket changed.
    fn set_balance(&mut self, balance: Balance) -> Result<Usage, EngineError> {
        let before = self.purse.usage(self.db)?.balance;
        for bucket in Bucket::ALL {
            let delta = signed(balance.of(bucket)) - signed(before.of(bucket));
            if delta != 0 {
                credits::grant(self.db, (bucket, delta), "the balance was set", self.now)?;
            }
        }
        let usage = Usage { balance, total: balance.total(), is_unlimited: false };
        self.purse.set(usage);
        Ok(usage)
    }

    /// Why a run of this graph may not start: not even its cheapest step could be paid.
    pub(super) fn too_poor(&mut self, graph: &Graph) -> Result<Option<StepError>, DbError> {
        let Usage { total, is_unlimited, .. } = *self.purse.usage(self.db)?;
        let least = prices::least(graph).filter(|least| !is_unlimited && total < *least);
        Ok(least.map(|least| {
            let message = format!(
                "the run was not started: its steps cost {} and more, {} are left; add credits and start it again",
                Credits(least.max(crate::domain::credits::MICROCREDITS)),
                Credits(total)
            );
            StepError::lasting(FailureCode::InsufficientCredits, message)
        }))
    }
}

fn signed(amount: u64) -> i64 {
    i64::try_from(amount).unwrap_or(i64::MAX)
}
