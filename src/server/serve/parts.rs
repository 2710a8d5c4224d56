//! What carries out steps and keeps the samples moving.

use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::error::ServeError;
use super::options::ServeOptions;
use crate::server::connections::Connections;
use crate::server::egress::Egress;
use crate::server::engine::Engine;
use crate::server::exec::mcp::KnownServers;
use crate::server::exec::{ExecutorOptions, LocalExecutor};
use crate::server::registry::Lookup;
use crate::server::samples::{SamplesError, drive, install};
use crate::server::tools::{DESK, ToolsServer};

/// The tools server and the samples' driver; both end when this is dropped.
pub(super) struct Parts {
    tools: ToolsServer,
    stop: DropGuard,
    driver: Option<JoinHandle<()>>,
}

impl Parts {
    /// Starts the tools server with its files in `dir`, and makes the executor that reaches it.
    pub(super) async fn start(
        dir: &Path,
        options: &ServeOptions,
        connections: &Connections,
    ) -> Result<(Self, LocalExecutor), ServeError> {
        let tools = ToolsServer::start(dir).await;
        let tools = tools.map_err(|error| ServeError::part("the tools server", &error))?;
        let executor = LocalExecutor::new(ExecutorOptions {
            servers: KnownServers::new().with(DESK, tools.endpoint()),
            llm: options.llm.clone(),
            credentials: Arc::new(connections.clone()),
            agents: Arc::new(connections.readers()),
            egress: Egress::new(options.allow_hosts.clone()),
            instances: Arc::new(Lookup::over(connections.readers())),
            ..ExecutorOptions::new(options.lua_program.clone())
        });
        let executor = executor.map_err(|error| ServeError::part("the executor", &error))?;
        Ok((Self { tools, stop: CancellationToken::new().drop_guard(), driver: None }, executor))
    }

    /// Installs the samples and keeps them moving.
    pub(super) async fn drive(&mut self, engine: &Engine, dir: &Path) -> Result<(), SamplesError> {
        let installed = install(engine, dir).await?;
        let stop = self.stop.token().clone();
        self.driver = Some(tokio::spawn(drive(engine.clone(), installed, stop)));
        Ok(())
    }

    /// Stops driving the samples, so that no run starts any more.
    pub(super) async fn rest(&mut self) {
        self.stop.token().cancel();
        if let Some(driver) = self.driver.take() {
            let _ = driver.await;
        }
    }

    /// Stops the tools server.
    pub(super) async fn shutdown(self) {
        self.tools.shutdown().await;
    }
}
