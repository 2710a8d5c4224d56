//! `for_each`.
#![expect(clippy::needless_pass_by_value, reason = "values are written in place by every test")]

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::driver::{Driver, decision, lua, mcp, merged, retry, timeout};
use super::repeats::repeat;
use crate::domain::{EventKind, FailureCode, RunStatus, StepStatus, StopMode};
use crate::machine::{Input, REVIEW_TASK, Refusal, TimerKey};

/// A `for_each` over these items; each item is fetched, then sent.
fn each(items: Value, more: Value) -> Value {
    let body = json!([
        mcp(
            "send",
            &["fetch"],
            json!({"tool_args": {"to": "{{ item.to | item }}", "n": "{{ foreach.index }}",
            "text": "{{ body.fetch.text }}", "same": "{{ body.fetch.result.text }}", "of": "{{ steps.each.item }}"}})
        ),
        merged(lua("fetch", &[]), json!({"script": "return {text = item}"})),
    ]);
    let step =
        json!({"id": "each", "type": "for_each", "for_each_items": items, "for_each_body_steps": body});
    merged(step, more)
}

/// Fetches an item with a text, then sends it.
fn item(run: &mut Driver, index: usize) {
    run.done(&format!("each[{index}]/fetch"), json!({"text": format!("t{index}")}));
    run.done(&format!("each[{index}]/send"), json!({"sent": index}));
}

fn iteration(index: u64) -> TimerKey {
    TimerKey::Iteration { step: "each".into(), iteration: index }
}

#[test]
fn items_go_through_the_body_a_few_at_a_time_and_come_back_in_order() {
    let steps =
        json!([each(json!("{{ input.rows }}"), json!({"for_each_max_parallel": 2})), lua("z", &["each"])]);
    let mut run = Driver::started_with(steps, json!({"rows": ["a", "b", "c"]}), &[]);
    let want = [
        "run_started",
        "step_started each 1",
        "step_started each#body#fetch 1",
        "step_started each#body#fetch 1",
    ];
    assert_eq!(run.events(), want);
    assert_eq!(run.order_lines(), ["execute each[0]/fetch#1", "execute each[1]/fetch#1"]);
    let globals = run.globals("each[1]/fetch");
    assert_eq!(globals["foreach"], json!({"item": "b", "index": 1}));
    assert_eq!(globals["loop"], json!({"iteration": 1, "index": 1, "item": "b"}));
    assert_eq!((&globals["item"], &globals["index"], &globals["body"]), (&json!("b"), &json!(1), &json!({})));

    run.done("each[1]/fetch", json!({"text": "t1"}));
    assert_eq!(run.events(), ["step_completed each#body#fetch", "step_started each#body#send 1"]);
    assert_eq!(run.args("each[1]/send"), json!({"to": "b", "n": 1, "text": "t1", "same": "t1", "of": "b"}));
    assert_eq!(run.call("each[1]/send").idempotency_key(), "r1/each[1]/send/1");
    assert_eq!(run.data(&EventKind::StepStarted)["iteration"], json!(1));
}

#[test]
fn results_come_back_in_the_order_of_the_items() {
    let more = json!({"for_each_max_parallel": 2});
    let mut run = Driver::started(json!([each(json!(["a", "b", "c"]), more), lua("z", &["each"])]));
    item(&mut run, 1);
    assert_eq!(run.order_lines(), ["execute each[2]/fetch#1"]);
    assert_eq!(run.machine.progress().in_flight, 1);
    item(&mut run, 2);
    item(&mut run, 0);
    assert_eq!(run.events(), ["step_completed each#body#send", "step_completed each", "step_started z 1"]);
    let row = |n: usize| json!({"index": n, "body": {"fetch": {"text": format!("t{n}")}, "send": {"sent": n}}, "result": {"sent": n}});
    let want = json!({
        "count": 3, "max_parallel": 2, "succeeded_count": 3, "failed_count": 0, "results": [row(0), row(1), row(2)],
    });
    assert_eq!(run.machine.context()["steps"]["each"]["result"], want);
    run.done("each[0]/fetch", json!({})).done("z", json!({}));
    assert!(run.is(&RunStatus::Completed));
    assert!(run.machine.under_way().is_empty());
}

#[rstest]
#[case(json!([]), 0)]
#[case(json!(null), 0)]
#[case(json!(""), 0)]
#[case(json!("one"), 1)]
#[case(json!({"to": "x"}), 1)]
#[case(json!((0..500).collect::<Vec<_>>()), 10)]
fn what_is_no_list_is_one_item_or_none(#[case] items: Value, #[case] begun: usize) {
    let run = Driver::started(json!([each(items, json!({}))]));
    assert_eq!(run.orders.len(), begun);
    if begun == 0 {
        let want =
            json!({"count": 0, "max_parallel": 10, "succeeded_count": 0, "failed_count": 0, "results": []});
        assert_eq!(run.data(&EventKind::RunCompleted), json!({"outputs": {"each": want}}));
    }
}

#[rstest]
#[case(each(json!("{{ input.ghost }}"), json!({})), "has no value")]
#[case(each(json!("{{ input.rows"), json!({})), "cannot be read")]
#[case(each(json!(vec![0; 501]), json!({})), "has 501 items, the limit is 500")]
#[case(each(json!([]), json!({"for_each_max_parallel": 101})), "from 1 to 100")]
#[case(each(json!([]), json!({"for_each_error_policy": "hope"})), "\"hope\" is none of")]
#[case(each(json!([]), json!({"for_each_item_timeout_s": 3601})), "at most 3600 seconds")]
#[case(each(json!([]), json!({"for_each_body_steps": [{"id": "x", "type": "while"}]})), "is a while, which no loop may hold")]
#[case(each(json!([]), json!({"for_each_body_steps": [{"id": "x", "type": "human_task"}]})), "is a human_task")]
#[case(each(json!([]), json!({"for_each_body_steps": [lua("x", &["y"]), lua("y", &["x"])]})), "x → y → x")]
#[case(each(json!([]), json!({"for_each_body_steps": [lua("x", &["a"])]})), "depends on `a`")]
#[case(each(json!([]), json!({"for_each_body_steps": [merged(lua("x", &[]), json!({"no_auto_start": true}))]})), "`x` is gated")]
#[case(repeat(json!({"while_mode": "forever"})), "`while_mode` must be")]
#[case(repeat(json!({"while_max_iterations": 0})), "at least 1")]
#[case(repeat(json!({})), "needs `while_condition` or `while_eval_script`")]
fn a_loop_that_is_written_wrongly_fails_at_once(#[case] step: Value, #[case] says: &str) {
    let run = Driver::started(json!([step]));
    assert_eq!((run.code(), &run.orders), (FailureCode::parse("VALIDATION_ERROR"), &vec![]));
    let error = &run.machine.failure().unwrap().error;
    assert!(error.contains(says), "{error}");
}

#[test]
fn the_first_item_that_fails_fails_the_loop_and_the_run() {
    let mut run = Driver::started(json!([
        each(json!(["a", "b", "c"]), json!({"for_each_max_parallel": 2})),
        lua("z", &["each"])
    ]));
    run.done("each[0]/fetch", json!({"text": "t"})).failed("each[1]/fetch", 1, false);
    assert_eq!(
        run.events(),
        [
            "step_failed each#body#fetch 1",
            "step_completed each#body#send blocked",
            "step_cancelled each#body#send run_failed",
            "step_failed each 1",
            "step_completed z blocked",
            "state_changed running>failed",
            "run_failed each#body#fetch MCP_TOOL_FAILED",
        ]
    );
    assert_eq!(run.order_lines(), ["cancel each[0]/send#1"]);
    let cancelled = json!({"step_id": "each#body#send", "iteration": 0, "cancelled": true, "reason": "run_failed",
        "caused_by_step_id": "each#body#fetch"});
    assert_eq!(run.data(&EventKind::StepCancelled), cancelled);
    assert_eq!(
        run.data(&EventKind::StepFailed)["error"],
        "step `each#body#fetch` (iteration 1) failed: busy"
    );
    assert_eq!(run.data(&EventKind::RunFailed)["iteration"], 1);
    assert_eq!(run.machine.under_way(), []);
}

#[test]
fn an_item_that_failed_is_noted_and_the_others_go_on() {
    let policy = json!({"for_each_error_policy": "continue_on_error", "for_each_max_parallel": 1});
    let mut run = Driver::started(json!([each(json!(["a", "b"]), policy)]));
    run.failed("each[0]/fetch", 1, false);
    assert_eq!(run.order_lines(), ["execute each[1]/fetch#1"]);
    item(&mut run, 1);
    let want = json!({
        "count": 2, "max_parallel": 1, "succeeded_count": 1, "failed_count": 1, "partial_success": true,
        "results": [
            {"index": 0, "error": "busy"},
            {"index": 1, "body": {"fetch": {"text": "t1"}, "send": {"sent": 1}}, "result": {"sent": 1}},
        ],
    });
    assert_eq!(run.data(&EventKind::RunCompleted), json!({"outputs": {"each": want}}));
}

#[test]
fn an_item_that_failed_can_pause_the_run() {
    let policy = json!({"for_each_error_policy": "pause", "for_each_max_parallel": 1});
    let mut run = Driver::started(json!([each(json!(["a", "b"]), policy)]));
    run.failed("each[0]/fetch", 1, false);
    let paused = json!({"from": "running", "to": "paused", "reason": "item 0 of step `each` failed"});
    assert_eq!((run.data(&EventKind::StateChanged), &run.orders), (paused, &vec![]));
    run.crash(&[]).resume();
    assert_eq!(run.order_lines(), ["execute each[1]/fetch#1"]);
    item(&mut run, 1);
    assert!(run.is(&RunStatus::Completed));
}

#[rstest]
#[case(true, json!({}), "retry")]
#[case(false, json!({"action": "retry"}), "retry")]
#[case(true, json!({"action": "skip"}), "skip")]
#[case(false, json!({}), "fail")]
fn a_person_says_what_becomes_of_an_item(
    #[case] approved: bool,
    #[case] fields: Value,
    #[case] remedy: &str,
) {
    let policy = json!({"for_each_error_policy": "human_review", "for_each_max_parallel": 1});
    let mut run = Driver::started(json!([each(json!(["a", "b"]), policy)]));
    run.failed("each[0]/fetch", 1, false);
    assert_eq!(
        (run.events(), &run.orders),
        (vec!["human_task_created each#body#fetch each[0]/fetch".to_owned()], &vec![])
    );
    let task = run.machine.pending_tasks().remove(0);
    assert_eq!((task.task_type.as_ref(), task.step_id.as_str()), (REVIEW_TASK, "each#body#fetch"));
    assert_eq!((&task.payload["item"], &task.payload["error"]), (&json!("a"), &json!("busy")));
    assert_eq!(run.machine.phase(), Some(crate::machine::AWAITING_HUMAN_TASK));
    run.crash(&[]).send(decision("each[0]/fetch", approved, fields));
    assert_eq!(run.data(&EventKind::HumanTaskCompleted)["action"], remedy);
    match remedy {
        "retry" => {
            assert_eq!(run.order_lines(), ["execute each[0]/fetch#2"]);
            run.failed("each[0]/fetch", 2, false);
            assert_eq!(run.machine.pending_tasks()[0].task_id, "each[0]/fetch@2".into());
        }
        "skip" => assert_eq!(run.order_lines(), ["execute each[1]/fetch#1"]),
        _ => {
            assert_eq!(
                run.machine.failure().unwrap().error,
                "step `each#body#fetch` (iteration 0) failed: busy"
            );
        }
    }
}

#[test]
fn a_retry_a_person_asked_for_waits_while_the_run_is_paused() {
    let mut run =
        Driver::started(json!([each(json!(["a"]), json!({"for_each_error_policy": "human_review"}))]));
    run.failed("each[0]/fetch", 1, false).pause().decide("each[0]/fetch", true);
    assert_eq!(run.orders, []);
    run.resume();
    assert_eq!(run.order_lines(), ["execute each[0]/fetch#2"]);
}

#[test]
fn inner_steps_are_tried_again_and_timed_out_like_any_other() {
    let body = json!([mcp("send", &[], json!({"retry_count": 1, "timeout_s": 5}))]);
    let more = json!({"for_each_body_steps": body, "for_each_item_timeout_s": 60});
    let mut run = Driver::started(json!([each(json!(["a", "b"]), more)]));
    assert_eq!(
        run.order_lines(),
        [
            "set iteration each[0] +60s",
            "execute each[0]/send#1",
            "set timeout each[0]/send#1 +5s",
            "set iteration each[1] +60s",
            "execute each[1]/send#1",
            "set timeout each[1]/send#1 +5s",
        ]
    );
    run.after(5).timer(timeout("each[1]/send", 1));
    assert_eq!(run.order_lines(), ["cancel each[1]/send#1", "set retry each[1]/send#2 +1s"]);
    run.after(1).timer(retry("each[1]/send", 2));
    assert_eq!(run.order_lines(), ["execute each[1]/send#2", "set timeout each[1]/send#2 +5s"]);
    run.after(54).timer(iteration(0));
    let error = "step `each#body#send` (iteration 0) failed: iteration 0 of step `each` took longer than its \
                 for_each_item_timeout_s of 1m00s";
    let failure = run.machine.failure().unwrap();
    assert_eq!((&failure.code, failure.error.as_str()), (&FailureCode::RunStalledOrTimedOut, error));
    assert_eq!(failure.step, Some("each#body#send".into()));
    assert_eq!(
        run.order_lines(),
        [
            "cancel each[0]/send#1",
            "clear timeout each[0]/send#1",
            "clear iteration each[0]",
            "cancel each[1]/send#2",
            "clear timeout each[1]/send#2",
            "clear iteration each[1]",
        ]
    );
}

#[test]
fn a_loop_can_have_a_time_limit_of_its_own() {
    let mut run = Driver::started(json!([each(json!(["a"]), json!({"timeout_s": 9}))]));
    assert_eq!(run.order_lines(), ["set timeout each#1 +9s", "execute each[0]/fetch#1"]);
    run.after(9).timer(timeout("each", 1));
    assert_eq!(run.code(), FailureCode::RunStalledOrTimedOut);
    assert_eq!(run.order_lines(), ["cancel each[0]/fetch#1", "clear timeout each#1"]);
}

#[test]
fn a_crash_repeats_what_each_item_was_at() {
    let mut run = Driver::started(json!([each(json!(["a", "b"]), json!({"for_each_item_timeout_s": 7}))]));
    run.done("each[0]/fetch", json!({"text": "t"})).after(3).crash(&["each[0]/send"]);
    let want = [
        "set iteration each[0] +7s",
        "set iteration each[1] +7s",
        "execute each[0]/send#1",
        "set iteration each[0] +7s",
        "execute each[1]/fetch#1",
        "set iteration each[1] +7s",
    ];
    let mut lines = run.order_lines();
    let mut want = want.to_vec();
    lines.sort();
    want.sort_unstable();
    assert_eq!(lines, want);
    run.crash(&[]);
    assert_eq!(
        run.events(),
        ["step_uncertain each#body#send each[0]/send", "human_task_created each#body#send each[0]/send"]
    );
    run.decide("each[0]/send", true).done("each[0]/send", json!({}));
    item(&mut run, 1);
    assert!(run.is(&RunStatus::Completed));
}

#[test]
fn a_paused_loop_begins_nothing_and_a_graceful_stop_ends_with_what_is_in_flight() {
    let mut run = Driver::started(json!([each(json!(["a", "b"]), json!({"for_each_max_parallel": 1}))]));
    run.pause().done("each[0]/fetch", json!({"text": "t"}));
    assert_eq!((run.events(), &run.orders), (vec!["step_completed each#body#fetch".to_owned()], &vec![]));
    run.resume();
    assert_eq!(run.order_lines(), ["execute each[0]/send#1"]);
    run.stop(StopMode::Graceful);
    assert_eq!(run.events(), ["state_changed running>draining"]);
    run.done("each[0]/send", json!({}));
    assert_eq!(
        run.events(),
        [
            "step_completed each#body#send",
            "step_cancelled each run_stopped",
            "state_changed draining>stopped",
            "run_stopped RUN_STOPPED",
        ]
    );
}

#[test]
fn a_graceful_stop_lets_a_loop_complete_that_has_nothing_left() {
    let mut run = Driver::started(json!([each(json!(["a"]), json!({}))]));
    run.done("each[0]/fetch", json!({"text": "t"})).stop(StopMode::Graceful).done("each[0]/send", json!({}));
    assert_eq!(run.status("each"), StepStatus::Completed);
    let mut run = Driver::started(json!([each(json!(["a", "b"]), json!({}))]));
    run.stop(StopMode::Immediate);
    assert_eq!(run.order_lines(), ["cancel each[0]/fetch#1", "cancel each[1]/fetch#1"]);
    assert_eq!(run.try_send(Input::Resume), Err(Refusal::Ended("stopped".into())));
}

#[test]
fn inner_steps_have_conditions_too() {
    let body = json!([
        merged(lua("odd", &[]), json!({"skip_when": "index == 0"})),
        lua("all", &[]),
        merged(lua("off", &[]), json!({"enabled": false}))
    ]);
    let mut run = Driver::started(json!([each(json!(["a", "b"]), json!({"for_each_body_steps": body}))]));
    assert_eq!(run.order_lines(), ["execute each[0]/all#1", "execute each[1]/odd#1"]);
    run.done("each[0]/all", json!(1)).done("each[1]/odd", json!(2)).done("each[1]/all", json!(3));
    let want = json!([{"index": 0, "body": {"all": 1}, "result": 1}, {"index": 1, "body": {"odd": 2, "all": 3}, "result": 3}]);
    assert_eq!(run.machine.context()["steps"]["each"]["result"]["results"], want);
}

#[test]
fn five_hundred_items_are_no_trouble() {
    let mut run = Driver::new(json!([each(
        json!((0..500).collect::<Vec<_>>()),
        json!({"for_each_max_parallel": 100})
    )]));
    let start = run.start_input(json!({}), &[]);
    let at = run.now;
    let mut orders = run.machine.handle(Input::Start(Box::new(start)), at).unwrap().orders;
    let mut calls = 0;
    while let Some(order) = orders.pop() {
        let crate::machine::Order::Execute(call) = order else { continue };
        calls += 1;
        let outcome = crate::machine::Outcome::Done(json!({"text": calls}));
        let input = Input::Finished { step: call.step, attempt: 1, outcome, took: std::time::Duration::ZERO };
        orders.extend(run.machine.handle(input, at).unwrap().orders);
    }
    assert_eq!((calls, run.machine.status()), (1_000, &RunStatus::Completed));
}
