//! Tasks: asking, deciding, rejecting, running out of time.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::driver::{BLOCKED, Driver, decision, human, lua, retry, timeout};
use crate::domain::{EventKind, FailureCode, PendingTask, RunStatus, StepStatus};
use crate::machine::{AWAITING_HUMAN_TASK, Input, Refusal};

#[test]
fn a_task_shows_its_resolved_payload_and_names_the_wait() {
    let mut run = Driver::started(json!([
        human("ask", &[], json!({"task_payload": {"about": "{{ input.topic }}"}})),
        lua("other", &[]),
    ]));
    assert_eq!(
        run.events(),
        ["run_started", "step_started ask 1", "human_task_created ask ask", "step_started other 1"]
    );
    let created = json!({"task_id": "ask", "step_id": "ask", "task_type": "approval", "task_payload": {"about": "rust"}});
    assert_eq!(run.data(&EventKind::HumanTaskCreated), created);
    let task = PendingTask {
        run_id: "r1".into(),
        task_id: "ask".into(),
        workflow_id: "w1".into(),
        workflow_name: None,
        step_id: "ask".into(),
        task_type: "approval".into(),
        created_at: Some(run.now),
        payload: json!({"about": "rust"}),
        verbatim: None,
    };
    assert_eq!(run.machine.pending_tasks(), [task]);
    assert_eq!((run.status("ask"), run.machine.phase()), (StepStatus::Waiting, None));
    run.done("other", json!({}));
    assert_eq!((run.machine.status(), run.machine.phase()), (&RunStatus::Running, Some(AWAITING_HUMAN_TASK)));
}

#[test]
fn approval_merges_fields_and_goes_on() {
    let mut run = Driver::started(json!([human("ask", &[], json!({})), lua("z", &["ask"])]));
    run.after(2).send(decision("ask", true, json!({"note": "fine", "approved": false})));
    assert_eq!(run.events(), ["human_task_completed ask ask", "step_completed ask", "step_started z 1"]);
    let want = json!({"step_id": "ask", "result": {"approved": true, "note": "fine"}, "duration_ms": 2_000});
    assert_eq!(run.data(&EventKind::StepCompleted), want);
    assert_eq!(run.machine.pending_tasks(), []);
}

#[test]
fn rejection_ends_the_branch_and_no_other() {
    let mut run = Driver::started(json!([
        human("ask", &[], json!({})),
        lua("b", &["ask"]),
        lua("c", &["b", "side"]),
        lua("side", &[]),
        lua("after", &["side"]),
    ]));
    run.decide("ask", false);
    assert_eq!(
        run.events(),
        [
            "human_task_completed ask ask",
            "step_completed ask",
            "step_completed b blocked",
            "step_completed c blocked"
        ]
    );
    assert_eq!(run.machine.context()["steps"]["ask"]["result"], json!({"approved": false}));
    run.done("side", json!({})).done("after", json!({}));
    assert!(run.is(&RunStatus::Completed));
    assert_eq!((run.status("b"), run.status("after")), (BLOCKED, StepStatus::Completed));
}

#[test]
fn a_task_is_decided_once() {
    let mut run = Driver::started(json!([
        human("ask", &[], json!({})),
        human("no", &[], json!({})),
        lua("z", &["ask"])
    ]));
    run.decide("ask", true).decide("no", false);
    let refusal = |task: &str, decision| Err(Refusal::NotPending { task: task.into(), decision });
    assert_eq!(run.try_send(decision("ask", false, json!({}))), refusal("ask", "approved"));
    assert_eq!(run.try_send(decision("no", true, json!({}))), refusal("no", "rejected"));
    assert_eq!(run.try_send(decision("ghost", true, json!({}))), refusal("ghost", "never asked"));
    run.done("z", json!({}));
    assert_eq!(run.try_send(decision("ask", true, json!({}))), Err(Refusal::Ended("completed".into())));
}

#[test]
fn a_task_out_of_time_is_asked_again_under_another_id_then_fails() {
    let mut run = Driver::started(json!([human("ask", &[], json!({"timeout_s": 60, "retry_count": 1}))]));
    assert_eq!(run.order_lines(), ["set timeout ask#1 +60s"]);
    run.after(60).timer(timeout("ask", 1));
    assert_eq!(run.events(), ["step_retrying ask 1"]);
    let withdrawn = Err(Refusal::NotPending { task: "ask".into(), decision: "withdrawn" });
    assert_eq!(run.try_send(decision("ask", true, json!({}))), withdrawn);
    run.after(1).timer(retry("ask", 2));
    assert_eq!(run.events(), ["step_started ask 2", "human_task_created ask ask@2"]);
    assert_eq!(run.order_lines(), ["set timeout ask#2 +60s"]);
    run.after(60).timer(timeout("ask", 2));
    assert_eq!(run.code(), FailureCode::RunStalledOrTimedOut);
    assert_eq!(run.orders, []);
}

#[test]
fn a_task_decided_in_time_clears_its_timer() {
    let mut run = Driver::started(json!([human("ask", &[], json!({"timeout_s": 60}))]));
    run.decide("ask", true);
    assert_eq!(run.order_lines(), ["clear timeout ask#1"]);
    assert_eq!(run.send(Input::Timer(timeout("ask", 1))).events(), [""; 0]);
}

#[test]
fn task_ids_never_meet_another_step() {
    let mut run = Driver::started(json!([
        human("ask", &[], json!({"timeout_s": 6, "retry_count": 1})),
        human("ask@2", &[], json!({}))
    ]));
    run.after(6).timer(timeout("ask", 1)).after(1).timer(retry("ask", 2));
    let ids: Vec<_> = run.machine.pending_tasks().iter().map(|task| task.task_id.to_string()).collect();
    assert_eq!(ids, ["ask@3", "ask@2"]);
}
