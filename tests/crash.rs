//! `kill -9` at any moment: nothing acknowledged is lost, nothing completed runs again.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
#![cfg(unix)]

mod support;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use arcc::client::Client;
use arcc::domain::credits::MICROCREDITS;
use arcc::domain::{EventKind, RunEvent, RunId, WorkflowId};
use arcc::wire::{Command, StartRun};
use serde_json::{Value, json};
use support::serve::Serve;
use tempfile::tempdir;

const KILLS: u64 = 8;
const RUNS_PER_LIFE: usize = 6;

fn graph() -> Value {
    let step = |id: &str, depends_on: &[&str]| {
        let script = "local n = 0; for i = 1, 200000 do n = n + i end; return {n = n}";
        json!({"id": id, "type": "lua_script", "script": script, "depends_on": depends_on})
    };
    json!({"steps": [step("a", &[]), step("b", &["a"]), step("c", &["a"]), step("d", &["b", "c"]), step("e", &["d"])]})
}

async fn start(client: &Client, workflow: &WorkflowId, run: &str) {
    let start = StartRun {
        workflow: workflow.clone(),
        run_id: Some(RunId::new(run)),
        input: json!({"run": run}),
        trigger_type: "api".into(),
        excluded: Vec::new(),
        trigger_steps: Default::default(),
    };
    client.send(&Command::Start(start)).await.unwrap();
}

/// Reads all logs until the moment has come.
async fn watch_until(
    client: &Client,
    workflow: &WorkflowId,
    runs: &[RunId],
    end: Instant,
) -> HashMap<RunId, Vec<RunEvent>> {
    let mut acknowledged = HashMap::new();
    while Instant::now() < end {
        for run in runs {
            if let Ok(events) = client.events(workflow, run).await {
                acknowledged.insert(run.clone(), events);
            }
        }
    }
    acknowledged
}

fn assert_nothing_lost(before: &[RunEvent], after: &[RunEvent]) {
    assert!(after.len() >= before.len(), "events were lost");
    assert_eq!(&after[..before.len()], before, "acknowledged events changed");
}

fn assert_no_step_ran_again(events: &[RunEvent]) {
    let mut completed = Vec::new();
    for (index, event) in events.iter().enumerate() {
        assert_eq!(event.sequence, Some(index as u64 + 1), "the sequence has a gap");
        let step = event.step_id();
        match event.kind {
            EventKind::StepCompleted => {
                assert!(!completed.contains(&step), "{step:?} completed twice");
                completed.push(step);
            }
            EventKind::StepStarted => assert!(!completed.contains(&step), "{step:?} began again"),
            _ => {}
        }
    }
}

/// Five scripts a run, a credit each, whatever was killed in between; nothing else was spent.
async fn assert_each_attempt_was_paid_once(client: &Client, runs: usize) {
    let (usage, _) = client.usage().await.unwrap();
    let given = 10_000_000 * MICROCREDITS;
    assert_eq!(given - usage.total, 5 * runs as u64 * MICROCREDITS);
}

async fn wait_for_end(client: &Client, workflow: &WorkflowId, run: &RunId) {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let status = client.run(workflow, run).await.unwrap().status;
        if status.is_terminal() {
            assert_eq!(status.as_str(), "completed");
            return;
        }
        assert!(Instant::now() < deadline, "{run} is still {status}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_nothing_acknowledged_is_lost_and_runs_go_on() {
    let home = tempdir().unwrap();
    let serve = Serve::start(home.path(), &["--no-samples"]);
    let client = serve.client();
    let workflow = client
        .create_workflow(&json!({"name": "kill", "description": "", "graph": graph()}))
        .await
        .unwrap()
        .id;
    client.publish(&workflow, "").await.unwrap();
    serve.kill_9();
    let mut runs: Vec<RunId> = Vec::new();
    let mut acknowledged: HashMap<RunId, Vec<RunEvent>> = HashMap::new();
    for life in 0..KILLS {
        let serve = Serve::start(home.path(), &["--no-samples"]);
        let client = serve.client();
        for (run, before) in &acknowledged {
            assert_nothing_lost(before, &client.events(&workflow, run).await.unwrap());
        }
        for index in 0..RUNS_PER_LIFE {
            let run = format!("run-{life}-{index}");
            start(&client, &workflow, &run).await;
            runs.push(RunId::new(run));
        }
        let moment = Duration::from_millis(5 + life * 37 % 150);
        let newest = &runs[runs.len() - RUNS_PER_LIFE..];
        acknowledged.extend(watch_until(&client, &workflow, newest, Instant::now() + moment).await);
        serve.kill_9();
    }
    let serve = Serve::start(home.path(), &["--no-samples"]);
    let client = serve.client();
    for run in &runs {
        wait_for_end(&client, &workflow, run).await;
        let events = client.events(&workflow, run).await.unwrap();
        assert_no_step_ran_again(&events);
        if let Some(before) = acknowledged.get(run) {
            assert_nothing_lost(before, &events);
        }
    }
    assert!(acknowledged.values().any(|events| events.len() > 1), "nothing was seen before a kill");
    assert_each_attempt_was_paid_once(&client, runs.len()).await;
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
