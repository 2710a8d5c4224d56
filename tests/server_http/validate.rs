//! Validating graphs, and asking for what was answered.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use crate::runtime::{Runtime, graph};

/// A graph with a cycle, a script that does not compile and a path that leads nowhere.
fn broken() -> Value {
    json!({"steps": [
        {"id": "a", "type": "lua_script", "depends_on": ["b"], "script": "return {\n  x = = 1}"},
        {"id": "b", "type": "human_task", "task_type": "approval", "depends_on": ["a"],
         "task_payload": {"title": "{{ steps.a.rows }}"}},
    ]})
}

fn codes(body: &Value) -> Vec<&str> {
    body["issues"].as_array().unwrap().iter().map(|issue| issue["code"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_draft_that_is_ready_is_told_so_with_its_evidence() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let server = json!({"name": "Mail", "canonical_url": "http://127.0.0.1:9/mcp"});
    let server =
        runtime.send("POST", "/v1/mcp/servers", server).await.body["id"].as_str().unwrap().to_owned();
    let schema = json!({"type": "object", "required": ["to"], "properties": {"to": {"type": "string"}}});
    let tools = json!({"tools": [{"name": "send", "input_schema": schema}]});
    let accepted = runtime.send("POST", &format!("/v1/mcp/servers/{server}/versions"), tools).await;
    assert_eq!((accepted.status, &accepted.body["active"]), (201, &json!(true)));
    let answer = runtime.send("POST", &format!("{path}/validate"), json!({})).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let version = runtime.get(&format!("{path}/versions/1")).await;
    let evidence = &answer.body["validation_evidence"];
    assert_eq!(evidence["graph_hash"], version["graph_hash"]);
    assert_eq!(evidence["workflow_graph_schema_hash"].as_str().unwrap().len(), 64);
    assert!(evidence["validated_at"].is_string());
    let checks =
        ["graph", "graph_schema", "dependencies", "step_config", "templates", "mcp_bindings", "mcp_resolve"];
    let wanted = json!({
        "valid": true,
        "readiness": "ready",
        "blockers": [],
        "checks_performed": checks,
        "check_results": {
            "graph": "passed", "graph_schema": "passed", "dependencies": "passed", "step_config": "passed",
            "templates": "passed", "lua_syntax": "not_applicable", "mcp_bindings": "passed",
            "disabled_steps": "not_applicable", "input_schema": "not_applicable",
            "lua_fixture": "not_applicable", "tenantdata_upsert": "not_applicable",
            "mcp_resolve": "passed",
        },
        "check_reasons": {
            "lua_syntax": "the graph has no Lua scripts",
            "disabled_steps": "no step is switched off",
            "input_schema": "the graph declares no `input_schema`",
            "lua_fixture": "the graph has no Lua scripts",
            "tenantdata_upsert": "the graph writes no tenant data",
        },
        "issues": [],
        "topological_order": ["review", "send"],
        "validation_evidence": {
            "graph_hash": evidence["graph_hash"],
            "workflow_graph_schema_hash": evidence["workflow_graph_schema_hash"],
            "validated_at": evidence["validated_at"],
            "readiness": "ready",
            "checks_performed": checks,
        },
    });
    assert_eq!(answer.body, wanted);
}

#[tokio::test]
async fn a_graph_that_is_not_valid_is_answered_with_its_issues() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let answer = runtime.send("POST", &format!("{path}/validate"), json!({"graph": broken()})).await;
    assert_eq!((answer.status, &answer.body["valid"]), (200, &json!(false)));
    assert_eq!(answer.body["readiness"], "blocked");
    assert_eq!(codes(&answer.body), ["dependency_cycle", "template_unresolved", "lua_syntax"]);
    assert_eq!(answer.body["blockers"], answer.body["issues"]);
    assert_eq!(answer.body["topological_order"], json!([]));
    assert_eq!(
        answer.body["issues"][2],
        json!({"severity": "error", "code": "lua_syntax", "step_id": "a", "fixable": false,
               "message": "line 2: unexpected symbol near '='", "json_path": "$.steps[0].script"})
    );
    assert_eq!(answer.body["issues"][1]["suggestion"], "{{ steps.a.result.rows }}");
    // The draft is as it was.
    assert_eq!(runtime.get(&path).await["graph"], graph());
}

#[tokio::test]
async fn params_choose_checks_steps_and_payload() {
    let runtime = Runtime::start().await;
    let path = format!("{}/validate", runtime.workflow().await);
    let ask = |params: Value| runtime.send("POST", &path, json!({"graph": broken(), "params": params}));
    assert_eq!(codes(&ask(json!({"checks": ["lua_syntax"]})).await.body), ["lua_syntax"]);
    assert_eq!(codes(&ask(json!({"step_ids": ["b"]})).await.body), ["template_unresolved"]);
    let skipped = ask(json!({"skip_checks": ["dependencies", "templates"]})).await;
    assert_eq!(codes(&skipped.body), ["lua_syntax"]);
    let step =
        json!({"id": "a", "type": "human_task", "task_type": "t", "task_payload": "{{ input.topic }}"});
    let body = json!({"graph": {"steps": [step]}, "params": {"trigger_payload": {"topics": 1}}});
    let answer = runtime.send("POST", &path, body).await;
    assert_eq!(answer.body["issues"][0]["suggestion"], "{{ input.topics }}");
}

#[tokio::test]
async fn what_cannot_be_read_is_refused() {
    let runtime = Runtime::start().await;
    let path = format!("{}/validate", runtime.workflow().await);
    for (body, words) in [
        (json!({"graph": "x"}), "`graph` must be an object"),
        (json!({"params": {"checks": ["lua"]}}), "`checks` names `lua`; the checks are graph, graph_schema"),
        (json!({"params": {"checks": []}}), "no check is left to perform"),
        (json!({"params": {"step_ids": ["revue"]}}), "which is not in the graph; the nearest is `review`"),
    ] {
        let answer = runtime.send("POST", &path, body).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("VALIDATION_ERROR")));
        assert!(answer.body["error"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    let missing = runtime.send("POST", "/v1/workflows/none/validate", json!({})).await;
    assert_eq!(missing.status, 404);
    let empty = runtime.send("POST", &path, json!({"graph": {}})).await;
    assert_eq!((empty.status, codes(&empty.body)), (200, vec!["graph_steps_missing"]));
}

#[tokio::test]
async fn the_last_answer_per_graph_is_kept_over_a_restart() {
    let runtime = Runtime::start().await;
    let path = runtime.workflow().await;
    let dry_runs = format!("{path}/graph-dry-runs");
    assert_eq!(runtime.get(&dry_runs).await, json!({"dry_runs": []}));
    let validate = format!("{path}/validate");
    let ask = |body: Value| runtime.send("POST", &validate, body);
    let first = ask(json!({"graph": broken()})).await.body;
    let second = ask(json!({})).await.body;
    let again = ask(json!({"graph": broken(), "params": {"checks": ["graph"]}})).await.body;
    assert_eq!(again["validation_evidence"]["graph_hash"], first["validation_evidence"]["graph_hash"]);

    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;
    let runtime = Runtime::within(dir).await;
    assert_eq!(runtime.get(&dry_runs).await, json!({"dry_runs": [again, second]}));
    let of = |hash: &str| format!("{dry_runs}?graph_hash={hash}");
    let hash = again["validation_evidence"]["graph_hash"].as_str().unwrap();
    assert_eq!(runtime.get(&of(hash)).await, again);
    assert_eq!(runtime.ask("GET", &of("0000")).send().await.status, 404);
    assert_eq!(runtime.ask("GET", "/v1/workflows/none/graph-dry-runs").send().await.status, 404);
}
