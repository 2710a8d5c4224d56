//! Over random graphs, outcomes and orders of inputs: every run ends, and ends whole.
//!
//! That the log alone gives the state, and that handling is deterministic, is checked by the
//! [`Driver`] after every single input.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::driver::{Driver, error, merged};
use crate::domain::{FailureCode, RunEvent, RunId, RunStatus, SkipReason, StepStatus, StopMode};
use crate::machine::{
    AWAITING_EPISODE_CLOSE, Call, ChildCall, ChildEnd, Failure, Input, Order, Outcome, REVIEW_TASK, TimerKey,
    TurnLimit, TurnNote, Work,
};

/// What is under way outside of the machine.
#[derive(Default)]
struct World {
    calls: Vec<Call>,
    children: Vec<ChildCall>,
    /// The children that are to stop gracefully.
    draining: Vec<RunId>,
    timers: Vec<(TimerKey, i64)>,
}

impl World {
    fn perform(&mut self, run: &Driver) {
        for order in &run.orders {
            match order {
                Order::Execute(call) => self.calls.push((**call).clone()),
                Order::Cancel { step, attempt } => {
                    self.calls.retain(|call| (&call.step, call.attempt) != (step, *attempt));
                }
                Order::SetTimer { key, at } => {
                    self.timers.retain(|(known, _)| known != key);
                    self.timers.push((key.clone(), at.as_second()));
                }
                Order::StartChild(call) => self.children.push((**call).clone()),
                Order::StopChild { run, mode: StopMode::Immediate } => {
                    self.children.retain(|call| call.run != *run);
                }
                Order::StopChild { run, .. } => self.draining.push(run.clone()),
                Order::ClearTimer(key) => self.timers.retain(|(known, _)| known != key),
            }
        }
    }

    fn send(&mut self, run: &mut Driver, input: Input) {
        if run.try_send(input).is_ok() {
            self.perform(run);
        }
    }

    /// One of the many things that can happen next.
    fn act(&mut self, run: &mut Driver, (what, which): (u8, usize)) {
        run.after(i64::from(what % 3));
        match what {
            0..=9 if !self.calls.is_empty() => {
                let call = self.calls.remove(which % self.calls.len());
                if matches!(call.work, Work::Agent(_)) {
                    let note = TurnNote::Status { phase: "asking".into(), message: String::new() };
                    let (step, attempt) = (call.step.clone(), call.attempt);
                    self.send(run, Input::Progress { step, attempt, note });
                }
                let outcome = match what {
                    4..=9 if matches!(call.work, Work::Agent(_)) => turn_end(what, which),
                    0 => Outcome::Failed(error(false)),
                    1..=3 => Outcome::Failed(error(true)),
                    _ => Outcome::Done(json!({"n": which})),
                };
                self.send(run, finished(&call, outcome));
            }
            0..=9 if !self.children.is_empty() => self.progress_child(run, what, which),
            10..=12 if !self.timers.is_empty() => {
                let (key, _) = self.timers.remove(which % self.timers.len());
                self.send(run, Input::Timer(key));
            }
            13 | 14 => self.decide(run, which, what == 13),
            15 => self.send(run, Input::Pause),
            16 => self.send(run, Input::Resume),
            17 if which % 4 == 0 => self.send(run, Input::Stop(StopMode::Graceful)),
            18 if which % 8 == 0 => self.send(run, Input::Stop(StopMode::Immediate)),
            19 => {
                *self = Self::default();
                run.crash(if which % 2 == 0 { &[] } else { &["s0", "s3", "s5"] });
                self.perform(run);
            }
            _ => {}
        }
    }

    /// A child waits for a person, or ends: well, badly, or stopped as it was told.
    fn progress_child(&mut self, run: &mut Driver, what: u8, which: usize) {
        let index = which % self.children.len();
        let caller = self.children[index].caller.clone();
        let (step, attempt) = (caller.step, caller.attempt);
        if what < 3 {
            return self.send(run, Input::ChildWaits { step, attempt, waits: what > 0 });
        }
        let child = self.children.remove(index);
        let failure = |code: &str| {
            let code = FailureCode::parse(code);
            Some(Failure { code, error: "busy".into(), details: None, step: None })
        };
        let (status, failure) = match what {
            _ if self.draining.contains(&child.run) => (RunStatus::Stopped, failure("RUN_STOPPED")),
            3 => (RunStatus::Failed, failure("MCP_TOOL_FAILED")),
            4 if which == 0 => (RunStatus::Stopped, failure("RUN_STOPPED")),
            _ => (RunStatus::Completed, None),
        };
        let end = ChildEnd { status, output: json!({"n": which}), failure };
        self.send(run, Input::ChildEnded { step, attempt, end, took: Duration::ZERO });
    }

    fn decide(&mut self, run: &mut Driver, which: usize, approved: bool) {
        let tasks = run.machine.pending_tasks();
        if !tasks.is_empty() {
            let task = tasks[which % tasks.len()].task_id.clone();
            self.send(run, Input::Decide { task, approved, result: Default::default() });
        }
    }

    /// Answers everything there is to answer, kindly, until nothing is asked any more.
    fn finish(&mut self, run: &mut Driver) {
        self.send(run, Input::Resume);
        loop {
            if let Some(call) = self.calls.pop() {
                self.send(run, finished(&call, Outcome::Done(json!({}))));
            } else if !self.children.is_empty() {
                self.progress_child(run, 9, 0);
            } else if let Some(task) = run.machine.pending_tasks().pop() {
                let fields = json!({"action": "skip"});
                let result = fields.as_object().filter(|_| &*task.task_type == REVIEW_TASK).cloned();
                let result = result.unwrap_or_default();
                self.send(run, Input::Decide { task: task.task_id, approved: true, result });
            } else if let Some(at) =
                self.timers.iter().position(|(key, _)| matches!(key, TimerKey::Retry { .. }))
            {
                let (key, _) = self.timers.remove(at);
                self.send(run, Input::Timer(key));
            } else if *run.machine.status() == RunStatus::Paused {
                self.send(run, Input::Resume);
            } else {
                break;
            }
        }
        // An episode that nobody closes never ends by itself.
        if run.machine.phase() == Some(AWAITING_EPISODE_CLOSE) {
            self.send(run, Input::Stop(StopMode::Immediate));
        }
    }
}

/// How a turn of an agent ends: at its limit, done, with a handoff to some step, or just so.
fn turn_end(what: u8, which: usize) -> Outcome {
    match what {
        4 => {
            let transcript = json!([which]);
            Outcome::LimitReached(TurnLimit { rounds: 1, message: "used up".into(), transcript })
        }
        5 => Outcome::Done(json!({"result": {"done": true}})),
        6..=8 => {
            let to = format!("s{}", which % 14);
            Outcome::Done(json!({"result": {"handoff": {"to": to, "payload": {"n": which}}}}))
        }
        _ => Outcome::Done(json!({})),
    }
}

fn finished(call: &Call, outcome: Outcome) -> Input {
    Input::Finished {
        step: call.step.clone(),
        attempt: call.attempt,
        outcome,
        took: Duration::from_millis(1),
    }
}

/// A step that may be gated or close the episode.
fn marked(step: Value, mark: u8) -> Value {
    match mark {
        0 => merged(step, json!({"no_auto_start": true})),
        1 => merged(
            step,
            json!({"no_auto_start": true, "terminal": true, "input_allowlist": ["human", "s0", "s1"]}),
        ),
        2 => merged(step, json!({"terminal": true})),
        _ => step,
    }
}

/// A step of some kind that depends on some of those before it.
fn step(index: usize, (kind, edges, retries): (u8, u16, u8)) -> Value {
    let before: Vec<_> =
        (0..index).filter(|other| edges >> other & 1 == 1).map(|other| format!("s{other}")).collect();
    let base = json!({"id": format!("s{index}"), "depends_on": before, "retry_count": retries});
    let own = match kind {
        0..=3 => json!({"type": "lua_script", "script": "return steps"}),
        4 => json!({"type": "lua_script", "script": "return {}", "enabled": false}),
        5 | 6 => json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "timeout_s": 3}),
        7 => {
            json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "tool_args": {"x": "{{ steps.s0.result.n | 1 }}"}})
        }
        11 => for_each(edges, retries),
        12 => json!({
            "type": "while", "while_mode": if retries == 0 { "until" } else { "while" }, "while_max_iterations": 3,
            "while_body_steps": [inner("p", edges, 0), inner("q", edges >> 3, retries)],
            "while_condition": "body.q.n | 0", "while_iteration_timeout_s": 5, "timeout_s": 9,
        }),
        13 => json!({
            "type": "while", "while_mode": "until", "while_max_iterations": 2, "while_eval_script": "return {}",
            "while_body_steps": [inner("p", edges, retries)],
        }),
        14 => {
            json!({"type": "lua_script", "script": "return {}", "skip_when": "{{ steps.s0.result.n | 1 }}"})
        }
        17 => json!({"type": "workflow_call", "workflow_id": "w", "timeout_s": 5}),
        15 | 16 => json!({"type": "agent_call", "agent_id": "a", "prompt": "Hi", "timeout_s": 5}),
        8 => json!({"type": "human_task", "timeout_s": 4}),
        9 => json!({"type": "human_task"}),
        _ => {
            json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "tool_args": "{{ steps.s0.result.n }}"})
        }
    };
    merged(base, own)
}

/// A step within a loop: a script, a tool, one that fails at once, or one that may be skipped.
fn inner(id: &str, kind: u16, retries: u8) -> Value {
    let base = json!({"id": id, "retry_count": retries});
    let own = match kind % 8 {
        0 | 1 => json!({"type": "lua_script", "script": "return {}"}),
        2 => json!({"type": "agent_call", "agent_id": "a", "prompt": "Hi"}),
        3 => json!({"type": "lua_script", "script": "return {}", "skip_when": "index != 1"}),
        4 => {
            json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "tool_args": "{{ steps.s0.result.n }}"})
        }
        5 => json!({"type": "workflow_call", "workflow_id": "w"}),
        _ => json!({"type": "mcp_call", "tool_name": "t", "instance_id": "i", "timeout_s": 3}),
    };
    merged(base, own)
}

fn for_each(edges: u16, retries: u8) -> Value {
    let policies = ["fail_fast", "continue_on_error", "pause", "human_review"];
    let items: Vec<_> = (0..edges >> 4 & 7).collect();
    json!({
        "type": "for_each", "for_each_items": items, "for_each_max_parallel": (edges >> 7 & 3) + 1,
        "for_each_error_policy": policies[usize::from(edges >> 9 & 3)], "for_each_item_timeout_s": 6,
        "for_each_body_steps": [inner("a", edges >> 11, retries), inner("b", edges >> 13, 0)],
    })
}

/// The inner steps of each iteration that shows in the log: each ended once, after it began.
fn check_iterations(run: &Driver) {
    let mut seen: BTreeMap<(String, u64), (u32, u32)> = BTreeMap::new();
    for event in run.log.iter().filter(|event| event.data.get("iteration").is_some()) {
        let Some(id) = event.text("step_id") else { continue };
        let place = seen.entry((id.to_owned(), event.data["iteration"].as_u64().unwrap())).or_default();
        match event.kind.as_str() {
            "step_started" => {
                assert_eq!(place.1, 0, "{id} began after it ended");
                place.0 += 1;
            }
            "step_completed" | "step_failed" | "step_cancelled" => place.1 += 1,
            _ => {}
        }
    }
    assert!(seen.values().all(|(_, ended)| *ended == 1), "{seen:?}\n{:?}", run.log);
    assert_eq!(run.machine.under_way(), []);
    let of = |id: &str, iteration: u64| seen.contains_key(&(id.to_owned(), iteration));
    for (id, iteration) in seen.keys() {
        let loop_id = id.split_once('#').unwrap().0;
        let (a, b) = (format!("{loop_id}#body#a"), format!("{loop_id}#body#b"));
        assert_eq!(of(&a, *iteration), of(&b, *iteration), "an iteration that began ends whole");
    }
}

fn graphs() -> impl Strategy<Value = Value> {
    let mark = prop_oneof![Just(9_u8), 0..12_u8];
    let steps = prop::collection::vec((0..18_u8, any::<u16>(), 0..3_u8, mark), 0..12);
    let made = |(index, (kind, edges, retries, mark))| marked(step(index, (kind, edges, retries)), mark);
    steps.prop_map(move |steps| steps.into_iter().enumerate().map(made).collect())
}

/// In an episode, only what is in scope ever began, and a run that completed with steps left out is closed.
fn check_episode(run: &Driver) {
    let context = run.machine.context();
    let Some(episode) = context.pointer("/custom/episode") else { return };
    let in_scope = episode["in_scope"].as_array().unwrap();
    for event in run.log.iter().filter(|event| event.kind.as_str() == "step_started") {
        let own = event.text("step_id").unwrap().split('#').next().unwrap();
        assert!(in_scope.contains(&json!(own)), "{own} began outside of the scope: {episode}");
    }
    let left_out = run.log.iter().any(|event| event.text("reason") == Some("out_of_scope"));
    assert!(!left_out || episode["episode_closed"] == true);
}

fn is_settled(status: &StepStatus) -> bool {
    let known = matches!(
        status,
        StepStatus::Skipped(
            SkipReason::Blocked | SkipReason::Disabled | SkipReason::Condition | SkipReason::OutOfScope
        )
    );
    known || matches!(status, StepStatus::Completed | StepStatus::Failed | StepStatus::Cancelled)
}

/// Whether something explains that a step was blocked: a failure, a stop, or a rejection before it.
fn has_blocker(log: &[RunEvent]) -> bool {
    log.iter().any(|event| {
        matches!(event.kind.as_str(), "step_failed" | "run_stopped")
            || event.data["to"] == "draining"
            || event.data["approved"] == false
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn every_run_ends_whole(steps in graphs(), acts in prop::collection::vec((0..20_u8, 0..64_usize), 0..60)) {
        let mut run = Driver::started(steps);
        let mut world = World::default();
        world.perform(&run);
        acts.into_iter().for_each(|act| world.act(&mut run, act));
        world.finish(&mut run);
        prop_assert!(run.machine.status().is_terminal(), "{}: {:?}", run.machine.status(), run.machine);
        let statuses: Vec<_> = run.graph.steps.iter().map(|step| run.machine.step_status(&step.id).unwrap()).collect();
        prop_assert!(statuses.iter().all(|status| is_settled(status)), "{:?}", statuses);
        prop_assert_eq!(run.machine.progress().in_flight, 0);
        check_iterations(&run);
        check_episode(&run);
        prop_assert!(world.timers.is_empty(), "timers nobody waits for: {:?}", world.timers);
        prop_assert!(world.children.is_empty(), "children nobody waits for: {:?}", world.children);
        prop_assert!(world.calls.is_empty(), "calls nobody waits for: {:?}", world.calls);
        let blocked = StepStatus::Skipped(SkipReason::Blocked);
        prop_assert!(!statuses.contains(&&blocked) || has_blocker(&run.log));
        let failed = statuses.iter().filter(|status| ***status == StepStatus::Failed).count();
        prop_assert!(failed <= 1);
        prop_assert!(failed == 0 || *run.machine.status() == RunStatus::Failed);
    }

    #[test]
    fn each_step_begins_after_all_it_depends_on_and_ends_once(
        steps in graphs(), acts in prop::collection::vec((0..20_u8, 0..64_usize), 0..60),
    ) {
        let mut run = Driver::started(steps);
        let mut world = World::default();
        world.perform(&run);
        acts.into_iter().for_each(|act| world.act(&mut run, act));
        world.finish(&mut run);
        let is_end = |event: &&RunEvent| matches!(event.kind.as_str(), "step_completed" | "step_failed" | "step_cancelled");
        for step in &run.graph.steps {
            let of = |event: &&RunEvent| event.text("step_id") == Some(step.id.as_str());
            let ends: Vec<_> = run.log.iter().filter(of).filter(is_end).collect();
            prop_assert_eq!(ends.len(), 1);
            let started = run.log.iter().filter(of).filter(|event| event.kind.as_str() == "step_started").collect::<Vec<_>>();
            prop_assert!(started.iter().all(|event| event.sequence < ends[0].sequence));
            prop_assert!(started.len() <= step.retry_count as usize + 1, "{:?}", started);
            for before in &step.depends_on {
                let ended = run.log.iter().filter(is_end).find(|event| event.text("step_id") == Some(before.as_str()));
                prop_assert!(started.iter().all(|event| event.sequence > ended.unwrap().sequence));
            }
        }
    }

    #[test]
    fn any_log_folds_without_harm(order in prop::collection::vec(0..64_usize, 0..30)) {
        let mut run = Driver::started(json!([step(0, (9, 0, 1)), step(1, (5, 1, 1)), step(2, (0, 3, 0))]));
        run.decide("s0", true).crash(&[]).decide("s1", true);
        let shuffled: Vec<_> = order.into_iter().map(|at| run.log[at % run.log.len()].clone()).collect();
        let machine = crate::machine::Machine::replay(run.graph.clone(), &shuffled);
        prop_assert!(machine.progress().done <= 3);
    }
}
