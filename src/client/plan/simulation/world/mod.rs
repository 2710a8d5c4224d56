//! The world around the plan: a clock that leaps from one happening to the next.

mod calls;
mod faults;
mod line;

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use super::flaw::{Blinker, Flaw};
use super::schedule::Cue;
use super::server::{Kind, Server, workflow};
use super::weather::Weather;
use crate::client::Interest;
use crate::client::outbox::{Kept, Outbox};
use crate::client::plan::{Input, Order, Plan};
use crate::domain::{RunId, Timestamp, WorkflowId, clock};
use crate::mirror::Mirror;
use crate::wire::CallError;

/// How often the server tells where its streams stand.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long the shell naps at most, so how late it may notice that the machine slept.
const NAP: Duration = Duration::from_secs(2);

/// A socket's number.
type Socket = u64;

/// Something that happens at a given instant.
enum Happening {
    Cue(Cue),
    /// A fault has blown over.
    Calm(Box<Weather>),
    /// The application reads again.
    Hearing,
    /// The machine runs again; then the shell notices.
    Awake,
    Noticed,
    /// A dial reaches the server, at so many tries.
    Reach(Socket, u32),
    /// A socket tells the client something.
    Arrive(Socket, Box<Told>),
    /// A call reaches the server, asked for at the instant.
    Serve(Order, Timestamp),
    /// An answer reaches the client.
    Answer(Box<Input>),
    Heartbeat,
}

/// What a socket carries: text as the server wrote it, or an end.
enum Told {
    Opened,
    Text(String),
    Oversize,
    Lost(CallError),
}

/// The client's end of a socket.
struct Line {
    workflow: WorkflowId,
    /// Whether the server has accepted it.
    stands: bool,
    /// Whether it carries nothing any more without a word.
    dead: bool,
    /// When the last frame on its way arrives: frames keep their order.
    last: Timestamp,
}

/// The world.
pub(super) struct World {
    pub(super) now: Timestamp,
    pub(super) server: Server,
    pub(super) weather: Weather,
    pub(super) mirror: Mirror,
    pub(super) plan: Plan,
    /// What went in and came out, where it is wanted.
    pub(super) trace: Option<Vec<String>>,
    pub(super) focus: Option<(WorkflowId, RunId)>,
    /// How often reports were dropped on their way to the application.
    pub(super) overflows: usize,
    /// When all runs were last asked for.
    listed_at: Timestamp,
    rng: Rng,
    flaw: Flaw,
    blinker: Blinker,
    outbox: Outbox,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    lines: BTreeMap<Socket, Line>,
    numbers: u64,
    deaf: bool,
    /// Until when the machine sleeps.
    sleeps: Option<Timestamp>,
    busy: bool,
    /// For the client that lists before it is live: what was answered when it lost its stream.
    early: Vec<(Order, Input)>,
}

impl World {
    pub(super) fn new(kind: Kind, flaw: Flaw, seed: u64, traced: bool) -> Self {
        let mut rng = Rng::with_seed(seed);
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let mut world = Self {
            now,
            server: Server::new(kind, &mut rng),
            weather: Weather::default(),
            mirror: Mirror::default(),
            plan: Plan::new(now),
            trace: traced.then(Vec::new),
            focus: None,
            overflows: 0,
            listed_at: now,
            rng,
            flaw,
            blinker: Blinker::default(),
            outbox: Outbox::default(),
            queue: BTreeMap::new(),
            lines: BTreeMap::new(),
            numbers: 0,
            deaf: false,
            sleeps: None,
            busy: false,
            early: Vec::new(),
        };
        world.after(HEARTBEAT, Happening::Heartbeat);
        world.input(Input::Tick);
        world.want();
        world
    }

    /// Randomness for the schedule.
    pub(super) fn rng(&mut self) -> &mut Rng {
        &mut self.rng
    }

    /// Puts a cue at `after` from now.
    pub(super) fn cue(&mut self, after: Duration, cue: Cue) {
        self.after(after, Happening::Cue(cue));
    }

    /// Lets time pass.
    pub(super) fn pass(&mut self, time: Duration) {
        let end = clock::later(self.now, time);
        while self.step(end) {}
        self.now = self.now.max(end);
    }

    /// Lets time pass until something holds; how long that took, if it did within `limit`.
    pub(super) fn until(&mut self, limit: Duration, holds: impl Fn(&Self) -> bool) -> Option<Duration> {
        let (began, end) = (self.now, clock::later(self.now, limit));
        while !holds(self) {
            if !self.step(end) {
                return None;
            }
        }
        Some(clock::age(began, self.now))
    }

    /// The trouble is over: the network is calm, everybody is awake.
    pub(super) fn heal(&mut self) {
        let _ = self.until(Duration::from_secs(3_600), |world| world.sleeps.is_none());
        self.queue.retain(|_, happening| !matches!(happening, Happening::Cue(_) | Happening::Calm(_)));
        self.weather = Weather::default();
        self.deaf = false;
        self.read();
    }

    /// The server does something.
    pub(super) fn work(&mut self) {
        let looked_at = self.focus.as_ref().map(|(_, run)| run);
        if let Some((workflow, frame)) = self.server.go_on(self.now, looked_at, &mut self.rng) {
            self.tell(&workflow, &frame);
        }
    }

    /// Whether all runs were asked for since.
    pub(super) fn listed_since(&self, since: Timestamp) -> bool {
        self.listed_at > since
    }

    /// Whether the streams of all wanted workflows stand, as the client knows.
    pub(super) fn is_live(&self) -> bool {
        self.lines.values().filter(|line| line.stands && !line.dead).count() == 2
    }

    fn step(&mut self, end: Timestamp) -> bool {
        let next = self.queue.keys().next().map(|(at, _)| *at);
        let due = self.sleeps.map_or_else(|| self.plan.due(), |_| None);
        match (next, due) {
            (next, Some(due)) if due <= end && next.is_none_or(|next| due < next) => {
                self.now = self.now.max(due);
                self.input(Input::Tick);
            }
            (Some(next), _) if next <= end => {
                if let Some((_, happening)) = self.queue.pop_first() {
                    self.now = self.now.max(next);
                    self.happen(happening);
                }
            }
            _ => return false,
        }
        true
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::Cue(Cue::Fault(fault)) => self.befall(&fault),
            Happening::Cue(Cue::Work) => self.work(),
            Happening::Cue(Cue::BackUp) => self.server.back_up(),
            Happening::Cue(Cue::Look(place)) => self.look(place),
            Happening::Calm(weather) => self.weather = *weather,
            Happening::Hearing => {
                self.deaf = false;
                self.read();
            }
            Happening::Awake => {
                self.sleeps = None;
                let notices = NAP.mul_f64(self.rng.f64());
                self.after(notices, Happening::Noticed);
            }
            Happening::Noticed => self.input(Input::Woke),
            Happening::Reach(socket, tries) => self.reach(socket, tries),
            Happening::Serve(order, asked_at) => self.serve(&order, asked_at),
            Happening::Heartbeat => {
                self.beat();
                self.after(HEARTBEAT, Happening::Heartbeat);
            }
            // A machine that sleeps takes nothing; it is there when it wakes.
            later @ (Happening::Arrive(..) | Happening::Answer(_)) => match self.sleeps {
                Some(until) => self.after(clock::age(self.now, until), later),
                None => self.take(later),
            },
        }
    }

    /// Something from outside reaches the machine.
    fn take(&mut self, happening: Happening) {
        match happening {
            Happening::Arrive(socket, told) => self.arrive(socket, *told),
            Happening::Answer(input) => self.input(*input),
            _ => {}
        }
    }

    fn after(&mut self, time: Duration, happening: Happening) {
        self.numbers += 1;
        self.queue.insert((clock::later(self.now, time), self.numbers), happening);
    }

    /// As the shell does: the plan's orders are carried out, and a full outbox is told.
    fn input(&mut self, input: Input) {
        // No two things happen at the same instant.
        self.now = clock::later(self.now, Duration::from_micros(1));
        self.note(|| format!("in {input:?}"));
        let random = self.rng.f64();
        let mut kept = Kept::All;
        for order in self.plan.handle(input, self.now, random) {
            self.note(|| format!("out {order:?}"));
            match order {
                Order::Report(report) => {
                    if self.outbox.push(report) == Kept::Dropped {
                        kept = Kept::Dropped;
                    }
                }
                Order::Dial(workflow) => self.dial(workflow),
                Order::Hang(workflow) => self.lines.retain(|_, line| line.workflow != workflow),
                asked @ (Order::Ask(_) | Order::Fetch(..)) => self.ask(asked),
            }
        }
        if kept == Kept::Dropped {
            self.overflows += 1;
            self.input(Input::Overflow);
        }
        self.read();
    }

    /// As the application does: reports are folded, and what the fold asks for is asked.
    fn read(&mut self) {
        let mut refetch = false;
        while let Some(report) = (!self.deaf).then(|| self.outbox.pop()).flatten() {
            refetch |= self.mirror.apply(&report).ask_feed;
        }
        let busy = !self.mirror.tasks().is_empty() || self.mirror.runs().any(|run| !run.status.is_terminal());
        if busy != self.busy {
            self.busy = busy;
            self.want();
        }
        if refetch {
            self.input(Input::Refetch);
        }
    }

    fn want(&mut self) {
        let streams = vec![workflow(0), workflow(1)];
        self.input(Input::Interest(Interest { streams, focus: self.focus.clone(), busy: self.busy }));
    }

    /// Looks at the run at a place of the server's.
    pub(super) fn look(&mut self, place: usize) {
        let runs = self.server.places_to_look();
        if !runs.is_empty() {
            self.focus = Some(runs[place % runs.len()].clone());
            self.want();
        }
    }

    fn note(&mut self, line: impl FnOnce() -> String) {
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{} {}", self.now, line()));
        }
    }
}
