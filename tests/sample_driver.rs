//! The samples in a runtime: installing them, and the driver that keeps them moving.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arcc::domain::clock::{age, later};
use arcc::domain::{RunClass, RunStatus, Timestamp, WorkflowId};
use arcc::server::engine::{Engine, RunQuery, WorkflowPatch};
use arcc::server::exec::mcp::KnownServers;
use arcc::server::exec::{ExecutorOptions, LocalExecutor};
use arcc::server::samples::{Installed, Move, Plan, SAMPLES, SampleEngine, SampleRun, Scene, drive, install};
use arcc::server::tools::{DESK, ToolsServer};
use pretty_assertions::assert_eq;
use rstest::rstest;
use tokio_util::sync::CancellationToken;

async fn engine(dir: &Path, servers: KnownServers) -> Engine {
    let worker_program = env!("CARGO_BIN_EXE_arcc").into();
    let executor =
        LocalExecutor::new(ExecutorOptions { servers, ..ExecutorOptions::new(worker_program) }).unwrap();
    Engine::open(dir, Arc::new(executor)).await.unwrap()
}

#[tokio::test]
async fn samples_are_installed_once_and_archived_ones_stay_away() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path(), KnownServers::new()).await;
    let first = install(&engine, dir.path()).await.unwrap();
    let names = |installed: &Installed| -> Vec<_> {
        let there = SAMPLES.iter().filter(|sample| installed.workflow(sample.name).is_some());
        there.map(|sample| sample.name).collect()
    };
    assert_eq!(names(&first), SAMPLES.map(|sample| sample.name));
    assert_eq!(install(&engine, dir.path()).await.unwrap(), first);

    let renamed = WorkflowPatch { name: Some("nightly".to_owned()), ..WorkflowPatch::default() };
    engine.patch_workflow(first.workflow("nightly-digest").unwrap(), renamed).await.unwrap();
    engine.archive_workflow(first.workflow("backfill").unwrap()).await.unwrap();
    std::fs::write(dir.path().join("samples.json"), std::fs::read(dir.path().join("samples.json")).unwrap())
        .unwrap();
    let second = install(&engine, dir.path()).await.unwrap();
    assert_eq!(second.workflow("nightly-digest"), first.workflow("nightly-digest"));
    assert_eq!(second.workflow("backfill"), None);
    assert_eq!(engine.workflows().await.unwrap().len(), SAMPLES.len());

    std::fs::remove_file(dir.path().join("samples.json")).unwrap();
    let third = install(&engine, dir.path()).await.unwrap();
    assert_eq!(third.workflow("order-confirmation"), first.workflow("order-confirmation"));
    assert_eq!(third.workflow("backfill"), None);
    engine.shutdown().await;
}

/// How many rows each section of the Command Center would have.
#[derive(Debug, PartialEq)]
struct Sections {
    waiting: usize,
    draining: usize,
    paused: usize,
    running: usize,
    failed: usize,
}

async fn sections(engine: &Engine) -> Sections {
    let (runs, _) = engine.runs(RunQuery { limit: 100, ..RunQuery::default() }).await.unwrap();
    let count = |status: RunStatus| runs.iter().filter(|run| run.status == status).count();
    Sections {
        waiting: engine.tasks(None).await.unwrap().len(),
        draining: count(RunStatus::Draining),
        paused: count(RunStatus::Paused),
        running: count(RunStatus::Running),
        failed: count(RunStatus::Failed),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_runtime_has_something_in_every_section_within_eight_seconds() {
    let dir = tempfile::tempdir().unwrap();
    let tools = ToolsServer::start(dir.path()).await.unwrap();
    let engine = engine(dir.path(), KnownServers::new().with(DESK, tools.endpoint())).await;
    let began = Instant::now();
    let installed = install(&engine, dir.path()).await.unwrap();
    let stop = CancellationToken::new();
    let driving = tokio::spawn(drive(engine.clone(), installed, stop.clone()));
    let full = |now: &Sections| {
        now.waiting >= 3 && now.draining == 1 && now.paused == 1 && now.running >= 3 && now.failed >= 2
    };
    loop {
        let now = sections(&engine).await;
        if full(&now) {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(8), "{now:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    stop.cancel();
    tokio::time::timeout(Duration::from_secs(2), driving).await.expect("it stops").unwrap();
    engine.shutdown().await;
    tools.shutdown().await;
}

/// Runs without an engine: each sample takes its time and ends as it would.
struct World {
    now: Timestamp,
    installed: Installed,
    runs: Vec<SampleRun>,
    began: Vec<Timestamp>,
    person: Person,
    moves: Vec<Move>,
}

/// What the operator does with approvals.
#[derive(Clone, Copy, PartialEq)]
enum Person {
    Away,
    ApprovesAll,
}

impl World {
    fn new(person: Person) -> Self {
        let installed = SAMPLES.iter().map(|sample| (sample.name, WorkflowId::new(sample.name))).collect();
        let now = "2026-11-22T08:00:00Z".parse().unwrap();
        Self { now, installed, runs: Vec::new(), began: Vec::new(), person, moves: Vec::new() }
    }

    fn scene(&self) -> Scene {
        let recent = |run: &&SampleRun| {
            !run.status.is_terminal() || age(run.started_at, self.now) < Duration::from_secs(3_600)
        };
        Scene { runs: self.runs.iter().filter(recent).cloned().collect(), waiting: self.waiting() }
    }

    fn waiting(&self) -> usize {
        let asks = |run: &&SampleRun| matches!(run.workflow.as_str(), "access-review" | "order-confirmation");
        self.runs.iter().filter(|run| run.status == RunStatus::Running).filter(asks).count()
    }

    fn count(&self, status: &RunStatus) -> usize {
        self.runs.iter().filter(|run| run.status == *status).count()
    }

    fn live(&self) -> usize {
        self.runs.iter().filter(|run| !run.status.is_terminal()).count()
    }

    fn failed(&self) -> usize {
        self.runs.iter().filter(|run| run.status.class() == RunClass::Failed).count()
    }

    fn step(&mut self, plan: &mut Plan) {
        for step in plan.next(&self.scene(), &self.installed, self.now) {
            self.moves.push(step.clone());
            let (run, status) = match step {
                Move::Start { sample, .. } => {
                    self.began.push(self.now);
                    let id = format!("run-{}", self.runs.len()).into();
                    let workflow = sample.into();
                    let status = RunStatus::Running;
                    self.runs.push(SampleRun { id, workflow, status, in_flight: 1, started_at: self.now });
                    continue;
                }
                Move::Hold(run) => (run, RunStatus::Paused),
                Move::LetGo(run) => (run, RunStatus::Running),
                Move::Drain(run) => (run, RunStatus::Draining),
            };
            self.runs.iter_mut().find(|known| known.id == run.id).unwrap().status = status;
        }
        self.now = later(self.now, Duration::from_secs(2));
        for run in &mut self.runs {
            let (lasts, end) = match (run.workflow.as_str(), &run.status) {
                (_, RunStatus::Paused) => continue,
                ("access-review" | "order-confirmation", _) if self.person == Person::Away => continue,
                ("access-review" | "order-confirmation", _) => (4, RunStatus::Completed),
                ("lead-sync", RunStatus::Draining) => (52, RunStatus::Stopped),
                ("invoice-sync", _) => (1, RunStatus::Failed),
                ("backfill", _) => (128, RunStatus::Completed),
                (_, _) => (8, RunStatus::Completed),
            };
            if !run.status.is_terminal() && age(run.started_at, self.now) >= Duration::from_secs(lasts) {
                run.status = end;
            }
        }
    }

    fn started_in_the_last_hour(&self) -> usize {
        self.began.iter().filter(|began| age(**began, self.now) < Duration::from_secs(3_600)).count()
    }
}

#[rstest]
#[case(Person::Away)]
#[case(Person::ApprovesAll)]
fn three_hours_stay_within_bounds_and_never_fall_silent(#[case] person: Person) {
    let mut world = World::new(person);
    let mut plan = Plan::default();
    for tick in 0..3 * 1_800 {
        world.step(&mut plan);
        assert!(world.waiting() <= 6, "{} wait", world.waiting());
        assert!(world.live() <= 8, "{} live", world.live());
        assert!(world.count(&RunStatus::Draining) <= 1);
        assert!(world.started_in_the_last_hour() <= 60, "{} an hour", world.started_in_the_last_hour());
        if tick == 4 && person == Person::Away {
            let got = (
                world.waiting(),
                world.count(&RunStatus::Draining),
                world.count(&RunStatus::Paused),
                world.failed(),
            );
            assert_eq!(got, (3, 1, 1, 2));
        }
    }
    let drained = world.moves.iter().filter(|step| matches!(step, Move::Drain(_))).count();
    assert!(drained >= 3 * 8, "{drained} drains in three hours");
    let silence = world.began.windows(2).map(|pair| age(pair[0], pair[1])).max().unwrap();
    assert!(silence <= Duration::from_secs(200), "nothing began for {silence:?}");
    let missing: Vec<_> = SAMPLES
        .iter()
        .map(|sample| sample.name)
        .filter(|name| world.runs.iter().filter(|run| run.workflow.as_str() == *name).count() < 3)
        .collect();
    let asking = ["access-review", "order-confirmation"];
    assert!(
        missing.iter().all(|name| person == Person::Away && asking.contains(name)),
        "{missing:?} are rare"
    );
}

#[test]
fn the_same_scenes_give_the_same_moves() {
    let moves = || {
        let mut world = World::new(Person::ApprovesAll);
        let mut plan = Plan::default();
        (0..900).for_each(|_| world.step(&mut plan));
        world.moves
    };
    assert_eq!(moves(), moves());
}

#[test]
fn a_run_that_a_person_let_go_on_is_not_held_again() {
    let mut world = World::new(Person::Away);
    let mut plan = Plan::default();
    (0..4).for_each(|_| world.step(&mut plan));
    let held = world.runs.iter_mut().find(|run| run.status == RunStatus::Paused).unwrap();
    held.status = RunStatus::Running;
    let id = held.id.clone();
    world.moves.clear();
    (0..20).for_each(|_| world.step(&mut plan));
    let again = world.moves.iter().any(|step| matches!(step, Move::Hold(run) if run.id == id));
    assert!(!again, "{:?}", world.moves);
}

/// Nothing is touched that the driver did not start.
#[tokio::test]
async fn runs_of_other_triggers_are_not_seen() {
    let dir = tempfile::tempdir().unwrap();
    let engine = engine(dir.path(), KnownServers::new()).await;
    let installed = install(&engine, dir.path()).await.unwrap();
    let workflow = installed.workflow("access-review").unwrap();
    let input = SAMPLES[0].input(0).unwrap();
    engine
        .start(arcc::wire::StartRun {
            workflow: workflow.clone(),
            run_id: None,
            input: input.clone(),
            trigger_type: "manual".into(),
            excluded: Vec::new(),
            trigger_steps: Default::default(),
            principal: Default::default(),
            in_place_of: None,
        })
        .await
        .unwrap();
    engine.begin(workflow, input).await.unwrap();
    let seen = engine.sample_runs(Timestamp::MIN).await.unwrap();
    assert_eq!(
        (seen.len(), engine.runs(RunQuery { limit: 9, ..RunQuery::default() }).await.unwrap().1),
        (1, 2)
    );
    engine.shutdown().await;
}
