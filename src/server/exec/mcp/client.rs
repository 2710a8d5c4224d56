//! Calls tools, over sessions that are kept per server.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::dial::{Dial, Dialer};
use super::error::speaks_of_denial;
use super::session::Session;
use super::{ClientError, Discovery, KnownServers, ListedTool};
use crate::domain::WorkflowId;
use crate::machine::{ConnectionChoice, Outcome};
use crate::server::egress::{ChosenBy, Clients, Egress, Proxies};
use crate::server::exec::{ConnectionFacts, Credentials, Instances, NoCredentials, NoInstances};

/// How long a call may take when its step does not say.
const DEFAULT_LIMIT: Duration = Duration::from_secs(300);
/// How long a step's `timeout_s` is exceeded here, so that the machine's own timer comes first.
const GRACE: Duration = Duration::from_secs(1);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(5);
/// How many servers are remembered; addresses can come from templates, so there is no natural bound.
const MAX_SERVERS: usize = 64;

/// Which tool of which server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The server's URL or known name, as the graph says, or
    pub server_url: Option<Box<str>>,
    /// the installed instance.
    pub instance_id: Option<Box<str>>,
    /// The tool.
    pub tool: Box<str>,
    /// Over whose connection.
    pub connection: ConnectionChoice,
    /// The workflow that calls, for the connections that are set for it.
    pub workflow: Option<WorkflowId>,
}

/// A way to a server that was looked up: its address, and what is sent there.
#[derive(Clone, Debug)]
pub struct Line(Dial);

impl Line {
    /// The connection that it is made with.
    pub fn connection(&self) -> Option<&ConnectionFacts> {
        self.0.connection.as_ref()
    }
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
    dialer: Dialer,
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
        let (instances, credentials) = (Arc::new(NoInstances), Arc::new(NoCredentials));
        let dialer = Dialer { servers, instances, credentials };
        Ok(Self { http, dialer, sessions: std::sync::Mutex::default() })
    }

    /// The same client with a registry of instances and their connections.
    #[must_use]
    pub fn with_registry(self, instances: Arc<dyn Instances>, credentials: Arc<dyn Credentials>) -> Self {
        Self { dialer: Dialer { instances, credentials, ..self.dialer }, ..self }
    }

    /// Who keeps the connections.
    pub fn credentials(&self) -> &Arc<dyn Credentials> {
        &self.dialer.credentials
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
        let Ok(dial) = self.dialer.dial(&target).await else { return false };
        match self.session(&dial).await {
            Ok(session) => session.is_repeatable(&target.tool),
            Err(_) => false,
        }
    }

    /// The tools of a server, as it listed them when its session was opened.
    ///
    /// # Errors
    /// When the target names no server, or the server cannot be reached.
    pub async fn listed(&self, target: &Target) -> Result<Vec<ListedTool>, ClientError> {
        let line = self.line_to(target).await?;
        match self.session(&line.0).await {
            Ok(session) => Ok(session.discovery().tools),
            Err(error) => Err(self.marked(&line, error).await),
        }
    }

    async fn attempt(&self, target: &Target, args: Value, key: &str) -> Result<Value, ClientError> {
        let line = Line(self.dialer.dial(target).await?);
        let spare = line.0.connection.is_some().then(|| args.clone());
        let called = self.call_on(&line, &target.tool, args, key).await;
        let (Err(ClientError::Rejected { .. }), Some(args)) = (&called, spare) else { return called };
        // The server took nothing of it, and whoever keeps the connection may have got another token.
        let again = Line(self.dialer.dial(target).await?);
        if again.0.sends_the_same(&line.0) {
            return called;
        }
        self.call_on(&again, &target.tool, args, key).await
    }

    /// The way to a registered server, with a connection or without.
    ///
    /// # Errors
    /// When the address may not be called, or the connection gives nothing to send.
    pub async fn line(&self, address: &str, connection: Option<&str>) -> Result<Line, ClientError> {
        let dial = self.dialer.address(address)?;
        match connection {
            Some(connection) => self.dialer.connected(dial, connection, address).await.map(Line),
            None => Ok(Line(dial)),
        }
    }

    /// The way that a step's calls would take.
    ///
    /// # Errors
    /// When the target cannot be resolved, or its connection gives nothing to send.
    pub async fn line_to(&self, target: &Target) -> Result<Line, ClientError> {
        self.dialer.dial(target).await.map(Line)
    }

    /// Asks a server what it offers, in a new session; later calls see what it answered.
    ///
    /// # Errors
    /// When the server cannot be reached, or refuses.
    pub async fn discover(&self, line: &Line) -> Result<Discovery, ClientError> {
        let slot = self.slot(&line.0);
        let mut place = slot.lock().await;
        let opened = self.open(&line.0).await;
        let session = match opened {
            Ok(session) => session,
            Err(error) => {
                place.session = None;
                return Err(self.marked(line, error).await);
            }
        };
        let discovery = session.discovery();
        *place = Place { session: Some(Arc::new(session)), failed: None };
        Ok(discovery)
    }

    /// Calls a tool on a line. A connection that is refused is taken down as such.
    ///
    /// # Errors
    /// When there is no result.
    pub async fn call_on(
        &self,
        line: &Line,
        tool: &str,
        args: Value,
        key: &str,
    ) -> Result<Value, ClientError> {
        let session = match self.session(&line.0).await {
            Ok(session) => session,
            Err(error) => return Err(self.marked(line, error).await),
        };
        let called = session.call(tool, args, key).await;
        if matches!(called, Err(ClientError::NoAnswer { .. } | ClientError::Rejected { .. })) {
            self.forget(&line.0, &session).await;
        }
        match called {
            Ok(result) => Ok(result),
            Err(error) => Err(self.marked(line, error).await),
        }
    }

    /// Tells whoever keeps the connection when it was refused; the error then names the way.
    async fn marked(&self, line: &Line, error: ClientError) -> ClientError {
        let Some(connection) = &line.0.connection else { return error };
        let error = match error {
            ClientError::Tool(text) if speaks_of_denial(&text) => {
                ClientError::ConnectionRefused { way: line.0.way.clone(), text }
            }
            other => other,
        };
        if matches!(error, ClientError::Rejected { .. } | ClientError::ConnectionRefused { .. }) {
            self.dialer.credentials.needs_reconnect(&connection.id, &error.to_string()).await;
        }
        error
    }

    async fn session(&self, dial: &Dial) -> Result<Arc<Session>, ClientError> {
        let asked = Instant::now();
        let slot = self.slot(dial);
        let mut place = slot.lock().await;
        let is_usable = |session: &&Arc<Session>| session.is_open() && session.dial.sends_the_same(dial);
        if let Some(open) = place.session.as_ref().filter(is_usable) {
            return Ok(Arc::clone(open));
        }
        // Callers that queued behind a failed attempt share its failure, or each would wait as long again.
        if let Some((_, error)) = place.failed.as_ref().filter(|(at, _)| *at >= asked) {
            return Err(error.clone());
        }
        match self.open(dial).await {
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

    async fn open(&self, dial: &Dial) -> Result<Session, ClientError> {
        let http = self.http.to(&dial.url, dial.chosen_by).map_err(ClientError::Denied)?;
        Session::open(http.clone(), dial.clone()).await
    }

    /// Gives up a session that broke, unless it was replaced meanwhile. The next call opens another.
    async fn forget(&self, dial: &Dial, broken: &Arc<Session>) {
        let slot = self.slot(dial);
        let mut place = slot.lock().await;
        if place.session.as_ref().is_some_and(|current| Arc::ptr_eq(current, broken)) {
            place.session = None;
        }
    }

    fn slot(&self, dial: &Dial) -> Slot {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        // A session that was opened for one is no way around the rules for another.
        let key = (dial.key(), dial.chosen_by);
        if sessions.len() >= MAX_SERVERS && !sessions.contains_key(&key) {
            // A slot that only the map holds is not in use; its session closes when it is dropped.
            sessions.retain(|_, slot| Arc::strong_count(slot) > 1);
        }
        Arc::clone(sessions.entry(key).or_default())
    }
}
