//! Tokens: kept in the vault, renewed in time.

use std::time::{SystemTime, UNIX_EPOCH};

use http::header::AUTHORIZATION;
use rmcp::transport::auth::{AuthError, CredentialStore, StoredCredentials};
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};

use crate::server::connections::{ConnectionError, Connections, NEEDS_RECONNECT};
use crate::server::db::ConnectionRecord;
use crate::server::exec::{Credential, CredentialError};

/// How long before its end a token is renewed, in seconds. A token that lives shorter than twice as
/// long is renewed at half its life.
const MARGIN: u64 = 60;

/// Where rmcp keeps the tokens of one connection.
pub(super) struct TokenStore {
    pub(super) connections: Connections,
    pub(super) id: String,
}

#[async_trait::async_trait]
impl CredentialStore for TokenStore {
    async fn load(&self) -> Result<Option<StoredCredentials>, AuthError> {
        load(&self.connections, &self.id).await.map_err(|error| failed(&error))
    }

    async fn save(&self, credentials: StoredCredentials) -> Result<(), AuthError> {
        let facts = facts(&credentials);
        let bytes = serde_json::to_vec(&credentials).map(Zeroizing::new);
        let bytes = bytes.map_err(|error| AuthError::CredentialStoreError(error.to_string()))?;
        let put = self.connections.put_tokens(&self.id, Some((bytes, facts))).await;
        put.map_err(|error| failed(&error))
    }

    async fn clear(&self) -> Result<(), AuthError> {
        self.connections.put_tokens(&self.id, None).await.map_err(|error| failed(&error))
    }
}

fn failed(error: &ConnectionError) -> AuthError {
    AuthError::CredentialStoreError(error.to_string())
}

async fn load(connections: &Connections, id: &str) -> Result<Option<StoredCredentials>, ConnectionError> {
    let bytes = connections.tokens(id).await?;
    // What cannot be read is as good as gone: a person has to authorize again.
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// What may be told of tokens.
fn facts(credentials: &StoredCredentials) -> Value {
    let times = lifetime(credentials);
    json!({
        "issuer": credentials.issuer,
        "client_id": credentials.client_id,
        "scopes": credentials.granted_scopes,
        "expires_at": times.map(|(received, lives)| instant(received + lives)),
    })
}

fn instant(seconds: u64) -> Option<String> {
    let seconds = i64::try_from(seconds).ok()?;
    jiff::Timestamp::from_second(seconds).ok().map(|at| at.to_string())
}

/// When the access token was given, in seconds since 1970, and for how many it lives.
fn lifetime(credentials: &StoredCredentials) -> Option<(u64, u64)> {
    let tokens = serde_json::to_value(credentials.token_response.as_ref()?).ok()?;
    Some((credentials.token_received_at?, tokens["expires_in"].as_u64()?))
}

fn access_token(credentials: &StoredCredentials) -> Option<SecretString> {
    use oauth2::TokenResponse as _;
    credentials.token_response.as_ref().map(|tokens| tokens.access_token().secret().as_str().into())
}

/// Whether the access token lives long enough to be sent.
fn lasts(credentials: &StoredCredentials, now: u64) -> bool {
    lifetime(credentials)
        .is_none_or(|(received, lives)| now + MARGIN.min(lives / 2) < received.saturating_add(lives))
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

impl Connections {
    /// The bearer token of an authorized connection, renewed if it is about to end.
    pub(in crate::server::connections) async fn token(
        &self,
        record: &ConnectionRecord,
    ) -> Result<Credential, CredentialError> {
        let unreadable = |error: ConnectionError| CredentialError::Unreadable {
            id: record.id.as_str().into(),
            why: error.to_string().into(),
        };
        let turn = self.oauth().turn(&record.id);
        let _turn = turn.lock().await;
        let stored = load(self, &record.id).await.map_err(unreadable)?;
        let lasting = stored.as_ref().filter(|stored| lasts(stored, now())).and_then(access_token);
        let token = match lasting {
            Some(token) => token,
            None if stored.is_none() => return Err(needs_reconnect(record, record.why.as_deref())),
            None => match self.renew(record).await {
                Ok(token) => token,
                Err(why) => {
                    self.mark(&record.id, Some(&why)).await.map_err(unreadable)?;
                    return Err(needs_reconnect(record, Some(&why)));
                }
            },
        };
        Ok(bearer(&token))
    }

    /// Gets another token after a server refused the present one; tells whether there is one.
    pub(in crate::server::connections) async fn renew_refused(&self, record: &ConnectionRecord) -> bool {
        let turn = self.oauth().turn(&record.id);
        let _turn = turn.lock().await;
        self.oauth().may_renew(&record.id) && self.renew(record).await.is_ok()
    }

    /// Renews the tokens; the reason in words when that fails.
    async fn renew(&self, record: &ConnectionRecord) -> Result<SecretString, String> {
        let manager = self.manager(record).await.map_err(|error| error.to_string())?;
        let renewed = manager.refresh_token().await;
        renewed.map_err(|error| match error {
            AuthError::AuthorizationRequired => {
                "its token has ended and there is none to renew it with; authorize it again".to_owned()
            }
            error => format!("its token could not be renewed: {error}; authorize it again"),
        })?;
        let stored = load(self, &record.id).await.map_err(|error| error.to_string())?;
        stored.as_ref().and_then(access_token).ok_or_else(|| "the renewed token is gone".to_owned())
    }
}

fn bearer(token: &SecretString) -> Credential {
    use secrecy::ExposeSecret as _;
    Credential { header: AUTHORIZATION, value: format!("Bearer {}", token.expose_secret()).into() }
}

fn needs_reconnect(record: &ConnectionRecord, why: Option<&str>) -> CredentialError {
    let why =
        why.unwrap_or(if record.status == NEEDS_RECONNECT { "it was refused" } else { "it has no token" });
    CredentialError::NeedsReconnect { name: record.name.as_str().into(), why: why.into() }
}
