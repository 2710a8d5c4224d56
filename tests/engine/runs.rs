//! What becomes of runs.

use arcc::domain::{RunEvent, StepId, StopMode, TaskId};
use arcc::server::engine::{EngineError, RunQuery};
use arcc::server::exec::lua::WORKERS;
use arcc::wire::{Decision, StartRun};
use pretty_assertions::assert_eq;
use serde_json::{Map, json};

use crate::fake::{World, assert_refolds, human, log, lua, start, tool, until, until_status, words};

fn diamond() -> Vec<serde_json::Value> {
    vec![
        lua("a", "echo", &[]),
        tool("b", "echo", &["a"]),
        lua("c", "flaky", &["a"]),
        lua("d", "echo", &["b", "c"]),
    ]
}

#[tokio::test]
async fn a_run_goes_through_its_graph_and_the_tables_say_what_its_log_says() {
    let world = World::new().await;
    let (workflow, run) = world.run(diamond()).await;
    let ended = until_status(&world.engine, (&workflow, &run), "completed").await;
    assert_eq!(world.fake.begun(), ["a/1", "b/1", "c/1", "c/2", "d/1"]);
    assert_refolds(&world.engine, (&workflow, &run)).await;
    assert_eq!(ended.workflow_name.as_deref(), Some("Orders"));
    assert_eq!((ended.version, ended.trigger.as_deref()), (Some(1), Some("manual")));

    let context = world.engine.context(&workflow, &run).await.unwrap();
    assert_eq!(context["steps"]["d"]["result"], json!({"by": "d"}));
    assert_eq!(context["input"], json!({"topic": "x"}));
}

#[tokio::test]
async fn the_same_start_again_is_the_same_run_and_another_with_its_id_is_refused() {
    let world = World::new().await;
    let workflow = world.workflow(vec![lua("a", "hang", &[])]).await;
    let named = StartRun { run_id: Some("mine".into()), ..start(&workflow) };
    let first = world.engine.start(named.clone()).await.unwrap();
    let again = world.engine.start(named.clone()).await.unwrap();
    assert_eq!((again.id.clone(), again.started_at), (first.id, first.started_at));
    let other = StartRun { input: json!({"topic": "y"}), ..named };
    let refused = world.engine.start(other).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the run id `mine` belongs to another start; use a new id, or leave it out"
    );
    assert!(matches!(refused, EngineError::Conflict(_)));
    assert_eq!(world.engine.runs(RunQuery { limit: 10, ..RunQuery::default() }).await.unwrap().1, 1);
}

fn decision(
    world: (&arcc::domain::WorkflowId, &arcc::domain::RunId),
    task: &TaskId,
    approved: bool,
) -> Decision {
    Decision {
        workflow: world.0.clone(),
        run: world.1.clone(),
        task: task.clone(),
        created_at: None,
        shown: None,
        approved,
        result: Map::new(),
    }
}

#[tokio::test]
async fn a_task_is_decided_once_and_the_second_decision_hears_of_the_first() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![human("ask", &[]), lua("slow", "hang", &["ask"])]).await;
    let engine = &world.engine;
    let waiting = until(engine, (&workflow, &run), |run| run.phase.is_some()).await;
    assert_eq!((waiting.status.as_str(), waiting.phase.as_deref()), ("running", Some("awaiting_human_task")));
    let task = engine.tasks(Some((workflow.clone(), run.clone()))).await.unwrap().remove(0);
    assert_eq!(engine.tasks(None).await.unwrap(), std::slice::from_ref(&task));
    assert_refolds(engine, (&workflow, &run)).await;
    assert_eq!((task.step_id.as_str(), task.workflow_name.as_deref()), ("ask", Some("Orders")));

    let ids = (&workflow, &run);
    let stale = Decision {
        created_at: waiting.started_at.map(|at| at - jiff::SignedDuration::from_secs(1)),
        ..decision(ids, &task.task_id, true)
    };
    assert!(
        matches!(engine.decide(stale).await, Err(EngineError::Conflict(text)) if text.contains("asked again"))
    );
    let seen = Decision { created_at: task.created_at, ..decision(ids, &task.task_id, true) };
    engine.decide(seen).await.unwrap();
    assert_eq!(engine.tasks(None).await.unwrap(), []);

    let late = || decision(ids, &task.task_id, false);
    let told = format!("the task `{}` is not pending; it was approved", task.task_id);
    assert_eq!(engine.decide(late()).await.unwrap_err().to_string(), told);
    world.fake.open();
    until_status(engine, ids, "completed").await;
    assert_eq!(engine.decide(late()).await.unwrap_err().to_string(), told);
    let ghost = engine.decide(decision(ids, &"ghost".into(), true)).await;
    assert!(matches!(ghost, Err(EngineError::NotFound { noun: "task", .. })), "{ghost:?}");
}

#[tokio::test]
async fn a_held_run_starts_nothing_until_it_is_released() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    world.fake.until_begun(1).await;
    let engine = &world.engine;
    assert_eq!(engine.pause(&workflow, &run).await.unwrap().status.as_str(), "paused");
    assert_refolds(engine, (&workflow, &run)).await;
    let again = engine.pause(&workflow, &run).await.unwrap_err();
    assert_eq!(again.to_string(), "the run is paused, it cannot be paused");
    world.fake.open();
    until(engine, (&workflow, &run), |run| run.progress.done == 1).await;
    assert_eq!(world.fake.begun(), ["a/1"]);
    engine.resume(&workflow, &run).await.unwrap();
    until_status(engine, (&workflow, &run), "completed").await;
    assert_eq!(world.fake.begun(), ["a/1", "b/1"]);
    let late = engine.resume(&workflow, &run).await;
    assert!(matches!(late, Err(EngineError::Conflict(text)) if text.contains("has ended (completed)")));
}

#[tokio::test]
async fn an_immediate_stop_cancels_what_is_in_flight() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    world.fake.until_begun(1).await;
    let stopped = world.engine.stop(&workflow, &run, StopMode::Immediate).await.unwrap();
    assert_eq!(stopped.status.as_str(), "stopped");
    assert_eq!(stopped.failure_code.map(|code| code.to_string()).as_deref(), Some("RUN_STOPPED"));
    world.fake.until_cancelled(1).await;
    assert_eq!(world.engine.run(&workflow, &run).await.unwrap().status.as_str(), "stopped");
}

#[tokio::test]
async fn a_graceful_stop_lets_what_is_in_flight_finish() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    world.fake.until_begun(1).await;
    let draining = world.engine.stop(&workflow, &run, StopMode::Graceful).await.unwrap();
    assert_eq!(draining.status.as_str(), "draining");
    world.fake.open();
    until_status(&world.engine, (&workflow, &run), "stopped").await;
    assert_refolds(&world.engine, (&workflow, &run)).await;
    assert_eq!(world.fake.begun(), ["a/1"]);
    let events = log(&world.engine, (&workflow, &run)).await;
    assert!(words(&events).contains(&"step_completed a".to_owned()));
}

#[tokio::test]
async fn a_failure_cancels_the_siblings_and_a_broken_executor_is_a_failure() {
    let world = World::new().await;
    for (word, code) in [("fail", "MCP_TOOL_FAILED"), ("panic", "UPSTREAM_ERROR")] {
        let steps = vec![lua("a", "hang", &[]), lua("b", word, &[]), lua("c", "echo", &["b"])];
        let (workflow, run) = world.run(steps).await;
        let ended = until_status(&world.engine, (&workflow, &run), "failed").await;
        assert_eq!(ended.failure_code.map(|code| code.to_string()).as_deref(), Some(code));
        assert_refolds(&world.engine, (&workflow, &run)).await;
        let events = log(&world.engine, (&workflow, &run)).await;
        let failed = events.iter().find(|event| event.kind.as_str() == "step_failed");
        assert_eq!(failed.and_then(RunEvent::step_id), Some(StepId::new("b")));
    }
    world.fake.until_cancelled(2).await;
}

#[tokio::test]
async fn a_step_that_overruns_its_time_fails_its_run() {
    let world = World::new().await;
    let mut slow = lua("slow", "hang", &[]);
    slow["timeout_s"] = json!(0.02);
    slow["retry_count"] = json!(0);
    let (workflow, run) = world.run(vec![slow]).await;
    let failed = until_status(&world.engine, (&workflow, &run), "failed").await;
    let code = failed.failure_code.map(|code| code.to_string());
    assert_eq!(code.as_deref(), Some("RUN_STALLED_OR_TIMED_OUT"));
    world.fake.until_cancelled(1).await;
}

#[tokio::test]
async fn runs_are_listed_newest_first_by_workflow_and_status() {
    let world = World::new().await;
    let (quick, first) = world.run(vec![lua("a", "echo", &[])]).await;
    until_status(&world.engine, (&quick, &first), "completed").await;
    let (slow, second) = world.run(vec![lua("a", "hang", &[])]).await;
    let third = world.engine.start(start(&slow)).await.unwrap().id;
    let list = async |query: RunQuery| {
        let (runs, total) = world.engine.runs(query).await.unwrap();
        (runs.into_iter().map(|run| run.id).collect::<Vec<_>>(), total)
    };
    let all = RunQuery { limit: 2, ..RunQuery::default() };
    assert_eq!(list(all.clone()).await, (vec![third.clone(), second.clone()], 3));
    assert_eq!(list(RunQuery { offset: 2, ..all.clone() }).await, (vec![first.clone()], 3));
    let prefix = first.as_str()[..20].to_owned();
    assert_eq!(list(RunQuery { id_prefix: Some(prefix), ..all.clone() }).await, (vec![first.clone()], 1));
    assert_eq!(list(RunQuery { workflow: Some(slow), ..all.clone() }).await, (vec![third, second], 2));
    assert_eq!(list(RunQuery { status: Some("completed".into()), ..all }).await, (vec![first], 1));
}

#[tokio::test]
async fn a_timeout_counts_from_when_the_call_has_a_place() {
    let world = World::new().await;
    let timed = |mut step: serde_json::Value, seconds: f64| {
        step["timeout_s"] = json!(seconds);
        step
    };
    // More scripts than may run at a time; the last ones wait for the first.
    let mut steps: Vec<_> = (0..WORKERS).map(|turn| lua(&format!("s{turn}"), "hang", &[])).collect();
    steps.push(timed(lua("late", "echo", &[]), 0.1));
    let (workflow, run) = world.run(steps).await;
    world.fake.until_begun(WORKERS).await;
    // Another run's timer shows that more than that time has passed.
    let (other, slow) = world.run(vec![timed(tool("slow", "hang", &[]), 0.2)]).await;
    until_status(&world.engine, (&other, &slow), "failed").await;
    world.fake.open();
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let told = words(&log(&world.engine, (&workflow, &run)).await);
    assert_eq!(told.iter().filter(|word| word.starts_with("step_retrying")).count(), 0, "{told:?}");
}

#[tokio::test]
async fn steps_to_leave_out_must_be_there() {
    let world = World::new().await;
    let workflow = world.workflow(vec![lua("a", "echo", &[])]).await;
    let refused = world.engine.start(StartRun { excluded: vec!["b".into()], ..start(&workflow) }).await;
    assert_eq!(
        refused.unwrap_err().to_string(),
        "there is no step `b` to leave out; check excluded_step_ids"
    );
}
