//! What the engine needs from whoever carries out attempts.

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;

use crate::machine::{Call, Outcome, Work};

/// Carries out attempts.
pub trait Executor: Send + Sync + 'static {
    /// Carries out one attempt; must return soon after `cancel` fires (its outcome is then ignored).
    fn execute(&self, call: Call, cancel: CancellationToken) -> BoxFuture<'static, Outcome>;

    /// Whether repeating this work after a crash is declared safe: by the tool itself
    /// (`readOnlyHint`, `idempotentHint`), or because it has no effect outside of the run.
    fn repeatable(&self, work: Work) -> BoxFuture<'static, bool>;
}
