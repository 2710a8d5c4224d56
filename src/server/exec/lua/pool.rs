//! A few warm workers, handed out one script at a time.

use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;

use super::confinement::Confinement;
use super::process::{Served, Worker};
use super::protocol::{Reply, Request};

/// How many scripts run at a time; further ones wait, and their time does not run meanwhile.
pub const WORKERS: usize = 4;

/// Why a script has no result.
#[derive(Debug, thiserror::Error)]
pub enum ScriptFailure {
    /// The script itself failed, or returned something that is no result.
    #[error("the script failed: {0}")]
    Script(String),
    /// It took longer than it may; its process was killed.
    #[error("the script was ended after {}s; raise timeout_s (30s at most) or make it do less", .0.as_secs_f64())]
    TookTooLong(Duration),
    /// It was called off; its process was killed.
    #[error("the script was called off")]
    CalledOff,
    /// Its process died under it.
    #[error("the Lua worker died while it ran the script: {0}; the script may need too much memory")]
    WorkerDied(#[source] io::Error),
    /// No process could be started.
    #[error("the Lua worker `{program}` cannot be started: {source}")]
    NoWorker {
        /// The program that was to become the worker.
        program: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
}

/// The workers. They are started when first needed and kept for the next script.
#[derive(Debug)]
pub struct Pool {
    program: PathBuf,
    turns: Semaphore,
    idle: Mutex<Vec<Worker>>,
    confinement: OnceLock<Confinement>,
}

impl Pool {
    /// A pool whose workers are `program lua-worker`.
    pub fn new(program: PathBuf) -> Self {
        Self { program, turns: Semaphore::new(WORKERS), idle: Mutex::default(), confinement: OnceLock::new() }
    }

    /// How far the workers are confined on this system; `None` before the first has started.
    pub fn confinement(&self) -> Option<Confinement> {
        self.confinement.get().copied()
    }

    /// Runs a script with these globals for at most `limit`.
    ///
    /// # Errors
    /// When the script fails, takes too long or is called off, or its worker cannot run it. A
    /// worker that was killed or died is replaced by a new one for the next script.
    pub async fn run(
        &self,
        script: &str,
        globals: Value,
        limit: Duration,
        cancel: &CancellationToken,
    ) -> Result<Value, ScriptFailure> {
        let request = Request { script: script.into(), globals, seconds: limit.as_secs() + 1 };
        let _turn = tokio::select! {
            turn = self.turns.acquire() => turn,
            () = cancel.cancelled() => return Err(ScriptFailure::CalledOff),
        };
        let deadline = Instant::now() + limit;
        loop {
            let mut worker = self.worker()?;
            let served = worker.served;
            let ended = tokio::select! {
                biased;
                () = cancel.cancelled() => Err(ScriptFailure::CalledOff),
                ended = timeout_at(deadline, worker.run(&request)) => {
                    ended.map_err(|_| ScriptFailure::TookTooLong(limit))
                }
            };
            match ended {
                Ok(Ok(reply)) => {
                    self.put_back(worker);
                    return result(reply);
                }
                // It may have died while it was idle. Scripts have no effects, so the next worker may try.
                Ok(Err(_)) if served == Served::Before => worker.kill().await,
                Ok(Err(error)) => {
                    worker.kill().await;
                    return Err(ScriptFailure::WorkerDied(error));
                }
                Err(failure) => {
                    worker.kill().await;
                    return Err(failure);
                }
            }
        }
    }

    fn worker(&self) -> Result<Worker, ScriptFailure> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        idle.map_or_else(|| Worker::start(&self.program), Ok)
            .map_err(|source| ScriptFailure::NoWorker { program: self.program.clone(), source })
    }

    fn put_back(&self, worker: Worker) {
        self.note(&worker);
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(worker);
    }

    /// Says once what this system cannot take away from workers.
    fn note(&self, worker: &Worker) {
        let Some(confinement) = worker.confinement else { return };
        if self.confinement.set(confinement).is_ok()
            && let Some(shortfall) = confinement.shortfall()
        {
            tracing::warn!("{shortfall}");
        }
    }
}

fn result(reply: Reply) -> Result<Value, ScriptFailure> {
    match reply {
        Reply::Returned(value) => Ok(value),
        Reply::Failed(message) => Err(ScriptFailure::Script(message)),
    }
}
