//! `while`, and steps with conditions.

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::driver::{Driver, lua, mcp, merged};
use crate::domain::{EventKind, SkipReason, StepStatus};

/// A `while` that polls at most three times.
pub(super) fn repeat(more: Value) -> Value {
    let step = json!({
        "id": "w", "type": "while", "while_mode": "until", "while_max_iterations": 3,
        "while_body_steps": [lua("poll", &[])],
    });
    merged(step, more)
}

#[test]
fn until_stops_when_its_condition_holds_and_sees_the_iteration_before() {
    let poll = mcp(
        "poll",
        &[],
        json!({"tool_args": {
            "n": "{{ while.iteration }}", "cursor": "{{ while.prev.poll.cursor | null }}", "again": "{{ while.prev.poll.result.cursor | 0 }}",
        }}),
    );
    let more = json!({"while_condition": "{{ body.poll.done | false }}", "while_body_steps": [poll]});
    let mut run = Driver::started(json!([repeat(more)]));
    assert_eq!(run.args("w[0]/poll"), json!({"n": 0, "cursor": null, "again": 0}));
    run.done("w[0]/poll", json!({"cursor": 7}));
    assert_eq!(run.args("w[1]/poll"), json!({"n": 1, "cursor": 7, "again": 7}));
    run.crash(&["w[1]/poll"]).done("w[1]/poll", json!({"done": true}));
    let row = |n: usize, body: Value| json!({"index": n, "body": {"poll": body}, "result": body});
    let want = json!({
        "iteration_count": 2, "max_iterations": 3, "stopped_reason": "condition_met", "last": {"poll": {"done": true}},
        "iterations": [row(0, json!({"cursor": 7})), row(1, json!({"done": true}))],
    });
    assert_eq!(run.data(&EventKind::RunCompleted), json!({"outputs": {"w": want}}));
}

#[rstest]
#[case(json!({"pass": true}), 2)]
#[case(json!({"result": "yes"}), 2)]
#[case(json!({"pass": false}), 1)]
#[case(json!({"result": false, "pass": 0}), 1)]
fn a_script_that_tests_the_loop_beats_the_condition(#[case] answer: Value, #[case] begun: usize) {
    let more = json!({"while_mode": "while", "while_condition": "{{ ghost }}", "while_eval_script": "return {pass = true}"});
    let mut run = Driver::started(json!([repeat(more)]));
    run.done("w[0]/poll", json!({"n": 4}));
    assert_eq!(run.events(), ["step_completed w#body#poll", "step_started w#body#while_eval_script 1"]);
    let globals = run.globals("w[0]/while_eval_script");
    assert_eq!(
        (&globals["body"], &globals["loop"]["prev"]),
        (&json!({"poll": {"n": 4}}), &json!({"poll": {"n": 4}}))
    );
    run.done("w[0]/while_eval_script", answer);
    let started = run.log.iter().filter(|event| event.text("step_id") == Some("w#body#poll"));
    assert_eq!(started.filter(|event| event.kind == EventKind::StepStarted).count(), begun);
    if begun == 1 {
        assert_eq!(run.machine.context()["steps"]["w"]["result"]["last"], json!({"poll": {"n": 4}}));
    }
}

#[test]
fn a_loop_that_reaches_its_most_iterations_has_not_failed() {
    let mut run = Driver::started(json!([repeat(json!({"while_condition": "body.poll.done == true"}))]));
    for n in 0..3 {
        run.done(&format!("w[{n}]/poll"), json!({"done": false}));
    }
    let result = &run.machine.context()["steps"]["w"]["result"];
    assert_eq!(
        (&result["stopped_reason"], &result["iteration_count"]),
        (&json!("max_iterations"), &json!(3))
    );
}

#[test]
fn a_test_that_has_no_answer_fails_the_loop() {
    let mut run = Driver::started(json!([repeat(json!({"while_condition": "{{ body.poll.ghost }}"}))]));
    run.done("w[0]/poll", json!({}));
    assert_eq!(
        run.events(),
        [
            "step_completed w#body#poll",
            "step_failed w 1",
            "state_changed running>failed",
            "run_failed w VALIDATION_ERROR"
        ]
    );
    let mut run = Driver::started(json!([repeat(json!({"while_eval_script": "return {}"}))]));
    run.done("w[0]/poll", json!({})).done("w[0]/while_eval_script", json!({}));
    assert_eq!(
        run.machine.failure().unwrap().error,
        "step `w`: `while_eval_script` must return a table with `pass`"
    );
}

#[rstest]
#[case(json!({"skip_when": "{{ input.topic }}"}), true)]
#[case(json!({"skip_when": "input.topic != \"rust\"", "condition": false}), false)]
#[case(json!({"condition": "input.topic == 'rust'"}), false)]
#[case(json!({"condition": "{{ input.ghost | false }}"}), true)]
#[case(json!({"skip_when": null, "condition": ""}), false)]
fn a_step_is_skipped_by_its_own_condition_and_dependants_go_on(#[case] more: Value, #[case] skips: bool) {
    let run = Driver::started(json!([merged(lua("a", &[]), more), lua("z", &["a"])]));
    if skips {
        assert_eq!(run.events(), ["run_started", "step_completed a condition", "step_started z 1"]);
        assert_eq!(run.status("a"), StepStatus::Skipped(SkipReason::Condition));
    } else {
        assert_eq!(run.events(), ["run_started", "step_started a 1"]);
    }
}
