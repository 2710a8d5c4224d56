//! `arcc diagnose` and `arcc doctor` against the real runtime, whose runs really fail and really hang.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot set up has failed")]

mod support;

use std::path::Path;
use std::process::Output;

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};
use support::arcc;
use support::serve::Serve;
use tempfile::tempdir;

fn run(home: &Path, arguments: &[&str]) -> Output {
    arcc(home).args(arguments).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json_of(home: &Path, arguments: &[&str]) -> Value {
    let output = run(home, arguments);
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// Publishes a workflow of these steps.
fn publish(home: &Path, steps: &Value) {
    let file = home.join("w.json");
    let body = json!({"name": "w", "graph": {"steps": steps}});
    std::fs::write(&file, body.to_string()).unwrap();
    json_of(home, &["workflows", "apply", &file.display().to_string(), "--publish", "--json"]);
}

fn finding<'a>(diagnosis: &'a Value, id: &str) -> &'a Value {
    let findings = diagnosis["findings"].as_array().unwrap();
    let found = findings.iter().find(|finding| finding["id"] == id);
    found.unwrap_or_else(|| panic!("no {id} in {findings:#?}"))
}

#[rstest]
#[case::lua("LUA_SCRIPT_FAILED", json!([{"id": "s", "type": "lua_script", "script": "error('no such customer')"}]), "no such customer")]
#[case::model("LLM_REQUEST_FAILED", json!([{"id": "s", "type": "llm_call", "model": "m", "prompt": "p"}]), "")]
#[case::tool("MCP_TOOL_FAILED", json!([{"id": "s", "type": "mcp_call", "server_url": "http://127.0.0.1:9/mcp", "tool_name": "t"}]), "")]
#[case::time("RUN_STALLED_OR_TIMED_OUT", json!([{"id": "s", "type": "lua_script", "timeout_s": 1, "script": "while true do end"}]), "")]
#[case::outside("DEPENDENCY_UNAVAILABLE", json!([{"id": "s", "type": "external_agent"}]), "deployed outside")]
#[case::person("HUMAN_TASK_FAILED", json!([{"id": "s", "type": "human_task", "task_type": "approval", "task_payload": {"to": "{{ input.nobody }}"}}]), "input.nobody")]
fn a_run_that_really_fails_is_explained(#[case] code: &str, #[case] steps: Value, #[case] said: &str) {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    publish(home, &steps);
    run(home, &["runs", "start", "w", "--run-id", "r-1", "--wait", "--timeout", "60"]);
    let diagnosis = json_of(home, &["diagnose", "r-1", "--json"]);
    assert_eq!(diagnosis["run"]["failure_code"], code, "{diagnosis:#}");
    let root = finding(&diagnosis, "root-cause");
    assert_eq!((root["verdict"].as_str(), root["step_id"].as_str()), (Some("cause"), Some("s")));
    assert!(root["quote"].as_str().unwrap_or_default().contains(said), "{root:#}");
    assert_eq!(finding(&diagnosis, code)["verdict"], "cause");
    for asked in diagnosis["asked"].as_array().unwrap() {
        assert!(asked["asked"].as_str().unwrap().contains("/v1/"), "{asked}");
    }
    let people = text(&run(home, &["diagnose", "r-1"]));
    assert!(people.contains("What to do") && people.contains("s failed first"), "{people}");
    assert!(people.lines().all(|line| line.chars().count() <= 80), "{people}");
}

/// The limit of a graceful stop is a minute. So that the test does not wait for it, the runtime is
/// killed while it drains, and the limit that it logged is set back; what then fails the run is the
/// runtime itself, by its own clock.
#[test]
fn a_graceful_stop_that_takes_too_long_is_explained() {
    let home = tempdir().unwrap();
    let home = home.path();
    let serve = Serve::start(home, &["--no-samples"]);
    publish(
        home,
        &json!([{"id": "s", "type": "lua_script", "timeout_s": 300, "script": "while true do end"}]),
    );
    json_of(home, &["runs", "start", "w", "--run-id", "r-1", "--json"]);
    json_of(home, &["runs", "stop", "r-1", "--json"]);
    let data = serve.announcement["token_file"].as_str().unwrap().to_owned();
    let data = Path::new(&data).parent().unwrap().join("arcc.db");
    serve.kill_9();
    // The log is append-only by a trigger, which the test takes away and puts back.
    let db = rusqlite::Connection::open(data).unwrap();
    let trigger: String = db
        .query_row("SELECT sql FROM sqlite_master WHERE name = 'events_never_change'", (), |row| row.get(0))
        .unwrap();
    let past = "json_set(data, '$.drain_deadline', '2026-01-02T03:04:05Z')";
    let of = "json_extract(data, '$.drain_deadline') IS NOT NULL";
    let sql =
        format!("DROP TRIGGER events_never_change; UPDATE events SET data = {past} WHERE {of}; {trigger};");
    db.execute_batch(&sql).unwrap();
    drop(db);
    let _serve = Serve::start(home, &["--no-samples"]);
    while json_of(home, &["runs", "show", "r-1", "--json"])["run"]["status"] != "failed" {}
    let diagnosis = json_of(home, &["diagnose", "r-1", "--json"]);
    assert_eq!(diagnosis["run"]["failure_code"], "DRAIN_TIMEOUT", "{diagnosis:#}");
    let found = finding(&diagnosis, "DRAIN_TIMEOUT");
    assert!(found["title"].as_str().unwrap().contains("s outlived the graceful stop's limit"), "{found:#}");
}

/// Row 33 against the runtime's own analytics, billing history and prices.
#[test]
fn what_used_the_credits_is_told_from_the_runtimes_own_figures() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples", "--credits", "1"]);
    let tool = json!({"id": "t", "type": "mcp_call", "server_url": "http://127.0.0.1:9/mcp", "tool_name": "t", "depends_on": ["s"]});
    publish(home, &json!([{"id": "s", "type": "lua_script", "script": "return {}"}, tool]));
    run(home, &["runs", "start", "w", "--run-id", "r-1", "--wait", "--timeout", "60"]);
    let diagnosis = json_of(home, &["diagnose", "r-1", "--json"]);
    assert_eq!(diagnosis["run"]["failure_code"], "INSUFFICIENT_CREDITS", "{diagnosis:#}");
    let spend = finding(&diagnosis, "credits-spend");
    assert!(spend["title"].as_str().unwrap().starts_with("1.0 credits used in 7 days"), "{spend:#}");
    let seen = |source: &str| {
        let evidence = spend["evidence"].as_array().unwrap();
        let piece = evidence.iter().find(|piece| piece["source"] == source);
        piece.unwrap_or_else(|| panic!("no {source} in {spend:#}"))["found"].as_str().unwrap().to_owned()
    };
    assert_eq!((seen("top workflows"), seen("top actions")), ("w 1.0".into(), "lua_script 1.0".into()));
    assert!(seen("prices of actions").contains("mcp_call 5.0"), "{spend:#}");
    assert_eq!(finding(&diagnosis, "credits-balance")["verdict"], "cause");
}

#[test]
fn a_failure_is_held_against_the_last_run_that_went_well() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    let step = |script: &str| json!([{"id": "s", "type": "lua_script", "script": script}]);
    publish(home, &step("return {ok = true}"));
    let start = ["runs", "start", "w", "--wait", "--timeout", "60"];
    run(home, &[&start[..], &["--run-id", "good-1", "--input", r#"{"customer": 42}"#]].concat());
    let file = home.join("w.json");
    let body = json!({"name": "w", "graph": {"steps": step("error('no such customer')")}});
    std::fs::write(&file, body.to_string()).unwrap();
    json_of(home, &["workflows", "apply", &file.display().to_string(), "--publish", "--json"]);
    run(home, &[&start[..], &["--run-id", "bad-1", "--input", r#"{"customer": "42"}"#]].concat());
    let diagnosis = json_of(home, &["diagnose", "bad-1", "--json"]);
    let good = &diagnosis["last_good_run"];
    assert_eq!(
        (&good["good_run_id"], &good["version"], &good["good_version"]),
        (&json!("good-1"), &json!(2), &json!(1))
    );
    let changed = json!([{"step_id": "s", "change": "changed", "fields": ["script"]}]);
    assert_eq!(good["graph"]["steps"], changed, "{good:#}");
    assert_eq!(good["input"], json!([{"at": "customer", "type": "text", "good_type": "number"}]));
    assert_eq!(good["first_difference"]["what"], "definition");
    let found = finding(&diagnosis, "last-good-run");
    assert_eq!(found["offers"][0]["act"], "run:good-1", "{found:#}");
    run(home, &[&start[..], &["--run-id", "bad-2", "--input", "{}"]].concat());
    let again = json_of(home, &["diagnose", "bad-2", "--json"]);
    let title = finding(&again, "same-cause")["title"].as_str().unwrap().to_owned();
    assert_eq!(title, "1 other run failed with the same cause in 24 h: w 1");
    let people = text(&run(home, &["diagnose", "bad-1"]));
    assert!(
        people.contains("Steps, against run good-1") && people.contains("first that differs"),
        "{people}"
    );
    assert!(people.lines().all(|line| line.chars().count() <= 80), "{people}");
}

#[test]
fn a_task_shows_what_an_approval_starts_and_a_rejection_stops() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    publish(
        home,
        &json!([
            {"id": "load", "type": "lua_script", "script": "return {name = 'Ada'}"},
            {"id": "ask", "type": "human_task", "task_type": "approval", "task_payload": {"title": "Send?"}, "depends_on": ["load"]},
            {"id": "send", "type": "mcp_call", "server_url": "http://127.0.0.1:9/mcp", "tool_name": "mail", "depends_on": ["ask"],
             "tool_args": {"to": "{{ input.to }}", "name": "{{ steps.load.result.name }}", "ok": "{{ steps.ask.result.approved }}"}},
        ]),
    );
    json_of(
        home,
        &["runs", "start", "w", "--run-id", "r-1", "--input", r#"{"to": "buyer@example.com"}"#, "--json"],
    );
    let shown = loop {
        let output = run(home, &["tasks", "show", "r-1", "--json"]);
        if output.status.success() {
            break serde_json::from_slice::<Value>(&output.stdout).unwrap();
        }
    };
    let next = &shown["on_approve"]["starts"][0];
    assert_eq!((&next["step_id"], &next["does"]), (&json!("send"), &json!("mail")));
    assert_eq!(next["arguments"], json!({"to": "buyer@example.com", "name": "Ada", "ok": true}), "{shown:#}");
    assert_eq!((&next["unresolved"], &shown["on_reject"]["never_run"]), (&json!([]), &json!(["send"])));
    let people = text(&run(home, &["tasks", "show", "r-1"]));
    assert!(
        people.contains("approve: then send → mail") && people.contains("to   | buyer@example.com"),
        "{people}"
    );
}

#[test]
fn a_run_that_waits_and_one_that_was_stopped_are_by_design() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    publish(home, &json!([{"id": "ask", "type": "human_task", "task_type": "approval"}]));
    json_of(home, &["runs", "start", "w", "--run-id", "r-1", "--json"]);
    let waits = loop {
        let diagnosis = json_of(home, &["diagnose", "r-1", "--json", "--offline"]);
        let findings = diagnosis["findings"].as_array().unwrap();
        // Offline the tasks are the run's own, which the runtime makes right after the start.
        if findings.iter().any(|finding| finding["id"] == "waiting-for-person") {
            break diagnosis;
        }
    };
    assert_eq!(finding(&waits, "waiting-for-person")["verdict"], "by_design");
    assert_eq!(waits["asked"], json!([]), "offline asks for nothing but the run");
    json_of(home, &["runs", "stop", "r-1", "--immediate", "--json"]);
    let stopped = json_of(home, &["diagnose", "r-1", "--json"]);
    assert_eq!(finding(&stopped, "RUN_STOPPED")["verdict"], "by_design");
    assert!(stopped["findings"].as_array().unwrap().iter().all(|finding| finding["id"] != "root-cause"));
}

#[test]
fn doctor_finds_nothing_wrong_with_a_fresh_runtime_and_never_tells_its_token() {
    let home = tempdir().unwrap();
    let home = home.path();
    let serve = Serve::start(home, &["--no-samples"]);
    let output = run(home, &["doctor"]);
    let people = text(&output);
    assert_eq!(output.status.code(), Some(0), "{people}");
    assert!(
        people.contains("+ network") && people.contains("+ clock") && people.contains("+ access"),
        "{people}"
    );
    assert!(!people.contains(&serve.token()), "{people}");
    let report = json_of(home, &["doctor", "--json"]);
    let areas: Vec<_> =
        report["checks"].as_array().unwrap().iter().map(|one| one["area"].as_str().unwrap()).collect();
    for area in ["config", "terminal", "data", "state", "server", "token", "network", "clock", "access"] {
        assert!(areas.contains(&area), "{area}: {areas:?}");
    }
}

#[test]
fn doctor_tells_a_bad_configuration_and_a_server_that_is_not_there() {
    let home = tempdir().unwrap();
    let home = home.path();
    let file = home.join("bad.toml");
    std::fs::write(&file, "theme = 7\n").unwrap();
    let output = run(home, &["doctor", "--config", &file.display().to_string()]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output));
    assert!(text(&output).contains("x config"), "{}", text(&output));
    let output = arcc(home)
        .args(["doctor", "--api", "http://127.0.0.1:9"])
        .env("AR_TOKEN", "pat_canary")
        .output()
        .unwrap();
    let people = text(&output);
    assert_eq!(output.status.code(), Some(3), "{people}");
    assert!(
        people.contains("x network") && people.contains("from AR_TOKEN") && !people.contains("canary"),
        "{people}"
    );
}
