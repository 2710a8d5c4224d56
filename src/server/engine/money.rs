//! Credits as callers see them: what is left, what was spent, and adding to it.

use super::request::Request;
use super::{CreditsOrder, Engine, EngineError, LedgerRow};
use crate::domain::{RunId, Usage};
use crate::server::db::credits;

impl Engine {
    /// What is left.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn usage(&self) -> Result<Usage, EngineError> {
        self.read(|db| Ok(credits::load(db)?)).await
    }

    /// Adds credits, sets the balance, or makes it unlimited; tells what is left then.
    ///
    /// # Errors
    /// `Invalid` when the sum would be more than can be kept, `Storage`, `Closed`.
    pub async fn order_credits(&self, order: CreditsOrder) -> Result<Usage, EngineError> {
        self.ask(|reply| Request::Credits(order, reply)).await
    }

    /// What was spent, newest first: before a number, of one run if it is named. An attempt that two
    /// buckets paid has two rows of one number.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn charges(
        &self,
        run: Option<RunId>,
        before: Option<u64>,
        limit: u32,
    ) -> Result<Vec<LedgerRow>, EngineError> {
        self.read(move |db| Ok(credits::charges(db, run.as_ref(), before, limit)?)).await
    }

    /// The newest credits that were given.
    ///
    /// # Errors
    /// `Storage`.
    pub async fn grants(&self, limit: u32) -> Result<Vec<LedgerRow>, EngineError> {
        self.read(move |db| Ok(credits::grants(db, limit)?)).await
    }
}
