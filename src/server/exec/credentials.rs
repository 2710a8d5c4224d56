//! What the executor needs from whoever keeps connections: what to send a server, and where to
//! tell that the server refused it.

use std::fmt;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, ready};
use http::HeaderName;
use secrecy::SecretString;
use url::Url;

/// What a connection sends: one header, to the server that is dialled and to no other.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The header, `authorization` for one.
    pub header: HeaderName,
    /// Its whole value, `Bearer …` for one.
    pub value: SecretString,
}

/// What may be told of a connection; nothing of it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionFacts {
    /// Its id.
    pub id: Box<str>,
    /// Its name, as its owner gave it.
    pub name: Box<str>,
    /// The platform's word for where it stands: `active`, `needs_reconnect`, …
    pub status: Box<str>,
}

impl ConnectionFacts {
    /// Whether calls can be made with it.
    pub fn is_active(&self) -> bool {
        &*self.status == "active"
    }
}

/// Why a connection gives nothing to send. Never holds a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CredentialError {
    /// There is no such connection.
    #[error("there is no connection `{0}` in this runtime; create it, or choose another one")]
    Unknown(Box<str>),
    /// The connection was refused before, or its token could not be refreshed.
    #[error("the connection `{name}` needs to be reconnected: {why}")]
    NeedsReconnect {
        /// The connection's name.
        name: Box<str>,
        /// What happened to it.
        why: Box<str>,
    },
    /// The connection may not be sent to this server.
    #[error("the connection `{name}` is not sent to this server: {why}")]
    Withheld {
        /// The connection's name.
        name: Box<str>,
        /// Which rule forbids it, and what to do.
        why: Box<str>,
    },
    /// Where connections are kept cannot be read.
    #[error("the connection `{id}` cannot be read: {why}")]
    Unreadable {
        /// The connection.
        id: Box<str>,
        /// The causes, outermost first.
        why: Box<str>,
    },
}

/// Keeps connections and their secrets.
pub trait Credentials: fmt::Debug + Send + Sync + 'static {
    /// What may be told of a connection; `None` when there is no such connection.
    fn find(&self, connection: &str) -> BoxFuture<'static, Result<Option<ConnectionFacts>, CredentialError>>;

    /// What to send to `server` for a connection; `None` when it sends nothing. A token that is
    /// about to expire is refreshed before.
    fn header_for(
        &self,
        connection: &str,
        server: &Url,
    ) -> BoxFuture<'static, Result<Option<Credential>, CredentialError>>;

    /// The base URL of the model provider that a connection holds a key for; `None` when it does not say.
    fn models_at(&self, connection: &str) -> BoxFuture<'static, Result<Option<Url>, CredentialError>> {
        let _ = connection;
        ready(Ok(None)).boxed()
    }

    /// The connections that hold keys of model providers and say where those are, by name.
    fn with_models(&self) -> BoxFuture<'static, Result<Vec<ConnectionFacts>, CredentialError>> {
        ready(Ok(Vec::new())).boxed()
    }

    /// Takes down that a server refused a connection with 401 or 403, or that it otherwise no
    /// longer works. `why` is for people, and holds no secret.
    fn needs_reconnect(&self, connection: &str, why: &str) -> BoxFuture<'static, ()>;

    /// Takes down that a connection was just seen to work.
    fn works(&self, connection: &str) -> BoxFuture<'static, ()>;
}

/// For hosts that keep no connections: every connection is unknown.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoCredentials;

impl Credentials for NoCredentials {
    fn find(&self, _: &str) -> BoxFuture<'static, Result<Option<ConnectionFacts>, CredentialError>> {
        ready(Ok(None)).boxed()
    }

    fn header_for(
        &self,
        connection: &str,
        _: &Url,
    ) -> BoxFuture<'static, Result<Option<Credential>, CredentialError>> {
        ready(Err(CredentialError::Unknown(connection.into()))).boxed()
    }

    fn needs_reconnect(&self, _: &str, _: &str) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }

    fn works(&self, _: &str) -> BoxFuture<'static, ()> {
        ready(()).boxed()
    }
}
