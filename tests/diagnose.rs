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
