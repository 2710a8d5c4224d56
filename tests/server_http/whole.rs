//! The runtime with everything it ships: Lua workers, the tools server, the executor between.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use arcc::server::samples::{SAMPLES, Samples};
use arcc::server::serve::{ServeOptions, Server};

use crate::runtime::{Runtime, options, serve};

async fn start(samples: Samples) -> Runtime {
    let dir = tempfile::tempdir().unwrap();
    let lua_program = env!("CARGO_BIN_EXE_arcc").into();
    let options = ServeOptions { lua_program, samples, ..options(dir.path()) };
    let server = Server::start(options).await.unwrap();
    Runtime::of(server, dir)
}

#[tokio::test]
async fn a_run_calls_a_tool_and_a_script_and_completes() {
    let runtime = start(Samples::Off).await;
    let graph = json!({"steps": [
        {"id": "rates", "type": "mcp_call", "server_url": "builtin:desk", "tool_name": "rates_get",
         "tool_args": {"base": "EUR"}},
        {"id": "sum", "type": "lua_script", "depends_on": ["rates"],
         "script": "return { base = steps.rates.result.base, twice = input.n * 2 }"},
    ]});
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "rates", "graph": graph})).await;
    let workflow = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{workflow}/versions"), json!({})).await.status, 201);
    let start = json!({"command": "start", "params": {"run_id": "r", "n": 21}});
    assert_eq!(runtime.send("POST", &format!("{workflow}/command"), start).await.status, 200);
    let run = format!("{workflow}/runs/r");
    let summary = runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
    assert_eq!((&summary["status"], &summary["error"]), (&json!("completed"), &json!(null)));
    let context = runtime.get(&format!("{run}/context")).await;
    assert_eq!(context["steps"]["sum"]["result"], json!({"base": "EUR", "twice": 42}));
    runtime.server.shutdown().await;
}

/// A published workflow of these steps; its path.
async fn published(runtime: &Runtime, steps: Value) -> String {
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "w", "graph": {"steps": steps}})).await;
    let workflow = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{workflow}/versions"), json!({})).await.status, 201);
    workflow
}

#[tokio::test]
async fn a_failed_runs_row_names_the_step_and_what_it_lacks() {
    let runtime = start(Samples::Off).await;
    let send = json!({"id": "send", "type": "mcp_call", "name": "Send it", "tool_name": "send",
        "server_url": "https://crm.example.com/mcp", "connection_resolution": "principal"});
    let each =
        json!({"id": "each", "type": "for_each", "for_each_items": [1], "for_each_body_steps": [send]});
    let workflow = published(&runtime, json!([each])).await;
    let start = json!({"command": "start", "params": {"run_id": "r"}});
    assert_eq!(runtime.send("POST", &format!("{workflow}/command"), start).await.status, 200);
    let run = format!("{workflow}/runs/r");
    let summary = runtime.until(&format!("{run}/summary"), |body| body["run_complete"] == true).await;
    let feed = runtime.get("/v1/runs").await;
    let details = json!({"provider": "https://crm.example.com/mcp", "step_name": "Send it"});
    for row in [&feed["runs"][0], &summary, &runtime.get(&run).await] {
        assert_eq!(row["failed_step_id"], "each#body#send", "{row}");
        assert_eq!(row["failure_code"], "principal_not_connected");
        assert_eq!(row["error_details"], details);
    }
    let events = runtime.get(&format!("{run}/events")).await;
    let failed = |kind: &str| {
        let mut events = events["events"].as_array().unwrap().iter();
        events.find(|event| event["event_type"] == kind).unwrap()["data"]["details"].clone()
    };
    assert_eq!((failed("step_failed"), failed("run_failed")), (details.clone(), details));
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn a_draining_runs_row_says_until_when() {
    let runtime = start(Samples::Off).await;
    let slow = json!({"id": "slow", "type": "lua_script", "script": "while true do end", "timeout_s": 30});
    let workflow = published(&runtime, json!([slow])).await;
    let command = format!("{workflow}/command");
    let start = json!({"command": "start", "params": {"run_id": "r"}});
    assert_eq!(runtime.send("POST", &command, start).await.status, 200);
    let stop = |mode: &str| json!({"command": "stop", "params": {"run_id": "r", "mode": mode}});
    assert_eq!(runtime.send("POST", &command, stop("graceful")).await.status, 200);
    let row = runtime.get("/v1/runs").await["runs"][0].clone();
    let instant = |field: &str| row[field].as_str().unwrap().parse::<arcc::domain::Timestamp>().unwrap();
    let span = instant("drain_deadline").duration_since(instant("drain_started_at"));
    assert_eq!((row["status"].as_str(), span.as_secs()), (Some("draining"), 60));
    assert_eq!(runtime.send("POST", &command, stop("immediate")).await.status, 200);
    let row = runtime.get("/v1/runs").await["runs"][0].clone();
    assert_eq!((row["status"].as_str(), row.get("drain_deadline")), (Some("stopped"), None));
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn samples_are_there_to_be_decided_if_they_are_wanted() {
    let runtime = start(Samples::On).await;
    assert_eq!(runtime.server.notices(), <[String; 0]>::default());
    let all = runtime.get("/v1/workflows").await;
    assert_eq!(all["workflows"].as_array().unwrap().len(), SAMPLES.len());
    let waiting = runtime.until("/v1/tasks/pending", |body| body["tasks"] != json!([])).await;
    let task = &waiting["tasks"][0];
    let [workflow, run, id] = ["workflow_id", "run_id", "task_id"].map(|field| task[field].as_str().unwrap());
    let path = format!("/v1/workflows/{workflow}/runs/{run}/tasks/{id}/complete");
    let decided = runtime.send("POST", &path, json!({"approved": true})).await;
    assert_eq!((decided.status, decided.body["approved"].clone()), (200, json!(true)));
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn samples_that_cannot_be_installed_are_a_notice_and_no_failure() {
    let dir = tempfile::tempdir().unwrap();
    serve(dir.path()).await.shutdown().await;
    std::fs::create_dir(dir.path().join("samples.json")).unwrap();
    let options = ServeOptions { samples: Samples::On, ..options(dir.path()) };
    let runtime = Runtime::of(Server::start(options).await.unwrap(), dir);
    let notices = runtime.server.notices();
    assert!(notices[0].starts_with("the sample workflows are not there: "), "{notices:?}");
    assert_eq!(runtime.get("/v1/workflows").await, json!({"workflows": []}));
}
