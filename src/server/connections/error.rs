//! Why a connection cannot be made, changed or used.

use crate::server::db::DbError;
use crate::server::engine::EngineError;
use crate::server::vault::VaultError;

/// Why a connection cannot be made, changed or used. Never holds a part of a secret.
#[derive(Debug, thiserror::Error)]
pub enum ConnectionError {
    /// There is no such connection.
    #[error("there is no connection `{0}`")]
    NotFound(String),
    /// What was given makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// It does not fit what the connection is.
    #[error("{0}")]
    Conflict(String),
    /// An authorization server did not do its part.
    #[error("{0}")]
    Upstream(String),
    /// No HTTP client could be built.
    #[error("the HTTP client for authorization servers cannot be built: {0}")]
    NoHttp(#[source] reqwest::Error),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl From<DbError> for ConnectionError {
    fn from(error: DbError) -> Self {
        Self::Engine(error.into())
    }
}

impl ConnectionError {
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }
}
