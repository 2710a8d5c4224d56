//! Agents over the API, and the lines of their turns.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use pretty_assertions::assert_eq;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use arcc::machine::{Call, Outcome, TurnNote, Work};
use arcc::server::exec::{Executor, Notes};
use arcc::server::serve::Server;

use crate::runtime::{Runtime, options, soon};

fn helper() -> Value {
    json!({"id": "helper", "name": "Helper", "model": "small", "tools": [{"server_url": "builtin:desk"}]})
}

#[tokio::test]
async fn agents_are_created_changed_and_deleted_and_outlive_a_restart() {
    let runtime = Runtime::start().await;
    assert_eq!(runtime.get("/v1/agents").await, json!({"agents": []}));
    let made = runtime.send("POST", "/v1/agents", helper()).await;
    assert_eq!(made.status, 201, "{}", made.body);
    let want = json!({
        "id": "helper", "name": "Helper", "description": "", "model": "small", "system_prompt": "", "max_rounds": 8,
        "tools": [{"server_url": "builtin:desk"}], "llm_params": {}, "tenant_id": "local", "project_id": "default",
        "created_at": made.body["created_at"], "updated_at": made.body["updated_at"],
    });
    assert_eq!(made.body, want);
    let changed = runtime.send("PATCH", "/v1/agents/helper", json!({"max_rounds": 3, "tools": null})).await;
    assert_eq!(
        (changed.status, &changed.body["max_rounds"], &changed.body["tools"]),
        (200, &json!(3), &json!([]))
    );

    let Runtime { server, dir, .. } = runtime;
    server.shutdown().await;
    let runtime = Runtime::within(dir).await;
    assert_eq!(runtime.get("/v1/agents").await["agents"], json!([changed.body]));
    // What is read can be sent back.
    assert_eq!(runtime.send("PATCH", "/v1/agents/helper", changed.body).await.status, 200);
    assert_eq!(runtime.ask("DELETE", "/v1/agents/helper").send().await.status, 204);
    for method in ["GET", "DELETE"] {
        let answer = runtime.ask(method, "/v1/agents/helper").send().await;
        assert_eq!((answer.status, &answer.body["error"]), (404, &json!("there is no agent `helper`")));
    }
}

#[tokio::test]
async fn what_is_no_agent_is_refused_and_nothing_changes() {
    let runtime = Runtime::start().await;
    runtime.send("POST", "/v1/agents", helper()).await;
    let again = runtime.send("POST", "/v1/agents", helper()).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("CONFLICT")));
    for (body, words) in [
        (json!({"name": "x"}), "`model` is missing"),
        (json!({"name": "x", "model": "m", "id": ".."}), "`id` must have 1 to 128 bytes"),
        (
            json!({"name": "x", "model": "m", "tools": [{"server_url": "u", "instance_id": "i"}]}),
            "`tools[0]` must be",
        ),
    ] {
        let answer = runtime.send("POST", "/v1/agents", body).await;
        assert_eq!((answer.status, &answer.body["code"]), (422, &json!("VALIDATION_ERROR")));
        assert!(answer.body["error"].as_str().unwrap().contains(words), "{}", answer.body);
    }
    let before = runtime.get("/v1/agents").await;
    assert_eq!(runtime.send("PATCH", "/v1/agents/helper", json!({"model": 1})).await.status, 422);
    assert_eq!(runtime.send("PATCH", "/v1/agents/none", json!({})).await.status, 404);
    assert_eq!(runtime.get("/v1/agents").await, before);
}

#[tokio::test]
async fn a_graph_is_held_against_the_agents_that_there_are() {
    let runtime = Runtime::start().await;
    runtime.send("POST", "/v1/agents", helper()).await;
    let path = format!("{}/validate", runtime.workflow().await);
    let step = |agent: &str| json!({"steps": [{"id": "a", "type": "agent_call", "agent_id": agent, "prompt": "Hi"}]});
    let ready = runtime.send("POST", &path, json!({"graph": step("helper")})).await.body;
    assert_eq!((&ready["readiness"], &ready["issues"]), (&json!("ready"), &json!([])));
    let blocked = runtime.send("POST", &path, json!({"graph": step("helpre")})).await.body;
    assert_eq!(blocked["issues"][0]["code"], "agent_unknown");
    assert_eq!(
        (&blocked["issues"][0]["suggestion"], &blocked["readiness"]),
        (&json!("helper"), &json!("blocked"))
    );
}

/// An agent that tells one round, waits until it is let go on, and tells another.
struct Teller(watch::Sender<bool>);

impl Executor for Teller {
    fn execute(&self, call: Call, cancel: CancellationToken) -> BoxFuture<'static, Outcome> {
        self.execute_telling(call, cancel, Notes::channel().0)
    }

    fn execute_telling(&self, _: Call, _: CancellationToken, notes: Notes) -> BoxFuture<'static, Outcome> {
        let mut gate = self.0.subscribe();
        async move {
            let round =
                |round| TurnNote::ToolRound { round, tool: "look".into(), summary: "…".into(), ok: true };
            notes.tell(round(1)).await;
            gate.wait_for(|open| *open).await.unwrap();
            notes.tell(round(2)).await;
            Outcome::Done(json!({"message": "Well."}))
        }
        .boxed()
    }

    fn repeatable(&self, _: Work) -> BoxFuture<'static, bool> {
        std::future::ready(false).boxed()
    }
}

#[tokio::test]
async fn who_comes_late_to_a_turn_gets_all_of_it_and_then_what_happens() {
    let dir = tempfile::tempdir().unwrap();
    let gate = watch::Sender::new(false);
    let server = Server::start_with(options(dir.path()), Arc::new(Teller(gate.clone()))).await.unwrap();
    let runtime = Runtime::of(server, dir);
    let step = json!({"id": "a", "type": "agent_call", "agent_id": "helper", "prompt": "Hi"});
    let made = runtime.send("POST", "/v1/workflows", json!({"name": "w", "graph": {"steps": [step]}})).await;
    let path = format!("/v1/workflows/{}", made.body["id"].as_str().unwrap());
    runtime.send("POST", &format!("{path}/versions"), json!({})).await;
    let started = runtime.send("POST", &format!("{path}/command"), json!({"command": "start"})).await;
    let run = format!("{path}/runs/{}", started.body["run_id"].as_str().unwrap());
    let missing = runtime.ask("GET", &format!("{run}/steps/a/turns/turn-2/stream")).send().await;
    assert_eq!(missing.status, 404, "{}", missing.body);

    let url = format!("{}{run}/steps/a/turns/turn-1/stream", runtime.server.url());
    let open = || {
        let token = runtime.server.token().expose_secret().to_owned();
        reqwest::Client::new().get(&url).bearer_auth(token).send()
    };
    let mut live = open().await.unwrap();
    assert_eq!(live.headers()["content-type"], "application/x-ndjson");
    let mut text = String::new();
    while !text.contains("agent_turn_tool_round") {
        text += std::str::from_utf8(&soon("a line", live.chunk()).await.unwrap().unwrap()).unwrap();
    }
    gate.send_replace(true);
    while let Some(chunk) = soon("a line", live.chunk()).await.unwrap() {
        text += std::str::from_utf8(&chunk).unwrap();
    }
    let lines =
        |text: &str| text.lines().map(|line| serde_json::from_str(line).unwrap()).collect::<Vec<Value>>();
    let words = |lines: &[Value]| {
        let word = |line: &Value| line["event_type"].as_str().or(line["type"].as_str()).unwrap().to_owned();
        lines.iter().map(word).collect::<Vec<_>>()
    };
    let events = ["step_started", "agent_turn_tool_round", "agent_turn_tool_round", "step_completed", "end"];
    let first = lines(&text);
    assert_eq!(words(&first), [&["snapshot"][..], &events].concat());
    assert_eq!(first[0]["status"], "running");

    let late = lines(&soon("an answer", open().await.unwrap().text()).await.unwrap());
    assert_eq!(
        (&late[0]["status"], &late[0]["rounds"], &late[0]["last_sequence"]),
        (&json!("completed"), &json!(2), &json!(5))
    );
    assert_eq!(late[1..], first[1..]);
    assert_eq!(late.last().unwrap(), &json!({"type": "end", "status": "completed"}));
}
