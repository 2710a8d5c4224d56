//! The sample workflows: each runs to the end it promises, over the real executor and the real
//! tools; and the driver keeps within its bounds.
#![cfg(feature = "server")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests stop where they fail")]

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use arcc::domain::template::{Segment, parse};
use arcc::domain::{FailureCode, Graph, RunStatus, StepId, Timestamp};
use arcc::machine::{Input, Machine, Order, Outcome, StartInput, TimerKey};
use arcc::server::exec::mcp::KnownServers;
use arcc::server::exec::{Executor, ExecutorOptions, LocalExecutor};
use arcc::server::samples::{SAMPLES, Sample};
use arcc::server::tools::{DESK, ToolsServer};
use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Map, Value};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

fn graph(sample: &Sample) -> Graph {
    Graph::parse(&sample.workflow().unwrap().graph).unwrap()
}

#[test]
fn every_sample_is_a_graph_without_problems_under_its_own_name() {
    for sample in &SAMPLES {
        let new = sample.workflow().unwrap();
        let graph = graph(sample);
        assert_eq!((new.name.as_str(), graph.problems()), (sample.name, vec![]));
        assert!((4..=8).contains(&graph.steps.len()), "{} has {} steps", sample.name, graph.steps.len());
        assert!(!new.description.is_empty(), "{}", sample.name);
        let untimed: Vec<_> =
            graph.steps.iter().filter(|step| step.timeout.is_none()).map(|step| &step.id).collect();
        assert_eq!(untimed, Vec::<&StepId>::new(), "{}", sample.name);
    }
}

#[test]
fn every_template_names_an_input_or_a_step_that_ended_before() {
    for sample in &SAMPLES {
        let graph = graph(sample);
        let input = sample.input(0).unwrap();
        for step in &graph.steps {
            let before: HashSet<_> = graph
                .steps
                .iter()
                .filter(|other| graph.downstream(&other.id).contains(&step.id))
                .collect_ids();
            let fields = ["tool_args", "task_payload"].map(|field| step.fields.get(field));
            for text in fields.into_iter().flatten().flat_map(texts) {
                check(text, &input, &before)
                    .unwrap_or_else(|wrong| panic!("{}/{}: {wrong}", sample.name, step.id));
            }
        }
    }
}

trait CollectIds {
    fn collect_ids(self) -> HashSet<String>;
}

impl<'s, I: Iterator<Item = &'s arcc::domain::StepSpec>> CollectIds for I {
    fn collect_ids(self) -> HashSet<String> {
        self.map(|step| step.id.to_string()).collect()
    }
}

fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(texts).collect(),
        Value::Object(fields) => fields.values().flat_map(texts).collect(),
        _ => vec![],
    }
}

fn check(text: &str, input: &Value, before: &HashSet<String>) -> Result<(), String> {
    for segment in parse(text) {
        let template = match segment {
            Segment::Text(_) => continue,
            Segment::Malformed(raw) => return Err(format!("`{raw}` is malformed")),
            Segment::Template(template) => template,
        };
        for path in &template.paths {
            let path = path.to_string();
            let parts: Vec<_> = path.split('.').collect();
            let known = match parts[..] {
                ["input", field, ..] => input.get(field).is_some(),
                ["steps", step, "result", ..] => before.contains(step),
                ["run", "run_id"] => true,
                _ => false,
            };
            if !known {
                return Err(format!("`{path}` does not resolve"));
            }
        }
    }
    Ok(())
}

/// A host for one run: it performs orders, lets retries come due at once, and approves what is asked.
struct Host {
    machine: Machine,
    executor: LocalExecutor,
    ended: mpsc::Sender<(StepId, u32, Outcome)>,
    in_flight: HashMap<StepId, CancellationToken>,
    retries: u32,
    asked: Vec<(Box<str>, Value)>,
}

impl Host {
    fn feed(&mut self, input: Input) {
        let mut inputs = vec![input];
        while let Some(input) = inputs.pop() {
            let reaction = self.machine.handle(input, Timestamp::now()).unwrap();
            for order in reaction.orders {
                match order {
                    Order::Execute(call) => self.execute(*call),
                    Order::Cancel { step, .. } => self.in_flight[&step].cancel(),
                    Order::SetTimer { key: key @ TimerKey::Retry { .. }, .. } => {
                        self.retries += 1;
                        inputs.push(Input::Timer(key));
                    }
                    Order::SetTimer { .. } | Order::ClearTimer(_) => {}
                    Order::StartChild(_) | Order::StopChild { .. } => unreachable!("no sample calls another"),
                }
            }
        }
        for task in self.machine.pending_tasks() {
            self.asked.push((task.task_type, task.payload));
            let result = Map::from_iter([("note".to_owned(), "fine".into())]);
            self.feed(Input::Decide { task: task.task_id, approved: true, result });
        }
    }

    fn execute(&mut self, call: arcc::machine::Call) {
        let cancel = CancellationToken::new();
        self.in_flight.insert(call.step.clone(), cancel.clone());
        let (step, attempt, ended) = (call.step.clone(), call.attempt, self.ended.clone());
        let running = self.executor.execute(call, cancel);
        tokio::spawn(async move {
            let outcome = running.await;
            let _ = ended.send((step, attempt, outcome)).await;
        });
    }
}

/// Runs a sample to its end, its waits shortened to a hundredth.
async fn run(sample: &Sample, dir: &Path) -> Host {
    let tools = ToolsServer::start(dir).await.unwrap();
    let servers = KnownServers::new().with(DESK, tools.endpoint());
    let worker_program = env!("CARGO_BIN_EXE_arcc").into();
    let executor =
        LocalExecutor::new(ExecutorOptions { servers, ..ExecutorOptions::new(worker_program) }).unwrap();
    let mut raw = sample.workflow().unwrap().graph;
    for step in raw["steps"].as_array_mut().unwrap() {
        if let Some(seconds) = step.pointer_mut("/tool_args/seconds") {
            *seconds = Value::from(seconds.as_f64().unwrap() / 100.0);
        }
    }
    let (ended, mut endings) = mpsc::channel(64);
    let machine = Machine::default();
    let mut host =
        Host { machine, executor, ended, in_flight: HashMap::new(), retries: 0, asked: Vec::new() };
    host.feed(Input::Start(Box::new(StartInput {
        run_id: "run-1".into(),
        workflow_id: sample.name.into(),
        version: 1,
        graph: Arc::new(Graph::parse(&raw).unwrap()),
        input: sample.input(0).unwrap(),
        trigger_type: "sample".into(),
        excluded: Vec::new(),
        principal: Default::default(),
        caller: None,
        trigger_steps: Default::default(),
        connection: Default::default(),
    })));
    while !host.machine.status().is_terminal() {
        let next = tokio::time::timeout(Duration::from_secs(20), endings.recv()).await;
        let (step, attempt, outcome) = next.expect("the run ends").unwrap();
        host.feed(Input::Finished { step, attempt, outcome, took: Duration::ZERO });
    }
    tools.shutdown().await;
    host
}

fn lines(dir: &Path, file: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(dir.join("desk").join(file)).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[rstest]
#[case("access-review", 0, 2, "build-bot@example.com")]
#[case("order-confirmation", 0, 1, "procurement@juniper-hotels.example.com")]
#[case("lead-sync", 0, 0, "sales@example.com")]
#[case("retry-heal", 2, 0, "buyers@example.com")]
#[case("nightly-digest", 0, 0, "operations@example.com")]
#[tokio::test]
async fn a_sample_completes_and_its_mail_is_in_the_outbox(
    #[case] name: &str,
    #[case] retries: u32,
    #[case] asked: usize,
    #[case] recipient: &str,
) {
    let dir = tempfile::tempdir().unwrap();
    let host = run(Sample::named(name).unwrap(), dir.path()).await;
    assert_eq!((host.machine.status(), host.machine.failure()), (&RunStatus::Completed, None));
    assert_eq!((host.retries, host.asked.len()), (retries, asked));
    let outbox = lines(dir.path(), "outbox.jsonl");
    let to: Vec<_> = outbox.iter().map(|mail| mail["to"].as_str().unwrap()).collect();
    assert_eq!(to, [recipient]);
    assert!(!outbox[0].to_string().contains("{{"), "{}", outbox[0]);
}

#[tokio::test]
async fn a_person_sees_the_draft_before_it_is_sent() {
    let dir = tempfile::tempdir().unwrap();
    let host = run(Sample::named("order-confirmation").unwrap(), dir.path()).await;
    let (kind, payload) = &host.asked[0];
    assert_eq!((&**kind, &payload["title"]), ("approval", &Value::from("Send the confirmation of SO-1042?")));
    assert_eq!(payload["order_total"], Value::from(2520.0));
    assert_eq!(payload["draft_body"], lines(dir.path(), "outbox.jsonl")[0]["body"]);
    let review = run(Sample::named("access-review").unwrap(), dir.path()).await;
    let kinds: Vec<_> = review.asked.iter().map(|(kind, _)| &**kind).collect();
    assert_eq!(kinds, ["edit", "approval"]);
    assert_eq!(review.asked[0].1["grants"].as_array().unwrap().len(), 4);
}

#[tokio::test]
async fn the_backfill_verifies_its_batches() {
    let dir = tempfile::tempdir().unwrap();
    let host = run(Sample::named("backfill").unwrap(), dir.path()).await;
    assert_eq!((host.machine.status(), host.machine.failure()), (&RunStatus::Completed, None));
    assert_eq!(host.machine.context()["steps"]["verify-counts"]["result"]["seconds"], Value::from(1.28));
}

#[tokio::test]
async fn the_invoices_fail_at_the_expired_connection_and_take_the_rest_along() {
    let dir = tempfile::tempdir().unwrap();
    let host = run(Sample::named("invoice-sync").unwrap(), dir.path()).await;
    let message = "401 Unauthorized: invalid_grant, token expired; reconnect `accounting`";
    let failure = host.machine.failure().unwrap();
    assert_eq!((host.machine.status(), &failure.code), (&RunStatus::Failed, &FailureCode::McpToolFailed));
    assert!(failure.error.contains(message), "{}", failure.error);
    let status = |step: &str| format!("{:?}", host.machine.step_status(&step.into()).unwrap());
    let got = ["load-invoices", "post-invoice", "summarise", "reconcile", "notify-finance"].map(status);
    let blocked = "Skipped(Blocked)";
    assert_eq!(got, ["Completed", "Failed", "Cancelled", blocked, blocked]);
    assert_eq!(lines(dir.path(), "ledger.jsonl"), Vec::<Value>::new());
}
