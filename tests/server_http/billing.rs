//! Credits over HTTP: balance, history, price list, grants, and what a start without credits gets.

use pretty_assertions::assert_eq;
use serde_json::json;

use arcc::domain::Balance;
use arcc::server::engine::CreditsOrder;

use crate::runtime::Runtime;

/// A published workflow of two tools and a script, in a row; its path.
async fn paid_workflow(runtime: &Runtime) -> String {
    let tool = |id: &str, after: &[&str]| {
        json!({"id": id, "type": "mcp_call", "server_url": "http://127.0.0.1:1/mcp", "tool_name": "echo",
            "depends_on": after})
    };
    let script = json!({"id": "c", "type": "lua_script", "script": "return {}", "depends_on": ["b"]});
    let graph = json!({"steps": [tool("a", &[]), tool("b", &["a"]), script]});
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "paid", "graph": graph})).await;
    let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{path}/versions"), json!({})).await.status, 201);
    path
}

#[tokio::test]
async fn a_start_without_credits_is_refused_until_credits_are_granted() {
    let runtime = Runtime::start().await;
    let workflow = runtime.workflow().await;
    runtime.server.engine().order_credits(CreditsOrder::Set(Balance::default())).await.unwrap();
    assert_eq!(
        runtime.get("/v1/billing/usage").await,
        json!({"trial_remaining": 0, "included_remaining": 0, "payg_remaining": 0,
            "total_remaining_microcredits": 0, "unlimited": false})
    );
    assert_eq!(runtime.get("/v1/billing/status").await["status"], "exhausted");
    let start = json!({"command": "start", "params": {"run_id": "r-1", "topic": "x"}});
    let refused = runtime.send("POST", &format!("{workflow}/command"), start.clone()).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("INSUFFICIENT_CREDITS")));
    assert_eq!(refused.body["details"]["run_id"], "r-1");
    assert_eq!(runtime.get(&format!("{workflow}/runs/r-1")).await["status"], "rejected");

    for wrong in
        [json!({}), json!({"credits": -1}), json!({"credits": 1, "microcredits": 1}), json!({"credits": 0})]
    {
        assert_eq!(runtime.send("POST", "/v1/billing/grants", wrong).await.status, 422);
    }
    let granted =
        runtime.send("POST", "/v1/billing/grants", json!({"credits": 17.5, "bucket": "trial"})).await;
    assert_eq!((granted.status, &granted.body["trial_remaining"]), (201, &json!(17_500_000)));
    let start = json!({"command": "start", "params": {"topic": "x"}});
    assert_eq!(runtime.send("POST", &format!("{workflow}/command"), start).await.status, 200);
}

#[tokio::test]
async fn the_history_tells_each_charge_once_page_by_page() {
    let runtime = Runtime::start().await;
    let workflow = paid_workflow(&runtime).await;
    runtime
        .server
        .engine()
        .order_credits(CreditsOrder::Set(Balance { trial: 1_500_000, included: 0, payg: 99_000_000 }))
        .await
        .unwrap();
    for _ in 0..3 {
        let start = json!({"command": "start", "params": {"topic": "x"}});
        let started = runtime.send("POST", &format!("{workflow}/command"), start).await;
        let run = started.body["run_id"].as_str().unwrap();
        runtime.until(&format!("{workflow}/runs/{run}/summary"), |body| body["run_complete"] == true).await;
    }
    let all = runtime.get("/v1/billing/usage-history?limit=500").await;
    let total: i64 = all["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["delta_microcredits"].as_i64().unwrap())
        .sum();
    let usage = runtime.get("/v1/billing/usage").await;
    assert_eq!(usage["total_remaining_microcredits"].as_i64().unwrap(), 100_500_000 + total);
    assert!(total < 0);
    let mut paged = Vec::new();
    let mut path = "/v1/billing/usage-history?limit=1".to_owned();
    loop {
        let page = runtime.get(&path).await;
        paged.extend(page["entries"].as_array().unwrap().iter().map(|row| row["id"].clone()));
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/billing/usage-history?limit=1&cursor={cursor}");
    }
    let whole: Vec<_> = all["entries"].as_array().unwrap().iter().map(|row| row["id"].clone()).collect();
    assert_eq!(paged, whole);
    let prices = runtime.get("/v1/billing/action-pricing").await;
    assert_eq!(prices["actions"][0]["microcredits"], 5_000_000);
    let shop = runtime.send("POST", "/v1/billing/topups/payg/intent", json!({})).await;
    assert!(shop.status == 404 && shop.body["error"].as_str().unwrap().contains("arcc credits grant"));
    for path in ["summary", "plans", "payment-history", "usage-dimensions"] {
        assert!(runtime.get(&format!("/v1/billing/{path}")).await.is_object());
    }
}
