//! What a caller of the registry is told when it does not get what it asked for.

use crate::server::engine::EngineError;
use crate::server::exec::CredentialError;
use crate::server::exec::mcp::ClientError;

/// Why the registry did not do as asked; nothing changed.
#[derive(Debug, thiserror::Error)]
pub enum RegistryError {
    /// It is not there, does not fit, or cannot be read or written.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The MCP server could not be talked to.
    #[error("{0}")]
    Server(ClientError),
    /// A connection could not be looked up.
    #[error(transparent)]
    Connection(#[from] CredentialError),
}

impl RegistryError {
    /// Something given that cannot be used.
    pub(super) fn invalid(text: impl Into<String>) -> Self {
        EngineError::Invalid(text.into()).into()
    }

    /// A missing thing, and the one most like it.
    pub(super) fn missing<'n>(
        noun: &'static str,
        id: &str,
        known: impl IntoIterator<Item = &'n str>,
    ) -> EngineError {
        match crate::domain::text::nearest(id, known) {
            Some(near) => EngineError::NotFound { noun, id: format!("{id}`; the nearest is `{near}") },
            None => EngineError::NotFound { noun, id: id.to_owned() },
        }
    }
}
