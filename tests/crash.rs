//! `kill -9` at any moment: nothing acknowledged is lost, nothing completed runs again.
//!
//! The moments are random; `ARCC_CRASH_SEED` repeats those of a run that failed, and
//! `ARCC_CRASH_KILLS` sets how many there are.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that cannot set up has failed, and tells its seed"
)]
#![cfg(unix)]

mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::time::{Duration, Instant};

use arcc::client::Client;
use arcc::domain::credits::MICROCREDITS;
use arcc::domain::{EventKind, RunEvent, RunId, WorkflowId};
use arcc::wire::{Command, StartRun};
use futures_util::{StreamExt as _, stream};
use serde_json::{Value, json};
use support::serve::Serve;
use tempfile::tempdir;

/// How many times the program dies.
const KILLS: usize = 200;

/// Runs that are started in each of its lives.
const RUNS_PER_LIFE: usize = 2;

/// The longest life, in milliseconds from when it takes requests.
const LIFE: u64 = 90;

/// How many lives share a database: what a start reads grows with it.
const LIVES_PER_HOME: usize = 50;

/// How many databases are killed over at a time: starting a program is mostly waiting.
const AT_ONCE: usize = 2;

fn lua(id: &str, depends_on: &[&str]) -> Value {
    let script = "local n = 0; for i = 1, 20000 do n = n + i end; return {n = n}";
    json!({"id": id, "type": "lua_script", "script": script, "depends_on": depends_on})
}

/// A run with a child, a child for each of two items, and steps around them.
fn graph(child: &WorkflowId) -> Value {
    let call =
        |id: &str| json!({"id": id, "type": "workflow_call", "workflow_id": child, "input": {"from": id}});
    let mut single = call("call");
    single["depends_on"] = json!(["a"]);
    let each = json!({"id": "each", "type": "for_each", "depends_on": ["a"], "for_each_items": [1, 2],
        "for_each_body_steps": [call("inner")]});
    json!({"steps": [lua("a", &[]), single, each, lua("z", &["call", "each"])]})
}

async fn publish(client: &Client, name: &str, graph: Value) -> WorkflowId {
    let body = json!({"name": name, "description": "", "graph": graph});
    let id = client.create_workflow(&body).await.unwrap().id;
    client.publish(&id, "").await.unwrap();
    id
}

/// What the program has acknowledged so far, by run.
#[derive(Default)]
struct Witness {
    /// Runs whose start was answered, and their workflow.
    runs: Vec<RunId>,
    logs: HashMap<(WorkflowId, RunId), Vec<RunEvent>>,
}

impl Witness {
    /// Takes what a log now holds; whatever it held before must still be there.
    fn take(&mut self, workflow: &WorkflowId, run: &RunId, events: Vec<RunEvent>) {
        let known = self.logs.entry((workflow.clone(), run.clone())).or_default();
        assert!(
            events.len() >= known.len(),
            "{run}: {} acknowledged events, {} are left",
            known.len(),
            events.len()
        );
        assert_eq!(&events[..known.len()], known, "{run}: acknowledged events changed");
        *known = events;
    }
}

/// A database that the program dies over again and again.
struct Grave<'h> {
    home: &'h Path,
    parent: WorkflowId,
    child: WorkflowId,
    witness: Witness,
}

impl<'h> Grave<'h> {
    async fn dig(home: &'h Path) -> Self {
        let serve = Serve::start(home, &["--no-samples"]);
        let client = serve.client();
        let child = publish(&client, "child", json!({"steps": [lua("in", &[]), lua("out", &["in"])]})).await;
        let parent = publish(&client, "parent", graph(&child)).await;
        serve.kill_9();
        Self { home, parent, child, witness: Witness::default() }
    }

    /// One life: runs are started and watched until the moment has come.
    async fn live(&mut self, number: usize, moment: Duration) {
        let serve = Serve::start(self.home, &["--no-samples"]);
        let client = serve.client();
        let end = Instant::now() + moment;
        for index in 0..RUNS_PER_LIFE {
            let run = RunId::from(format!("run-{number}-{index}"));
            let start = StartRun {
                run_id: Some(run.clone()),
                ..StartRun::new(self.parent.clone(), "api", json!({"life": number}))
            };
            client.send(&Command::Start(start)).await.unwrap();
            self.witness.runs.push(run);
        }
        while Instant::now() < end {
            self.look(&client, RUNS_PER_LIFE * 2).await;
        }
        serve.kill_9();
    }

    /// Reads the logs of the newest runs and of their children.
    async fn look(&mut self, client: &Client, newest: usize) {
        let first = self.witness.runs.len().saturating_sub(newest);
        let runs: Vec<_> = self.witness.runs.drain(first..).collect();
        self.witness.runs.extend(runs.iter().cloned());
        for run in runs {
            let Ok(events) = client.events(&self.parent, &run).await else { return };
            for child in children(&events) {
                let Ok(events) = client.events(&self.child, &child).await else { return };
                self.witness.take(&self.child.clone(), &child, events);
            }
            self.witness.take(&self.parent.clone(), &run, events);
        }
    }

    /// After the last death, every run comes to its end, and to no other than it would have.
    async fn judge(mut self) -> usize {
        let serve = Serve::start(self.home, &["--no-samples"]);
        let client = serve.client();
        for run in self.witness.runs.clone() {
            wait_for_end(&client, &self.parent, &run).await;
        }
        let all = self.witness.runs.len();
        self.look(&client, all).await;
        let mut calls: BTreeMap<RunId, usize> = BTreeMap::new();
        for ((workflow, run), events) in &self.witness.logs {
            assert_whole(run, events);
            if *workflow == self.parent {
                children(events).into_iter().for_each(|child| *calls.entry(child).or_default() += 1);
            }
        }
        assert_eq!(calls.len(), all * 3, "each run has three children, each of its own");
        let listed = client.workflow(&self.child).await.unwrap();
        let listed = client.runs_of(&listed, all * 3 + 10, None).await.unwrap().runs;
        assert_eq!(listed.len(), calls.len(), "no child was started twice, and none beside");
        assert_each_attempt_was_paid_once(&client, all).await;
        self.witness.logs.len()
    }
}

fn children(events: &[RunEvent]) -> Vec<RunId> {
    events.iter().filter_map(|event| event.text("child_run_id")).map(RunId::new).collect()
}

/// The sequence has no gap, and no step begins or ends again after it completed.
fn assert_whole(run: &RunId, events: &[RunEvent]) {
    let mut completed = Vec::new();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.sequence, Some(index as u64 + 1), "{run}: the sequence has a gap");
        let step = event.step_id().map(|step| (step, event.data.get("iteration").cloned()));
        match event.kind {
            EventKind::StepCompleted => {
                assert!(!completed.contains(&step), "{run}: {step:?} completed twice");
                completed.push(step);
            }
            EventKind::StepStarted => assert!(!completed.contains(&step), "{run}: {step:?} began again"),
            EventKind::StepFailed | EventKind::StepCancelled => panic!("{run}: {event:?}"),
            _ => {}
        }
    }
    assert_eq!(events.last().unwrap().kind, EventKind::RunCompleted, "{run}");
}

/// Eight scripts a run, those of its children among them, a credit each, whatever was killed in
/// between; nothing else was spent.
async fn assert_each_attempt_was_paid_once(client: &Client, runs: usize) {
    let (usage, _) = client.usage().await.unwrap();
    let given = 10_000_000 * MICROCREDITS;
    assert_eq!(given - usage.total, 8 * runs as u64 * MICROCREDITS);
}

async fn wait_for_end(client: &Client, workflow: &WorkflowId, run: &RunId) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = client.run(workflow, run).await.unwrap().status;
        if status.is_terminal() {
            return assert_eq!(status.as_str(), "completed", "{run}");
        }
        assert!(Instant::now() < deadline, "{run} is still {status}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// So many lives over one database, the first of them numbered `first`; how many logs it came to.
async fn haunt(first: usize, lives: usize, mut random: fastrand::Rng) -> usize {
    let home = tempdir().unwrap();
    let mut grave = Grave::dig(home.path()).await;
    for life in first..first + lives {
        grave.live(life, Duration::from_millis(random.u64(0..LIFE))).await;
    }
    grave.judge().await
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_acknowledged_is_lost_and_runs_go_on() {
    let seed = number("ARCC_CRASH_SEED").unwrap_or_else(|| fastrand::u64(..));
    let kills = number("ARCC_CRASH_KILLS").map_or(KILLS, |kills| kills as usize);
    eprintln!("ARCC_CRASH_SEED={seed}, {kills} kills");
    let homes = (0..kills).step_by(LIVES_PER_HOME).map(|first| {
        let random = fastrand::Rng::with_seed(seed.wrapping_add(first as u64));
        tokio::spawn(haunt(first, LIVES_PER_HOME.min(kills - first), random))
    });
    let logs: usize = stream::iter(homes)
        .buffer_unordered(AT_ONCE)
        .map(Result::unwrap)
        .fold(0, async |sum, logs| sum + logs)
        .await;
    assert!(logs >= kills * RUNS_PER_LIFE * 4, "every run and each of its three children was looked at");
}

#[test]
fn a_second_process_on_the_same_data_says_who_holds_it() {
    let home = tempdir().unwrap();
    let serve = Serve::start(home.path(), &["--no-samples"]);
    let output = support::arcc(home.path()).args(["serve", "--listen", "127.0.0.1:0"]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && told.contains(&serve.pid().to_string()), "{told}");
    assert!(output.stdout.is_empty(), "nothing is announced");
}
