//! The process dies; another takes its runs up.

use arcc::domain::{RunEvent, RunId, StopMode};
use arcc::machine::{ConnectionChoice, Work};
use arcc::wire::{Decision, StartRun};
use pretty_assertions::assert_eq;
use serde_json::{Map, json};

use crate::fake::{Fake, World, human, log, lua, open, start, tool, until, until_status, words};

#[tokio::test]
async fn ended_steps_never_run_again_and_scripts_in_flight_do() {
    let world = World::new().await;
    let steps = vec![lua("a", "echo", &[]), lua("b", "hang", &["a"]), lua("c", "echo", &["b"])];
    let (workflow, run) = world.run(steps).await;
    world.fake.until_begun(2).await;
    let before = log(&world.engine, (&workflow, &run)).await;
    let image = world.crash_image();

    let fake = Fake::new();
    let engine = open(image.path(), &fake).await;
    fake.until_begun(1).await;
    assert_eq!(fake.begun(), ["b/1"]);
    fake.open();
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_eq!(fake.begun(), ["b/1", "c/1"]);
    let after = log(&engine, (&workflow, &run)).await;
    assert_eq!(after[..before.len()], before);
}

#[tokio::test]
async fn a_dropped_engine_leaves_its_runs_to_the_next() {
    let World { dir, engine, fake } = World::new().await;
    let world = World { engine: engine.clone(), dir, fake };
    let (workflow, run) = world.run(vec![lua("a", "hang", &[])]).await;
    world.fake.until_begun(1).await;
    drop(engine);
    let World { dir, engine, fake } = world;
    drop(engine);
    // The last handle is gone, so the calls in flight are abandoned.
    fake.until_cancelled(1).await;
    let fake = Fake::new();
    fake.open();
    let engine = open(dir.path(), &fake).await;
    until_status(&engine, (&workflow, &run), "completed").await;
}

#[tokio::test]
async fn a_call_in_flight_is_put_before_a_person_unless_its_tool_is_repeatable() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![lua("a", "echo", &[]), tool("send", "hang", &["a"])]).await;
    world.fake.until_begun(2).await;
    let work = Work::Mcp {
        server_url: Some("http://127.0.0.1:1/mcp".into()),
        instance_id: None,
        tool: "hang".into(),
        args: json!({"to": "send"}),
        connection: ConnectionChoice::Inherit,
    };

    let image = world.crash_image();
    let fake = Fake::repeatable();
    let engine = open(image.path(), &fake).await;
    assert_eq!(fake.asked(), std::slice::from_ref(&work));
    fake.open();
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_eq!(fake.begun(), ["send/1"]);

    let image = world.crash_image();
    let fake = Fake::new();
    let engine = open(image.path(), &fake).await;
    assert_eq!(fake.asked(), [work]);
    until(&engine, (&workflow, &run), |run| run.phase.is_some()).await;
    let events = log(&engine, (&workflow, &run)).await;
    assert!(words(&events).contains(&"step_uncertain send".to_owned()));
    let task = engine.tasks(None).await.unwrap().remove(0);
    assert_eq!((task.step_id.as_str(), &*task.task_type), ("send", "recovery"));
    assert_eq!(fake.begun(), Vec::<String>::new());
    fake.open();
    let (task, created_at) = (task.task_id, task.created_at);
    let approve = Decision {
        workflow: workflow.clone(),
        run: run.clone(),
        task,
        created_at,
        shown: None,
        approved: true,
        result: Map::new(),
    };
    engine.decide(approve).await.unwrap();
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_eq!(fake.begun(), ["send/1"]);
}

#[tokio::test]
async fn a_waiting_task_a_held_run_and_a_run_that_only_started_are_taken_up() {
    let world = World::new().await;
    let (asking, asked) = world.run(vec![human("ask", &[])]).await;
    let (held, hold) = world.run(vec![lua("a", "hang", &[]), lua("b", "echo", &["a"])]).await;
    world.engine.pause(&held, &hold).await.unwrap();
    let named = StartRun { run_id: Some("named".into()), ..start(&held) };
    world.engine.start(named.clone()).await.unwrap();
    let tasks = world.engine.tasks(None).await.unwrap();
    let image = world.crash_image();

    let fake = Fake::new();
    let engine = open(image.path(), &fake).await;
    assert_eq!(engine.notices(), Vec::<String>::new());
    assert_eq!(engine.tasks(None).await.unwrap(), tasks);
    assert_eq!(engine.run(&held, &hold).await.unwrap().status.as_str(), "paused");
    assert_eq!(engine.start(named).await.unwrap().id, RunId::new("named"));
    fake.open();
    until_status(&engine, (&held, &"named".into()), "completed").await;
    // What was in flight ends, what is pending waits for the operator.
    let still = until(&engine, (&held, &hold), |run| run.progress.done == 1).await;
    assert_eq!(still.status.as_str(), "paused");
    engine.resume(&held, &hold).await.unwrap();
    until_status(&engine, (&held, &hold), "completed").await;
    assert_eq!(engine.stop(&asking, &asked, StopMode::Immediate).await.unwrap().status.as_str(), "stopped");
    assert_eq!(engine.tasks(None).await.unwrap(), []);
}

#[tokio::test]
async fn a_timer_that_came_due_meanwhile_fires_after_the_restart() {
    let world = World::new().await;
    let mut flaky = lua("a", "flaky", &[]);
    flaky["retry_delay_ms"] = json!(1_500);
    let (workflow, run) = world.run(vec![flaky]).await;
    let retrying = |events: &[RunEvent]| words(events).contains(&"step_retrying a".to_owned());
    let mut places = world.engine.subscribe(&workflow);
    while !retrying(&log(&world.engine, (&workflow, &run)).await) {
        places.changed().await.unwrap();
    }
    let image = world.crash_image();
    let fake = Fake::new();
    let engine = open(image.path(), &fake).await;
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_eq!(fake.begun(), ["a/2"]);
}
