//! The registry of MCP servers over HTTP: the shipped server, and one that a test owns.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use arcc::server::serve::{ServeOptions, Server};

use crate::client::Answer;
use crate::runtime::{Runtime, options};
use crate::shop::{Mood, Shop, expired, order_place_by_number};

/// The runtime with everything it ships.
async fn start() -> Runtime {
    let dir = tempfile::tempdir().unwrap();
    let lua_program = env!("CARGO_BIN_EXE_arcc").into();
    let server = Server::start(ServeOptions { lua_program, ..options(dir.path()) }).await.unwrap();
    Runtime::of(server, dir)
}

/// A registered server without authentication; its path.
async fn register(runtime: &Runtime, shop: &Shop) -> String {
    let body = json!({"name": "Acme Shop", "canonical_url": shop.url(), "auth_mode": "none"});
    let made = runtime.send("POST", "/v1/mcp/servers", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    format!("/v1/mcp/servers/{}", made.body["id"].as_str().unwrap())
}

/// The id of what a path names.
fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// What checks ended how.
fn ended(answer: &Answer) -> Vec<(&str, &str)> {
    assert_eq!(answer.status, 200, "{}", answer.body);
    let checks = answer.body["checks"].as_array().unwrap();
    checks.iter().map(|check| (check["name"].as_str().unwrap(), check["status"].as_str().unwrap())).collect()
}

fn message<'a>(answer: &'a Answer, check: &str) -> &'a str {
    let checks = answer.body["checks"].as_array().unwrap();
    checks.iter().find(|each| each["name"] == check).unwrap()["message"].as_str().unwrap()
}

#[tokio::test]
async fn the_shipped_server_is_there_from_the_first_start() {
    let runtime = start().await;
    assert_eq!(runtime.server.notices(), <[String; 0]>::default());
    let catalog = runtime.get("/v1/mcp/platform-catalog").await;
    assert_eq!(
        (&catalog["servers"][0]["id"], &catalog["servers"][0]["installed"]),
        (&json!("builtin:desk"), &json!(true))
    );
    let server = runtime.get("/v1/mcp/servers/builtin:desk").await;
    assert_eq!(
        (&server["status"], &server["tool_count"], &server["active_version"]),
        (&json!("active"), &json!(7), &json!(1))
    );
    let tools = runtime.get("/v1/mcp/tools").await;
    let names: Vec<_> =
        tools["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"orders_list") && names.contains(&"outbox_send"), "{names:?}");
    assert_eq!(
        (&tools["tools"][0]["mcp_id"], tools["tools"][0]["input_schema"]["type"].as_str()),
        (&json!("builtin:desk"), Some("object"))
    );

    let instances = runtime.get("/v1/mcp/instances").await;
    let desk = &instances["instances"][0];
    assert_eq!(
        (&desk["instance_id"], &desk["profiles"][0]["is_active"]),
        (&json!("builtin:desk"), &json!(true))
    );
    let answer = runtime.ask("POST", "/v1/mcp/instances/builtin:desk/validate").send().await;
    let want = [
        ("profile", "passed"),
        ("config", "skipped"),
        ("connection", "skipped"),
        ("reachability", "passed"),
        ("schema", "passed"),
        ("smoke_call", "passed"),
    ];
    assert_eq!((ended(&answer), &answer.body["valid"]), (want.to_vec(), &json!(true)));
    assert_eq!(message(&answer, "smoke_call"), "`orders_list` answered");
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn a_server_is_registered_discovered_accepted_and_validated() {
    let (runtime, shop) = (start().await, Shop::open().await);
    let server = register(&runtime, &shop).await;
    let shown = runtime.get(&server).await;
    assert_eq!(
        (&shown["service"], &shown["status"], &shown["tool_count"]),
        (&json!("acme_shop"), &json!("draft"), &json!(0))
    );
    let again = json!({"name": "Other", "canonical_url": shop.url()});
    assert_eq!(runtime.send("POST", "/v1/mcp/servers", again).await.status, 409);

    let early = runtime.send("POST", &format!("{server}/versions"), json!({})).await;
    assert_eq!(early.status, 422, "{}", early.body);
    let found = runtime.ask("POST", &format!("{server}/discover")).send().await;
    assert_eq!((found.status, &found.body["tool_count"]), (200, &json!(2)), "{}", found.body);
    let version = runtime.send("POST", &format!("{server}/versions"), json!({})).await;
    assert_eq!(
        (version.status, &version.body["version"], &version.body["active"]),
        (201, &json!(1), &json!(true))
    );
    assert_eq!(runtime.get(&server).await["status"], "active");
    let valid = runtime.ask("POST", &format!("{server}/validate")).send().await;
    assert_eq!(ended(&valid), [("reachability", "passed"), ("schema", "passed"), ("smoke_call", "passed")]);
    assert_eq!(runtime.get(&server).await["last_validation"]["valid"], true);

    // The server changes its mind between two discoveries.
    shop.offer(vec![order_place_by_number(), expired()]);
    let found = runtime.ask("POST", &format!("{server}/discover")).send().await;
    let changes = json!({"added": ["expired"], "removed": ["stock_list"], "changed": ["order_place"]});
    assert_eq!(found.body["changes"], changes);
    let answer = runtime.ask("POST", &format!("{server}/validate")).send().await;
    assert_eq!(ended(&answer)[1], ("schema", "failed"));
    assert_eq!(message(&answer, "schema"), "the server no longer offers `stock_list`, which version 1 has");
    let second = runtime.send("POST", &format!("{server}/versions"), json!({"activate": true})).await;
    assert_eq!((&second.body["version"], &second.body["active"]), (&json!(2), &json!(true)));
    let answer = runtime.ask("POST", &format!("{server}/validate")).send().await;
    assert_eq!(ended(&answer), [("reachability", "passed"), ("schema", "passed"), ("smoke_call", "failed")]);
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn servers_that_refuse_flood_or_say_nothing_are_told_apart() {
    let (runtime, shop) = (start().await, Shop::open().await);
    let server = register(&runtime, &shop).await;
    shop.want("nobody-has-it");
    let answer = runtime.ask("POST", &format!("{server}/validate")).send().await;
    assert_eq!(
        ended(&answer),
        [("reachability", "failed"), ("schema", "skipped"), ("smoke_call", "skipped")]
    );
    assert!(message(&answer, "reachability").contains("answered 401"), "{}", answer.body);
    shop.be(Mood::Flooding);
    let answer = runtime.ask("POST", &format!("{server}/discover")).send().await;
    assert_eq!((answer.status, &answer.body["code"]), (502, &json!("UPSTREAM_ERROR")));
    assert!(answer.body["error"].as_str().unwrap().contains("8388608 bytes"), "{}", answer.body);
    shop.be(Mood::Silent);
    let answer = runtime.ask("POST", &format!("{server}/validate")).send().await;
    assert!(message(&answer, "reachability").contains("no answer within 5s"), "{}", answer.body);
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn exactly_one_profile_of_an_instance_is_active() {
    let (runtime, shop) = (start().await, Shop::open().await);
    let server = register(&runtime, &shop).await;
    let made =
        runtime.send("POST", "/v1/mcp/instances", json!({"server_id": id(&server), "name": "EU"})).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let profiles = format!("/v1/mcp/instances/{}/config-profiles", made.body["id"].as_str().unwrap());
    let active = |body: &Value| -> Vec<String> {
        let list = body["config_profiles"].as_array().unwrap().iter();
        list.filter(|each| each["is_active"] == true)
            .map(|each| each["name"].as_str().unwrap().to_owned())
            .collect()
    };
    let second = runtime.send("POST", &profiles, json!({"name": "spare"})).await;
    assert_eq!((second.status, &second.body["is_active"]), (201, &json!(false)));
    assert_eq!(active(&runtime.get(&profiles).await), ["default"]);
    let path = format!("{profiles}/{}", second.body["id"].as_str().unwrap());
    let set = runtime.ask("POST", &format!("{path}/set-active")).send().await;
    assert_eq!((set.status, &set.body["is_active"]), (200, &json!(true)));
    assert_eq!(active(&runtime.get(&profiles).await), ["spare"]);
    assert_eq!(runtime.send("POST", &profiles, json!({"name": "spare"})).await.status, 409);
    let wired = runtime.send("PATCH", &path, json!({"source_spec": {"connection_id": "ghost"}})).await;
    assert_eq!(wired.status, 422, "{}", wired.body);
    assert!(
        wired.body["error"].as_str().unwrap().contains("there is no connection `ghost`"),
        "{}",
        wired.body
    );
    assert_eq!(runtime.send("PATCH", &path, json!({})).await.status, 422);
    let lost = runtime.send("PATCH", &format!("{profiles}/none"), json!({"name": "x"})).await;
    assert_eq!(lost.status, 404);
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn connections_of_workflows_replace_each_other_as_a_whole() {
    let runtime = start().await;
    let workflow = runtime.workflow().await;
    let connection = json!({"display_name": "Work", "provider": "custom", "service": "api_key", "credentials": {"api_key": "k-1"}});
    let connection = runtime.send("POST", "/v1/connections", connection).await;
    assert_eq!(connection.status, 201, "{}", connection.body);
    let connection = connection.body["id"].as_str().unwrap();
    let path = format!("{workflow}/connection-overrides");
    assert_eq!(runtime.get(&path).await, json!({"overrides": []}));
    let good = json!({"overrides": [{"instance_id": "builtin:desk", "connection_id": connection}]});
    let put = runtime.send("PUT", &path, good.clone()).await;
    assert_eq!((put.status, &put.body), (200, &json!({"status": "ok"})));
    for (bad, words) in [
        (
            json!({"overrides": [{"instance_id": "ghost", "connection_id": connection}]}),
            "there is no MCP instance `ghost`",
        ),
        (
            json!({"overrides": [{"instance_id": "builtin:desk", "connection_id": "ghost"}]}),
            "no connection `ghost`",
        ),
        (json!({"overrides": [{"instance_id": "builtin:desk"}]}), "`overrides` must be a list"),
    ] {
        let refused = runtime.send("PUT", &path, bad).await;
        assert_eq!(refused.status, 422, "{}", refused.body);
        assert!(refused.body["error"].as_str().unwrap().contains(words), "{}", refused.body);
    }
    assert_eq!(runtime.get(&path).await, good);
    let resolve = json!({"instance_id": "builtin:desk", "workflow_id": id(&workflow)});
    let meant = runtime.send("POST", "/v1/mcp/instances/resolve", resolve).await.body;
    assert_eq!((&meant["connection_source"], &meant["ready"]), (&json!("override"), &json!(true)));
    let typo =
        runtime.send("POST", "/v1/mcp/instances/resolve", json!({"instance_id": "builtin:desc"})).await;
    assert_eq!(typo.status, 404);
    assert!(typo.body["error"].as_str().unwrap().contains("the nearest is `builtin:desk`"), "{}", typo.body);
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn a_graph_is_validated_with_the_registry_and_its_scripts_are_tried_out() {
    let runtime = start().await;
    let workflow = runtime.workflow().await;
    let graph = json!({"steps": [
        {"id": "flag", "type": "lua_script", "script": "return input.n > 1"},
        {"id": "row", "type": "lua_script", "script": "return { total = item.qty * 2 }"},
        {"id": "send", "type": "mcp_call", "instance_id": "builtin:desk", "tool_name": "outbox_sent",
         "tool_args": {"to": "a@example.com"}},
    ]});
    let body = json!({"graph": graph, "params": {"trigger_payload": {"n": 2}, "mock_lua_scopes": {"row": {}},
        "mapper_fixtures": [{"step_id": "row", "scope": {"item": {"qty": 2}}, "expect_row": {"total": 4}}]}});
    let answer = runtime.send("POST", &format!("{workflow}/validate"), body).await.body;
    let codes: Vec<_> =
        answer["issues"].as_array().unwrap().iter().map(|issue| issue["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["lua_fixture_return_type", "lua_fixture_runtime", "mcp_tool_unknown"], "{answer}");
    assert_eq!(answer["issues"][2]["suggestion"], "outbox_send");
    assert_eq!(answer["check_results"]["mapper_fixtures"], "passed");
    runtime.server.shutdown().await;
}

#[tokio::test]
async fn a_runs_templates_see_the_connections_of_its_instances_and_no_secret() {
    let (runtime, shop) = (start().await, Shop::open().await);
    let server = register(&runtime, &shop).await;
    let body = json!({
        "display_name": "Shop EU", "provider": "custom", "service": "api_key",
        "credentials": {"api_key": "sk-hush"}, "server_url": shop.url(),
    });
    let connection = runtime.send("POST", "/v1/connections", body).await;
    assert_eq!(connection.status, 201, "{}", connection.body);
    let source_spec = json!({"connection_id": connection.body["id"]});
    let new = json!({"server_id": id(&server), "name": "EU", "source_spec": source_spec});
    let instance = runtime.send("POST", "/v1/mcp/instances", new).await;
    let instance = instance.body["id"].as_str().unwrap().to_owned();
    let payload = json!({
        "over": "{{connection.name}}", "first": "{{connection.primary_instance_id}}",
        "service": format!("{{{{connection.by_instance.{instance}.service}}}}"),
    });
    let graph = json!({"steps": [
        {"id": "call", "type": "mcp_call", "tool_name": "mirror", "instance_id": instance, "enabled": false},
        {"id": "ask", "type": "human_task", "task_type": "approval", "task_payload": payload},
    ]});
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "bound", "graph": graph})).await;
    let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    assert_eq!(runtime.send("POST", &format!("{path}/versions"), json!({})).await.status, 201);
    let started = runtime.send("POST", &format!("{path}/command"), json!({"command": "start"})).await;
    let run = format!("{path}/runs/{}", started.body["run_id"].as_str().unwrap());
    let tasks = runtime
        .until(&format!("{run}/tasks/pending"), |tasks| {
            tasks["tasks"].as_array().is_some_and(|tasks| !tasks.is_empty())
        })
        .await;
    let want = json!({"over": "Shop EU", "first": instance, "service": "api_key"});
    assert_eq!(tasks["tasks"][0]["task_payload"], want);
    assert!(!runtime.get(&format!("{run}/events")).await.to_string().contains("sk-hush"));
}

#[tokio::test]
async fn a_connection_that_is_used_stays_and_what_uses_it_is_named() {
    let runtime = start().await;
    let shop = Shop::open().await;
    let server = register(&runtime, &shop).await;
    let make = json!({"display_name": "Acme", "credentials": {"api_key": "sk-1"}});
    let made = runtime.send("POST", "/v1/connections", make).await.body;
    let connection = made["id"].as_str().unwrap();
    let new = json!({"server_id": id(&server), "name": "EU", "source_spec": {"connection_id": connection}});
    let instance =
        runtime.send("POST", "/v1/mcp/instances", new).await.body["id"].as_str().unwrap().to_owned();
    let workflow = runtime.workflow().await;
    let overrides = format!("{workflow}/connection-overrides");
    let over = json!({"overrides": [{"instance_id": instance, "connection_id": connection}]});
    assert_eq!(runtime.send("PUT", &overrides, over).await.status, 200);
    let agent = json!({"id": "a", "name": "Helper", "model": "m", "llm_credential_id": connection});
    assert_eq!(runtime.send("POST", "/v1/agents", agent).await.status, 201);

    let path = format!("/v1/connections/{connection}");
    let refused = runtime.ask("DELETE", &path).send().await;
    assert_eq!((refused.status, refused.body["code"].as_str()), (409, Some("CONFLICT")));
    assert_eq!(
        refused.body["error"],
        "the connection `Acme` is used by the config profile `default` of the instance `EU`, the workflow `digest` \
         for the instance `EU`, the agent `Helper`; have them use another one, then remove it"
    );
    assert_eq!(runtime.get(&path).await["status"], "active");

    assert_eq!(runtime.send("PUT", &overrides, json!({"overrides": []})).await.status, 200);
    assert_eq!(runtime.ask("DELETE", "/v1/agents/a").send().await.status, 204);
    // Instances are found under their older name as well.
    let shown = runtime.get(&format!("/v1/mcp/connections/{instance}")).await;
    assert_eq!(shown, runtime.get(&format!("/v1/mcp/instances/{instance}")).await);
    assert_eq!(runtime.get("/v1/mcp/connections").await, runtime.get("/v1/mcp/instances").await);
    let profile = shown["active_profile_id"].as_str().unwrap();
    let profile = format!("/v1/mcp/instances/{instance}/config-profiles/{profile}");
    assert_eq!(runtime.send("PATCH", &profile, json!({"source_spec": {}})).await.status, 200);
    assert_eq!(runtime.ask("DELETE", &path).send().await.status, 204);
}
