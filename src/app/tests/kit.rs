//! A bench: a model with a clock, fed by hand.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::app::guard::Guards;
use crate::app::key::Key;
use crate::app::layers::{Dialog, Layer};
use crate::app::model::{Access, Environment, Paper};
use crate::app::panes::RunScreen;
use crate::app::pending::Ticket;
use crate::app::{Effect, Model, Msg, Session, update};
use crate::domain::clock::later;
use crate::domain::{EventKind, Graph, PendingTask, Progress, Run, RunEvent, RunStatus, Timestamp};
use crate::mirror::{Detail, Extent, LinkState, Section, Source, WatchEvent};
use crate::wire::{CallError, Command, Reply};

pub(super) struct Bench {
    pub(super) model: Model,
    pub(super) now: Timestamp,
}

pub(super) fn start() -> Timestamp {
    "2026-01-02T12:00:00Z".parse().unwrap()
}

pub(super) fn session() -> Session {
    Session {
        profile: "prod".into(),
        tenant: "acme".into(),
        project: "main".into(),
        host: "api.example.com".into(),
        console: Some("https://console.example.com/".into()),
        access: Access::ReadWrite,
        undo: Duration::from_secs(5),
        guards: Guards::default(),
        environment: Environment::Ordinary,
    }
}

impl Bench {
    /// A live feed that has said nothing.
    pub(super) fn new() -> Self {
        let mut bench = Self { model: Model::new(session(), Paper::Dark, (120, 40)), now: start() };
        bench.link(LinkState::Live);
        bench
    }

    /// Three live runs, one failed, and a task of `r1`.
    pub(super) fn busy() -> Self {
        let mut bench = Self::new();
        bench.runs(vec![
            run("r1", "running", 30),
            run("r2", "running", 20),
            run("r3", "paused", 10),
            run("r4", "failed", 60),
        ]);
        // As if a person had chosen the running ones before the task came.
        bench.model.home.touched = true;
        bench.tasks(vec![task("r1", "approve-send")]);
        bench
    }

    pub(super) fn send(&mut self, msg: Msg) -> Vec<Effect> {
        update(&mut self.model, msg, self.now)
    }

    pub(super) fn watch(&mut self, event: WatchEvent) -> Vec<Effect> {
        self.send(Msg::Watch(event))
    }

    pub(super) fn runs(&mut self, runs: Vec<Run>) -> Vec<Effect> {
        let asked_at = self.now;
        self.watch(WatchEvent::Runs { runs, unreadable: 0, extent: Extent::Whole, asked_at })
    }

    pub(super) fn tasks(&mut self, tasks: Vec<PendingTask>) -> Vec<Effect> {
        let asked_at = self.now;
        self.watch(WatchEvent::Tasks { tasks, unreadable: 0, asked_at })
    }

    pub(super) fn link(&mut self, state: LinkState) -> Vec<Effect> {
        let at = self.now;
        self.watch(WatchEvent::Link { source: Source::Feed, state, at })
    }

    pub(super) fn event(&mut self, event: RunEvent) -> Vec<Effect> {
        let at = self.now;
        self.watch(WatchEvent::Event { workflow: "w".into(), event, at })
    }

    pub(super) fn detail(&mut self, id: &str, status: &str, events: Vec<RunEvent>) -> Vec<Effect> {
        let detail = Detail {
            run: run(id, status, 30),
            events,
            context: Some(json!({"input": {"order": 12345}, "steps": {}})),
            graph: Some(Arc::new(graph())),
            tasks: None,
            asked_at: self.now,
        };
        self.watch(WatchEvent::Detail(Box::new(detail)))
    }

    pub(super) fn key(&mut self, key: Key) -> Vec<Effect> {
        self.send(Msg::Key(key))
    }

    /// Types letters, one key each; the effects of all of them.
    pub(super) fn keys(&mut self, letters: &str) -> Vec<Effect> {
        letters.chars().flat_map(|ch| self.key(Key::Char(ch))).collect()
    }

    pub(super) fn wait(&mut self, time: Duration) {
        self.now = later(self.now, time);
    }

    /// Waits, with the tick that was asked for.
    pub(super) fn tick_after(&mut self, seconds: u64) -> Vec<Effect> {
        self.wait(Duration::from_secs(seconds));
        self.send(Msg::Tick)
    }

    /// Answers the open dialog after it could be read.
    pub(super) fn confirm(&mut self, key: Key) -> Vec<Effect> {
        self.wait(Duration::from_millis(600));
        self.key(key)
    }

    pub(super) fn dialog(&self) -> &Dialog {
        match self.model.layers.last() {
            Some(Layer::Dialog(dialog)) => dialog,
            other => panic!("no dialog but {other:?}; toasts {:?}", self.toasts()),
        }
    }

    pub(super) fn reply(&mut self, ticket: Ticket, result: Result<Reply, CallError>) -> Vec<Effect> {
        self.send(Msg::Reply(ticket, result))
    }

    pub(super) fn toasts(&self) -> Vec<&str> {
        self.model.toasts.iter().map(|toast| toast.text.as_str()).collect()
    }

    pub(super) fn last_toast(&self) -> &str {
        self.toasts().last().copied().unwrap_or_default()
    }

    /// The selected row's run.
    pub(super) fn selected(&self) -> &str {
        self.model.home.selected().map_or("", |key| key.run().as_str())
    }
}

/// A run of `order-confirmation` that started `age` seconds ago.
pub(super) fn run(id: &str, status: &str, age: i64) -> Run {
    let mut run = Run::new(id.into(), "w".into(), RunStatus::parse(status));
    run.workflow_name = Some("order-confirmation".into());
    run.started_at = Some(start() - jiff::SignedDuration::from_secs(age));
    run.progress = Progress { done: 1, total: 5, in_flight: 2, current: Some("draft".into()) };
    if run.status.is_terminal() {
        run.ended_at = run.started_at;
    }
    run
}

pub(super) fn task(run: &str, step: &str) -> PendingTask {
    PendingTask {
        run_id: run.into(),
        task_id: step.into(),
        workflow_id: "w".into(),
        workflow_name: Some("order-confirmation".into()),
        step_id: step.into(),
        task_type: "approval".into(),
        created_at: Some(start()),
        payload: json!({"title": "Send", "body": "a\nb"}),
        verbatim: None,
    }
}

/// load → approve-send → send-email → log, and load → audit.
pub(super) fn graph() -> Graph {
    let raw = json!({"steps": [
        {"id": "load", "type": "lua_script"},
        {"id": "approve-send", "type": "human_task", "depends_on": ["load"]},
        {"id": "send-email", "type": "mcp_call", "tool_name": "outbox_send", "depends_on": ["approve-send"]},
        {"id": "log", "type": "lua_script", "depends_on": ["send-email"]},
        {"id": "audit", "type": "lua_script", "depends_on": ["load"]},
    ]});
    Graph::parse(&raw).unwrap()
}

pub(super) fn event(run: &str, sequence: u64, kind: EventKind, data: Value) -> RunEvent {
    RunEvent {
        id: format!("{run}-{sequence}").into(),
        run_id: run.into(),
        workflow_id: Some("w".into()),
        sequence: Some(sequence),
        kind,
        at: Some(later(start(), Duration::from_secs(sequence))),
        data,
    }
}

/// The log of a run that waits at `approve-send`.
pub(super) fn waiting_log(run: &str) -> Vec<RunEvent> {
    vec![
        event(run, 1, EventKind::RunStarted, json!({"input": {"order": 1}})),
        event(run, 2, EventKind::StepStarted, json!({"step_id": "load"})),
        event(run, 3, EventKind::StepCompleted, json!({"step_id": "load", "result": {"rows": 7}})),
        event(run, 4, EventKind::StepStarted, json!({"step_id": "approve-send"})),
        event(
            run,
            5,
            EventKind::HumanTaskCreated,
            json!({"step_id": "approve-send", "task_id": "approve-send"}),
        ),
    ]
}

/// `r1` open, waiting at `approve-send`.
pub(super) fn open() -> Bench {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    bench.detail("r1", "running", waiting_log("r1"));
    bench.key(Key::Enter);
    bench
}

/// The run that is open.
pub(super) fn screen(bench: &Bench) -> &RunScreen {
    bench.model.run.as_ref().unwrap()
}

/// The inbox's task selected, and its run's detail known.
pub(super) fn at_task() -> Bench {
    let mut bench = Bench::busy();
    bench.detail("r1", "running", waiting_log("r1"));
    bench.keys("k");
    assert_eq!(bench.model.home.section, Section::AwaitingApproval);
    bench
}

/// The commands among effects.
pub(super) fn sent(effects: &[Effect]) -> Vec<(Ticket, Command)> {
    let send = |effect: &Effect| match effect {
        Effect::Send { ticket, command, .. } => Some((*ticket, command.clone())),
        _ => None,
    };
    effects.iter().filter_map(send).collect()
}

pub(super) fn rejected(status: u16, message: &str) -> CallError {
    CallError::Rejected { status, code: None, message: message.into(), retry_after: None, details: None }
}
