//! What the engine needs from whoever carries out attempts.

use futures_util::future::BoxFuture;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::machine::{Call, Outcome, TurnNote, Work};

/// How many notes may wait to be logged; an attempt that tells more waits as well.
const NOTES: usize = 8;

/// Where an attempt tells what it is doing.
#[derive(Clone, Debug)]
pub struct Notes(mpsc::Sender<TurnNote>);

impl Notes {
    /// A place to tell, and where it is heard, in the same order.
    pub fn channel() -> (Self, mpsc::Receiver<TurnNote>) {
        let (tell, hear) = mpsc::channel(NOTES);
        (Self(tell), hear)
    }

    /// Tells something. Where nobody listens any more it is lost.
    pub async fn tell(&self, note: TurnNote) {
        let _ = self.0.send(note).await;
    }
}

/// Carries out attempts.
pub trait Executor: Send + Sync + 'static {
    /// Carries out one attempt; must return soon after `cancel` fires (its outcome is then ignored).
    fn execute(&self, call: Call, cancel: CancellationToken) -> BoxFuture<'static, Outcome>;

    /// The same for those that can tell what they are doing meanwhile; what is told before the end of
    /// the future is logged before the outcome. Unless implemented, nothing is told.
    fn execute_telling(
        &self,
        call: Call,
        cancel: CancellationToken,
        notes: Notes,
    ) -> BoxFuture<'static, Outcome> {
        drop(notes);
        self.execute(call, cancel)
    }

    /// Whether repeating this work after a crash is declared safe: by the tool itself
    /// (`readOnlyHint`, `idempotentHint`), or because it has no effect outside of the run.
    fn repeatable(&self, work: Work) -> BoxFuture<'static, bool>;
}
