//! `workflow_call`: child runs, their ends, and what a parent does to them.

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::driver::{Driver, call, human, lua, timeout};
use crate::domain::{EventKind, FailureCode, RunStatus, StepStatus, StopMode};
use crate::machine::{AWAITING_CHILD_TASK, AWAITING_HUMAN_TASK, ChildEnd, Failure, Input};

const TOOK: Duration = Duration::from_millis(7);

fn ended(step: &str, attempt: u32, end: ChildEnd) -> Input {
    Input::ChildEnded { step: step.into(), attempt, end, took: TOOK }
}

fn done(output: Value) -> ChildEnd {
    ChildEnd { status: RunStatus::Completed, output, failure: None }
}

fn ill(status: RunStatus, code: &str, error: &str) -> ChildEnd {
    let failure =
        Some(Failure { code: FailureCode::parse(code), error: error.into(), details: None, step: None });
    ChildEnd { status, output: json!({}), failure }
}

fn waits(step: &str, waits: bool) -> Input {
    Input::ChildWaits { step: step.into(), attempt: 1, waits }
}

#[test]
fn a_child_gets_its_input_and_hands_back_its_output() {
    let input = json!({"to": "{{ input.topic }}", "from": "{{ steps.a.result.n }}"});
    let more = json!({"input": input, "timeout_s": 9});
    let mut run = Driver::started(json!([lua("a", &[]), call("c", &["a"], more), lua("z", &["c"])]));
    run.done("a", json!({"n": 1}));
    assert_eq!(run.events(), ["step_completed a", "step_started c 1"]);
    assert_eq!(run.order_lines(), ["call c#1", "set timeout c#1 +9s"]);
    let child = run.child_call("c");
    assert_eq!((child.workflow.as_str(), &child.input), ("child", &json!({"to": "rust", "from": 1})));
    assert_eq!(run.data(&EventKind::StepStarted)["child_run_id"], child.run.as_str());
    run.send(ended("c", 1, done(json!({"text": "hi"}))));
    assert_eq!(run.events(), ["step_completed c", "step_started z 1"]);
    let result = json!({"child_run_id": child.run, "status": "completed", "output": {"text": "hi"}});
    assert_eq!(run.globals("z")["steps"], json!({}), "a script that names no step gets none");
    assert_eq!(run.machine.context()["steps"]["c"]["result"], result);
}

#[test]
fn the_same_attempt_has_the_same_child_and_another_attempt_another() {
    let graph = json!([call("c", &[], json!({"retry_count": 1}))]);
    let run = Driver::started(graph.clone());
    let first = run.child_call("c").run;
    assert_eq!(Driver::started(graph.clone()).child_call("c").run, first);
    let mut run = Driver::started(graph);
    run.send(ended("c", 1, ill(RunStatus::Failed, "MCP_TOOL_FAILED", "busy")));
    assert_eq!(run.events(), ["step_retrying c 1"]);
    run.after(1).timer(super::driver::retry("c", 2));
    assert_ne!(run.child_call("c").run, first);
}

#[test]
fn the_failure_of_a_child_is_that_of_its_step_and_names_it() {
    let mut run = Driver::started(json!([call("c", &[], json!({}))]));
    let child = run.child_call("c").run;
    run.send(ended("c", 1, ill(RunStatus::Failed, "LLM_REQUEST_FAILED", "step `x`: no key")));
    assert_eq!(run.code(), FailureCode::LlmRequestFailed);
    let want = format!("the child run `{child}` of the workflow `child` ended failed: step `x`: no key");
    assert_eq!(run.machine.failure().unwrap().error, want);
}

#[test]
fn a_child_that_somebody_stopped_fails_its_step_without_another_attempt() {
    let mut run = Driver::started(json!([call("c", &[], json!({"retry_count": 3}))]));
    run.send(ended("c", 1, ill(RunStatus::Stopped, "RUN_STOPPED", "an operator stopped the run")));
    assert!(run.is(&RunStatus::Failed));
    assert_eq!(run.code(), FailureCode::RunStopped);
}

#[test]
fn the_parents_input_is_passed_on_under_the_steps_own() {
    let more = json!({"pass_input": true, "input": {"extra": 1}});
    let run = Driver::started_with(json!([call("c", &[], more)]), json!({"topic": "x", "extra": 0}), &[]);
    assert_eq!(run.child_call("c").input, json!({"topic": "x", "extra": 1}));
    let run = Driver::started_with(json!([call("c", &[], json!({"pass_input": true}))]), json!([1]), &[]);
    assert_eq!(run.child_call("c").input, json!([1]));
    let more = json!({"pass_input": true, "input": [2]});
    let run = Driver::started(json!([call("c", &[], more)]));
    assert_eq!(
        run.machine.failure().unwrap().error,
        "step `c`: with `pass_parent_input`, both its `input` and the run's input must be objects"
    );
}

#[test]
fn a_parent_whose_child_waits_for_a_person_says_so() {
    let mut run = Driver::started(json!([call("c", &[], json!({})), lua("b", &[])]));
    run.send(waits("c", true));
    assert_eq!((run.events(), run.machine.phase()), (vec!["child_waiting c".into()], None));
    run.send(waits("c", true));
    assert_eq!(run.events(), Vec::<String>::new(), "once is enough");
    run.done("b", json!({}));
    assert_eq!(run.machine.phase(), Some(AWAITING_CHILD_TASK));
    run.send(waits("c", false));
    assert_eq!(run.machine.phase(), None);
    let mut run = Driver::started(json!([call("c", &[], json!({})), human("ask", &[], json!({}))]));
    run.send(waits("c", true));
    assert_eq!(run.machine.phase(), Some(AWAITING_HUMAN_TASK));
}

#[test]
fn whatever_ends_the_parent_ends_the_child() {
    let steps = || json!([call("c", &[], json!({"timeout_s": 9})), lua("b", &[])]);
    let mut run = Driver::started(steps());
    run.stop(StopMode::Immediate);
    assert_eq!(run.order_lines(), ["stop child Immediate", "clear timeout c#1", "cancel b#1"]);
    let mut run = Driver::started(steps());
    run.failed("b", 1, false);
    assert_eq!(run.order_lines(), ["stop child Immediate", "clear timeout c#1"]);
    let mut run = Driver::started(steps());
    run.after(9).timer(timeout("c", 1));
    assert_eq!(run.order_lines()[0], "stop child Immediate");
    assert_eq!(run.code(), FailureCode::RunStalledOrTimedOut);
}

#[test]
fn a_graceful_stop_winds_the_child_down_and_is_no_failure() {
    let mut run = Driver::started(json!([call("c", &[], json!({})), lua("z", &["c"])]));
    run.stop(StopMode::Graceful);
    assert_eq!(run.order_lines(), ["set drain +60s", "stop child Graceful"]);
    run.send(ended("c", 1, ill(RunStatus::Stopped, "RUN_STOPPED", "the run that called it was stopped")));
    assert_eq!(
        run.events(),
        ["step_cancelled c run_stopped", "state_changed draining>stopped", "run_stopped RUN_STOPPED"]
    );
    let mut run = Driver::started(json!([call("c", &[], json!({}))]));
    run.stop(StopMode::Graceful).send(ended("c", 1, done(json!(1))));
    assert_eq!(run.status("c"), StepStatus::Completed, "a child that made it in time counts");
}

#[test]
fn a_child_says_that_its_parent_ended_it() {
    let mut run = Driver::started(json!([lua("a", &[])]));
    run.send(Input::StopWithParent(StopMode::Graceful)).done("a", json!({}));
    assert_eq!(run.data(&EventKind::StateChanged)["reason"], "parent_run");
    let error = "the run that called it was stopped or failed, and this run with it";
    assert_eq!(run.machine.end().unwrap().failure.unwrap().error, error);
}

#[test]
fn a_paused_parent_leaves_its_child_be_and_takes_its_end() {
    let mut run = Driver::started(json!([call("c", &[], json!({})), lua("z", &["c"])]));
    run.pause();
    assert_eq!(run.orders, []);
    run.send(ended("c", 1, done(json!(1))));
    assert_eq!(run.events(), ["step_completed c"]);
    assert_eq!(run.resume().events(), ["state_changed paused>running", "step_started z 1"]);
}

#[test]
fn a_child_in_a_loop_belongs_to_its_iteration() {
    let body = json!([call("c", &[], json!({"input": {"n": "{{ item }}"}}))]);
    let each =
        json!({"id": "each", "type": "for_each", "for_each_items": [7, 8], "for_each_body_steps": body});
    let mut run = Driver::started(json!([each]));
    assert_eq!(run.order_lines(), ["call each[0]/c#1", "call each[1]/c#1"]);
    let (first, second) = (run.child_call("each[0]/c"), run.child_call("each[1]/c"));
    assert_ne!(first.run, second.run);
    assert_eq!((second.input, second.caller.parent.step_id.as_str()), (json!({"n": 8}), "each#body#c"));
    run.send(ended("each[1]/c", 1, done(json!("b"))));
    run.send(ended("each[0]/c", 1, done(json!("a"))));
    let outputs = &run.machine.context()["steps"]["each"]["result"]["results"];
    assert_eq!(
        (&outputs[0]["result"]["output"], &outputs[1]["body"]["c"]["output"]),
        (&json!("a"), &json!("b"))
    );
}

#[test]
fn after_a_crash_the_same_child_is_asked_for_again_with_the_same_input() {
    let more = json!({"input": {"a": "{{ steps.b.result.n | 0 }}"}, "timeout_s": 9});
    let mut run = Driver::started(json!([call("c", &[], more), lua("b", &[])]));
    let child = run.child_call("c");
    run.done("b", json!({"n": 5}));
    run.crash(&[]);
    assert_eq!(run.order_lines(), ["call c#1", "set timeout c#1 +9s"]);
    assert_eq!(run.child_call("c"), child);
}

#[test]
fn a_run_hands_over_the_result_of_its_last_step_or_of_all_that_are_last() {
    let mut run = Driver::started(json!([lua("a", &[]), lua("b", &["a"])]));
    assert_eq!(run.machine.end(), None);
    run.done("a", json!(1)).done("b", json!({"x": 2}));
    assert_eq!(run.machine.end(), Some(done(json!({"x": 2}))));
    let mut run = Driver::started(json!([lua("a", &[]), lua("b", &[])]));
    run.done("a", json!(1)).done("b", json!(2));
    assert_eq!(run.machine.output(), json!({"a": 1, "b": 2}));
}
