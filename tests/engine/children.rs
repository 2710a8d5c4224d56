//! Runs that call runs: one transaction, one child, one end.

use arcc::domain::{Run, RunId, StopMode, WorkflowId};
use arcc::server::engine::{Engine, RunQuery};
use arcc::wire::{Decision, StartRun};
use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};

use crate::fake::{Fake, World, assert_refolds, human, log, lua, open, start, until, until_status, words};

/// A step that calls another workflow.
#[expect(clippy::needless_pass_by_value, reason = "values are written in place by every test")]
fn call(id: &str, child: &WorkflowId, more: Value) -> Value {
    let mut step = json!({"id": id, "type": "workflow_call", "workflow_id": child});
    step.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    step
}

/// The runs of a workflow, oldest first.
async fn runs(engine: &Engine, workflow: &WorkflowId) -> Vec<Run> {
    let query = RunQuery { workflow: Some(workflow.clone()), limit: 100, ..RunQuery::default() };
    let mut runs = engine.runs(query).await.unwrap().0;
    runs.reverse();
    runs
}

/// The only run of a workflow.
async fn only(engine: &Engine, workflow: &WorkflowId) -> Run {
    let mut runs = runs(engine, workflow).await;
    assert_eq!(runs.len(), 1, "{runs:?}");
    runs.remove(0)
}

async fn result(engine: &Engine, run: (&WorkflowId, &RunId), step: &str) -> Value {
    engine.context(run.0, run.1).await.unwrap()["steps"][step]["result"].clone()
}

#[tokio::test]
async fn a_child_is_a_run_of_its_own_and_hands_back_its_output() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("in", "echo", &[]), lua("out", "echo", &["in"])]).await;
    let steps =
        vec![call("c", &child, json!({"input": {"to": "{{ input.topic }}"}})), lua("z", "echo", &["c"])];
    let (workflow, run) = world.run(steps).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let called = only(&world.engine, &child).await;
    let parent = called.parent.clone().unwrap();
    assert_eq!(
        (parent.workflow_id, parent.run_id, parent.step_id.as_str()),
        (workflow.clone(), run.clone(), "c")
    );
    assert_eq!((called.status.as_str(), called.trigger.as_deref()), ("completed", Some("workflow_call")));
    assert_eq!(world.engine.context(&child, &called.id).await.unwrap()["input"], json!({"to": "x"}));
    let want = json!({"child_run_id": called.id, "status": "completed", "output": {"by": "out"}});
    assert_eq!(result(&world.engine, (&workflow, &run), "c").await, want);
    assert_refolds(&world.engine, (&workflow, &run)).await;
    assert_refolds(&world.engine, (&child, &called.id)).await;
}

#[tokio::test]
async fn a_person_in_a_childs_child_shows_up_to_the_top() {
    let world = World::new().await;
    let lowest = world.workflow(vec![human("ask", &[])]).await;
    let middle = world.workflow(vec![call("down", &lowest, json!({}))]).await;
    let (top, run) = world.run(vec![call("down", &middle, json!({}))]).await;
    let waiting = until(&world.engine, (&top, &run), |run| run.phase.is_some()).await;
    assert_eq!(waiting.phase.as_deref(), Some("awaiting_child_task"));
    assert_eq!(only(&world.engine, &middle).await.phase.as_deref(), Some("awaiting_child_task"));
    let task = world.engine.tasks(None).await.unwrap().remove(0);
    assert_eq!(task.workflow_id, lowest);
    let decision = Decision {
        workflow: lowest.clone(),
        run: task.run_id,
        task: task.task_id,
        created_at: task.created_at,
        approved: true,
        result: Map::new(),
        shown: None,
    };
    world.engine.decide(decision).await.unwrap();
    until_status(&world.engine, (&top, &run), "completed").await;
    let events = words(&log(&world.engine, (&top, &run)).await);
    let waits = events.iter().filter(|event| *event == "child_waiting down").count();
    assert_eq!(waits, 1, "its end says that it no longer waits: {events:?}");
    assert_refolds(&world.engine, (&top, &run)).await;
}

#[tokio::test]
async fn a_failed_child_fails_its_step_with_its_code_after_the_steps_retries() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "fail", &[])]).await;
    let retries = json!({"retry_count": 1, "retry_delay_ms": 1});
    let (workflow, run) = world.run(vec![call("c", &child, retries)]).await;
    let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
    let children = runs(&world.engine, &child).await;
    assert_eq!(children.len(), 2);
    assert_eq!(failed.failure_code.unwrap().as_str(), "MCP_TOOL_FAILED");
    let error = failed.error.unwrap();
    assert!(error.contains(children[1].id.as_str()) && error.ends_with("`a` was told to fail"), "{error}");
}

#[tokio::test]
async fn stopping_a_parent_stops_its_child_at_once_or_gracefully() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    let (workflow, run) = world.run(vec![call("c", &child, json!({}))]).await;
    world.fake.until_begun(1).await;
    world.engine.stop(&workflow, &run, StopMode::Immediate).await.unwrap();
    world.fake.until_cancelled(1).await;
    let called = only(&world.engine, &child).await;
    assert_eq!(called.status.as_str(), "stopped");
    assert_eq!(
        called.error.as_deref(),
        Some("the run that called it was stopped or failed, and this run with it")
    );

    let second = world.engine.start(start(&workflow)).await.unwrap().id;
    world.fake.until_begun(2).await;
    let draining = world.engine.stop(&workflow, &second, StopMode::Graceful).await.unwrap();
    assert_eq!(draining.status.as_str(), "draining");
    let called = runs(&world.engine, &child).await.remove(1);
    assert_eq!(called.status.as_str(), "draining");
    world.fake.open();
    until_status(&world.engine, (&child, &called.id), "stopped").await;
    until_status(&world.engine, (&workflow, &second), "stopped").await;
    assert!(!words(&log(&world.engine, (&child, &called.id)).await).contains(&"step_started b".to_owned()));
    assert_refolds(&world.engine, (&workflow, &second)).await;
}

#[tokio::test]
async fn a_time_limit_ends_the_child_and_the_next_attempt_gets_another() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "hang", &[])]).await;
    let more = json!({"timeout_s": 0.05, "retry_count": 1, "retry_delay_ms": 1});
    let (workflow, run) = world.run(vec![call("c", &child, more)]).await;
    let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
    assert_eq!(failed.failure_code.unwrap().as_str(), "RUN_STALLED_OR_TIMED_OUT");
    let statuses: Vec<_> =
        runs(&world.engine, &child).await.iter().map(|run| run.status.to_string()).collect();
    assert_eq!(statuses, ["stopped", "stopped"]);
}

#[tokio::test]
async fn what_cannot_be_called_fails_the_step_and_says_why() {
    let world = World::new().await;
    let fail = async |step: Value| {
        let (workflow, run) = world.run(vec![step]).await;
        let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
        assert_eq!(failed.failure_code.unwrap().as_str(), "VALIDATION_ERROR");
        failed.error.unwrap().to_string()
    };
    let ghost = WorkflowId::new("ghost");
    let missing = fail(call("c", &ghost, json!({"retry_count": 2}))).await;
    assert_eq!(
        missing,
        "step `c` cannot run `ghost`: there is no such workflow; correct the step's `workflow_id`"
    );
    let new = arcc::server::engine::NewWorkflow {
        name: "Draft".into(),
        description: String::new(),
        graph: json!({"steps": []}),
    };
    let draft = world.engine.create_workflow(new).await.unwrap().id;
    assert!(fail(call("c", &draft, json!({}))).await.ends_with("has no published version; publish it first"));
    let archived = world.workflow(vec![lua("a", "echo", &[])]).await;
    world.engine.archive_workflow(&archived).await.unwrap();
    assert!(fail(call("c", &archived, json!({}))).await.contains("is archived"));
}

#[tokio::test]
async fn a_workflow_cannot_call_itself_and_a_line_of_runs_has_an_end() {
    let world = World::new().await;
    let own = world.workflow(vec![call("c", &"{{ input.next }}".into(), json!({}))]).await;
    let next = StartRun { input: json!({"next": own}), ..start(&own) };
    let run = world.engine.start(next).await.unwrap().id;
    let failed = until_status(&world.engine, (&own, &run), "failed").await;
    assert!(failed.error.unwrap().contains("a workflow may not call itself, directly or through others"));

    let mut last = world.workflow(vec![lua("a", "echo", &[])]).await;
    for _ in 0..7 {
        last = world.workflow(vec![call("c", &last, json!({}))]).await;
    }
    let run = world.engine.start(start(&last)).await.unwrap().id;
    until_status(&world.engine, (&last, &run), "completed").await;
    last = world.workflow(vec![call("c", &last, json!({}))]).await;
    let run = world.engine.start(start(&last)).await.unwrap().id;
    let failed = until_status(&world.engine, (&last, &run), "failed").await;
    assert!(failed.error.unwrap().contains("it would be the run number 9 in a row, 8 are allowed"));
}

#[tokio::test]
async fn a_child_that_is_not_waited_for_goes_on_alone() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "hang", &[])]).await;
    let (workflow, run) = world.run(vec![call("c", &child, json!({"wait": false}))]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let called = only(&world.engine, &child).await;
    assert_eq!(called.status.as_str(), "running");
    let want = json!({"child_run_id": called.id, "status": "running"});
    assert_eq!(result(&world.engine, (&workflow, &run), "c").await, want);
    world.fake.open();
    until_status(&world.engine, (&child, &called.id), "completed").await;
}

#[tokio::test]
async fn a_loop_calls_a_child_for_each_item() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "echo", &[])]).await;
    let body = json!([call("c", &child, json!({"input": {"item": "{{ item }}"}}))]);
    let each = json!({"id": "each", "type": "for_each", "for_each_items": ["p", "q", "r"],
        "for_each_max_parallel": 2, "for_each_body_steps": body});
    let (workflow, run) = world.run(vec![each]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let mut inputs = Vec::new();
    for called in runs(&world.engine, &child).await {
        assert_eq!(called.parent.unwrap().step_id.as_str(), "each#body#c");
        inputs.push(world.engine.context(&child, &called.id).await.unwrap()["input"]["item"].clone());
    }
    inputs.sort_by_key(Value::to_string);
    assert_eq!(inputs, ["p", "q", "r"]);
    assert_refolds(&world.engine, (&workflow, &run)).await;
}

#[tokio::test]
async fn a_crash_neither_doubles_a_child_nor_loses_its_end() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "hang", &[])]).await;
    let (workflow, run) = world.run(vec![call("c", &child, json!({})), lua("z", "echo", &["c"])]).await;
    world.fake.until_begun(1).await;
    let before = log(&world.engine, (&workflow, &run)).await;
    let image = world.crash_image();
    let fake = Fake::new();
    let engine = open(image.path(), &fake).await;
    fake.until_begun(1).await;
    fake.open();
    until_status(&engine, (&workflow, &run), "completed").await;
    only(&engine, &child).await;
    let after = log(&engine, (&workflow, &run)).await;
    assert_eq!(after[..before.len()], before);
    assert_eq!(fake.begun(), ["a/1", "z/1"]);
    assert_refolds(&engine, (&workflow, &run)).await;
}

#[tokio::test]
async fn a_held_parent_takes_the_end_of_its_child_and_goes_on_when_resumed() {
    let world = World::new().await;
    let child = world.workflow(vec![lua("a", "hang", &[])]).await;
    let (workflow, run) = world.run(vec![call("c", &child, json!({})), lua("z", "echo", &["c"])]).await;
    world.fake.until_begun(1).await;
    world.engine.pause(&workflow, &run).await.unwrap();
    world.fake.open();
    let held = until(&world.engine, (&workflow, &run), |run| run.progress.done == 1).await;
    assert_eq!(held.status.as_str(), "paused");
    world.engine.resume(&workflow, &run).await.unwrap();
    until_status(&world.engine, (&workflow, &run), "completed").await;
}
