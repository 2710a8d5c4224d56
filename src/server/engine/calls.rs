//! Attempts in flight: begun, cancelled, and their results fed back.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::join;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::request::{Report, Request};
use super::timers::Timers;
use crate::domain::clock::later;
use crate::domain::{FailureCode, RunId, StepId, Timestamp};
use crate::machine::{Call, Input, Outcome, StepError, TimerKey, TurnNote, Work};
use crate::server::exec::lua::WORKERS;
use crate::server::exec::{Executor, Notes};

/// Tool calls that execute at a time; more wait for a place. A call that waits costs no thread.
const TOOLS_AT_A_TIME: usize = 256;

/// Questions to models that are out at a time; providers refuse too many at once.
const QUESTIONS_AT_A_TIME: usize = 32;

/// Agents at work at a time; each asks one question or calls one tool at a time.
const AGENTS_AT_A_TIME: usize = 16;

type Key = (RunId, StepId, u32);

/// The attempts in flight of all runs; owned by the writer thread.
pub(super) struct Calls {
    runtime: Handle,
    executor: Arc<dyn Executor>,
    requests: mpsc::WeakSender<Request>,
    timers: Timers,
    scripts: Arc<Semaphore>,
    tools: Arc<Semaphore>,
    models: Arc<Semaphore>,
    agents: Arc<Semaphore>,
    in_flight: HashMap<Key, CancellationToken>,
}

impl Calls {
    /// Calls that execute on `runtime` and report to `requests`.
    pub(super) fn new(
        runtime: Handle,
        executor: Arc<dyn Executor>,
        requests: mpsc::WeakSender<Request>,
        timers: Timers,
    ) -> Self {
        let scripts = Arc::new(Semaphore::new(WORKERS));
        let tools = Arc::new(Semaphore::new(TOOLS_AT_A_TIME));
        let models = Arc::new(Semaphore::new(QUESTIONS_AT_A_TIME));
        let agents = Arc::new(Semaphore::new(AGENTS_AT_A_TIME));
        let in_flight = HashMap::new();
        Self { runtime, executor, requests, timers, scripts, tools, models, agents, in_flight }
    }

    /// Begins an attempt.
    pub(super) fn begin(&mut self, call: Call) {
        let cancel = CancellationToken::new();
        let key = (call.run_id.clone(), call.step.clone(), call.attempt);
        self.in_flight.insert(key, cancel.clone());
        let executor = self.executor.clone();
        let places = match call.work {
            Work::Lua { .. } => self.scripts.clone(),
            Work::Mcp { .. } => self.tools.clone(),
            Work::Llm { .. } => self.models.clone(),
            Work::Agent(_) => self.agents.clone(),
        };
        let requests = self.requests.clone();
        let timers = self.timers.clone();
        self.runtime.spawn(async move {
            let (run, step, attempt) = (call.run_id.clone(), call.step.clone(), call.attempt);
            let Some(_place) = cancel.run_until_cancelled(places.acquire()).await else { return };
            set_clock(&timers, &call);
            let (notes, heard) = Notes::channel();
            let place = (run.clone(), step.clone(), attempt);
            let work = carry_out(&*executor, call, &cancel, notes);
            let (ended, ()) = join(work, pass_on(heard, &requests, place)).await;
            let Some((outcome, took)) = ended else { return };
            let input = Input::Finished { step, attempt, outcome, took };
            if let Some(writer) = requests.upgrade() {
                // A writer that is gone left the attempt in flight, as a crash does.
                let _ = writer.send(Request::Report(Report { run, input })).await;
            }
        });
    }

    /// Whether it keeps the clock of an attempt: a timeout counts from when the call has a place,
    /// not from when it was ordered.
    pub(super) fn keeps_clock(&self, run: &RunId, key: &TimerKey) -> bool {
        let TimerKey::Timeout { step, attempt } = key else { return false };
        self.in_flight.contains_key(&(run.clone(), step.clone(), *attempt))
    }

    /// Stops an attempt; its result is no longer wanted.
    pub(super) fn cancel(&mut self, run: RunId, step: StepId, attempt: u32) {
        if let Some(cancel) = self.in_flight.remove(&(run, step, attempt)) {
            cancel.cancel();
        }
    }

    /// Forgets an attempt whose result has come.
    pub(super) fn note(&mut self, request: &Request) {
        if let Request::Report(Report { run, input: Input::Finished { step, attempt, .. } }) = request {
            self.in_flight.remove(&(run.clone(), step.clone(), *attempt));
        }
    }
}

impl Drop for Calls {
    /// Nobody will take the results, so nothing needs to go on working.
    fn drop(&mut self) {
        self.in_flight.values().for_each(CancellationToken::cancel);
    }
}

/// Sets the timer of an attempt that begins now. One that is cleared meanwhile fires in vain.
fn set_clock(timers: &Timers, call: &Call) {
    if let Some(limit) = call.timeout {
        let key = TimerKey::Timeout { step: call.step.clone(), attempt: call.attempt };
        timers.set(call.run_id.clone(), key, later(Timestamp::now(), limit));
    }
}

/// Executes, and tells the result with its duration; `None` when cancelled.
async fn carry_out(
    executor: &dyn Executor,
    call: Call,
    cancel: &CancellationToken,
    notes: Notes,
) -> Option<(Outcome, Duration)> {
    let began = Instant::now();
    let step = call.step.clone();
    // A broken executor must not leave a step in flight for ever.
    let work = AssertUnwindSafe(async { executor.execute_telling(call, cancel.clone(), notes).await })
        .catch_unwind();
    let outcome = work.await.unwrap_or_else(|_| Outcome::Failed(broke_off(&step)));
    (!cancel.is_cancelled()).then(|| (outcome, began.elapsed()))
}

/// Gives what an attempt tells to the writer, until it tells no more.
async fn pass_on(
    mut heard: mpsc::Receiver<TurnNote>,
    requests: &mpsc::WeakSender<Request>,
    (run, step, attempt): Key,
) {
    while let Some(note) = heard.recv().await {
        let input = Input::Progress { step: step.clone(), attempt, note };
        if let Some(writer) = requests.upgrade() {
            let _ = writer.send(Request::Report(Report { run: run.clone(), input })).await;
        }
    }
}

fn broke_off(step: &StepId) -> StepError {
    let message =
        format!("the runtime broke off while it carried out step `{step}`; this is a fault of the runtime");
    StepError::lasting(FailureCode::UpstreamError, message)
}
