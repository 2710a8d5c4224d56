//! A running server.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::announcement::{self, Announcement};
use super::data_dir::DataDir;
use super::error::ServeError;
use super::options::ServeOptions;
use super::parts::Parts;
use super::private_file::PrivateFile;
use crate::server::access;
use crate::server::connections::Connections;
use crate::server::db::pats;
use crate::server::egress::Egress;
use crate::server::engine::Engine;
use crate::server::exec::lua::Pool;
use crate::server::exec::mcp::{Client, KnownServers};
use crate::server::exec::{Executor, LlmProvider};
use crate::server::http::{self, Gate, HttpState};
use crate::server::registry::{Lookup, Registry};
use crate::server::samples::Samples;
use crate::server::triggers::WebhookSecrets;
use crate::server::validation::Sandbox;

/// The local runtime, listening.
///
/// Dropped without [`Server::shutdown`] it stops as after a crash, but still takes its files away.
pub struct Server {
    announcement: Announcement,
    token: SecretString,
    engine: Engine,
    connections: Connections,
    registry: Registry,
    notices: Vec<String>,
    http: Http,
    parts: Option<Parts>,
    // Dropped in this order: nobody finds a server whose directory is no longer held.
    _runtime_file: PrivateFile,
    _token_file: PrivateFile,
    dir: DataDir,
}

/// What the API needs of the executor's parts.
struct Kit {
    client: Arc<Client>,
    scripts: Arc<Pool>,
    connections: Connections,
    models: Option<LlmProvider>,
}

impl Kit {
    /// Parts of its own, for an executor that is the caller's.
    fn bare(options: &ServeOptions, connections: Connections) -> Result<Self, ServeError> {
        let client = Client::new(KnownServers::new(), &Egress::new(options.allow_hosts.clone()));
        let client = client.map_err(|error| ServeError::part("the MCP client", &error))?;
        let instances = Arc::new(Lookup::over(connections.readers()));
        let client = Arc::new(client.with_registry(instances, Arc::new(connections.clone())));
        let scripts = Arc::new(Pool::new(options.lua_program.clone()));
        Ok(Self { client, scripts, connections, models: options.llm.clone() })
    }
}

/// The listening half.
struct Http {
    addr: SocketAddr,
    closing: CancellationToken,
    task: Option<JoinHandle<io::Result<()>>>,
}

impl Server {
    /// Claims the data directory and starts everything; when this returns, requests are answered.
    ///
    /// # Errors
    /// See [`ServeError`]: above all `Held` when another process uses the directory.
    pub async fn start(options: ServeOptions) -> Result<Self, ServeError> {
        let (dir, listener) = claim(&options).await?;
        let connections = connections(&dir, &options)?;
        let (mut parts, executor) = Parts::start(dir.path(), &options, &connections).await?;
        let (client, scripts, models) = (executor.tools(), executor.scripts(), options.llm.clone());
        let kit = Kit { client, scripts, connections, models };
        let mut server = Self::assemble(dir, listener, Arc::new(executor), kit).await?;
        if let Err(error) = server.registry.install_shipped().await {
            tracing::warn!(%error, "the shipped MCP server is not registered");
            server.notices.push(format!("the shipped MCP server is not registered: {error}"));
        }
        if options.samples == Samples::On
            && let Err(error) = parts.drive(&server.engine, server.dir.path()).await
        {
            // A runtime without samples is a runtime all the same.
            tracing::warn!(%error, "the samples are not there");
            server.notices.push(format!("the sample workflows are not there: {error}"));
        }
        server.parts = Some(parts);
        Ok(server)
    }

    /// The same with an executor of the caller's, without tools and samples.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub async fn start_with(options: ServeOptions, executor: Arc<dyn Executor>) -> Result<Self, ServeError> {
        let (dir, listener) = claim(&options).await?;
        let connections = connections(&dir, &options)?;
        let kit = Kit::bare(&options, connections)?;
        Self::assemble(dir, listener, executor, kit).await
    }

    async fn assemble(
        dir: DataDir,
        listener: TcpListener,
        executor: Arc<dyn Executor>,
        kit: Kit,
    ) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Directory { dir: dir.path().to_owned(), source };
        let addr = listener.local_addr().map_err(failed)?;
        let engine = Engine::open(dir.path(), executor).await?;
        kit.connections.attach(&engine);
        let token = access::fresh("pat_").ok_or(ServeError::NoRandomness)?;
        let text = format!("{}\n", token.expose_secret());
        let token_file = PrivateFile::write(dir.path().join("token"), &text)?;
        let mut notices = engine.notices().to_vec();
        if let Err(error) = WebhookSecrets::new(kit.connections.vault()).take_over(dir.path(), &engine).await
        {
            tracing::warn!(%error, "secrets of webhooks were not taken over");
            notices
                .push(format!("the secrets of webhooks of an earlier version were not taken over: {error}"));
        }
        let closing = CancellationToken::new();
        let gate = Gate::new(addr, token.expose_secret());
        let registry = Registry::new(engine.clone(), kit.client);
        gate.keyring().load(engine.read(|db| Ok(pats::list(db)?)).await?);
        let state =
            HttpState::new(engine.clone(), registry.clone(), kit.connections.clone(), gate, closing.clone())
                .with_sandbox(Sandbox::new(kit.scripts))
                .with_models(kit.models);
        tokio::spawn(state.triggers().clone().run(closing.clone()));
        let task = Some(tokio::spawn(http::serve(listener, state)));
        let announcement = announce(addr, &token_file);
        let runtime_path = dir.path().join(announcement::FILE);
        let runtime_file = PrivateFile::write(runtime_path, &announcement.file_text())?;
        let http = Http { addr, closing, task };
        tracing::info!(url = %announcement.url, dir = %dir.path().display(), "the local runtime listens");
        Ok(Self {
            announcement,
            token,
            notices,
            engine,
            connections: kit.connections,
            registry,
            http,
            parts: None,
            _runtime_file: runtime_file,
            _token_file: token_file,
            dir,
        })
    }

    /// The base URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.announcement.url
    }

    /// The bearer token of this start.
    pub fn token(&self) -> &SecretString {
        &self.token
    }

    /// Where clients find it: `{"url", "token_file", "tenant", "project"}`.
    pub fn announcement(&self) -> Value {
        self.announcement.to_json()
    }

    /// The engine, for callers in the same process.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// The registry of MCP servers, for callers in the same process.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The connections, for callers in the same process.
    pub fn connections(&self) -> &Connections {
        &self.connections
    }

    /// What an operator should know of how the start went though it went well, one sentence each:
    /// that a damaged database was moved aside, for one.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Waits until the server stops by itself, which it only does when its listener fails.
    /// May be abandoned and called again; afterwards [`Server::shutdown`] is all that is left.
    ///
    /// # Errors
    /// `Serving` with what the system said.
    pub async fn wait(&mut self) -> Result<(), ServeError> {
        let Some(task) = &mut self.http.task else { return Ok(()) };
        let ended = task.await.map_err(io::Error::other).flatten();
        self.http.task = None;
        ended.map_err(|source| ServeError::Serving { addr: self.http.addr, source })
    }

    /// Stops: takes no more requests, closes streams, lets the engine write what it took, and
    /// frees the data directory. Runs go on at the next start.
    pub async fn shutdown(mut self) {
        self.http.closing.cancel();
        // How the listener ended no longer matters to anybody.
        let _ = self.wait().await;
        if let Some(parts) = &mut self.parts {
            parts.rest().await;
        }
        self.connections.close().await;
        self.engine.shutdown().await;
        if let Some(parts) = self.parts.take() {
            parts.shutdown().await;
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Server").field(&self.announcement).finish()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.http.closing.cancel();
    }
}

/// Checks the address, claims the directory and binds, in the order of what is likeliest to fail
/// and costs least.
async fn claim(options: &ServeOptions) -> Result<(DataDir, TcpListener), ServeError> {
    let addr = options.listen;
    if !addr.ip().is_loopback() {
        return Err(ServeError::NotLoopback(addr));
    }
    let dir = DataDir::claim(&options.data_dir).await?;
    // A runtime that was killed left its announcement, which must not seem to be this one's.
    let _ = std::fs::remove_file(dir.path().join(announcement::FILE));
    let listener = TcpListener::bind(addr).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => ServeError::PortInUse(addr),
        _ => ServeError::Bind { addr, source },
    })?;
    Ok((dir, listener))
}

fn connections(dir: &DataDir, options: &ServeOptions) -> Result<Connections, ServeError> {
    let egress = Egress::new(options.allow_hosts.clone());
    Connections::open(dir.path(), &egress).map_err(|error| ServeError::part("the connections", &error))
}

fn announce(addr: SocketAddr, token_file: &PrivateFile) -> Announcement {
    Announcement {
        url: format!("http://{addr}"),
        token_file: token_file.path().to_owned(),
        tenant: http::TENANT.to_owned(),
        project: http::PROJECT.to_owned(),
        pid: std::process::id(),
    }
}
