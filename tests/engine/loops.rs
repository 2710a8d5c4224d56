//! Loops, with an executor under control and with real scripts.

use std::sync::Arc;

use arcc::domain::StopMode;
use arcc::server::engine::{Engine, NewWorkflow};
use arcc::server::exec::{ExecutorOptions, LocalExecutor};
use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::fake::{Fake, World, assert_refolds, log, lua, open, start, tool, until_status, words};

#[expect(clippy::needless_pass_by_value, reason = "values are written in place by every test")]
fn each(items: &[&str], body: Value) -> Value {
    json!({"id": "each", "type": "for_each", "for_each_items": items, "for_each_max_parallel": 2,
        "for_each_body_steps": body})
}

#[tokio::test]
async fn each_item_is_an_attempt_of_its_own() {
    let world = World::new().await;
    let body = json!([lua("get", "flaky", &[]), tool("send", "echo", &["get"])]);
    let (workflow, run) = world.run(vec![each(&["a", "b", "c"], body), lua("z", "echo", &["each"])]).await;
    until_status(&world.engine, (&workflow, &run), "completed").await;
    let mut want: Vec<String> =
        (0..3).flat_map(|n| ["get/1", "get/2", "send/1"].map(|call| format!("each[{n}]/{call}"))).collect();
    want.push("z/1".into());
    assert_eq!(world.fake.begun(), want);
    assert_refolds(&world.engine, (&workflow, &run)).await;
    let context = world.engine.context(&workflow, &run).await.unwrap();
    let second = &context["steps"]["each"]["result"]["results"][1];
    assert_eq!(second["result"], json!({"by": "each[1]/send"}));
}

#[tokio::test]
async fn a_crash_takes_up_the_items_that_were_in_flight() {
    let world = World::new().await;
    let body = json!([tool("get", "echo", &[]), tool("send", "hang", &["get"])]);
    let (workflow, run) = world.run(vec![each(&["a", "b", "c"], body)]).await;
    world.fake.until_begun(4).await;
    let image = world.crash_image();
    let fake = Fake::repeatable();
    let engine = open(image.path(), &fake).await;
    fake.until_begun(2).await;
    assert_eq!(fake.begun(), ["each[0]/send/1", "each[1]/send/1"]);
    fake.open();
    until_status(&engine, (&workflow, &run), "completed").await;
    assert_refolds(&engine, (&workflow, &run)).await;
}

#[tokio::test]
async fn a_stop_cancels_the_items_in_flight() {
    let world = World::new().await;
    let (workflow, run) = world.run(vec![each(&["a", "b", "c"], json!([lua("get", "hang", &[])]))]).await;
    world.fake.until_begun(2).await;
    world.engine.stop(&workflow, &run, StopMode::Immediate).await.unwrap();
    world.fake.until_cancelled(2).await;
    let events = words(&log(&world.engine, (&workflow, &run)).await);
    let cancelled: Vec<_> = events.iter().filter(|event| event.starts_with("step_cancelled")).collect();
    assert_eq!(
        cancelled,
        ["step_cancelled each#body#get", "step_cancelled each#body#get", "step_cancelled each"]
    );
}

#[tokio::test]
async fn scripts_see_their_item_and_the_iteration_before() {
    let dir = tempfile::tempdir().unwrap();
    let worker_program = env!("CARGO_BIN_EXE_arcc").into();
    let executor = LocalExecutor::new(ExecutorOptions::new(worker_program)).unwrap();
    let engine = Engine::open(dir.path(), Arc::new(executor)).await.unwrap();
    let script = |id: &str, script: &str| json!({"id": id, "type": "lua_script", "script": script});
    let body = json!([
        script("twice", "return {text = item .. item, n = index}"),
        script(
            "loud",
            "return {text = string.upper(body.twice.text), same = foreach.item == item, n = loop.index}"
        ),
    ]);
    let count = "local prev = loop.prev.count; return {n = (prev and prev.n or 0) + 2}";
    let graph = json!({"steps": [each(&["a", "b"], body), {
        "id": "w", "type": "while", "while_mode": "until", "while_max_iterations": 9, "depends_on": ["each"],
        "while_body_steps": [script("count", count)],
        "while_eval_script": "return {pass = body.count.n >= 2 * steps.each.result.count}",
    }]});
    let new = NewWorkflow { name: "Loops".into(), description: String::new(), graph };
    let workflow = engine.create_workflow(new).await.unwrap().id;
    engine.publish(&workflow, "first").await.unwrap();
    let run = engine.start(start(&workflow)).await.unwrap().id;
    until_status(&engine, (&workflow, &run), "completed").await;
    let context = engine.context(&workflow, &run).await.unwrap();
    let result = |step: &str| context["steps"][step]["result"].clone();
    assert_eq!(result("each")["results"][1]["result"], json!({"text": "BB", "same": true, "n": 1}));
    assert_eq!(
        result("w"),
        json!({
            "iteration_count": 2, "max_iterations": 9, "stopped_reason": "condition_met", "last": {"count": {"n": 4}},
            "iterations": [
                {"index": 0, "body": {"count": {"n": 2}}, "result": {"n": 2}},
                {"index": 1, "body": {"count": {"n": 4}}, "result": {"n": 4}},
            ],
        })
    );
}
