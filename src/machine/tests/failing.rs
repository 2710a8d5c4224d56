//! Retries, time limits, fail-fast, steps that cannot be prepared.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::driver::{BLOCKED, Driver, human, llm, lua, mcp, merged, retry, timeout};
use crate::domain::{EventKind, FailureCode, RunStatus, SkipReason, StepStatus};
use crate::machine::{Failure, Input, Outcome, Refusal, StepError};

#[test]
fn a_retryable_failure_is_tried_again_after_a_growing_delay() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"retry_count": 6}))]));
    for (attempt, delay) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 30)] {
        run.failed("a", attempt, true);
        assert_eq!(run.events(), [format!("step_retrying a {attempt}")]);
        assert_eq!(run.order_lines(), [format!("set retry a#{} +{delay}s", attempt + 1)]);
        run.after(delay).timer(retry("a", attempt + 1));
        assert_eq!(run.order_lines(), [format!("execute a#{}", attempt + 1)]);
    }
    run.failed("a", 7, true);
    assert_eq!(
        run.events(),
        ["step_failed a 7", "state_changed running>failed", "run_failed a MCP_TOOL_FAILED"]
    );
}

#[test]
fn retry_events_say_what_failed_and_when_it_goes_on() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"retry_count": 1, "retry_delay_ms": 250}))]));
    run.failed("a", 1, true);
    let want = json!({
        "step_id": "a", "attempt": 1, "error": "busy", "failure_code": "MCP_TOOL_FAILED",
        "delay_ms": 250, "next_attempt_at": "1970-01-01T00:16:40.25Z",
    });
    assert_eq!(run.data(&EventKind::StepRetrying), want);
    run.timer(retry("a", 1)).timer(retry("a", 3));
    assert_eq!(run.status("a"), StepStatus::Retrying);
    run.timer(retry("a", 2)).timer(retry("a", 2));
    assert_eq!((run.status("a"), run.log.len()), (StepStatus::Running, 4));
}

#[test]
fn a_failure_that_no_retry_can_help_is_final() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"retry_count": 3}))]));
    run.failed("a", 1, false);
    assert_eq!(run.status("a"), StepStatus::Failed);
    let want = json!({"step_id": "a", "error": "busy", "failure_code": "MCP_TOOL_FAILED", "attempt": 1, "duration_ms": 5});
    assert_eq!(run.data(&EventKind::StepFailed), want);
    assert_eq!(
        run.data(&EventKind::RunFailed),
        json!({"failure_code": "MCP_TOOL_FAILED", "error": "busy", "step_id": "a"})
    );
    let want = Failure {
        code: FailureCode::McpToolFailed,
        error: "busy".into(),
        details: None,
        step: Some("a".into()),
    };
    assert_eq!(run.machine.failure(), Some(&want));
}

#[test]
fn details_of_a_failure_name_its_step_and_reach_the_run() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"name": "Send it", "retry_count": 1}))]));
    let details = json!({"provider": "crm"}).as_object().cloned().map(Box::new);
    let error = StepError::lasting(FailureCode::PrincipalNotConnected, "nobody".into());
    let outcome = Outcome::Failed(StepError { details, ..error });
    run.finish("a", 1, outcome);
    let want = json!({"provider": "crm", "step_name": "Send it"});
    assert_eq!(run.data(&EventKind::StepFailed)["details"], want);
    assert_eq!(run.data(&EventKind::RunFailed)["details"], want);
    let failure = run.machine.failure().unwrap();
    assert_eq!((json!(failure.details), failure.code.as_str()), (want, "principal_not_connected"));
}

#[test]
fn the_first_failure_cancels_siblings_and_blocks_the_rest() {
    let off = merged(lua("off", &["a"]), json!({"enabled": false}));
    let mut run = Driver::started(json!([
        lua("a", &[]),
        mcp("tool", &[], json!({"timeout_s": 9})),
        mcp("again", &[], json!({"retry_count": 1})),
        human("ask", &[], json!({"timeout_s": 60})),
        lua("z", &["a", "tool"]),
        off,
    ]));
    run.failed("again", 1, true).failed("a", 1, false);
    assert_eq!(
        run.events(),
        [
            "step_failed a 1",
            "step_cancelled tool run_failed",
            "step_cancelled again run_failed",
            "step_cancelled ask run_failed",
            "step_completed z blocked",
            "step_completed off step_disabled",
            "state_changed running>failed",
            "run_failed a MCP_TOOL_FAILED",
        ]
    );
    assert_eq!(
        run.order_lines(),
        ["cancel tool#1", "clear timeout tool#1", "clear retry again#2", "clear timeout ask#1"]
    );
    let cancelled =
        json!({"step_id": "ask", "cancelled": true, "reason": "run_failed", "caused_by_step_id": "a"});
    assert_eq!(run.data(&EventKind::StepCancelled), cancelled);
    assert_eq!((run.status("z"), run.status("off")), (BLOCKED, StepStatus::Skipped(SkipReason::Disabled)));
    assert_eq!(run.machine.pending_tasks(), []);
    let events = run.log.len();
    run.done("tool", json!({})).timer(retry("again", 2));
    assert_eq!(run.log.len(), events);
    assert_eq!(run.try_send(Input::Resume), Err(Refusal::Ended("failed".into())));
}

#[test]
fn an_attempt_that_overruns_its_time_is_cancelled_and_tried_again() {
    let mut run = Driver::started(json!([mcp("a", &[], json!({"timeout_s": 30, "retry_count": 1}))]));
    run.after(30).timer(timeout("a", 1));
    assert_eq!(run.events(), ["step_retrying a 1"]);
    assert_eq!(run.order_lines(), ["cancel a#1", "set retry a#2 +1s"]);
    assert_eq!(run.done("a", json!({})).log.len(), 3);
    run.after(1).timer(retry("a", 2));
    assert_eq!(run.order_lines(), ["execute a#2", "set timeout a#2 +30s"]);
    run.timer(timeout("a", 1)).after(30).timer(timeout("a", 2));
    assert_eq!(run.order_lines(), ["cancel a#2"]);
    let want = json!({
        "step_id": "a", "error": "step `a` took longer than its timeout_s of 30s (attempt 2 of 2)",
        "failure_code": "RUN_STALLED_OR_TIMED_OUT", "attempt": 2, "duration_ms": 30_000,
    });
    assert_eq!(run.data(&EventKind::StepFailed), want);
    assert_eq!(run.code(), FailureCode::RunStalledOrTimedOut);
}

#[rstest]
#[case(mcp("a", &[], json!({"tool_args": {"q": "{{ input.tpic }}"}, "retry_count": 3})), "MCP_TOOL_FAILED", "`input.topic`")]
#[case(mcp("a", &[], json!({"tool_name": ""})), "MCP_TOOL_FAILED", "no `tool_name`")]
#[case(mcp("a", &[], json!({"server_url": null})), "MCP_TOOL_FAILED", "no `instance_id`")]
#[case(human("a", &[], json!({"task_payload": "{{ steps.b.result.x }}"})), "HUMAN_TASK_FAILED", "field `task_payload`")]
#[case(json!({"id": "a", "type": "lua_script"}), "LUA_SCRIPT_FAILED", "no `script`")]
#[case(json!({"id": "a", "type": "lua_script", "script": "-".repeat(65_537)}), "LUA_SCRIPT_FAILED", "65537 bytes")]
#[case(llm("a", json!({"model": ""})), "LLM_REQUEST_FAILED", "no `model` and no `model_ref`")]
#[case(llm("a", json!({"prompt": null})), "LLM_REQUEST_FAILED", "no `prompt`; add it")]
#[case(llm("a", json!({"prompt": " {{ input.nope | \"\" }} "})), "LLM_REQUEST_FAILED", "no `prompt`; add it")]
#[case(llm("a", json!({"prompt": "{{ input.tpic }}", "retry_count": 3})), "LLM_REQUEST_FAILED", "`input.topic`")]
#[case(llm("a", json!({"llm_params": [0.5]})), "LLM_REQUEST_FAILED", "`llm_params` is not an object")]
#[case(llm("a", json!({"llm_params": {"messages": []}})), "LLM_REQUEST_FAILED", "`llm_params` holds `messages`")]
#[case(json!({"id": "a", "type": "agent_call", "prompt": "Hi"}), "LLM_REQUEST_FAILED", "no `agent_id`; add it")]
#[case(json!({"id": "a", "type": "agent_call", "agent_id": "x"}), "LLM_REQUEST_FAILED", "no `prompt` and no `input`")]
#[case(json!({"id": "a", "type": "external_agent"}), "DEPENDENCY_UNAVAILABLE", "step `a`: an external_agent is deployed outside")]
#[case(json!({"id": "a", "type": "for_each"}), "VALIDATION_ERROR", "`for_each_body_steps` must be a list")]
#[case(mcp("a", &[], json!({"skip_when": "input.ghost"})), "VALIDATION_ERROR", "field `skip_when`: `{{ input.ghost }}` has no value")]
#[case(json!({"id": "a", "type": "teleport"}), "DEPENDENCY_UNAVAILABLE", "teleport is not executed")]
fn a_step_that_cannot_be_prepared_fails_at_once(#[case] step: Value, #[case] code: &str, #[case] says: &str) {
    let run = Driver::started(json!([step]));
    let failed = format!("run_failed a {code}");
    let want = [
        "run_started",
        "step_started a 1",
        "step_failed a 1",
        "state_changed running>failed",
        failed.as_str(),
    ];
    assert_eq!(run.events(), want);
    let error = &run.machine.failure().unwrap().error;
    assert!(error.contains(says), "{error}");
    assert_eq!(run.orders, []);
}

#[test]
fn calls_of_the_turn_in_which_a_sibling_fails_are_never_ordered() {
    let run = Driver::started(json!([
        mcp("a", &[], json!({"timeout_s": 5})),
        json!({"id": "b", "type": "while"}),
        lua("c", &[])
    ]));
    assert_eq!(run.status("a"), StepStatus::Cancelled);
    assert_eq!(run.status("c"), BLOCKED);
    assert_eq!(run.orders, []);
    assert!(run.is(&RunStatus::Failed));
}
