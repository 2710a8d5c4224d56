//! How fast the engine drives trivial steps, every step on the disk before the next begins.
//!
//! The executor answers at once, so what is measured is the engine: deciding, group commit with
//! `synchronous=FULL`, dispatch. Latencies are end of a step to start of the next, and start
//! command to start of the first step, one run at a time.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a bench may end at a failure and tells its figures"
)]

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use arcc::domain::WorkflowId;
use arcc::machine::{Call, Outcome, Work};
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::Executor;
use arcc::wire::StartRun;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use futures_util::future::{BoxFuture, FutureExt as _, join_all, ready};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// Answers at once, and notes when it was asked.
#[derive(Default)]
struct Immediate {
    begun: Mutex<Vec<Instant>>,
}

impl Immediate {
    fn take(&self) -> Vec<Instant> {
        std::mem::take(&mut *self.begun.lock().unwrap())
    }
}

struct Shared(Arc<Immediate>);

impl Executor for Shared {
    fn execute(&self, _call: Call, _cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        self.0.begun.lock().unwrap().push(Instant::now());
        ready(Outcome::Done(json!({"ok": true}))).boxed()
    }

    fn repeatable(&self, _work: Work) -> BoxFuture<'static, bool> {
        ready(true).boxed()
    }
}

struct Rig {
    engine: Engine,
    executor: Arc<Immediate>,
    runtime: Runtime,
    _dir: TempDir,
}

fn rig() -> Rig {
    // Beside the build, because the system's temporary directory may be in memory.
    let dir = tempfile::tempdir_in(Path::new(env!("CARGO_TARGET_TMPDIR"))).unwrap();
    let runtime = Runtime::new().unwrap();
    let executor = Arc::new(Immediate::default());
    let shared = Arc::new(Shared(executor.clone()));
    let engine = runtime.block_on(Engine::open(dir.path(), shared)).unwrap();
    Rig { engine, executor, runtime, _dir: dir }
}

fn step(id: &str, after: &[&str]) -> Value {
    json!({"id": id, "type": "lua_script", "script": "return {}", "depends_on": after})
}

/// a → (b, c) → d → e
fn diamond() -> Vec<Value> {
    vec![step("a", &[]), step("b", &["a"]), step("c", &["a"]), step("d", &["b", "c"]), step("e", &["d"])]
}

fn chain(length: usize) -> Vec<Value> {
    let id = |place: usize| format!("s{place}");
    (0..length)
        .map(|place| match place {
            0 => step("s0", &[]),
            place => step(&id(place), &[&id(place - 1)]),
        })
        .collect()
}

async fn publish(engine: &Engine, steps: Vec<Value>) -> WorkflowId {
    let new =
        NewWorkflow { name: "bench".into(), description: String::new(), graph: json!({"steps": steps}) };
    let id = engine.create_workflow(new).await.unwrap().id;
    engine.publish(&id, "").await.unwrap();
    id
}

/// Starts runs and waits until all have completed.
async fn burst(engine: &Engine, workflow: &WorkflowId, runs: usize) {
    let mut places = engine.subscribe(workflow);
    let mut after = *places.borrow();
    let start = || StartRun {
        workflow: workflow.clone(),
        run_id: None,
        input: json!({}),
        trigger_type: "bench".into(),
        excluded: Vec::new(),
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: None,
    };
    let starts = join_all((0..runs).map(|_| engine.start(start())));
    let wait = async {
        let mut ended = 0;
        while ended < runs {
            places.borrow_and_update();
            let events = engine.stream_after(workflow, after, 10_000).await.unwrap();
            ended += events.iter().filter(|(_, event)| event.kind.as_str() == "run_completed").count();
            match events.last() {
                Some((place, _)) => after = *place,
                None => places.changed().await.unwrap(),
            }
        }
    };
    let (started, ()) = tokio::join!(starts, wait);
    started.into_iter().for_each(|run| drop(run.unwrap()));
}

fn throughput(criterion: &mut Criterion) {
    const RUNS: usize = 400;
    let rig = rig();
    let workflow = rig.runtime.block_on(publish(&rig.engine, diamond()));
    let mut group = criterion.benchmark_group("engine");
    group
        .sample_size(10)
        .measurement_time(Duration::from_secs(8))
        .throughput(Throughput::Elements(RUNS as u64 * 5));
    group.bench_function("steps, 400 runs at a time", |bench| {
        bench.iter(|| rig.runtime.block_on(burst(&rig.engine, &workflow, RUNS)));
    });
    group.finish();
    rig.runtime.block_on(rig.engine.shutdown());
}

fn latency(criterion: &mut Criterion) {
    const STEPS: usize = 20;
    let rig = rig();
    let workflow = rig.runtime.block_on(publish(&rig.engine, chain(STEPS)));
    let (mut firsts, mut nexts) = (Vec::new(), Vec::new());
    let one = |nexts: &mut Vec<Duration>, firsts: &mut Vec<Duration>| {
        rig.executor.take();
        let asked = Instant::now();
        rig.runtime.block_on(burst(&rig.engine, &workflow, 1));
        let begun = rig.executor.take();
        firsts.push(begun[0] - asked);
        nexts.extend(begun.windows(2).map(|pair| pair[1] - pair[0]));
    };
    let mut group = criterion.benchmark_group("engine");
    group.sample_size(10).measurement_time(Duration::from_secs(4));
    group.bench_function("step to step", |bench| {
        bench.iter_custom(|steps| {
            let mut seen = Vec::new();
            while (seen.len() as u64) < steps {
                one(&mut seen, &mut firsts);
            }
            seen.truncate(steps as usize);
            nexts.extend(&seen);
            seen.iter().sum()
        });
    });
    group.finish();
    rig.runtime.block_on(rig.engine.shutdown());
    tell("step to step", &mut nexts);
    tell("start to first step", &mut firsts);
}

fn tell(what: &str, times: &mut [Duration]) {
    times.sort_unstable();
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!("{what}: {} samples, p50 {:?}, p90 {:?}, p99 {:?}", times.len(), at(50), at(90), at(99));
}

criterion_group!(benches, throughput, latency);
criterion_main!(benches);
