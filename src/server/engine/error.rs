//! What a caller of the engine is told when it does not get what it asked for.

use std::sync::Arc;

use crate::domain::RunId;
use crate::domain::input::Mismatch;
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
    /// The run could not be paid; it is recorded as rejected.
    #[error("{message}")]
    InsufficientCredits {
        /// The rejected run.
        run: RunId,
        /// What it costs and what is left, in words.
        message: String,
    },
    /// The input of a start does not fit what the workflow declares.
    #[error("the input does not fit the workflow's input_schema: {}", problems(.0))]
    Input(Vec<Mismatch>),
    /// The database failed; nothing was recorded and nothing acknowledged.
    #[error(transparent)]
    Storage(Arc<DbError>),
    /// A run's machine broke off; nothing of this input was recorded, the other runs go on.
    #[error(
        "the runtime broke off while it worked on the run `{0}`, nothing was recorded; this is a fault of the \
         runtime: see its log, and stop the run if it does not go on"
    )]
    Broken(RunId),
    /// The engine takes nothing any more: it is shutting down, or its writer has ended.
    #[error(
        "the runtime takes no orders any more: it is ending, or it has failed; start it again and repeat"
    )]
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

fn problems(list: &[Mismatch]) -> String {
    list.iter().map(|mismatch| mismatch.problem.as_str()).collect::<Vec<_>>().join("; ")
}
