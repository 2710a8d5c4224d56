//! Carrying out steps: what the engine orders, done for real.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::machine;

/// What carries out the attempts that the engine orders.
pub trait Executor: Send + Sync + 'static {
    /// Carries out one attempt; must return soon after `cancel` fires (its outcome is then ignored).
    fn execute(&self, call: machine::Call, cancel: CancellationToken)
    -> BoxFuture<'static, machine::Outcome>;

    /// Whether repeating this call after a crash is declared safe by the tool (MCP annotations
    /// `readOnlyHint` and `idempotentHint`).
    fn repeatable(&self, work: machine::Work) -> BoxFuture<'static, bool>;
}
