//! Serving the desk on loopback.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;
use rmcp::transport::streamable_http_server::{StreamableHttpServerConfig, StreamableHttpService};
use secrecy::SecretString;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use url::Url;

use super::ToolsError;
use super::desk::Desk;
use super::guard::{Admission, admit};
use crate::server::egress::ChosenBy;
use crate::server::exec::mcp::Endpoint;

/// The name under which graphs call the shipped server.
pub const DESK: &str = "builtin:desk";

/// How long a shutdown waits for open connections.
const GRACE: Duration = Duration::from_secs(1);

/// The running server. It ends when it is shut down or dropped.
#[derive(Debug)]
pub struct ToolsServer {
    endpoint: Endpoint,
    stop: CancellationToken,
    serving: JoinHandle<()>,
}

impl ToolsServer {
    /// Starts the server on a free port of 127.0.0.1, with its files in `data_dir/desk`.
    ///
    /// # Errors
    /// When the files cannot be used, or no port is free.
    pub async fn start(data_dir: &Path) -> Result<Self, ToolsError> {
        let desk = Desk::open(&data_dir.join("desk"))?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(ToolsError::Listen)?;
        let address = listener.local_addr().map_err(ToolsError::Listen)?;
        let token = fresh_token();
        let stop = CancellationToken::new();
        let config = StreamableHttpServerConfig::default()
            .with_allowed_hosts([address.to_string()])
            .with_cancellation_token(stop.child_token());
        let sessions = Arc::new(LocalSessionManager::default());
        let service = StreamableHttpService::new(move || Ok(desk.clone()), sessions, config);
        let router = Router::new()
            .nest_service("/mcp", service)
            .layer(axum::middleware::from_fn_with_state(Admission::new(address, &token), admit));
        let stopped = stop.clone();
        let serving = tokio::spawn(async move {
            let until = stopped.cancelled_owned();
            if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(until).await {
                tracing::error!(%error, "the tools server ended");
            }
        });
        let url = Url::parse(&format!("http://{address}/mcp")).map_err(ToolsError::Address)?;
        Ok(Self {
            endpoint: Endpoint { url, token: Some(SecretString::from(token)), chosen_by: ChosenBy::Operator },
            stop,
            serving,
        })
    }

    /// Where it is, and the token it wants. The token is new with every start.
    pub fn endpoint(&self) -> Endpoint {
        self.endpoint.clone()
    }

    /// Ends it: calls in progress are cancelled, the port is free afterwards.
    pub async fn shutdown(mut self) {
        self.stop.cancel();
        // A connection that a peer holds open must not hold up the shutdown.
        let _ = tokio::time::timeout(GRACE, &mut self.serving).await;
    }
}

impl Drop for ToolsServer {
    fn drop(&mut self) {
        self.stop.cancel();
        self.serving.abort();
    }
}

/// 244 random bits.
fn fresh_token() -> String {
    format!("{}{}", uuid::Uuid::new_v4().simple(), uuid::Uuid::new_v4().simple())
}
