//! Where agents are looked up.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};

use super::AgentDefinition;
use crate::domain::AgentId;
use crate::server::db::{DbError, Readers, agents};

/// Keeps agents. A turn uses the definition as it is when the turn begins or is let go on.
pub trait Agents: fmt::Debug + Send + Sync + 'static {
    /// The agent of an id.
    ///
    /// # Errors
    /// When it cannot be read, in words.
    fn find(&self, id: &AgentId) -> BoxFuture<'static, Result<Option<AgentDefinition>, String>>;
}

/// For hosts that keep no agents: every agent is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoAgents;

impl Agents for NoAgents {
    fn find(&self, _: &AgentId) -> BoxFuture<'static, Result<Option<AgentDefinition>, String>> {
        ready(Ok(None)).boxed()
    }
}

/// The agents in a runtime's database.
impl Agents for Readers {
    fn find(&self, id: &AgentId) -> BoxFuture<'static, Result<Option<AgentDefinition>, String>> {
        let (readers, id) = (self.clone(), id.clone());
        async move {
            let found = readers.read(move |db| agents::find(db, &id)).await;
            let record = found.map_err(|error: DbError| error.to_string())?;
            record.map(|record| AgentDefinition::parse(&record.definition)).transpose()
        }
        .boxed()
    }
}
