//! Where the token of a profile comes from, at the start and when the server refuses it later.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use secrecy::SecretString;

use crate::client::TokenReader;
use crate::config::TokenSource;
use crate::platform::secrets::{self, SecretError};

/// A source that can be read, and read again.
pub(super) struct Source(TokenSource);

impl Source {
    pub(super) fn new(source: TokenSource) -> Arc<Self> {
        Arc::new(Self(source))
    }

    /// The token.
    ///
    /// # Errors
    /// When it cannot be had.
    pub(super) async fn token(&self) -> Result<SecretString, SecretError> {
        match &self.0 {
            TokenSource::Value(token) => Ok(token.clone()),
            TokenSource::File(path) => secrets::from_file(path),
            TokenSource::Command(argv) => secrets::from_command(argv).await,
            TokenSource::Variable(name) => {
                let raw = std::env::var(name).unwrap_or_default();
                secrets::clean(&raw, format!("the environment variable {name}"))
            }
        }
    }
}

impl TokenReader for Source {
    fn read(&self) -> BoxFuture<'_, Result<SecretString, String>> {
        Box::pin(async {
            match &self.0 {
                // The environment of a process is the one that it was started with.
                TokenSource::Value(_) | TokenSource::Variable(_) => {
                    let place = self.place();
                    Err(format!("{place} is read when arcc starts, so start it again with a valid token"))
                }
                TokenSource::File(_) | TokenSource::Command(_) => {
                    self.token().await.map_err(|error| error.to_string())
                }
            }
        })
    }

    fn place(&self) -> String {
        match &self.0 {
            TokenSource::Value(_) => "AR_TOKEN".into(),
            TokenSource::File(path) => format!("the file {}", path.display()),
            TokenSource::Command(argv) => format!("the command {}", argv.first().map_or("", String::as_str)),
            TokenSource::Variable(name) => format!("the variable {name}"),
        }
    }

    fn is_quiet(&self) -> bool {
        !matches!(self.0, TokenSource::Command(_))
    }
}
