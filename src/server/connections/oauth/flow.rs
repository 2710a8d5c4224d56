//! From a connection to an address for the browser, and back with a code.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rmcp::transport::auth::{
    AuthError, AuthorizationManager, AuthorizationRequest, AuthorizationSession, OAuthClientConfig,
};
use secrecy::ExposeSecret as _;
use tokio::net::TcpListener;
use tokio_util::sync::{CancellationToken, DropGuard};
use url::Url;

use super::browser;
use super::tokens::TokenStore;
use super::transport::Transport;
use crate::server::connections::secrets::Secrets;
use crate::server::connections::{ConnectionError, Connections, OAUTH};
use crate::server::db::ConnectionRecord;
use crate::server::egress::{Clients, Egress, Proxies};

/// How long a person has to agree.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);
/// How far apart renewals of refused tokens are at least.
const RENEWALS_APART: Duration = Duration::from_secs(60);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How many authorizations may wait for a person at a time.
const WAITING: usize = 16;
/// Where the browser comes back to.
pub(super) const PATH: &str = "/callback";

/// An authorization that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// The address to open in a browser.
    pub url: String,
    /// How long it can be used.
    pub lasts: Duration,
}

/// What the OAuth part remembers between requests.
pub(in crate::server::connections) struct OAuth {
    clients: Clients,
    /// One renewal at a time per connection.
    turns: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
    /// Registered clients by connection; made anew after a restart.
    managers: Mutex<HashMap<String, Arc<AuthorizationManager>>>,
    /// Authorizations that wait for a person; dropping one closes its listener.
    waiting: Mutex<HashMap<String, DropGuard>>,
    /// When a refused token was renewed last.
    refused: Mutex<HashMap<String, Instant>>,
}

impl OAuth {
    pub(in crate::server::connections) fn new(egress: &Egress) -> Result<Self, reqwest::Error> {
        let builder = || {
            reqwest::Client::builder()
                .connect_timeout(CONNECTING)
                .user_agent(concat!("arcc/", env!("CARGO_PKG_VERSION")))
        };
        let clients = egress.clients(Proxies::None, builder)?;
        Ok(Self {
            clients,
            turns: Mutex::default(),
            managers: Mutex::default(),
            waiting: Mutex::default(),
            refused: Mutex::default(),
        })
    }

    /// Forgets what belongs to a connection.
    pub(in crate::server::connections) fn forget(&self, id: &str) {
        locked(&self.turns).remove(id);
        locked(&self.managers).remove(id);
        locked(&self.waiting).remove(id);
        locked(&self.refused).remove(id);
    }

    /// Whether a refused token may be renewed: a server that refuses every token would otherwise be
    /// asked for another one with every call.
    pub(super) fn may_renew(&self, id: &str) -> bool {
        let mut refused = locked(&self.refused);
        if refused.get(id).is_some_and(|last| last.elapsed() < RENEWALS_APART) {
            return false;
        }
        refused.insert(id.to_owned(), Instant::now());
        true
    }

    pub(super) fn turn(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        locked(&self.turns).entry(id.to_owned()).or_default().clone()
    }

    pub(super) fn keep(&self, id: &str, manager: AuthorizationManager) {
        locked(&self.managers).insert(id.to_owned(), Arc::new(manager));
        locked(&self.waiting).remove(id);
        locked(&self.refused).remove(id);
    }

    /// Takes a place among the waiting; an earlier authorization of the same connection ends.
    fn wait(&self, id: &str) -> Result<CancellationToken, ConnectionError> {
        let mut waiting = locked(&self.waiting);
        if waiting.len() >= WAITING && !waiting.contains_key(id) {
            let text = format!("{WAITING} authorizations wait already; complete one, or wait {PATIENCE:?}");
            return Err(ConnectionError::Conflict(text));
        }
        let end = CancellationToken::new();
        waiting.insert(id.to_owned(), end.clone().drop_guard());
        Ok(end)
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Connections {
    /// Begins an authorization: asks the server who authorizes for it, registers there, and listens
    /// on a loopback port of its own for the browser to come back.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` for a connection that holds a key; `Upstream` when the server announces
    /// no authorization server, or that one does not do its part.
    pub async fn authorize(&self, id: &str) -> Result<Authorization, ConnectionError> {
        let (record, secrets) = self.opened(id).await?;
        if record.service != OAUTH {
            let text = format!(
                "the connection `{}` holds a key, which nobody can authorize; put a new one in with PATCH, or make a \
                 connection with the service `{OAUTH}`",
                record.name
            );
            return Err(ConnectionError::Conflict(text));
        }
        let failed = |source: std::io::Error| {
            ConnectionError::Upstream(format!("no port of 127.0.0.1 can be listened on: {source}"))
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(failed)?;
        let redirect = format!("http://{}{PATH}", listener.local_addr().map_err(failed)?);
        let session = self.session(&record, &secrets, &redirect).await?;
        let url = session.auth_url.clone();
        let end = self.oauth().wait(&record.id)?;
        tokio::spawn(browser::serve(listener, self.clone(), record.id, session, end));
        Ok(Authorization { url, lasts: PATIENCE })
    }

    async fn session(
        &self,
        record: &ConnectionRecord,
        secrets: &Secrets,
        redirect: &str,
    ) -> Result<AuthorizationSession, ConnectionError> {
        let told = |error: &AuthError| upstream(record, secrets, error);
        let mut manager = self.new_manager(record).await?;
        let found = manager.resolve_metadata().await.map_err(|error| told(&error))?;
        if !found.source.is_discovered() {
            let text = format!(
                "{} announces no authorization server; if it wants a key, make a connection that holds one",
                record.server_url.as_deref().unwrap_or_default()
            );
            return Err(ConnectionError::Upstream(text));
        }
        manager.set_metadata(found.metadata);
        let mut request = AuthorizationRequest::new(redirect)
            .with_client_name("arcc")
            .with_application_type("native")
            .with_initial_scope_selection();
        if let Some(client) = secrets.get("client_id") {
            request = request.with_preregistered_client(client.expose_secret());
        }
        if let Some(secret) = secrets.get("client_secret") {
            request = request.with_client_secret(secret.expose_secret());
        }
        AuthorizationSession::new(manager, request).await.map_err(|(_, error)| told(&error))
    }

    /// A client of the authorization server that renews the stored tokens.
    pub(super) async fn manager(
        &self,
        record: &ConnectionRecord,
    ) -> Result<Arc<AuthorizationManager>, ConnectionError> {
        if let Some(known) = locked(&self.oauth().managers).get(&record.id) {
            return Ok(known.clone());
        }
        let (_, secrets) = self.opened(&record.id).await?;
        let told = |error: &AuthError| upstream(record, &secrets, error);
        let mut manager = self.new_manager(record).await?;
        if !manager.initialize_from_store().await.map_err(|error| told(&error))? {
            let text = "its tokens are of another authorization server; authorize it again";
            return Err(ConnectionError::Upstream(text.to_owned()));
        }
        if let (Some(id), Some(secret)) = (secrets.get("client_id"), secrets.get("client_secret")) {
            // The address is of no use for renewing, and part of a client's description all the same.
            let config = OAuthClientConfig::new(id.expose_secret(), format!("http://127.0.0.1{PATH}"));
            let config = config.with_client_secret(secret.expose_secret());
            manager.configure_client(config).map_err(|error| told(&error))?;
        }
        let manager = Arc::new(manager);
        locked(&self.oauth().managers).insert(record.id.clone(), manager.clone());
        Ok(manager)
    }

    async fn new_manager(&self, record: &ConnectionRecord) -> Result<AuthorizationManager, ConnectionError> {
        let server = record.server_url.as_deref().unwrap_or_default();
        let server = Url::parse(server)
            .map_err(|_| ConnectionError::Conflict(format!("`{}` has no server_url", record.name)))?;
        let transport = Transport { clients: self.oauth().clients.clone(), server: server.origin() };
        let manager = AuthorizationManager::new_with_oauth_http_client(server, Arc::new(transport)).await;
        let mut manager = manager.map_err(|error| ConnectionError::Upstream(error.to_string()))?;
        let store = TokenStore { connections: self.clone(), id: record.id.clone() };
        manager.set_credential_store(store);
        Ok(manager)
    }
}

/// What went wrong at the authorization server, without what was sent there.
fn upstream(record: &ConnectionRecord, secrets: &Secrets, error: &AuthError) -> ConnectionError {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        source = cause.source();
    }
    let text: String = secrets.scrub(&text).chars().take(500).collect();
    ConnectionError::Upstream(format!("the connection `{}` cannot be authorized: {text}", record.name))
}
