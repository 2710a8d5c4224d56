//! Figures about runs: each is held against what the runs of the test did.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::runtime::Runtime;

/// A published workflow of one step; its path.
async fn publish(runtime: &Runtime, name: &str, step: Value) -> String {
    let made = runtime.send("POST", "/v1/workflows", json!({"name": name, "graph": {"steps": [step]}})).await;
    let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{path}/versions"), json!({})).await.status, 201);
    path
}

async fn finish(runtime: &Runtime, workflow: &str) {
    let start = json!({"command": "start", "params": {"topic": "x"}});
    let started = runtime.send("POST", &format!("{workflow}/command"), start).await;
    let run = started.body["run_id"].as_str().unwrap();
    runtime.until(&format!("{workflow}/runs/{run}/summary"), |body| body["run_complete"] == true).await;
}

#[tokio::test]
async fn figures_are_those_of_the_log() {
    let runtime = Runtime::start().await;
    let good =
        publish(&runtime, "good", json!({"id": "a", "type": "lua_script", "script": "return {}"})).await;
    // A tool call that names no tool fails for good when its turn comes.
    let bad =
        publish(&runtime, "bad", json!({"id": "a", "type": "mcp_call", "server_url": "http://127.0.0.1:1"}))
            .await;
    finish(&runtime, &good).await;
    finish(&runtime, &bad).await;
    let rate = runtime.get("/v1/analytics/success-rate").await;
    assert_eq!((&rate["success_rate"], &rate["terminal_runs"]), (&Value::Null, &json!(2)));
    finish(&runtime, &good).await;
    finish(&runtime, &good).await;
    let waiting = runtime.workflow().await;
    runtime.run(&waiting).await;

    let of = async |name: &str| runtime.get(&format!("/v1/analytics/{name}?window=week")).await;
    assert_eq!(of("success-rate").await["success_rate"], 0.75);
    assert_eq!(of("live-runs").await["live_runs"], 1);
    let count = of("runs-count").await;
    assert_eq!(
        (&count["runs"], &count["by_status"]),
        (&json!(5), &json!({"completed": 3, "failed": 1, "running": 1}))
    );
    let took = of("execution-duration").await;
    assert_eq!(took["count"], 3);
    assert!(took["p50_ms"].as_f64().unwrap() <= took["max_ms"].as_f64().unwrap());
    assert_eq!(of("steps-executed").await["steps_executed"], 5);
    let steps = of("steps-summary").await;
    assert_eq!([&steps["completed"], &steps["failed"], &steps["retried"]], [&json!(3), &json!(1), &json!(0)]);
    let spent = of("credits-consumed").await;
    // Three scripts; the call without a tool was never begun, and a question costs nothing.
    assert_eq!(spent["microcredits"], 3_000_000);
    assert_eq!(
        spent["by_action"],
        json!([{"charges": 3, "microcredits": 3_000_000, "action": "lua_script"}])
    );
    assert_eq!(spent["by_workflow"][0]["workflow_name"], "good");
    let principal = runtime.get("/v1/usage-history?group_by=principal").await;
    assert_eq!(
        principal["items"],
        json!([{"external_user_id": null, "run_count": 5, "total_delta_microcredits": -3_000_000}])
    );
    let series = of("runs-timeseries").await;
    let points = series["points"].as_array().unwrap();
    assert_eq!((&series["granularity"], points.len()), (&json!("day"), 7));
    let sum = |points: &[Value], field: &str| {
        points.iter().map(|point| point[field].as_u64().unwrap()).sum::<u64>()
    };
    assert_eq!(["started", "completed", "failed", "stopped"].map(|field| sum(points, field)), [5, 3, 1, 0]);
    let usage = runtime.get("/v1/analytics/usage-timeseries?window=all&granularity=hour").await;
    let points = usage["points"].as_array().unwrap();
    assert_eq!((sum(points, "steps"), sum(points, "microcredits")), (5, 3_000_000));
}

#[tokio::test]
async fn spans_are_days_or_instants_and_mistakes_are_named() {
    let runtime = Runtime::start().await;
    let day =
        runtime.get("/v1/analytics/runs-timeseries?from=2026-01-02&to=2026-01-03&granularity=hour").await;
    assert_eq!(day["points"].as_array().unwrap().len(), 48);
    assert_eq!((&day["from"], &day["to"]), (&json!("2026-01-02T00:00:00Z"), &json!("2026-01-04T00:00:00Z")));
    let exact =
        runtime.get("/v1/analytics/runs-count?from=2026-01-02T10:00:00Z&to=2026-01-02T11:30:00Z").await;
    assert_eq!(exact["to"], "2026-01-02T11:30:00Z");
    for wrong in [
        "runs-count?window=year",
        "runs-count?from=yesterday",
        "runs-count?from=2026-01-03&to=2026-01-01",
        "runs-timeseries?granularity=minute",
        "runs-timeseries?from=2020-01-01&to=2026-01-01&granularity=hour",
    ] {
        let answer = runtime.ask("GET", &format!("/v1/analytics/{wrong}")).send().await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!("MALFORMED_REQUEST")), "{wrong}");
    }
}
