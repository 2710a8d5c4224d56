//! Pause, resume, graceful and immediate stop.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::driver::{BLOCKED, Driver, decision, error, human, lua, mcp, retry};
use crate::domain::{EventKind, FailureCode, RunStatus, StepStatus, StopMode};
use crate::machine::{Failure, Input, Outcome, Refusal, TimerKey};

fn refusal(status: &str, wanted: &'static str) -> Result<(), Refusal> {
    Err(Refusal::WrongStatus { status: status.into(), wanted })
}

#[test]
fn a_paused_run_lets_finish_what_runs_and_starts_nothing() {
    let mut run = Driver::started(json!([lua("a", &[]), lua("b", &["a"])]));
    assert_eq!(run.pause().events(), ["state_changed running>paused"]);
    assert_eq!(
        run.data(&EventKind::StateChanged),
        json!({"from": "running", "to": "paused", "reason": "operator"})
    );
    assert_eq!(run.done("a", json!({})).events(), ["step_completed a"]);
    assert_eq!(run.try_send(Input::Pause), refusal("paused", "paused"));
    assert_eq!(run.resume().events(), ["state_changed paused>running", "step_started b 1"]);
    assert_eq!(run.try_send(Input::Resume), refusal("running", "resumed"));
}

#[test]
fn a_paused_run_with_nothing_left_completes() {
    let mut run = Driver::started(json!([lua("a", &[])]));
    run.pause().done("a", json!({}));
    assert_eq!(run.events(), ["step_completed a", "state_changed paused>completed", "run_completed"]);
}

#[test]
fn retries_that_come_due_while_paused_start_with_the_resumption() {
    let again = || json!({"retry_count": 1});
    let slow = json!({"retry_count": 1, "retry_delay_ms": 20_000});
    let mut run = Driver::started(json!([mcp("a", &[], again()), mcp("slow", &[], slow)]));
    run.failed("a", 1, true).failed("slow", 1, true).pause();
    assert_eq!(run.after(1).timer(retry("a", 2)).events(), [""; 0]);
    run.after(4).resume();
    assert_eq!(run.events(), ["state_changed paused>running", "step_started a 2"]);
    assert_eq!(run.order_lines(), ["execute a#2", "set retry slow#2 +15s"]);
}

#[test]
fn an_approval_while_paused_counts_after_the_resumption() {
    let mut run = Driver::started(json!([human("ask", &[], json!({})), lua("z", &["ask"])]));
    run.pause().decide("ask", true);
    assert_eq!(run.events(), ["human_task_completed ask ask", "step_completed ask"]);
    assert_eq!(run.resume().events(), ["state_changed paused>running", "step_started z 1"]);
}

#[test]
fn a_failure_while_paused_fails_the_run() {
    let mut run = Driver::started(json!([lua("a", &[]), lua("b", &["a"])]));
    run.pause().failed("a", 1, false);
    assert!(run.is(&RunStatus::Failed));
}

#[test]
fn a_graceful_stop_waits_for_calls_but_not_for_people() {
    let mut run = Driver::started(json!([
        lua("a", &[]),
        human("ask", &[], json!({"timeout_s": 90})),
        lua("z", &["a"])
    ]));
    run.stop(StopMode::Graceful);
    assert_eq!(
        run.events(),
        ["state_changed running>draining", "step_cancelled ask run_stopped", "step_completed z blocked"]
    );
    assert_eq!(run.order_lines(), ["set drain +60s", "clear timeout ask#1"]);
    assert_eq!(run.try_send(Input::Stop(StopMode::Graceful)), refusal("draining", "stopped gracefully"));
    assert_eq!(run.try_send(Input::Pause), refusal("draining", "paused"));
    assert_eq!(run.try_send(Input::Resume), refusal("draining", "resumed"));
    let withdrawn = Err(Refusal::NotPending { task: "ask".into(), decision: "withdrawn" });
    assert_eq!(run.try_send(decision("ask", true, json!({}))), withdrawn);
    run.done("a", json!({}));
    assert_eq!(
        run.events(),
        ["step_completed a", "state_changed draining>stopped", "run_stopped RUN_STOPPED"]
    );
    assert_eq!(run.order_lines(), ["clear drain"]);
    assert_eq!((run.status("z"), run.code()), (BLOCKED, FailureCode::RunStopped));
}

#[test]
fn a_graceful_stop_with_nothing_in_flight_ends_at_once() {
    let mut run = Driver::started(json!([human("ask", &[], json!({}))]));
    run.stop(StopMode::Graceful);
    assert_eq!(
        run.events(),
        [
            "state_changed running>draining",
            "step_cancelled ask run_stopped",
            "state_changed draining>stopped",
            "run_stopped RUN_STOPPED"
        ]
    );
    assert_eq!(run.orders, []);
}

#[test]
fn attempts_to_come_still_run_while_draining() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"retry_count": 2}))]));
    run.failed("a", 1, true).pause().after(1).timer(retry("a", 2)).stop(StopMode::Graceful);
    assert_eq!(run.events(), ["state_changed paused>draining", "step_started a 2"]);
    assert_eq!(run.order_lines(), ["set drain +60s", "execute a#2"]);
    run.finish("a", 2, Outcome::Failed(error(true)));
    run.after(2).timer(retry("a", 3));
    assert_eq!(run.order_lines(), ["execute a#3"]);
    run.finish("a", 3, Outcome::Failed(error(true)));
    assert_eq!(
        run.events(),
        ["step_failed a 3", "state_changed draining>failed", "run_failed a MCP_TOOL_FAILED"]
    );
    assert_eq!(run.order_lines(), ["clear drain"]);
}

#[test]
fn a_graceful_stop_that_overruns_fails() {
    let mut run = Driver::started(json!([lua("a", &[]), lua("z", &["a"])]));
    run.timer(TimerKey::Drain);
    assert!(run.is(&RunStatus::Running));
    run.stop(StopMode::Graceful).after(60).timer(TimerKey::Drain);
    assert_eq!(
        run.events(),
        ["step_cancelled a drain_timeout", "state_changed draining>failed", "run_failed a DRAIN_TIMEOUT"]
    );
    assert_eq!(run.order_lines(), ["cancel a#1", "clear drain"]);
    let error =
        "the graceful stop took longer than 1m00s; cancelled what was still in flight, step `a` first";
    let want = Failure {
        code: FailureCode::DrainTimeout,
        error: error.into(),
        details: None,
        step: Some("a".into()),
    };
    assert_eq!((run.machine.failure(), run.machine.drain()), (Some(&want), None));
}

#[test]
fn an_immediate_stop_cancels_whatever_the_status() {
    for prelude in [None, Some(Input::Pause), Some(Input::Stop(StopMode::Graceful))] {
        let mut run = Driver::started(json!([lua("a", &[]), lua("z", &["a"])]));
        let drains = matches!(prelude, Some(Input::Stop(_)));
        let from = match &prelude {
            None => "running",
            Some(Input::Pause) => "paused",
            Some(_) => "draining",
        };
        if let Some(input) = prelude {
            run.send(input);
        }
        run.stop(StopMode::Immediate);
        let mut want = vec!["step_cancelled a run_stopped".to_owned()];
        want.extend((!drains).then(|| "step_completed z blocked".into()));
        want.extend([format!("state_changed {from}>stopped"), "run_stopped RUN_STOPPED".into()]);
        assert_eq!(run.events(), want);
        assert_eq!(run.order_lines()[0], "cancel a#1");
        assert_eq!(run.status("a"), StepStatus::Cancelled);
        assert_eq!(run.try_send(Input::Stop(StopMode::Immediate)), Err(Refusal::Ended("stopped".into())));
    }
}
