//! Calls tools, over sessions that are kept per server.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::session::Session;
use super::{ClientError, Endpoint, KnownServers, ListedTool};
use crate::machine::Outcome;
use crate::server::egress::{ChosenBy, Clients, Egress, Proxies};

/// How long a call may take when its step does not say.
const DEFAULT_LIMIT: Duration = Duration::from_secs(300);
/// How long a step's `timeout_s` is exceeded here, so that the machine's own timer comes first.
const GRACE: Duration = Duration::from_secs(1);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How many servers are remembered; addresses can come from templates, so there is no natural bound.
const MAX_SERVERS: usize = 64;

/// Which tool of which server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The server's URL or known name, as the graph says, or
    pub server_url: Option<Box<str>>,
    /// the installed instance.
    pub instance_id: Option<Box<str>>,
    /// The tool.
    pub tool: Box<str>,
}

/// The terms of one call.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The key that is the same for every repetition of this attempt.
    pub key: String,
    /// How long it may take; five minutes when the step does not say.
    pub limit: Option<Duration>,
    /// Calls it off.
    pub cancel: CancellationToken,
}

/// A place for one server's session. Whoever opens it holds the lock, so it is opened once.
type Slot = Arc<tokio::sync::Mutex<Place>>;

/// What is known of one server.
#[derive(Debug, Default)]
struct Place {
    session: Option<Arc<Session>>,
    /// When opening failed last, and how.
    failed: Option<(Instant, ClientError)>,
}

/// The MCP client of the runtime.
#[derive(Debug)]
pub struct Client {
    http: Clients,
    servers: KnownServers,
    sessions: std::sync::Mutex<HashMap<(String, ChosenBy), Slot>>,
}

impl Client {
    /// A client that knows these servers by name and calls only where it may.
    ///
    /// # Errors
    /// When no HTTP client can be built.
    pub fn new(servers: KnownServers, egress: &Egress) -> Result<Self, ClientError> {
        let builder = || reqwest::Client::builder().connect_timeout(CONNECTING).pool_max_idle_per_host(0);
        let http =
            egress.clients(Proxies::None, builder).map_err(|error| ClientError::NoHttp(Arc::new(error)))?;
        Ok(Self { http, servers, sessions: std::sync::Mutex::default() })
    }

    /// Calls a tool; however it goes, there is an outcome.
    pub async fn call(&self, target: Target, args: Value, terms: Terms) -> Outcome {
        let limit = terms.limit.map_or(DEFAULT_LIMIT, |limit| limit + GRACE);
        let called = tokio::select! {
            biased;
            () = terms.cancel.cancelled() => Err(ClientError::CalledOff(target.tool.clone())),
            called = timeout(limit, self.attempt(&target, args, &terms.key)) => called.unwrap_or_else(|_| {
                let url = target.server_url.clone().or(target.instance_id.clone()).unwrap_or_default();
                Err(ClientError::TookTooLong { url, tool: target.tool.clone(), limit: terms.limit.unwrap_or(limit) })
            }),
        };
        called.map_or_else(|error| Outcome::Failed(error.into_step_error()), Outcome::Done)
    }

    /// Whether the tool declares that a repeated call does no harm; `false` when it cannot be asked.
    pub async fn repeatable(&self, target: Target) -> bool {
        let Ok(endpoint) = self.servers.resolve(&target) else { return false };
        match self.session(&endpoint).await {
            Ok(session) => session.is_repeatable(&target.tool),
            Err(_) => false,
        }
    }

    /// The tools of a server, as it listed them when its session was opened.
    ///
    /// # Errors
    /// When the target names no server, or the server cannot be reached.
    pub async fn listed(&self, target: &Target) -> Result<Vec<ListedTool>, ClientError> {
        let endpoint = self.servers.resolve(target)?;
        Ok(self.session(&endpoint).await?.listed())
    }

    async fn attempt(&self, target: &Target, args: Value, key: &str) -> Result<Value, ClientError> {
        let endpoint = self.servers.resolve(target)?;
        let session = self.session(&endpoint).await?;
        let called = session.call(&target.tool, args, key).await;
        if matches!(called, Err(ClientError::NoAnswer { .. })) {
            self.forget(&endpoint, &session).await;
        }
        called
    }

    async fn session(&self, endpoint: &Endpoint) -> Result<Arc<Session>, ClientError> {
        let asked = Instant::now();
        let slot = self.slot(endpoint);
        let mut place = slot.lock().await;
        if let Some(open) = place.session.as_ref().filter(|session| session.is_open()) {
            return Ok(Arc::clone(open));
        }
        // Callers that queued behind a failed attempt share its failure, or each would wait as long again.
        if let Some((_, error)) = place.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(error.clone());
        }
        match self.open(endpoint).await {
            Ok(session) => {
                let session = Arc::new(session);
                *place = Place { session: Some(Arc::clone(&session)), failed: None };
                Ok(session)
            }
            Err(error) => {
                *place = Place { session: None, failed: Some((Instant::now(), error.clone())) };
                Err(error)
            }
        }
    }

    async fn open(&self, endpoint: &Endpoint) -> Result<Session, ClientError> {
        let http = self.http.to(&endpoint.url, endpoint.chosen_by).map_err(ClientError::Denied)?;
        Session::open(http.clone(), endpoint).await
    }

    /// Gives up a session that broke, unless it was replaced meanwhile. The next call opens another.
    async fn forget(&self, endpoint: &Endpoint, broken: &Arc<Session>) {
        let slot = self.slot(endpoint);
        let mut place = slot.lock().await;
        if place.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, broken)) {
            place.session = None;
        }
    }

    fn slot(&self, endpoint: &Endpoint) -> Slot {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        // A session that was opened for one is no way around the rules for another.
        let key = (endpoint.url.to_string(), endpoint.chosen_by);
        if sessions.len() >= MAX_SERVERS && !sessions.contains_key(&key) {
            // A slot that only the map holds is not in use; its session closes when it is dropped.
            sessions.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(sessions.entry(key).or_default())
    }
}
