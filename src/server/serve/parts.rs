//! What carries out steps and keeps the samples moving.

use std::sync::Arc;

use super::error::ServeError;
use super::options::ServeOptions;
use crate::server::engine::Engine;
use crate::server::exec::Executor;

/// The tools server and the samples' driver.
pub(super) struct Parts {}

impl Parts {
    /// Starts the tools server and makes the executor that reaches it.
    pub(super) async fn start(_options: &ServeOptions) -> Result<(Self, Arc<dyn Executor>), ServeError> {
        Err(ServeError::Part { part: "the executor", reason: "not there yet".into() })
    }

    /// Installs and drives the samples, if they are wanted.
    pub(super) async fn drive(&self, _engine: &Engine, _options: &ServeOptions) -> Result<(), ServeError> {
        Ok(())
    }

    /// Stops driving the samples.
    pub(super) async fn rest(&self) {}

    /// Stops the tools server.
    pub(super) async fn shutdown(self) {}
}
