//! A host for tests: it logs, it checks after every input that the log alone gives the state.
#![expect(clippy::needless_pass_by_value, reason = "values are written in place by every test")]

use std::sync::Arc;
use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};

use crate::domain::{
    EventId, EventKind, FailureCode, Graph, Principal, RunEvent, RunId, RunStatus, SkipReason, StepId,
    StepStatus, StopMode, Timestamp,
};
use crate::machine::{
    AgentWork, Call, ChildCall, EventDraft, Input, Machine, Order, Outcome, Refusal, StartInput, StepError,
    TimerKey, Work,
};

pub(super) struct Driver {
    pub(super) machine: Machine,
    pub(super) graph: Arc<Graph>,
    pub(super) log: Vec<RunEvent>,
    pub(super) now: Timestamp,
    /// The orders of the last input.
    pub(super) orders: Vec<Order>,
    /// How many events there were before the last input.
    mark: usize,
}

impl Driver {
    /// A run of these steps, not started.
    pub(super) fn new(steps: Value) -> Self {
        let graph = Arc::new(Graph::parse(&json!({ "steps": steps })).unwrap());
        Self {
            machine: Machine::default(),
            graph,
            log: Vec::new(),
            now: Timestamp::from_second(1_000).unwrap(),
            orders: Vec::new(),
            mark: 0,
        }
    }

    /// A run of these steps, started.
    pub(super) fn started(steps: Value) -> Self {
        Self::started_with(steps, json!({"topic": "rust"}), &[])
    }

    pub(super) fn started_with(steps: Value, input: Value, excluded: &[&str]) -> Self {
        let mut driver = Self::new(steps);
        let start = driver.start_input(input, excluded);
        driver.send(Input::Start(Box::new(start)));
        driver
    }

    pub(super) fn start_input(&self, input: Value, excluded: &[&str]) -> StartInput {
        StartInput {
            run_id: "r1".into(),
            workflow_id: "w1".into(),
            version: 3,
            graph: self.graph.clone(),
            input,
            trigger_type: "api".into(),
            excluded: excluded.iter().copied().map(StepId::from).collect(),
            principal: Principal::default(),
            caller: None,
            trigger_steps: Map::new(),
            connection: serde_json::Map::new(),
        }
    }

    /// The same with entry grants.
    pub(super) fn started_granting(steps: Value, trigger_steps: Value) -> Self {
        let mut driver = Self::new(steps);
        let mut start = driver.start_input(json!({"topic": "rust"}), &[]);
        start.trigger_steps = trigger_steps.as_object().unwrap().clone();
        driver.send(Input::Start(Box::new(start)));
        driver
    }

    pub(super) fn try_send(&mut self, input: Input) -> Result<(), Refusal> {
        let mut twin = self.machine.clone();
        let reaction = self.machine.handle(input.clone(), self.now);
        assert_eq!(twin.handle(input, self.now), reaction, "handling is deterministic");
        let reaction = reaction?;
        self.mark = self.log.len();
        for event in reaction.events {
            self.append(event);
        }
        self.orders = reaction.orders;
        self.check_replay();
        Ok(())
    }

    pub(super) fn send(&mut self, input: Input) -> &mut Self {
        self.try_send(input).unwrap();
        self
    }

    fn append(&mut self, event: EventDraft) {
        let sequence = self.log.len() as u64 + 1;
        self.log.push(RunEvent {
            id: EventId::new(sequence.to_string()),
            run_id: RunId::new("r1"),
            workflow_id: Some("w1".into()),
            sequence: Some(sequence),
            kind: event.kind,
            at: Some(self.now),
            data: event.data,
        });
    }

    fn check_replay(&self) {
        if !self.log.is_empty() {
            assert!(
                Machine::replay(self.graph.clone(), &self.log) == self.machine,
                "the log alone gives the state"
            );
        }
    }

    /// The host dies and comes back.
    pub(super) fn crash(&mut self, repeatable: &[&str]) -> &mut Self {
        self.machine = Machine::replay(self.graph.clone(), &self.log);
        self.send(Input::Recover { repeatable: repeatable.iter().copied().map(StepId::from).collect() })
    }

    pub(super) fn after(&mut self, seconds: i64) -> &mut Self {
        self.now += jiff::SignedDuration::from_secs(seconds);
        self
    }

    pub(super) fn done(&mut self, step: &str, result: Value) -> &mut Self {
        self.finish(step, 1, Outcome::Done(result))
    }

    pub(super) fn failed(&mut self, step: &str, attempt: u32, retryable: bool) -> &mut Self {
        self.finish(step, attempt, Outcome::Failed(error(retryable)))
    }

    pub(super) fn finish(&mut self, step: &str, attempt: u32, outcome: Outcome) -> &mut Self {
        self.send(Input::Finished { step: step.into(), attempt, outcome, took: Duration::from_millis(5) })
    }

    pub(super) fn decide(&mut self, task: &str, approved: bool) -> &mut Self {
        self.send(decision(task, approved, json!({})))
    }

    pub(super) fn pause(&mut self) -> &mut Self {
        self.send(Input::Pause)
    }

    pub(super) fn resume(&mut self) -> &mut Self {
        self.send(Input::Resume)
    }

    pub(super) fn stop(&mut self, mode: StopMode) -> &mut Self {
        self.send(Input::Stop(mode))
    }

    pub(super) fn timer(&mut self, key: TimerKey) -> &mut Self {
        self.send(Input::Timer(key))
    }

    /// The last input's events, as `kind step detail`.
    pub(super) fn events(&self) -> Vec<String> {
        self.log[self.mark..].iter().map(line).collect()
    }

    /// The details of the last event of a kind.
    pub(super) fn data(&self, kind: &EventKind) -> Value {
        self.log.iter().rev().find(|event| event.kind == *kind).unwrap().data.clone()
    }

    /// The last input's orders, as `execute step#attempt` and the like; due times in seconds from now.
    pub(super) fn order_lines(&self) -> Vec<String> {
        self.orders.iter().map(|order| self.order_line(order)).collect()
    }

    fn order_line(&self, order: &Order) -> String {
        match order {
            Order::Execute(call) => format!("execute {}#{}", call.step, call.attempt),
            Order::StartChild(call) => format!("call {}#{}", call.caller.step, call.caller.attempt),
            Order::StopChild { mode, .. } => format!("stop child {mode:?}"),
            Order::Cancel { step, attempt } => format!("cancel {step}#{attempt}"),
            Order::SetTimer { key, at } => {
                format!("set {} +{}s", key_line(key), at.duration_since(self.now).as_secs())
            }
            Order::ClearTimer(key) => format!("clear {}", key_line(key)),
        }
    }

    pub(super) fn call(&self, step: &str) -> Call {
        let calls = self.orders.iter().filter_map(|order| match order {
            Order::Execute(call) => Some((**call).clone()),
            _ => None,
        });
        calls.into_iter().find(|call| call.step.as_str() == step).unwrap()
    }

    pub(super) fn child_call(&self, step: &str) -> ChildCall {
        let calls = self.orders.iter().filter_map(|order| match order {
            Order::StartChild(call) => Some((**call).clone()),
            _ => None,
        });
        calls.into_iter().find(|call| call.caller.step.as_str() == step).unwrap()
    }

    pub(super) fn globals(&self, step: &str) -> Value {
        match self.call(step).work {
            Work::Lua { globals, .. } => globals,
            work => panic!("{step} is no script: {work:?}"),
        }
    }

    pub(super) fn args(&self, step: &str) -> Value {
        match self.call(step).work {
            Work::Mcp { args, .. } => args,
            work => panic!("{step} is no tool: {work:?}"),
        }
    }

    /// The turn that was ordered of an agent.
    pub(super) fn turn(&self, step: &str) -> AgentWork {
        match self.call(step).work {
            Work::Agent(work) => *work,
            work => panic!("{step} is no agent: {work:?}"),
        }
    }

    /// An agent's turn ends with this in its result.
    pub(super) fn turn_done(&mut self, step: &str, result: Value) -> &mut Self {
        self.done(step, json!({"message": "Well.", "turn_id": "turn-1", "result": result}))
    }

    pub(super) fn status(&self, step: &str) -> StepStatus {
        self.machine.step_status(&step.into()).unwrap().clone()
    }

    pub(super) fn is(&self, status: &RunStatus) -> bool {
        self.machine.status() == status
    }

    pub(super) fn code(&self) -> FailureCode {
        self.machine.failure().unwrap().code.clone()
    }
}

pub(super) const BLOCKED: StepStatus = StepStatus::Skipped(SkipReason::Blocked);

pub(super) fn error(retryable: bool) -> StepError {
    StepError::new(FailureCode::McpToolFailed, "busy".into(), retryable)
}

pub(super) fn decision(task: &str, approved: bool, result: Value) -> Input {
    let result: Map<_, _> = result.as_object().unwrap().clone();
    Input::Decide { task: task.into(), approved, result }
}

pub(super) fn retry(step: &str, attempt: u32) -> TimerKey {
    TimerKey::Retry { step: step.into(), attempt }
}

pub(super) fn timeout(step: &str, attempt: u32) -> TimerKey {
    TimerKey::Timeout { step: step.into(), attempt }
}

/// A script step.
pub(super) fn lua(id: &str, depends_on: &[&str]) -> Value {
    json!({"id": id, "type": "lua_script", "script": "return {}", "depends_on": depends_on})
}

/// A question to a model with further fields.
pub(super) fn llm(id: &str, more: Value) -> Value {
    merged(json!({"id": id, "type": "llm_call", "model": "small", "prompt": "Say hello."}), more)
}

/// A call of another workflow with further fields.
pub(super) fn call(id: &str, depends_on: &[&str], more: Value) -> Value {
    let step = json!({"id": id, "type": "workflow_call", "workflow_id": "child", "depends_on": depends_on});
    merged(step, more)
}

/// An agent with further fields.
pub(super) fn agent(id: &str, depends_on: &[&str], more: Value) -> Value {
    let step = json!({"id": id, "type": "agent_call", "agent_id": "helper", "prompt": "Help.", "depends_on": depends_on});
    merged(step, more)
}

/// A tool step with further fields.
pub(super) fn mcp(id: &str, depends_on: &[&str], more: Value) -> Value {
    let step = json!({
        "id": id, "type": "mcp_call", "tool_name": "send", "server_url": "http://mcp.example.com", "depends_on": depends_on,
    });
    merged(step, more)
}

/// A human task with further fields.
pub(super) fn human(id: &str, depends_on: &[&str], more: Value) -> Value {
    let step = json!({"id": id, "type": "human_task", "task_type": "approval", "depends_on": depends_on});
    merged(step, more)
}

pub(super) fn merged(mut step: Value, more: Value) -> Value {
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

fn line(event: &RunEvent) -> String {
    let data = &event.data;
    let step = event.text("step_id").unwrap_or_default();
    let detail = match &event.kind {
        EventKind::StateChanged => {
            format!("{}>{}", data["from"].as_str().unwrap(), data["to"].as_str().unwrap())
        }
        EventKind::StepStarted | EventKind::StepRetrying | EventKind::StepFailed => {
            data["attempt"].to_string()
        }
        EventKind::StepCompleted | EventKind::StepCancelled => {
            event.text("reason").unwrap_or_default().into()
        }
        EventKind::RunFailed | EventKind::RunStopped => {
            format!(" {}", data["failure_code"].as_str().unwrap())
        }
        EventKind::HumanTaskCreated | EventKind::HumanTaskCompleted | EventKind::StepUncertain => {
            data["task_id"].as_str().unwrap().into()
        }
        _ => String::new(),
    };
    format!("{} {step} {detail}", event.kind).split_whitespace().collect::<Vec<_>>().join(" ")
}

fn key_line(key: &TimerKey) -> String {
    match key {
        TimerKey::Retry { step, attempt } => format!("retry {step}#{attempt}"),
        TimerKey::Timeout { step, attempt } => format!("timeout {step}#{attempt}"),
        TimerKey::Iteration { step, iteration } => format!("iteration {step}[{iteration}]"),
        TimerKey::Drain => "drain".into(),
    }
}
