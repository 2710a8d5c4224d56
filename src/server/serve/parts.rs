//! What carries out steps and keeps the samples moving.

use std::path::Path;
use std::sync::Arc;

use super::error::ServeError;
use super::options::ServeOptions;
use crate::server::engine::Engine;
use crate::server::exec::mcp::KnownServers;
use crate::server::exec::{Executor, ExecutorOptions, LocalExecutor};
use crate::server::tools::{DESK, ToolsServer};

/// The tools server and the samples' driver.
pub(super) struct Parts {
    tools: ToolsServer,
}

impl Parts {
    /// Starts the tools server with its files in `dir`, and makes the executor that reaches it.
    pub(super) async fn start(
        dir: &Path,
        options: &ServeOptions,
    ) -> Result<(Self, Arc<dyn Executor>), ServeError> {
        let tools = ToolsServer::start(dir).await;
        let tools = tools.map_err(|error| ServeError::part("the tools server", &error))?;
        let executor = LocalExecutor::new(ExecutorOptions {
            worker_program: options.lua_program.clone(),
            servers: KnownServers::new().with(DESK, tools.endpoint()),
        });
        let executor = executor.map_err(|error| ServeError::part("the executor", &error))?;
        Ok((Self { tools }, Arc::new(executor)))
    }

    /// Installs and drives the samples, if they are wanted.
    pub(super) async fn drive(
        &mut self,
        _engine: &Engine,
        _options: &ServeOptions,
    ) -> Result<(), ServeError> {
        Ok(())
    }

    /// Stops driving the samples, so that no run starts any more.
    pub(super) async fn rest(&mut self) {}

    /// Stops the tools server.
    pub(super) async fn shutdown(self) {
        self.tools.shutdown().await;
    }
}
