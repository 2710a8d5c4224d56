//! What every handler can reach.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRef;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::gate::Gate;
use crate::server::connections::Connections;
use crate::server::engine::Engine;
use crate::server::exec::LlmProvider;
use crate::server::registry::Registry;
use crate::server::triggers::{Triggers, WebhookSecrets};
use crate::server::validation::Sandbox;

/// How often a stream says where it stands.
const HEARTBEAT: Duration = Duration::from_secs(10);

/// The handlers' shared state; a cheap handle.
#[derive(Clone)]
pub struct HttpState {
    engine: Engine,
    triggers: Triggers,
    webhook_secrets: WebhookSecrets,
    connections: Connections,
    models: Option<LlmProvider>,
    registry: Registry,
    sandbox: Sandbox,
    gate: Arc<Gate>,
    closing: CancellationToken,
    open_streams: Arc<watch::Sender<()>>,
    heartbeat: Duration,
}

impl HttpState {
    /// State for `engine`, its `registry` and `connections` behind `gate`; `closing` ends the server and its streams.
    pub fn new(
        engine: Engine,
        registry: Registry,
        connections: Connections,
        gate: Gate,
        closing: CancellationToken,
    ) -> Self {
        let open_streams = Arc::new(watch::Sender::new(()));
        let triggers = Triggers::new(engine.clone());
        Self {
            engine,
            triggers,
            webhook_secrets: WebhookSecrets::new(connections.vault()),
            registry,
            connections,
            sandbox: Sandbox::default(),
            models: None,
            gate: Arc::new(gate),
            closing,
            open_streams,
            heartbeat: HEARTBEAT,
        }
    }

    /// The same with a sandbox to try scripts out in.
    #[must_use]
    pub fn with_sandbox(self, sandbox: Sandbox) -> Self {
        Self { sandbox, ..self }
    }

    /// The same with another time between heartbeats.
    #[must_use]
    pub fn with_heartbeat(self, heartbeat: Duration) -> Self {
        Self { heartbeat, ..self }
    }

    /// The same with the provider of models that the environment names.
    #[must_use]
    pub fn with_models(self, models: Option<LlmProvider>) -> Self {
        Self { models, ..self }
    }

    pub(super) fn connections(&self) -> &Connections {
        &self.connections
    }

    pub(super) fn models(&self) -> Option<&LlmProvider> {
        self.models.as_ref()
    }

    /// What starts runs by itself.
    pub fn triggers(&self) -> &Triggers {
        &self.triggers
    }

    pub(super) fn webhook_secrets(&self) -> &WebhookSecrets {
        &self.webhook_secrets
    }

    pub(super) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(super) fn gate(&self) -> &Gate {
        &self.gate
    }

    pub(super) fn closing(&self) -> &CancellationToken {
        &self.closing
    }

    pub(super) fn heartbeat(&self) -> Duration {
        self.heartbeat
    }

    /// A mark that a stream holds while it is open.
    pub(super) fn stream_mark(&self) -> watch::Receiver<()> {
        self.open_streams.subscribe()
    }

    /// Waits until no stream is open.
    pub(super) async fn streams_closed(&self) {
        self.open_streams.closed().await;
    }
}

impl FromRef<HttpState> for Connections {
    fn from_ref(state: &HttpState) -> Self {
        state.connections.clone()
    }
}

impl FromRef<HttpState> for Triggers {
    fn from_ref(state: &HttpState) -> Self {
        state.triggers.clone()
    }
}

impl FromRef<HttpState> for Engine {
    fn from_ref(state: &HttpState) -> Self {
        state.engine.clone()
    }
}

impl FromRef<HttpState> for Registry {
    fn from_ref(state: &HttpState) -> Self {
        state.registry.clone()
    }
}

impl FromRef<HttpState> for Sandbox {
    fn from_ref(state: &HttpState) -> Self {
        state.sandbox.clone()
    }
}
