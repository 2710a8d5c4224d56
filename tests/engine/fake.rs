//! A world for one test: a directory, an engine, an executor under control.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arcc::domain::{FailureCode, Graph, PendingTask, Run, RunEvent, RunId, WorkflowId};
use arcc::machine::{Call, Machine, Outcome, StepError, Work};
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::Executor;
use arcc::wire::StartRun;
use futures_util::future::{BoxFuture, FutureExt as _};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// How long a condition may take to come true.
const PATIENCE: Duration = Duration::from_secs(20);

/// Does what the script, or the tool's name, says:
/// `echo` answers, `fail` fails, `flaky` fails the first time, `hang` waits for [`Fake::open`],
/// `panic` panics.
#[derive(Debug)]
pub(crate) struct Fake {
    begun: watch::Sender<Vec<String>>,
    gate: watch::Sender<bool>,
    cancelled: watch::Sender<u32>,
    repeatable: bool,
    asked: Mutex<Vec<Work>>,
}

impl Fake {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(false)
    }

    /// One whose tools are repeatable.
    pub(crate) fn repeatable() -> Arc<Self> {
        Self::with(true)
    }

    fn with(repeatable: bool) -> Arc<Self> {
        Arc::new(Self {
            begun: watch::Sender::default(),
            gate: watch::Sender::new(false),
            cancelled: watch::Sender::default(),
            repeatable,
            asked: Mutex::default(),
        })
    }

    /// The attempts begun so far, as `step/attempt`, sorted.
    pub(crate) fn begun(&self) -> Vec<String> {
        let mut begun = self.begun.borrow().clone();
        begun.sort();
        begun
    }

    /// Waits until so many attempts have begun.
    pub(crate) async fn until_begun(&self, count: usize) {
        let mut begun = self.begun.subscribe();
        let wait = begun.wait_for(|begun| begun.len() >= count);
        tokio::time::timeout(PATIENCE, wait).await.expect("attempts begin").unwrap();
    }

    /// Waits until so many hanging attempts were cancelled.
    pub(crate) async fn until_cancelled(&self, count: u32) {
        let mut cancelled = self.cancelled.subscribe();
        let wait = cancelled.wait_for(|cancelled| *cancelled >= count);
        tokio::time::timeout(PATIENCE, wait).await.expect("attempts are cancelled").unwrap();
    }

    /// Lets hanging attempts answer.
    pub(crate) fn open(&self) {
        self.gate.send_replace(true);
    }

    /// The work that the engine asked about.
    pub(crate) fn asked(&self) -> Vec<Work> {
        self.asked.lock().unwrap().clone()
    }

    async fn hang(&self, cancel: &CancellationToken) {
        let mut gate = self.gate.subscribe();
        tokio::select! {
            () = cancel.cancelled() => self.cancelled.send_modify(|count| *count += 1),
            _ = gate.wait_for(|open| *open) => {}
        }
    }
}

/// The executor that the engine gets.
pub(crate) struct Shared(pub(crate) Arc<Fake>);

impl Executor for Shared {
    fn execute(&self, call: Call, cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        let fake = self.0.clone();
        async move {
            fake.begun.send_modify(|begun| begun.push(format!("{}/{}", call.step, call.attempt)));
            let word = match &call.work {
                Work::Lua { script, .. } => script.clone(),
                Work::Mcp { tool, .. } => tool.clone(),
                Work::Llm { model, .. } => model.clone(),
                Work::Agent(work) => work.agent_id.clone(),
            };
            let failed = |retryable| {
                let message = format!("`{}` was told to fail", call.step);
                Outcome::Failed(StepError::new(FailureCode::McpToolFailed, message, retryable))
            };
            match &*word {
                "fail" => failed(false),
                "flaky" if call.attempt == 1 => failed(true),
                "hang" => {
                    fake.hang(&cancel).await;
                    Outcome::Done(json!({"by": call.step}))
                }
                "panic" => panic!("told to"),
                _ => Outcome::Done(json!({"by": call.step})),
            }
        }
        .boxed()
    }

    fn repeatable(&self, work: Work) -> BoxFuture<'static, bool> {
        self.0.asked.lock().unwrap().push(work);
        std::future::ready(self.0.repeatable).boxed()
    }
}

/// A Lua step that does `word`.
pub(crate) fn lua(id: &str, word: &str, after: &[&str]) -> Value {
    json!({"id": id, "type": "lua_script", "script": word, "depends_on": after, "retry_count": 1, "retry_delay_ms": 1})
}

/// A tool step that does `word`.
pub(crate) fn tool(id: &str, word: &str, after: &[&str]) -> Value {
    json!({"id": id, "type": "mcp_call", "server_url": "http://127.0.0.1:1/mcp", "tool_name": word,
        "tool_args": {"to": id}, "depends_on": after})
}

/// A step that asks a person.
pub(crate) fn human(id: &str, after: &[&str]) -> Value {
    json!({"id": id, "type": "human_task", "task_type": "approval", "task_payload": {"title": "Send"},
        "depends_on": after})
}

/// An engine on a directory.
pub(crate) struct World {
    pub(crate) dir: TempDir,
    pub(crate) engine: Engine,
    pub(crate) fake: Arc<Fake>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let fake = Fake::new();
        let engine = open(dir.path(), &fake).await;
        Self { dir, engine, fake }
    }

    /// A published workflow of these steps.
    pub(crate) async fn workflow(&self, steps: Vec<Value>) -> WorkflowId {
        let graph = json!({ "steps": steps });
        let new = NewWorkflow { name: "Orders".into(), description: String::new(), graph };
        let workflow = self.engine.create_workflow(new).await.unwrap();
        self.engine.publish(&workflow.id, "first").await.unwrap();
        workflow.id
    }

    /// A started run of these steps.
    pub(crate) async fn run(&self, steps: Vec<Value>) -> (WorkflowId, RunId) {
        let workflow = self.workflow(steps).await;
        let run = self.engine.start(start(&workflow)).await.unwrap();
        (workflow, run.id)
    }

    /// A copy of the database as a power cut would leave it now, in a directory of its own.
    pub(crate) fn crash_image(&self) -> TempDir {
        let image = tempfile::tempdir().unwrap();
        for name in ["arcc.db", "arcc.db-wal"] {
            std::fs::copy(self.dir.path().join(name), image.path().join(name)).unwrap();
        }
        image
    }
}

pub(crate) async fn open(dir: &Path, fake: &Arc<Fake>) -> Engine {
    Engine::open(dir, Arc::new(Shared(fake.clone()))).await.unwrap()
}

pub(crate) fn start(workflow: &WorkflowId) -> StartRun {
    StartRun {
        workflow: workflow.clone(),
        run_id: None,
        input: json!({"topic": "x"}),
        trigger_type: "manual".into(),
        excluded: Vec::new(),
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: None,
    }
}

/// Waits until a run is as wanted.
pub(crate) async fn until(
    engine: &Engine,
    (workflow, run): (&WorkflowId, &RunId),
    wanted: impl Fn(&Run) -> bool,
) -> Run {
    let mut places = engine.subscribe(workflow);
    let wait = async {
        loop {
            let found = engine.run(workflow, run).await.unwrap();
            if wanted(&found) {
                return found;
            }
            places.changed().await.unwrap();
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the run becomes as wanted")
}

/// Waits until a run has that status.
pub(crate) async fn until_status(engine: &Engine, run: (&WorkflowId, &RunId), status: &str) -> Run {
    until(engine, run, |run| run.status.as_str() == status).await
}

/// A run's whole log.
pub(crate) async fn log(engine: &Engine, (workflow, run): (&WorkflowId, &RunId)) -> Vec<RunEvent> {
    engine.events(workflow, run, 0, u32::MAX).await.unwrap()
}

/// What events say, short: `step_started a`.
pub(crate) fn words(events: &[RunEvent]) -> Vec<String> {
    let short = |event: &RunEvent| match event.step_id() {
        Some(step) => format!("{} {step}", event.kind),
        None => event.kind.to_string(),
    };
    events.iter().map(short).collect()
}

/// Checks that the tables say of a run what its log says, at one moment.
pub(crate) async fn assert_refolds(engine: &Engine, (workflow, id): (&WorkflowId, &RunId)) {
    let graph = engine.versions(workflow).await.unwrap().remove(0).graph;
    let graph = Arc::new(Graph::parse(&graph).unwrap());
    let (run, events) = loop {
        let (run, events) = (engine.run(workflow, id).await.unwrap(), log(engine, (workflow, id)).await);
        if run.last_sequence == events.last().and_then(|event| event.sequence) {
            break (run, events);
        }
    };
    let sequences: Vec<_> = events.iter().filter_map(|event| event.sequence).collect();
    assert_eq!(sequences, (1..=events.len() as u64).collect::<Vec<_>>());
    let machine = Machine::replay(graph, &events);
    let last = events.last().and_then(|event| event.at);
    let folded = Run {
        status: machine.status().clone(),
        phase: machine.phase().map(Into::into),
        progress: machine.progress(),
        failure_code: machine.failure().map(|failure| failure.code.clone()),
        error: machine.failure().map(|failure| failure.error.as_str().into()),
        failed_step: machine.failure().and_then(|failure| failure.step.clone()),
        drain: machine.drain(),
        started_at: events[0].at,
        ended_at: last.filter(|_| machine.status().is_terminal()),
        updated_at: last,
        ..run.clone()
    };
    assert_eq!(run, folded);
    let tasks = engine.tasks(Some((workflow.clone(), id.clone()))).await.unwrap();
    let asked: Vec<_> = tasks.into_iter().map(|task| PendingTask { workflow_name: None, ..task }).collect();
    assert_eq!(asked, machine.pending_tasks());
}
