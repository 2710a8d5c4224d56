//! The host dies and comes back.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;

use super::driver::{Driver, decision, human, llm, lua, mcp, merged, timeout};
use crate::domain::{EventKind, FailureCode, RunStatus, StepStatus, StopMode};
use crate::machine::{RECOVERY_TASK, Refusal};

#[test]
fn scripts_are_repeated_as_the_same_attempt_and_ended_steps_are_not() {
    let b = merged(lua("b", &["a"]), json!({"timeout_s": 5}));
    let mut run = Driver::started(json!([lua("a", &[]), b]));
    run.done("a", json!({})).after(100).crash(&[]);
    assert_eq!(run.events(), [""; 0]);
    assert_eq!(run.order_lines(), ["execute b#1", "set timeout b#1 +5s"]);
    run.done("b", json!({}));
    assert!(run.is(&RunStatus::Completed));
    run.crash(&[]);
    assert_eq!((run.events(), run.order_lines()), (vec![], vec![]));
}

#[rstest]
#[case(json!({}), &["a"])]
#[case(json!({"on_crash": "retry"}), &[])]
fn tools_that_may_be_are_repeated_with_the_logged_arguments(
    #[case] more: serde_json::Value,
    #[case] repeatable: &[&str],
) {
    let args = json!({"tool_args": {"other": "{{ steps.side.result.n | 0 }}"}});
    let mut run = Driver::started(json!([mcp("a", &[], merged(args, more)), lua("side", &[])]));
    run.done("side", json!({"n": 9})).crash(repeatable);
    assert_eq!(run.order_lines(), ["execute a#1"]);
    assert_eq!((run.args("a"), run.call("a").idempotency_key()), (json!({"other": 0}), "r1/a/1".to_owned()));
}

#[rstest]
#[case(json!({}), &[])]
#[case(json!({"on_crash": "ask"}), &["a"])]
fn other_tools_are_put_before_a_person(#[case] more: serde_json::Value, #[case] repeatable: &[&str]) {
    let args = json!({"tool_args": {"n": 1}, "timeout_s": 5});
    let mut run = Driver::started(json!([mcp("a", &[], merged(args, more)), lua("z", &["a"])]));
    run.after(3).crash(repeatable);
    assert_eq!(run.events(), ["step_uncertain a a", "human_task_created a a"]);
    assert_eq!(run.data(&EventKind::StepUncertain), json!({"step_id": "a", "attempt": 1, "task_id": "a"}));
    assert_eq!(run.orders, []);
    let task = run.machine.pending_tasks().remove(0);
    assert_eq!(task.task_type.as_ref(), RECOVERY_TASK);
    let want = json!({
        "message": "The runtime went down while step `a` was in flight, so nobody knows whether its call took effect. \
                    Approve to repeat the call, reject to fail the step.",
        "tool_name": "send", "server_url": "http://mcp.example.com", "tool_args": {"n": 1},
        "attempt": 1, "started_at": "1970-01-01T00:16:40Z", "idempotency_key": "r1/a/1",
    });
    assert_eq!(task.payload, want);
    run.timer(timeout("a", 1));
    run.crash(repeatable);
    assert_eq!((run.events(), run.status("a")), (vec![], StepStatus::Waiting));
    run.decide("a", true);
    assert_eq!(run.events(), ["human_task_completed a a"]);
    assert_eq!(run.order_lines(), ["execute a#1", "set timeout a#1 +5s"]);
    run.crash(&[]);
    if repeatable.is_empty() {
        assert_eq!(run.events(), ["step_uncertain a a@2", "human_task_created a a@2"]);
    }
}

#[test]
fn a_call_nobody_wants_repeated_fails_the_step() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({})), lua("b", &[])]));
    run.crash(&[]).decide("a", false);
    assert_eq!(
        run.events(),
        [
            "human_task_completed a a",
            "step_failed a 1",
            "step_cancelled b run_failed",
            "state_changed running>failed",
            "run_failed a MCP_TOOL_FAILED"
        ]
    );
}

#[test]
fn a_model_is_asked_the_same_question_again() {
    let params = json!({"llm_params": {"user": "{{ steps.side.result.n | \"nobody\" }}"}});
    let mut run = Driver::started(json!([llm("a", params), lua("side", &[])]));
    let before = run.call("a");
    run.done("side", json!({"n": 9})).crash(&[]);
    assert_eq!((run.events(), run.order_lines()), (vec![], vec!["execute a#1".to_owned()]));
    assert_eq!(run.call("a"), before);
}

#[rstest]
#[case("ask", "step_uncertain a a")]
#[case("fail", "step_failed a 1")]
fn an_author_may_not_want_a_model_asked_twice(#[case] on_crash: &str, #[case] event: &str) {
    let mut run = Driver::started(json!([llm("a", json!({"on_crash": on_crash}))]));
    run.crash(&[]);
    assert_eq!(run.events()[0], event);
    if on_crash == "ask" {
        let payload = run.machine.pending_tasks().remove(0).payload;
        assert_eq!(payload["input"], json!({"model": "small", "prompt": "Say hello."}));
        run.decide("a", false);
    }
    assert_eq!(run.code(), FailureCode::LlmRequestFailed);
}

#[test]
fn on_crash_fail_fails_the_step_even_if_the_tool_is_repeatable() {
    let mut run = Driver::started(json!([lua("b", &[]), mcp("a", &[], json!({"on_crash": "fail"}))]));
    run.crash(&["a"]);
    assert_eq!(run.code(), FailureCode::McpToolFailed);
    let error = "step `a` was in flight when the runtime went down, whether its call took effect is unknown; \
                 on_crash is `fail`";
    assert_eq!(run.machine.failure().unwrap().error, error);
    assert!(!run.order_lines().contains(&"execute b#1".to_owned()));
}

#[test]
fn a_repetition_approved_while_paused_begins_with_the_resumption() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({}))]));
    run.pause().crash(&[]).decide("a", true);
    assert_eq!((run.events(), run.order_lines()), (vec!["human_task_completed a a".to_owned()], vec![]));
    run.crash(&[]);
    assert_eq!((run.events(), run.order_lines()), (vec![], vec![]));
    run.after(9).resume();
    assert_eq!(run.order_lines(), ["execute a#1"]);
    run.done("a", json!({}));
    assert!(run.is(&RunStatus::Completed));
}

#[test]
fn timers_are_set_again_from_the_log() {
    let mut run = Driver::started(json!([
        mcp("again", &[], json!({"retry_count": 1, "retry_delay_ms": 8_000})),
        human("ask", &[], json!({"timeout_s": 60})),
    ]));
    run.failed("again", 1, true).after(3).crash(&[]);
    assert_eq!(run.order_lines(), ["set retry again#2 +5s", "set timeout ask#1 +57s"]);
    assert_eq!(run.machine.pending_tasks().len(), 1);
    run.stop(StopMode::Graceful).after(70).crash(&[]);
    assert_eq!(run.order_lines(), ["set drain +-10s", "set retry again#2 +-65s"]);
}

#[test]
fn a_stop_that_was_asked_for_does_not_wait_for_an_answer() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({}))]));
    run.stop(StopMode::Graceful).crash(&[]);
    assert_eq!(
        run.events(),
        [
            "step_uncertain a a",
            "human_task_created a a",
            "step_cancelled a run_stopped",
            "state_changed draining>stopped",
            "run_stopped RUN_STOPPED"
        ]
    );
    assert_eq!(run.try_send(decision("a", true, json!({}))), Err(Refusal::Ended("stopped".into())));
}
