//! What the driver does next, as a pure function of what it sees.

use std::collections::HashSet;
use std::time::Duration;

use super::{Installed, SampleRun};
use crate::domain::clock::age;
use crate::domain::{RunClass, RunId, RunStatus, Timestamp};

/// How many approvals shall wait at least, and at most.
const WAITING: (usize, usize) = (3, 5);
/// How many sample runs live at most.
const MOST_LIVE: usize = 8;
/// How many have failed, before the driver is content.
const FAILED: usize = 2;
/// How many runs are started in an hour at most.
const MOST_PER_HOUR: usize = 60;
/// How many of an hour's runs come quickly; a person may be watching the first minutes.
const QUICK_RUNS: usize = 20;
/// How many of an hour's runs may answer a person who decides; the rest keeps the hour from falling silent.
const LIVELY_RUNS: usize = 40;
/// The pause between two starts among the quick runs,
const QUICK: Duration = Duration::from_secs(8);
/// after them, while too little waits for a person,
const REFILL: Duration = Duration::from_secs(20);
/// while enough does,
const STEADY: Duration = Duration::from_secs(90);
/// and when most of an hour's runs are used up.
const SPARING: Duration = Duration::from_secs(180);
/// How many runs that ask a person follow each other, when others have their turn too.
const ASKS_IN_A_ROW: u8 = 2;
/// How old a run must be before it is drained or held, so that its slow steps are in flight.
const RIPE: Duration = Duration::from_secs(4);
/// How long the driver holds a run.
const HOLD: Duration = Duration::from_secs(180);
/// How long after a drain began the next one may begin.
const DRAIN_EVERY: Duration = Duration::from_secs(240);
/// The length of the window that [`MOST_PER_HOUR`] counts.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// The samples that wait for a person, in the order they are started.
const ASKING: [&str; 3] = ["access-review", "order-confirmation", "order-confirmation"];
/// The order in which runs follow each other once there is something everywhere.
const ROTATION: [&str; 8] = [
    "nightly-digest",
    "retry-heal",
    "order-confirmation",
    "nightly-digest",
    "invoice-sync",
    "retry-heal",
    "access-review",
    "backfill",
];

/// What the driver sees.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scene {
    /// Its own runs: those that have not ended, and those of the last hour that have.
    pub runs: Vec<SampleRun>,
    /// How many tasks wait for a person.
    pub waiting: usize,
}

/// What the driver does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Move {
    /// Start a run of a sample.
    Start {
        /// Which.
        sample: &'static str,
        /// Its how-manieth run, counted from 0.
        turn: usize,
    },
    /// Hold a run.
    Hold(SampleRun),
    /// Let a held run go on.
    LetGo(SampleRun),
    /// Stop a run gracefully.
    Drain(SampleRun),
}

/// What the driver remembers.
#[derive(Debug, Default)]
pub struct Plan {
    asked: usize,
    asks_in_a_row: u8,
    rotated: usize,
    turns: usize,
    last_start: Option<Timestamp>,
    last_drain: Option<Timestamp>,
    /// Runs that it held once; whoever let them go on, it does not hold them again.
    held: HashSet<RunId>,
    held_since: Option<Timestamp>,
}

impl Plan {
    /// The moves for this scene. On an empty scene they fill every section at once; after that
    /// runs are started one at a time.
    pub fn next(&mut self, scene: &Scene, installed: &Installed, now: Timestamp) -> Vec<Move> {
        let mut moves = self.touch(scene, installed, now);
        let view = View { scene, installed, now };
        let started = scene.runs.iter().filter(|run| age(run.started_at, now) < HOUR).count();
        let pause = pause(started, scene.waiting);
        let opening = started == 0;
        let due = self.last_start.is_none_or(|last| age(last, now) >= pause);
        if opening && due {
            moves.extend(self.opening(&view));
        } else if due && started < MOST_PER_HOUR && view.live() < MOST_LIVE {
            moves.extend(self.pick(&view).map(|sample| self.start(sample)));
        }
        if moves.iter().any(|step| matches!(step, Move::Start { .. })) {
            self.last_start = Some(now);
        }
        moves
    }

    /// Everything that a fresh Command Center shall show, less what is there already.
    fn opening(&mut self, view: &View<'_>) -> Vec<Move> {
        let asking = (view.scene.waiting..WAITING.0).map(|_| self.ask()).collect::<Vec<_>>();
        let others = ["lead-sync", "backfill", "invoice-sync", "invoice-sync", "nightly-digest"];
        let samples = asking.into_iter().chain(others).filter(|sample| view.has(sample));
        samples.collect::<Vec<_>>().into_iter().map(|sample| self.start(sample)).collect()
    }

    /// The next single run: first what is missing, then the rotation.
    fn pick(&mut self, view: &View<'_>) -> Option<&'static str> {
        let drained = self.last_drain.is_none_or(|last| age(last, view.now) >= DRAIN_EVERY);
        let asks = view.scene.waiting < WAITING.0 && self.asks_in_a_row < ASKS_IN_A_ROW;
        self.asks_in_a_row = if asks { self.asks_in_a_row + 1 } else { 0 };
        let missing = if drained && view.live_of("lead-sync").next().is_none() {
            Some("lead-sync")
        } else if asks {
            Some(self.ask())
        } else if view.failed() < FAILED && view.live_of("invoice-sync").next().is_none() {
            Some("invoice-sync")
        } else {
            None
        };
        missing.filter(|sample| view.has(sample)).or_else(|| self.rotate(view))
    }

    fn rotate(&mut self, view: &View<'_>) -> Option<&'static str> {
        let from = self.rotated;
        let turn = (from..from + ROTATION.len()).find(|turn| view.fits(ROTATION[turn % ROTATION.len()]))?;
        self.rotated = turn + 1;
        Some(ROTATION[turn % ROTATION.len()])
    }

    fn ask(&mut self) -> &'static str {
        self.asked += 1;
        ASKING[(self.asked - 1) % ASKING.len()]
    }

    fn start(&mut self, sample: &'static str) -> Move {
        self.turns += 1;
        Move::Start { sample, turn: self.turns - 1 }
    }

    /// Holds, lets go and drains; at most one run drains and one is held at a time.
    fn touch(&mut self, scene: &Scene, installed: &Installed, now: Timestamp) -> Vec<Move> {
        let view = View { scene, installed, now };
        let mut moves = Vec::new();
        let ripe = |run: &&SampleRun| run.status == RunStatus::Running && age(run.started_at, now) >= RIPE;
        let paused = scene.runs.iter().find(|run| run.status == RunStatus::Paused);
        match paused {
            Some(run) if self.held.contains(&run.id) => {
                if self.held_since.is_none_or(|since| age(since, now) >= HOLD) {
                    moves.push(Move::LetGo(run.clone()));
                }
            }
            Some(_) => {}
            None => {
                let fresh = |run: &&SampleRun| !self.held.contains(&run.id);
                if let Some(run) = view.live_of("backfill").find(|run| ripe(run) && fresh(run)) {
                    moves.push(Move::Hold(run.clone()));
                    self.held.insert(run.id.clone());
                    self.held_since = Some(now);
                }
            }
        }
        let draining = scene.runs.iter().any(|run| run.status == RunStatus::Draining);
        let busy = view.live_of("lead-sync").find(|run| ripe(run) && run.in_flight > 0);
        if let (false, Some(run)) = (draining, busy) {
            moves.push(Move::Drain(run.clone()));
            self.last_drain = Some(now);
        }
        self.held.retain(|held| scene.runs.iter().any(|run| run.id == *held));
        moves
    }
}

/// How long to wait after a start, when so many runs began within the hour.
fn pause(started: usize, waiting: usize) -> Duration {
    match started {
        0..QUICK_RUNS => QUICK,
        QUICK_RUNS..LIVELY_RUNS if waiting < WAITING.0 => REFILL,
        QUICK_RUNS..LIVELY_RUNS => STEADY,
        LIVELY_RUNS.. => SPARING,
    }
}

/// A scene with what it takes to read it.
struct View<'a> {
    scene: &'a Scene,
    installed: &'a Installed,
    now: Timestamp,
}

impl<'a> View<'a> {
    fn has(&self, sample: &str) -> bool {
        self.installed.workflow(sample).is_some()
    }

    fn live(&self) -> usize {
        self.scene.runs.iter().filter(|run| !run.status.is_terminal()).count()
    }

    fn failed(&self) -> usize {
        self.scene.runs.iter().filter(|run| run.status.class() == RunClass::Failed).count()
    }

    fn live_of(&self, sample: &str) -> impl Iterator<Item = &'a SampleRun> + use<'a> {
        let workflow = self.installed.workflow(sample);
        let live = self.scene.runs.iter().filter(|run| !run.status.is_terminal());
        live.filter(move |run| workflow == Some(&run.workflow))
    }

    /// Whether another run of the sample is welcome.
    fn fits(&self, sample: &str) -> bool {
        let welcome = match sample {
            "access-review" | "order-confirmation" => self.scene.waiting < WAITING.1,
            _ => self.live_of(sample).next().is_none(),
        };
        welcome && self.has(sample)
    }
}
