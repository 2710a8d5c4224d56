//! The shell around the plan: carries out its orders and tells it what happened.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::{mpsc, watch as newest};
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, sleep};

use super::Client;
use super::feed::List;
use super::outbox::{Kept, Outbox};
use super::paging::PAGE;
use super::plan::{Input, ListAnswer, Order, Plan};
use super::socket;
use super::stream::Heard;
use crate::domain::{RunId, Timestamp, WorkflowId, clock};
use crate::mirror::WatchEvent;

/// How many runs a whole list holds at most.
const RUNS: usize = 10_000;
/// How many frames of all sockets wait between their tasks and the plan.
const FRAMES: usize = 256;
/// How long the shell sleeps at most: it must notice that the machine slept.
const NAP: Duration = Duration::from_secs(2);
/// Clocks that move apart by fewer seconds than this are no news: answers travel.
const NEWS: u64 = 10;
/// A wall clock this far off the monotonic one was set, or the machine slept.
const SLEPT: Duration = Duration::from_secs(10);

/// What the application wants to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interest {
    /// Workflows whose streams to hold open, most wanted first; the first sixteen are.
    pub streams: Vec<WorkflowId>,
    /// The run that is looked at; the stream of its workflow is held open in any case.
    pub focus: Option<(WorkflowId, RunId)>,
    /// Whether runs are active or tasks wait: then the feed is polled every 3 s, else every 30 s.
    pub busy: bool,
}

/// A running watch. Dropping it ends everything that it started.
#[derive(Debug)]
pub struct Watch {
    interest: newest::Sender<Interest>,
    refetch: mpsc::Sender<()>,
    task: JoinHandle<()>,
}

impl Watch {
    /// Says what is wanted from now on; the newest wish wins.
    pub fn interest(&self, interest: Interest) {
        self.interest.send_if_modified(|known| {
            let changed = *known != interest;
            *known = interest;
            changed
        });
    }

    /// Asks for the feed and the focused run now, and tries refused and broken streams again.
    pub fn refetch(&self) {
        // A wish that already waits is the same wish.
        let _ = self.refetch.try_send(());
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Starts to watch the API and to report into `events`, which should be bounded: while it is full,
/// stream events wait up to a limit and are then dropped in favour of fresh lists.
pub fn watch(client: Client, events: mpsc::Sender<WatchEvent>) -> Watch {
    let (interest, wanted) = newest::channel(Interest::default());
    let (refetch, wishes) = mpsc::channel(1);
    let shell = Shell::new(client, events);
    let task = tokio::spawn(shell.run(wanted, wishes));
    Watch { interest, refetch, task }
}

/// The wall clock, carried on by the monotonic one: it follows a leap ahead, which is how a sleep
/// looks, but never runs back, so that no timer waits for an hour that was set twice.
struct Clock {
    base: Timestamp,
    since: Instant,
    checked: (Timestamp, Instant),
}

impl Clock {
    fn new() -> Self {
        let (wall, since) = (Timestamp::now(), Instant::now());
        Self { base: wall, since, checked: (wall, since) }
    }

    fn now(&self) -> Timestamp {
        clock::later(self.base, self.since.elapsed())
    }

    /// Whether the wall clock leapt since the last check, which is now.
    fn woke(&mut self, wall: Timestamp, now: Instant) -> bool {
        let carried = clock::later(self.checked.0, now - self.checked.1);
        self.checked = (wall, now);
        let (ahead, behind) = (clock::age(carried, wall), clock::age(wall, carried));
        if ahead > SLEPT {
            self.base = clock::later(self.base, ahead);
        }
        ahead.max(behind) > SLEPT
    }
}

struct Shell {
    client: Client,
    events: mpsc::Sender<WatchEvent>,
    plan: Plan,
    clock: Clock,
    outbox: Outbox,
    calls: JoinSet<Input>,
    sockets: JoinSet<()>,
    open: HashMap<WorkflowId, (u64, AbortHandle)>,
    /// How far the clocks were apart when the application was last told.
    skew: i64,
    /// Tells a socket from an earlier one of the same workflow.
    dialled: u64,
    frames: mpsc::Sender<(WorkflowId, u64, Heard)>,
    heard: mpsc::Receiver<(WorkflowId, u64, Heard)>,
}

impl Shell {
    fn new(client: Client, events: mpsc::Sender<WatchEvent>) -> Self {
        let clock = Clock::new();
        let (frames, heard) = mpsc::channel(FRAMES);
        Self {
            client,
            events,
            plan: Plan::new(clock.now()),
            clock,
            outbox: Outbox::default(),
            calls: JoinSet::new(),
            sockets: JoinSet::new(),
            open: HashMap::new(),
            skew: 0,
            dialled: 0,
            frames,
            heard,
        }
    }

    async fn run(mut self, mut wanted: newest::Receiver<Interest>, mut wishes: mpsc::Receiver<()>) {
        self.handle(Input::Tick);
        loop {
            let nap = self.nap();
            let input = tokio::select! {
                permit = self.events.reserve(), if !self.outbox.is_empty() => {
                    let Ok(permit) = permit else { return };
                    if let Some(report) = self.outbox.pop() {
                        permit.send(report);
                    }
                    continue;
                }
                Some((workflow, dialled, heard)) = self.heard.recv() => {
                    // A socket that was hung up may have had something on the way.
                    if self.open.get(&workflow).is_none_or(|(current, _)| *current != dialled) {
                        continue;
                    }
                    Input::Heard(workflow, heard)
                }
                Some(done) = self.calls.join_next() => match done {
                    Ok(input) => input,
                    Err(_) => continue,
                },
                Some(_) = self.sockets.join_next() => continue,
                changed = wanted.changed() => match changed {
                    Ok(()) => Input::Interest(wanted.borrow_and_update().clone()),
                    Err(_) => return,
                },
                Some(()) = wishes.recv() => {
                    self.client.bearer.wish();
                    Input::Refetch
                }
                () = sleep(nap) => Input::Tick,
            };
            self.handle(input);
            if self.clock.woke(Timestamp::now(), Instant::now()) {
                self.handle(Input::Woke);
            }
            self.compare_clocks();
        }
    }

    /// Tells how far the server's clock is off, when that is news.
    fn compare_clocks(&mut self) {
        let seconds = self.client.skew_seconds();
        if seconds.abs_diff(self.skew) >= NEWS {
            self.skew = seconds;
            self.outbox.push(WatchEvent::Skew { seconds });
        }
    }

    fn nap(&self) -> Duration {
        let due = self.plan.due().map(|due| clock::age(self.clock.now(), due));
        due.map_or(NAP, |due| due.min(NAP))
    }

    fn handle(&mut self, input: Input) {
        let mut kept = Kept::All;
        for order in self.plan.handle(input, self.clock.now(), fastrand::f64()) {
            if self.carry_out(order) == Kept::Dropped {
                kept = Kept::Dropped;
            }
        }
        if kept == Kept::Dropped {
            self.handle(Input::Overflow);
        }
    }

    fn carry_out(&mut self, order: Order) -> Kept {
        match order {
            Order::Dial(workflow) => self.dial(workflow),
            Order::Hang(workflow) => self.hang(&workflow),
            Order::Ask(list) => self.ask(list),
            Order::Fetch(workflow, run) => self.fetch(workflow, run),
            Order::Report(report) => return self.outbox.push(report),
        }
        Kept::All
    }

    fn dial(&mut self, workflow: WorkflowId) {
        self.hang(&workflow);
        self.dialled += 1;
        let (client, frames, dialled) = (self.client.clone(), self.frames.clone(), self.dialled);
        let tell = {
            let workflow = workflow.clone();
            move |heard| {
                let (frames, workflow) = (frames.clone(), workflow.clone());
                async move { frames.send((workflow, dialled, heard)).await.is_ok() }
            }
        };
        let task = self.sockets.spawn(listen(client, workflow.clone(), tell));
        self.open.insert(workflow, (dialled, task));
    }

    fn hang(&mut self, workflow: &WorkflowId) {
        if let Some((_, task)) = self.open.remove(workflow) {
            task.abort();
        }
    }

    fn ask(&mut self, list: List) {
        let (client, asked_at) = (self.client.clone(), self.clock.now());
        self.calls.spawn(async move {
            let answer = match list {
                List::Newest => ListAnswer::Newest(client.runs(PAGE, None).await),
                List::Whole => ListAnswer::Whole(client.runs(RUNS, None).await),
                List::Tasks => ListAnswer::Tasks(client.tasks().await),
                List::Workflows => ListAnswer::Workflows(client.workflows().await),
                List::Credits => ListAnswer::Credits(client.usage().await.map(|(usage, _)| usage)),
            };
            Input::Listed { asked_at, answer }
        });
    }

    fn fetch(&mut self, workflow: WorkflowId, run: RunId) {
        let (client, asked_at) = (self.client.clone(), self.clock.now());
        self.calls.spawn(async move {
            let detail = client.detail_at(&workflow, &run, asked_at).await;
            Input::Fetched(run, detail.map(Box::new))
        });
    }
}

/// Reads a socket to its end. It never waits for the application, only for the plan.
async fn listen<F, Told>(client: Client, workflow: WorkflowId, tell: F)
where
    F: Fn(Heard) -> Told,
    Told: Future<Output = bool>,
{
    let mut socket = match socket::dial(&client, &workflow).await {
        Ok(socket) => socket,
        Err(error) => {
            tell(Heard::Lost(error)).await;
            return;
        }
    };
    if !tell(Heard::Opened).await {
        return;
    }
    let token = socket.token().cloned();
    loop {
        let heard = match socket.next().await {
            Heard::Lost(error) => Heard::Lost(socket::reconsider(&client, token.as_ref(), error).await),
            heard => heard,
        };
        let over = matches!(heard, Heard::Lost(_) | Heard::Oversize);
        if !tell(heard).await || over {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    /// A clock, and what a check after so many seconds of either clock says: whether the machine
    /// slept, and how far the watch's own time went on.
    fn check(wall: i64, monotonic: u64) -> (bool, i64) {
        let mut clock = Clock::new();
        let (began, since) = clock.checked;
        let base = clock.base;
        let later = began.checked_add(jiff::SignedDuration::from_secs(wall)).unwrap();
        let woke = clock.woke(later, since + Duration::from_secs(monotonic));
        (woke, clock.base.duration_since(base).as_secs())
    }

    #[test]
    fn a_wall_clock_that_leaps_past_the_monotonic_one_is_a_sleep() {
        assert_eq!(check(2, 2), (false, 0));
        assert_eq!(check(11, 2), (false, 0));
        assert_eq!(check(3_602, 2), (true, 3_600));
    }

    #[test]
    fn a_clock_that_is_set_back_is_noticed_and_time_goes_on() {
        assert_eq!(check(-3_598, 2), (true, 0));
    }

    #[test]
    fn a_nap_is_short_enough_to_notice_a_sleep_within_three_seconds() {
        assert!(NAP < Duration::from_secs(3));
    }
}
