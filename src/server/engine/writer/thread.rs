//! The thread itself: take, record, perform, answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};

use super::batch::{After, Batch};
use super::numbers::{LogClock, Numbers};
use super::purse::Purse;
use crate::domain::RunId;
use crate::machine::Order;
use crate::server::db::DbError;
use crate::server::engine::EngineError;
use crate::server::engine::calls::Calls;
use crate::server::engine::fleet::Fleet;
use crate::server::engine::guard::guarded;
use crate::server::engine::hub::Hub;
use crate::server::engine::recovery::unstarted;
use crate::server::engine::request::{Report, Request};
use crate::server::engine::timers::Timers;
use crate::server::exec::Executor;

/// The most requests in one transaction: many share one write to the disk, none waits long.
const BATCH: usize = 256;

/// How long kept reports wait for another try, at first and at most.
const RETRY: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// What the thread owns of the database and of the runs.
pub(in crate::server::engine) struct Writer {
    connection: Connection,
    fleet: Fleet,
    hub: Arc<Hub>,
    numbers: Numbers,
    purse: Purse,
    clock: LogClock,
}

impl Writer {
    /// A writer on the one connection that writes.
    pub(in crate::server::engine) fn new(connection: Connection, fleet: Fleet, hub: Arc<Hub>) -> Self {
        let (numbers, purse, clock) = Default::default();
        Self { connection, fleet, hub, numbers, purse, clock }
    }

    /// Starts the thread, on the present runtime's tasks; returns when `first` is recorded.
    ///
    /// # Errors
    /// `Storage` when the system gives no thread.
    pub(in crate::server::engine) async fn start(
        self,
        inbox: mpsc::Receiver<Request>,
        requests: mpsc::WeakSender<Request>,
        executor: Arc<dyn Executor>,
        first: Vec<Report>,
    ) -> Result<JoinHandle<()>, EngineError> {
        let runtime = Handle::current();
        let timers = Timers::default();
        let timer_task = runtime.spawn(timers.clone().run(requests.clone()));
        let calls = Calls::new(runtime.clone(), executor, requests.clone(), timers.clone());
        let (kept, delay) = (VecDeque::new(), None);
        let at_work = AtWork { writer: self, calls, timers, runtime, requests, kept, delay };
        let (ready, is_ready) = oneshot::channel();
        let thread = std::thread::Builder::new().name("arcc-writer".into()).spawn(move || {
            at_work.run(inbox, first, ready);
            timer_task.abort();
        });
        let thread = thread.map_err(unstarted)?;
        is_ready.await.map_err(|_| EngineError::Closed)?;
        Ok(thread)
    }
}

/// The writer with all that it drives.
struct AtWork {
    writer: Writer,
    calls: Calls,
    timers: Timers,
    runtime: Handle,
    requests: mpsc::WeakSender<Request>,
    /// Reports that could not be recorded yet.
    kept: VecDeque<Report>,
    /// How long the try that is under way waits, while there is one.
    delay: Option<Duration>,
}

impl AtWork {
    /// Works until the channel is closed and empty.
    fn run(mut self, mut inbox: mpsc::Receiver<Request>, first: Vec<Report>, ready: oneshot::Sender<()>) {
        let mut first = first.into_iter().map(Request::Report).peekable();
        while first.peek().is_some() {
            self.round(first.by_ref().take(BATCH).collect());
        }
        let _ = ready.send(());
        while let Some(request) = inbox.blocking_recv() {
            let mut requests = vec![request];
            while requests.len() < BATCH
                && let Ok(request) = inbox.try_recv()
            {
                requests.push(request);
            }
            if requests.iter().any(|request| matches!(request, Request::Shutdown)) {
                inbox.close();
            }
            let is_retry = requests.iter().any(|request| matches!(request, Request::Retry));
            self.round(requests);
            if is_retry {
                self.retry();
            }
        }
    }

    /// Decides and records a batch; then performs it, or takes it back. Tells whether it was recorded.
    fn round(&mut self, requests: Vec<Request>) -> bool {
        let mut queue = requests.into_iter().inspect(|request| self.calls.note(request));
        let mut after = After::default();
        // The last net: a fault anywhere in a batch takes the batch back, not the thread down.
        let recorded = guarded(|| self.writer.record(&mut queue, &mut after));
        match recorded.unwrap_or_else(|| Err(DbError::from(rusqlite::Error::UnwindingPanic).into())) {
            Ok(()) => {
                drop(queue);
                self.perform(after);
                true
            }
            Err(error) => {
                let rest = queue.collect();
                self.take_back(after, rest, &error);
                false
            }
        }
    }

    fn perform(&mut self, after: After) {
        for (run, order) in after.orders {
            self.obey(run, order);
        }
        for (workflow, place) in &after.places {
            self.writer.hub.publish(workflow, *place);
        }
        for settlement in after.settlements {
            settlement.send(None);
        }
        self.writer.forget_ended(&after.driven);
    }

    fn obey(&mut self, run: RunId, order: Order) {
        match order {
            Order::Execute(call) => self.calls.begin(*call),
            // Errands of the transaction; none is left for after it.
            Order::StartChild(_) | Order::StopChild { .. } => {}
            Order::Cancel { step, attempt } => self.calls.cancel(run, step, attempt),
            Order::SetTimer { key, .. } if self.calls.keeps_clock(&run, &key) => {}
            Order::SetTimer { key, at } => self.timers.set(run, key, at),
            Order::ClearTimer(key) => self.timers.clear(run, key),
        }
    }

    /// Nothing was recorded: machines go back to the log, callers are told, reports are kept.
    fn take_back(&mut self, after: After, rest: Vec<Request>, error: &EngineError) {
        tracing::error!(%error, "a batch was not recorded; its results are kept and tried again");
        after.driven.iter().for_each(|run| self.writer.fleet.forget(run));
        self.writer.numbers.forget();
        self.writer.purse.forget();
        for settlement in after.settlements {
            settlement.send(Some(error.clone()));
        }
        self.kept.extend(after.reports);
        self.kept.extend(rest.into_iter().filter_map(|request| request.decline(error.clone())));
        if !self.kept.is_empty() && self.delay.is_none() {
            self.try_later(RETRY.0);
        }
    }

    /// Records the kept reports, each in a transaction of its own, so that one that can never be
    /// recorded does not hold up the others; at the first failure it waits again.
    fn retry(&mut self) {
        let waited = self.delay.take().unwrap_or(RETRY.0);
        for _ in 0..self.kept.len() {
            let Some(report) = self.kept.pop_front() else { return };
            // Keeps the failure from arranging a try of its own.
            self.delay = Some(waited);
            if !self.round(vec![Request::Report(report)]) {
                return self.try_later((waited * 2).min(RETRY.1));
            }
        }
        self.delay = None;
    }

    fn try_later(&mut self, delay: Duration) {
        self.delay = Some(delay);
        let requests = self.requests.clone();
        self.runtime.spawn(async move {
            tokio::time::sleep(delay).await;
            if let Some(writer) = requests.upgrade() {
                let _ = writer.send(Request::Retry).await;
            }
        });
    }
}

impl Writer {
    fn record(
        &mut self,
        queue: &mut impl Iterator<Item = Request>,
        after: &mut After,
    ) -> Result<(), EngineError> {
        let now = self.clock.now();
        let transaction = self
            .connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(DbError::from)?;
        let (fleet, numbers, purse) = (&mut self.fleet, &mut self.numbers, &mut self.purse);
        let errands = VecDeque::new();
        let mut batch = Batch { db: &transaction, fleet, numbers, purse, now, after, errands };
        for request in queue {
            batch.take(request)?;
        }
        batch.project()?;
        Ok(transaction.commit().map_err(DbError::from)?)
    }

    /// Ended runs leave the memory.
    fn forget_ended<'a>(&mut self, runs: impl IntoIterator<Item = &'a RunId>) {
        for run in runs {
            if self.fleet.get(run).is_some_and(|live| live.run.status.is_terminal()) {
                self.fleet.forget(run);
            }
        }
    }
}
