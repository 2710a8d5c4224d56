//! A server that publishes what the local runtime does, or as little as the hosted platform.

use std::collections::BTreeMap;

use fastrand::Rng;
use serde_json::{Value, json};

use crate::client::reads::not_found;
use crate::domain::{EventKind, PendingTask, Run, RunEvent, RunId, Timestamp, WorkflowId};
use crate::mirror::{Detail, Mirror, WatchEvent};
use crate::wire::{CallError, Frame};

/// How many runs a server starts at most.
const RUNS: usize = 6;
/// The steps of every run.
const STEPS: [&str; 4] = ["fetch", "draft", "review", "send"];

/// What the server publishes beyond plain events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Sequences, places and its epoch.
    Local,
    /// Events alone.
    Hosted,
}

/// The server's data.
#[derive(Clone)]
struct Data {
    /// The rows, folded from the logs by the same rules that the client has.
    rows: Mirror,
    logs: BTreeMap<RunId, (WorkflowId, Vec<RunEvent>)>,
    tasks: Vec<PendingTask>,
    /// Of each workflow, the place of the last event on its stream.
    places: BTreeMap<WorkflowId, u64>,
}

/// The server.
pub(super) struct Server {
    pub(super) kind: Kind,
    epoch: u32,
    /// How far its clock is off the client's.
    skew: jiff::SignedDuration,
    /// Counts everything ever written; what was lost in a restore was written all the same.
    written: u64,
    data: Data,
    backup: Data,
}

/// The workflow that a number stands for.
pub(super) fn workflow(number: usize) -> WorkflowId {
    WorkflowId::new(format!("w{}", number % 2))
}

impl Server {
    pub(super) fn new(kind: Kind, rng: &mut Rng) -> Self {
        let data = Data {
            rows: Mirror::default(),
            logs: BTreeMap::new(),
            tasks: Vec::new(),
            places: BTreeMap::new(),
        };
        let skew = jiff::SignedDuration::from_secs(rng.i64(-300..300));
        Self { kind, epoch: 1, skew, written: 0, backup: data.clone(), data }
    }

    /// Goes on somewhere, most often where somebody looks; the frame tells the stream of a workflow.
    pub(super) fn go_on(
        &mut self,
        now: Timestamp,
        looked_at: Option<&RunId>,
        rng: &mut Rng,
    ) -> Option<(WorkflowId, Frame)> {
        let live: Vec<RunId> = self
            .data
            .logs
            .keys()
            .filter(|id| self.data.rows.run(id).is_some_and(|run| !run.status.is_terminal()))
            .cloned()
            .collect();
        if live.is_empty() || (self.data.logs.len() < RUNS && rng.u8(0..8) == 0) {
            return self.start(now, rng);
        }
        let looked_at = looked_at.filter(|run| live.contains(run) && rng.bool());
        let run = looked_at.unwrap_or(&live[rng.usize(0..live.len())]).clone();
        let step = STEPS[rng.usize(0..STEPS.len())];
        let (kind, data) = match rng.u8(0..20) {
            0..4 => (EventKind::StepStarted, json!({"step_id": step})),
            4..7 => (EventKind::StepCompleted, json!({"step_id": step, "result": {"n": self.written}})),
            7..14 => (EventKind::AgentTurnStatus, json!({"step_id": step, "phase": "thinking"})),
            14 => (EventKind::HumanTaskCreated, json!({"step_id": step, "task_id": step})),
            15 => (EventKind::HumanTaskCompleted, json!({"step_id": step, "task_id": step})),
            16 => (EventKind::StateChanged, json!({"to": "paused"})),
            17 => (EventKind::StateChanged, json!({"to": "running"})),
            18 => (EventKind::StepFailed, json!({"step_id": step, "error": "no luck"})),
            _ if rng.bool() => (EventKind::RunCompleted, json!({})),
            _ => (EventKind::RunFailed, json!({"failure_code": "MCP_TOOL_FAILED"})),
        };
        Some(self.write(&run, kind, data, now))
    }

    fn start(&mut self, now: Timestamp, rng: &mut Rng) -> Option<(WorkflowId, Frame)> {
        if self.data.logs.len() >= RUNS {
            return None;
        }
        self.written += 1;
        let id = RunId::new(format!("r{}", self.written));
        self.data.logs.insert(id.clone(), (workflow(rng.usize(0..2)), Vec::new()));
        Some(self.write(&id, EventKind::RunStarted, json!({}), now))
    }

    /// Writes an event of a run that there is.
    pub(super) fn write(
        &mut self,
        run: &RunId,
        kind: EventKind,
        data: Value,
        now: Timestamp,
    ) -> (WorkflowId, Frame) {
        self.written += 1;
        let at = now.saturating_add(self.skew).unwrap();
        let (workflow, log) = self.data.logs.get_mut(run).unwrap();
        let sequence = (self.kind == Kind::Local).then(|| log.len() as u64 + 1);
        let event = RunEvent {
            id: format!("e{}", self.written).into(),
            run_id: run.clone(),
            workflow_id: Some(workflow.clone()),
            sequence,
            kind,
            at: Some(at),
            data,
        };
        log.push(event.clone());
        let place = self.data.places.entry(workflow.clone()).or_default();
        *place += 1;
        let place = (self.kind == Kind::Local).then_some(*place);
        let workflow = workflow.clone();
        let told = WatchEvent::Event { workflow: workflow.clone(), event: event.clone(), at: now };
        self.data.rows.apply(&told);
        self.keep_tasks(&workflow, &event);
        (workflow, Frame::Event { place, event })
    }

    fn keep_tasks(&mut self, workflow: &WorkflowId, event: &RunEvent) {
        let ended = self.data.rows.run(&event.run_id).is_some_and(|run| run.status.is_terminal());
        let Some(step) = event.step_id() else {
            self.data.tasks.retain(|task| task.run_id != event.run_id || !ended);
            return;
        };
        let starts = event.kind == EventKind::HumanTaskCreated;
        if starts || ended_step(&event.kind) {
            self.data.tasks.retain(|task| task.run_id != event.run_id || task.step_id != step);
        }
        if starts {
            self.data.tasks.push(PendingTask {
                run_id: event.run_id.clone(),
                task_id: step.as_str().into(),
                workflow_id: workflow.clone(),
                workflow_name: None,
                step_id: step,
                task_type: "approval".into(),
                verbatim: None,
                created_at: event.at,
                payload: json!({"event": event.id}),
            });
        }
    }

    /// Keeps a copy to restore later.
    pub(super) fn back_up(&mut self) {
        self.backup = self.data.clone();
    }

    /// The data are those of the copy again, and the epoch is another one.
    pub(super) fn restore(&mut self) {
        self.data = self.backup.clone();
        self.epoch += 1;
    }

    /// The same; tells the workflows of the events that were lost, each as often as it lost one.
    pub(super) fn restore_and_count(&mut self) -> Vec<WorkflowId> {
        let before = self.data.places.clone();
        self.restore();
        let lost = before.into_iter().flat_map(|(workflow, place)| {
            let now = self.data.places.get(&workflow).copied().unwrap_or_default();
            vec![workflow; usize::try_from(place.saturating_sub(now)).unwrap_or_default()]
        });
        lost.collect()
    }

    /// Where the stream of a workflow stands, if the server says.
    pub(super) fn position(&self, workflow: &WorkflowId) -> Option<Frame> {
        let last = self.data.places.get(workflow).copied().unwrap_or_default();
        let epoch = format!("epoch-{}", self.epoch).into();
        (self.kind == Kind::Local).then_some(Frame::Position { epoch, last })
    }

    pub(super) fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = self.data.rows.runs().cloned().collect();
        runs.sort_by(|a, b| a.id.cmp(&b.id));
        runs
    }

    pub(super) fn tasks(&self) -> &[PendingTask] {
        &self.data.tasks
    }

    pub(super) fn log(&self, run: &RunId) -> Option<&[RunEvent]> {
        self.data.logs.get(run).map(|(_, log)| log.as_slice())
    }

    /// What the steps of a run gave so far.
    pub(super) fn context(&self, run: &RunId) -> Value {
        let log = self.log(run).unwrap_or_default();
        let done = |event: &&RunEvent| event.kind == EventKind::StepCompleted;
        json!({"steps": log.iter().filter(done).map(|event| event.data.clone()).collect::<Vec<_>>()})
    }

    pub(super) fn detail(&self, run: &RunId, asked_at: Timestamp) -> Result<Box<Detail>, CallError> {
        let events = self.log(run).ok_or_else(|| not_found("no such run".into()))?.to_vec();
        let row = self.data.rows.run(run).ok_or_else(|| not_found("no such run".into()))?;
        let tasks = self.data.tasks.iter().filter(|task| task.run_id == *run).cloned().collect();
        Ok(Box::new(Detail {
            run: row.clone(),
            events,
            context: Some(self.context(run)),
            graph: None,
            tasks: Some(tasks),
            asked_at,
        }))
    }

    /// The runs with their workflows, oldest first.
    pub(super) fn places_to_look(&self) -> Vec<(WorkflowId, RunId)> {
        self.data.logs.iter().map(|(run, (workflow, _))| (workflow.clone(), run.clone())).collect()
    }
}

fn ended_step(kind: &EventKind) -> bool {
    matches!(kind, EventKind::HumanTaskCompleted | EventKind::StepCompleted | EventKind::StepFailed)
}
