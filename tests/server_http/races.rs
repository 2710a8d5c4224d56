//! Two operators decide the same task at the same time: one decision, and both know which.

use std::time::{Duration, Instant};

use arcc::client::{Client, Endpoint};
use arcc::domain::{PendingTask, RunId, WorkflowId};
use arcc::wire::{CallError, Command, Decision, Reply, StartRun};
use futures_util::stream::{self, StreamExt};
use pretty_assertions::assert_eq;
use secrecy::SecretString;
use serde_json::{Map, json};

use crate::runtime::{Runtime, soon};

/// How many races are run at once.
const AT_ONCE: usize = 16;
/// Within this time after the last answer both clients must know the same.
const AGREED: Duration = Duration::from_secs(2);

/// How many races: two hundred, unless `ARCC_RACES` says otherwise; a thousand take about half a minute.
fn races() -> usize {
    std::env::var("ARCC_RACES").ok().and_then(|raw| raw.parse().ok()).unwrap_or(200)
}

fn client(runtime: &Runtime) -> Client {
    let token: SecretString = runtime.server.token().clone();
    let url = runtime.server.url().parse().unwrap();
    Client::new(Endpoint { url, token, tenant: Some("local".into()), project: Some("default".into()) })
        .unwrap()
}

fn decide(task: &PendingTask, approved: bool) -> Command {
    Command::Decide(Decision {
        workflow: task.workflow_id.clone(),
        run: task.run_id.clone(),
        task: task.task_id.clone(),
        created_at: task.created_at,
        shown: Some(task.fingerprint()),
        approved,
        result: Map::new(),
    })
}

/// Starts a run and waits for its task.
async fn task(client: &Client, workflow: &WorkflowId, number: usize) -> PendingTask {
    let run = RunId::new(format!("race-{number}"));
    let start =
        StartRun { run_id: Some(run.clone()), ..StartRun::new(workflow.clone(), "manual", json!({})) };
    client.send(&Command::Start(start)).await.unwrap();
    soon("a task", async {
        loop {
            if let Some(task) = client.run_tasks(workflow, &run).await.unwrap().pop() {
                return task;
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

/// What is wrong with how a decision was answered, if anything.
fn wrong(approved: bool, answer: &Result<Reply, CallError>, stands: bool) -> Option<String> {
    let word = if stands { "it was approved" } else { "it was rejected" };
    let fine = match answer {
        Ok(_) => approved == stands,
        // The loser is told how it was decided instead.
        Err(error) => approved != stands && error.is_conflict() && error.to_string().contains(word),
    };
    (!fine).then(|| format!("approved {approved}, and {word}: {answer:?}"))
}

/// One race; what went wrong, if anything.
async fn race(one: &Client, other: &Client, workflow: &WorkflowId, number: usize) -> Option<String> {
    let task = task(one, workflow, number).await;
    let (first, second) = if number.is_multiple_of(2) { (one, other) } else { (other, one) };
    let (approve, reject) = (decide(&task, true), decide(&task, false));
    let (approved, rejected) = tokio::join!(first.send(&approve), second.send(&reject));
    let answered = Instant::now();
    let stands = match (&approved, &rejected) {
        (Ok(_), Err(_)) => true,
        (Err(_), Ok(_)) => false,
        both => return Some(format!("race {number}: {both:?}")),
    };
    let mut told: Vec<String> =
        [wrong(true, &approved, stands), wrong(false, &rejected, stands)].into_iter().flatten().collect();
    for client in [one, other] {
        let log = client.events(workflow, &task.run_id).await.unwrap();
        let decided: Vec<_> =
            log.iter().filter(|event| event.kind.as_str() == "human_task_completed").collect();
        if decided.len() != 1 || decided[0].data["approved"] != json!(stands) {
            told.push(format!("the log says {decided:?}"));
        }
        if !client.run_tasks(workflow, &task.run_id).await.unwrap().is_empty() {
            told.push("it still waits".into());
        }
    }
    if answered.elapsed() > AGREED {
        told.push(format!("both knew after {:?}", answered.elapsed()));
    }
    (!told.is_empty()).then(|| format!("race {number}: {}", told.join("; ")))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_decisions_at_once_one_stands_and_both_clients_know_which() {
    // In memory where there is such a folder: how long a disk takes is another test's matter.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap();
    let runtime = Runtime::within(dir).await;
    let path = runtime.workflow().await;
    let workflow = WorkflowId::new(path.trim_start_matches("/v1/workflows/"));
    let (one, other) = (client(&runtime), client(&runtime));
    let results: Vec<Option<String>> = stream::iter(0..races())
        .map(|number| race(&one, &other, &workflow, number))
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let wrong: Vec<String> = results.into_iter().flatten().collect();
    assert_eq!(wrong, Vec::<String>::new());
}
