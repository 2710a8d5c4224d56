//! The runtime with everything it ships: Lua workers, the tools server, the executor between.

use pretty_assertions::assert_eq;
use serde_json::json;

use arcc::server::serve::{ServeOptions, Server};

use crate::runtime::{Runtime, options};

async fn start() -> Runtime {
    let dir = tempfile::tempdir().unwrap();
    let options = ServeOptions { lua_program: env!("CARGO_BIN_EXE_arcc").into(), ..options(dir.path()) };
    let server = Server::start(options).await.unwrap();
    Runtime::of(server, dir)
}

#[tokio::test]
async fn a_run_calls_a_tool_and_a_script_and_completes() {
    let runtime = start().await;
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
