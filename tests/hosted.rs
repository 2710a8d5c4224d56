//! The Command Center against a server that knows nothing of the local runtime's extras: other
//! field names, no sequences, no streams, words and rows that this version does not know.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod support;

use std::path::Path;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use support::pty::Terminal;
use tempfile::tempdir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

const RUN: &str = "/v1/workflows/wf_9/runs/run_waits";

async fn answer(server: &MockServer, verb: &str, place: &str, body: Value) {
    let reply = ResponseTemplate::new(200).set_body_json(body);
    Mock::given(method(verb)).and(path(place)).respond_with(reply).mount(server).await;
}

async fn platform() -> MockServer {
    let server = MockServer::start().await;
    let now = jiff::Timestamp::now().to_string();
    let task = json!({"id": "approve-send", "run_id": "run_waits", "workflow_id": "wf_9", "task_type": "approval",
        "context": {"title": "Send\u{1b}[2J the\u{202e} digest"}, "created_at": now});
    let run = |id: &str, status: &str| json!({"id": id, "workflow_id": "wf_9", "workflow": {"name": "digest"}, "state": status, "created_at": now});
    let runs = json!([run("run_waits", "running"), run("run_odd", "hibernating"), {"no": "id"}, run("run_bad", "failed")]);
    answer(&server, "GET", "/v1/runs", json!({"data": runs, "total": 4})).await;
    answer(&server, "GET", "/v1/tasks/pending", json!({"tasks": [task]})).await;
    answer(&server, "GET", "/v1/workflows", json!({"workflows": [{"id": "wf_9", "name": "digest"}]})).await;
    answer(&server, "GET", &format!("{RUN}/summary"), run("run_waits", "running")).await;
    let events =
        json!([{"id": "evt_1", "type": "Workflow.Dream", "timestamp": now, "data": {"step_id": "draft"}}]);
    answer(&server, "GET", &format!("{RUN}/events"), json!({"events": events})).await;
    answer(&server, "GET", &format!("{RUN}/tasks/pending"), json!({"tasks": [task]})).await;
    let done = json!({"status": "completed", "task_id": "approve-send", "approved": true});
    answer(&server, "POST", &format!("{RUN}/tasks/approve-send/complete"), done).await;
    server
}

fn configure(home: &Path) {
    let folder = home.join("config/arcc");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("config.toml"), "undo_seconds = 0\n").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_foreign_server_is_shown_as_far_as_it_can_be_read_and_decided_on_once() {
    let server = platform().await;
    let home = tempdir().unwrap();
    configure(home.path());
    let uri = server.uri();
    let more = [("AR_API", uri.as_str()), ("AR_TOKEN", "pat_canary"), ("AR_TENANT", "acme")];
    let program = env!("CARGO_BIN_EXE_arcc");
    let mut terminal = Terminal::start_with(program, &[], (home.path(), &more), (140, 40));
    let screen = terminal.wait("the inbox and the odd run", |screen| {
        screen.contains("approve-send") && screen.contains("hibernating") && screen.contains("acme")
    });
    assert!(screen.contains("Send\\e[2J the\\u{202E} digest"), "{screen}");
    terminal.keys("\r2");
    terminal.wait_for("Workflow.Dream");
    terminal.keys("a");
    terminal.wait_for("enter");
    // A dialog takes no answer that was typed before it could be read.
    tokio::time::sleep(std::time::Duration::from_millis(600)).await;
    terminal.keys("\r");
    terminal.wait_for("approved digest");
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
    let requests = server.received_requests().await.unwrap();
    let posts: Vec<_> = requests.iter().filter(|request| request.method.as_str() == "POST").collect();
    assert_eq!(posts.len(), 1, "a decision goes once");
    let body: Value = serde_json::from_slice(&posts[0].body).unwrap();
    assert_eq!(body["approved"], true);
    assert_eq!(posts[0].headers["x-tenant-id"], "acme");
    let written = String::from_utf8_lossy(&terminal.bytes()).into_owned();
    assert!(!written.contains("pat_canary") && !written.contains('\u{202e}'));
}
