//! The commands, as a script would use them: output, remarks, exit codes.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up has failed")]

mod support;

use std::io::{BufRead, Write};
use std::path::Path;
use std::process::Output;

use pretty_assertions::assert_eq;
use serde_json::Value;
use support::arcc;
use support::serve::Serve;
use tempfile::tempdir;
use wiremock::matchers::{any, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// What a command printed and how it ended.
struct Done {
    code: i32,
    out: String,
    err: String,
}

fn done(output: &Output) -> Done {
    Done {
        code: output.status.code().unwrap(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

fn run(home: &Path, arguments: &[&str]) -> Done {
    done(&arcc(home).args(arguments).output().unwrap())
}

fn json(home: &Path, arguments: &[&str]) -> Value {
    let done = run(home, arguments);
    assert_eq!(done.code, 0, "{arguments:?}: {}", done.err);
    serde_json::from_str(&done.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", done.out))
}

fn file(home: &Path, name: &str, text: &str) -> String {
    let path = home.join(name);
    std::fs::File::create(&path).unwrap().write_all(text.as_bytes()).unwrap();
    path.display().to_string()
}

const GATE: &str = r#"{"name": "gate", "graph": {"steps": [
    {"id": "make", "type": "lua_script", "script": "return {total = input.amount * 2}"},
    {"id": "ask", "type": "human_task", "task_type": "approval", "depends_on": ["make"],
     "task_payload": {"total": "{{steps.make.result.total}}"}},
    {"id": "done", "type": "lua_script", "depends_on": ["ask"], "script": "return {ok = steps.ask.result.approved}"}]}}"#;

#[test]
fn a_workflow_is_applied_started_approved_and_looked_into() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    let applied = json(home, &["workflows", "apply", &file(home, "gate.json", GATE), "--publish", "--json"]);
    assert_eq!((applied["outcome"].as_str(), applied["version"].as_u64()), (Some("created"), Some(1)));
    let started =
        json(home, &["runs", "start", "gate", "--input", r#"{"amount": 21}"#, "--run-id", "r-1", "--json"]);
    assert_eq!(started["run_id"], "r-1");
    let task = loop {
        let tasks = json(home, &["tasks", "list", "--json"]);
        if let Some(task) = tasks["tasks"].get(0) {
            break task.clone();
        }
    };
    assert_eq!(task["task_payload"]["total"], 42);
    assert_eq!(run(home, &["tasks", "approve", "r-1"]).code, 0);
    let again = run(home, &["tasks", "approve", "r-1", "ask"]);
    assert_eq!(again.code, 6, "{}", again.err);
    let end = loop {
        let shown = json(home, &["runs", "show", "r-1", "--json"]);
        if shown["run"]["status"] != "running" {
            break shown;
        }
    };
    assert_eq!(end["run"]["status"], "completed");
    let events = json(home, &["runs", "events", "r-1", "--json"]);
    let kinds: Vec<_> =
        events["events"].as_array().unwrap().iter().map(|e| e["event_type"].as_str().unwrap()).collect();
    assert_eq!((kinds[0], *kinds.last().unwrap()), ("run_started", "run_completed"));
    let listed = json(home, &["runs", "list", "--status", "completed", "--workflow", "gate", "--json"]);
    assert_eq!(listed["runs"][0]["run_id"], "r-1");
}

#[test]
fn runs_are_paused_resumed_and_stopped() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    json(home, &["workflows", "apply", &file(home, "gate.json", GATE), "--json"]);
    assert_eq!(json(home, &["workflows", "publish", "gate", "--json"])["version"], 1);
    json(home, &["runs", "start", "gate", "--input", r#"{"amount": 1}"#, "--run-id", "run-abc", "--json"]);
    assert_eq!(json(home, &["runs", "pause", "run-a", "--json"])["status"], "paused");
    assert_eq!(json(home, &["runs", "resume", "run-abc", "--json"])["status"], "running");
    assert_eq!(run(home, &["--read-only", "runs", "stop", "run-abc"]).code, 7);
    assert_eq!(json(home, &["runs", "stop", "run-abc", "--immediate", "--json"])["status"], "stopped");
    let resumed = run(home, &["runs", "resume", "run-abc"]);
    assert_eq!(resumed.code, 6, "{}", resumed.err);
    assert!(resumed.err.contains("ended"), "{}", resumed.err);
    let wait =
        run(home, &["runs", "start", "gate", "--input", r#"{"amount": 1}"#, "--wait", "--timeout", "0"]);
    assert_eq!(wait.code, 5, "{}", wait.err);
}

#[test]
fn without_a_running_runtime_a_command_starts_one() {
    let home = tempdir().unwrap();
    let done = run(home.path(), &["workflows", "list", "--json"]);
    assert_eq!(
        (done.code, serde_json::from_str::<Value>(&done.out).unwrap()["workflows"].as_array().unwrap().len()),
        (0, 0)
    );
    assert!(done.err.contains("arcc serve"), "{}", done.err);
}

#[test]
fn mistakes_are_told_in_one_sentence_with_their_exit_codes() {
    let home = tempdir().unwrap();
    let home = home.path();
    let broken = file(home, "broken.json", "{\"name\": \n oops}");
    let cycle = r#"{"steps": [{"id": "a", "type": "lua_script", "depends_on": ["a"]}]}"#;
    let cycle = file(home, "cycle.json", cycle);
    let config = file(home, "bad.toml", "theme = 3\n");
    for (arguments, code, words) in [
        (
            vec!["workflows", "apply", &broken],
            2,
            "broken.json is not valid JSON: expected value at line 2 column 2",
        ),
        (vec!["workflows", "apply", &cycle], 2, "steps wait for each other: a → a"),
        (vec!["workflows", "apply", "missing.json"], 2, "cannot read missing.json"),
        (vec!["--config", &config, "runs", "list"], 2, "line 1"),
        (vec!["--profile", "prod", "runs", "list"], 2, "there is no profile `prod`"),
        (
            vec!["--api", "https://api.example.com", "runs", "list"],
            2,
            "there is no token for https://api.example.com",
        ),
        (vec![], 2, "needs a terminal"),
        (vec!["runs", "show"], 2, "required"),
    ] {
        let done = run(home, &arguments);
        assert_eq!(done.code, code, "{arguments:?}: {}", done.err);
        assert!(done.err.contains(words) && done.out.is_empty(), "{arguments:?}: {}", done.err);
    }
}

#[test]
fn an_unreachable_host_is_named() {
    let home = tempdir().unwrap();
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut command = arcc(home.path());
    command.env("AR_API", format!("http://{closed}")).env("AR_TOKEN", "pat_x").args(["runs", "list"]);
    let done = done(&command.output().unwrap());
    assert_eq!(done.code, 3, "{}", done.err);
    assert!(done.err.contains(&closed.to_string()), "{}", done.err);
}

async fn against(server: &MockServer, answer: ResponseTemplate) -> Done {
    server.reset().await;
    Mock::given(any()).respond_with(answer).mount(server).await;
    let home = tempdir().unwrap();
    let mut command = arcc(home.path());
    command.env("AR_API", server.uri()).env("AR_TOKEN", "pat_canary").args(["runs", "list"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    done(&output)
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_servers_are_told_apart() {
    let server = MockServer::start().await;
    let html = ResponseTemplate::new(200).set_body_raw("<html>Sign in</html>", "text/html");
    let denied =
        ResponseTemplate::new(401).set_body_json(serde_json::json!({"error": "token expired\u{1b}[31m"}));
    let broken = ResponseTemplate::new(200).set_body_raw("{\"runs\": [", "application/json");
    let moved = ResponseTemplate::new(302).insert_header("location", "https://elsewhere.example.com/");
    for (answer, code, words) in [
        (html, 3, "not as the AgentRuntime API does"),
        (broken, 3, "not as the AgentRuntime API does"),
        (denied, 4, "token expired\\e[31m"),
        (moved, 1, "302"),
    ] {
        let done = against(&server, answer).await;
        assert!(done.err.contains(words), "{}", done.err);
        assert!(code == done.code || words == "302", "{}: {}", done.code, done.err);
        assert!(!done.err.contains("pat_canary"), "{}", done.err);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_carry_token_and_context() {
    let server = MockServer::start().await;
    let empty = ResponseTemplate::new(200).set_body_json(serde_json::json!({"runs": [], "total": 0}));
    Mock::given(method("GET")).and(path("/v1/runs")).respond_with(empty).mount(&server).await;
    let home = tempdir().unwrap();
    let mut command = arcc(home.path());
    command
        .env("AR_API", server.uri())
        .env("AR_TOKEN", "pat_x")
        .env("AR_TENANT", "acme")
        .env("AR_PROJECT", "prod");
    command.args(["runs", "list", "--json", "--tenant", "flag"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert_eq!(done(&output).code, 0);
    let requests = server.received_requests().await.unwrap();
    let header = |name: &str| requests[0].headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert_eq!(
        [header("authorization"), header("x-tenant-id"), header("x-project-id")],
        ["Bearer pat_x", "flag", "prod"]
    );
}

#[test]
fn completions_are_printed_for_each_shell() {
    let home = tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let done = run(home.path(), &["completions", shell]);
        assert!(done.code == 0 && done.out.contains("arcc"), "{shell}");
    }
}

#[test]
fn a_log_is_followed_until_its_run_ends() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    json(home, &["workflows", "apply", &file(home, "gate.json", GATE), "--publish", "--json"]);
    json(home, &["runs", "start", "gate", "--input", r#"{"amount": 1}"#, "--run-id", "r-1", "--json"]);
    let mut command = arcc(home);
    command.args(["runs", "events", "r-1", "--follow", "--json"]).stdout(std::process::Stdio::piped());
    let mut follower = command.spawn().unwrap();
    let lines = std::io::BufReader::new(follower.stdout.take().unwrap()).lines();
    let mut kinds = lines.map(|line| {
        let event: Value = serde_json::from_str(&line.unwrap()).unwrap();
        event["event_type"].as_str().unwrap().to_owned()
    });
    let asked = kinds.find(|kind| kind == "human_task_created");
    assert!(asked.is_some(), "what is there is told before the run goes on");
    assert_eq!(run(home, &["tasks", "approve", "r-1"]).code, 0);
    let rest: Vec<_> = kinds.collect();
    assert_eq!(
        rest,
        [
            "human_task_completed",
            "step_completed",
            "step_started",
            "step_completed",
            "state_changed",
            "run_completed"
        ]
    );
    assert_eq!(follower.wait().unwrap().code(), Some(0));
    let again = run(home, &["runs", "events", "r-1", "-f"]);
    assert_eq!((again.code, again.out.lines().count()), (0, 5 + rest.len()));
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let home = tempdir().unwrap();
    for arguments in [["completions", "bash"], ["completions", "fish"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = done(&arcc(home.path()).args(arguments).stdout(writer).output().unwrap());
        assert_eq!((done.code, done.err.as_str()), (0, ""));
    }
}

#[test]
fn a_configuration_that_was_asked_for_must_be_there() {
    let home = tempdir().unwrap();
    let done = run(home.path(), &["--config", "missing.toml", "runs", "list"]);
    assert_eq!((done.code, done.err.as_str()), (2, "arcc: there is no configuration file missing.toml\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_are_asked_again_and_orders_never() {
    let server = MockServer::start().await;
    let busy = ResponseTemplate::new(503).set_body_json(serde_json::json!({"error": "busy"}));
    let one = serde_json::json!({"workflows": [{"id": "w", "name": "gate"}]});
    Mock::given(method("GET")).respond_with(busy.clone()).up_to_n_times(2).mount(&server).await;
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(one))
        .mount(&server)
        .await;
    Mock::given(method("POST")).respond_with(busy).mount(&server).await;
    let home = tempdir().unwrap();
    let mut command = arcc(home.path());
    command.env("AR_API", server.uri()).env("AR_TOKEN", "pat_x").args(["workflows", "publish", "gate"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let done = done(&output);
    // A server that failed may have published all the same, and this one does not tell.
    assert_eq!(done.code, 8, "{}", done.err);
    let requests = server.received_requests().await.unwrap();
    let methods: Vec<_> = requests.iter().map(|request| request.method.to_string()).collect();
    // The list is asked for three times, the draft, which may deserve a warning, and what is published once;
    // what became of it, four times.
    assert_eq!(methods.iter().filter(|method| *method == "POST").count(), 1, "{methods:?}");
    assert_eq!(methods[..3], ["GET", "GET", "GET"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_the_server_is_on_record_and_a_lost_answer_is_unknown() {
    let server = MockServer::start().await;
    let one = serde_json::json!({"workflows": [{"id": "w", "name": "gate"}]});
    Mock::given(method("GET"))
        .respond_with(ResponseTemplate::new(200).set_body_json(one))
        .mount(&server)
        .await;
    let lost = ResponseTemplate::new(502).set_body_json(serde_json::json!({"error": "gateway"}));
    Mock::given(path("/v1/workflows/w/versions")).respond_with(lost).mount(&server).await;
    let refused = ResponseTemplate::new(422).set_body_json(serde_json::json!({"error": "no such scope"}));
    Mock::given(path("/v1/pats")).respond_with(refused).mount(&server).await;
    let gone = ResponseTemplate::new(204);
    Mock::given(method("DELETE")).respond_with(gone).mount(&server).await;
    let home = tempdir().unwrap();
    let call = |arguments: &[&str]| {
        let mut command = arcc(home.path());
        command.env("AR_API", server.uri()).env("AR_TOKEN", "pat_canary").args(arguments);
        async move { done(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()) }
    };
    let published = call(&["workflows", "publish", "gate", "--reason", "release 7"]).await;
    assert!(published.code == 8 && published.err.contains("UNKNOWN"), "{}", published.err);
    assert_eq!(
        call(&["tokens", "create", "reader", "--scope", "x", "--role", "project_viewer"]).await.code,
        1
    );
    assert_eq!(call(&["tokens", "revoke", "pat-7"]).await.code, 0);
    let journal = call(&["journal", "--json"]).await.out;
    let told: Value = serde_json::from_str(&journal).unwrap();
    let rows: Vec<_> = told["decisions"].as_array().unwrap().iter().collect();
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            let about = row.pointer("/ticket/subject").or_else(|| row.pointer("/ticket/workflow"));
            [row.pointer("/ticket/command"), about, row.pointer("/outcome")].map(Option::unwrap)
        })
        .collect();
    assert_eq!(
        serde_json::json!(rows),
        serde_json::json!([
            ["publish", "w", "unknown"],
            ["create token", "reader", "refused"],
            ["revoke token", "pat-7", "taken"],
        ])
    );
    assert_eq!(told["decisions"][0]["ticket"]["reason"], "release 7");
    assert!(!journal.contains("canary"), "{journal}");
    std::fs::remove_dir_all(home.path().join("state/arcc")).unwrap();
    std::fs::write(home.path().join("state/arcc"), "no folder").unwrap();
    let before = server.received_requests().await.unwrap().len();
    let unrecorded = call(&["tokens", "revoke", "pat-7"]).await;
    assert!(unrecorded.code == 7 && unrecorded.err.contains("--no-journal"), "{}", unrecorded.err);
    assert_eq!(server.received_requests().await.unwrap().len(), before, "sent without a record");
}

#[test]
fn credits_are_shown_and_granted_and_a_start_without_any_is_refused() {
    let home = tempdir().unwrap();
    let home = home.path();
    let serve = Serve::start(home, &["--no-samples", "--credits", "trial=2,payg=0.5"]);
    let shown = json(home, &["credits", "--json"]);
    assert_eq!(shown["total_remaining_microcredits"], 2_500_000);
    assert!(run(home, &["credits"]).out.contains("total     2.5 cr"));
    assert_eq!(json(home, &["credits", "grant", "17", "--json"])["payg_remaining"], 17_500_000);
    for wrong in [["credits", "grant", "-1"], ["credits", "grant", "many"]] {
        assert_eq!(run(home, &wrong).code, 2);
    }
    drop(serve);
    let _serve = Serve::start(home, &["--no-samples", "--credits", "0"]);
    json(home, &["workflows", "apply", &file(home, "gate.json", GATE), "--publish", "--json"]);
    let refused = run(home, &["runs", "start", "gate", "--input", r#"{"amount": 21}"#]);
    assert!(refused.code == 1 && refused.err.contains("0.0 cr are left"), "{}", refused.err);
    assert_eq!(json(home, &["runs", "list", "--json"])["runs"][0]["status"], "rejected");
}

#[test]
fn a_token_is_printed_once_opens_what_it_may_and_nothing_once_revoked() {
    let home = tempdir().unwrap();
    let home = home.path();
    let serve = Serve::start(home, &["--no-samples"]);
    let made =
        run(home, &["tokens", "create", "reader", "--scope", "workflow:read", "--role", "project_viewer"]);
    let token = made.out.trim().to_owned();
    assert!(made.code == 0 && token.starts_with("pat_") && !token.contains('\n'), "{}", made.err);
    let with_token = |arguments: &[&str]| {
        done(&arcc(home).env("AR_API", serve.url()).env("AR_TOKEN", &token).args(arguments).output().unwrap())
    };
    assert_eq!(with_token(&["runs", "list", "--json"]).code, 0);
    let refused = with_token(&["credits"]);
    assert!(refused.code == 4 && refused.err.contains("billing:read"), "{}", refused.err);
    let list = json(home, &["tokens", "list", "--json"]);
    assert!(!list.to_string().contains(&token));
    let id = list["pats"][0]["id"].as_str().unwrap().to_owned();
    assert_eq!(run(home, &["tokens", "revoke", &id]).code, 0);
    let revoked = with_token(&["runs", "list"]);
    assert!(revoked.code == 4 && revoked.err.contains("was revoked"), "{}", revoked.err);
    assert!(run(home, &["tokens", "list"]).out.contains("revoked"));
    json(home, &["workflows", "apply", &file(home, "gate.json", GATE), "--publish", "--json"]);
    assert!(run(home, &["triggers", "list", "gate"]).out.contains("nothing starts this workflow by itself"));
}
