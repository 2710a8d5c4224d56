//! What a caller of the engine is told when it does not get what it asked for.

use std::sync::Arc;

use crate::server::db::DbError;

/// Why the engine did not do as asked; nothing changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum EngineError {
    /// There is no such thing.
    #[error("there is no {noun} `{id}`")]
    NotFound {
        /// What was looked for: `workflow`, `run`, `task`.
        noun: &'static str,
        /// The id it was looked for under.
        id: String,
    },
    /// It does not fit what is already so.
    #[error("{0}")]
    Conflict(String),
    /// What was given cannot be used.
    #[error("{0}")]
    Invalid(String),
    /// The database failed; nothing was recorded and nothing acknowledged.
    #[error(transparent)]
    Storage(Arc<DbError>),
    /// The engine is shutting down.
    #[error("the runtime is shutting down; ask again when it is back")]
    Closed,
}

impl EngineError {
    /// A missing thing.
    pub(crate) fn missing(noun: &'static str, id: &impl ToString) -> Self {
        Self::NotFound { noun, id: id.to_string() }
    }
}

impl From<DbError> for EngineError {
    fn from(error: DbError) -> Self {
        Self::Storage(Arc::new(error))
    }
}
