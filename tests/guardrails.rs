//! Guardrails, read-only and the journal, on the command line.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
#![cfg(unix)]

mod support;

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use support::serve::Serve;
use tempfile::{TempDir, tempdir};

const RULES: &str = r#"
[[guardrails]]
profiles = ["loc*"]
actions = ["stop"]
confirm = "type-run-id"
reason = "required"

[[guardrails]]
actions = ["pause"]
deny = true
"#;

/// A runtime with one run that waits for a person, under rules.
fn desk(rules: &str) -> (TempDir, Serve, String) {
    let home = tempdir().unwrap();
    std::fs::create_dir_all(home.path().join("config/arcc")).unwrap();
    std::fs::write(home.path().join("config/arcc/config.toml"), rules).unwrap();
    let serve = Serve::start(home.path(), &["--no-samples"]);
    let file = home.path().join("wait.json");
    let graph = r#"{"name": "wait", "graph": {"steps": [{"id": "ask", "type": "human_task", "task_type": "approval", "payload": {"n": 1}}]}}"#;
    std::fs::write(&file, graph).unwrap();
    let applied = arcc(home.path(), &["workflows", "apply", file.to_str().unwrap(), "--publish"]);
    assert!(applied.status.success(), "{}", text(&applied.stderr));
    let started = arcc(home.path(), &["runs", "start", "wait", "--json"]);
    assert!(started.status.success(), "{}", text(&started.stderr));
    let run: Value = serde_json::from_slice(&started.stdout).unwrap();
    (home, serve, run["run_id"].as_str().unwrap().to_owned())
}

fn arcc(home: &Path, arguments: &[&str]) -> Output {
    command(home, arguments).output().unwrap()
}

fn command(home: &Path, arguments: &[&str]) -> Command {
    let mut command = support::arcc(home);
    command.args(arguments);
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn journal(home: &Path) -> Vec<Value> {
    let listed = arcc(home, &["journal", "--json"]);
    assert!(listed.status.success(), "{}", text(&listed.stderr));
    let body: Value = serde_json::from_slice(&listed.stdout).unwrap();
    body["decisions"].as_array().unwrap().clone()
}

#[test]
fn a_guardrail_asks_for_its_proof_and_what_it_lets_through_is_on_record() {
    let (home, _serve, run) = desk(RULES);
    let home = home.path();
    let refused = |arguments: &[&str], word: &str| {
        let output = arcc(home, arguments);
        assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
        assert!(text(&output.stderr).contains(word), "{}", text(&output.stderr));
    };
    refused(&["runs", "pause", &run], "refuses to pause");
    refused(&["runs", "stop", &run], "--reason TEXT");
    refused(&["runs", "stop", &run, "--reason", "drill"], "--confirm");
    refused(&["runs", "stop", &run, "--reason", "drill", "--confirm", "other"], "does not name");
    let sent: Vec<_> = journal(home).iter().map(|entry| entry["ticket"]["command"].clone()).collect();
    assert_eq!(sent, ["apply", "publish", "start"], "nothing of it was sent");
    let short = &run[..8];
    let done = arcc(home, &["runs", "stop", &run, "--reason", "drill", "--confirm", short]);
    assert!(done.status.success(), "{}", text(&done.stderr));
    let last = journal(home).pop().unwrap();
    assert_eq!(
        (&last["ticket"]["command"], &last["ticket"]["reason"], &last["outcome"], &last["ticket"]["run"]),
        (&"stop".into(), &"drill".into(), &"taken".into(), &Value::from(run.as_str()))
    );
}

#[test]
fn read_only_beats_everything_however_it_is_said() {
    let (home, _serve, run) = desk("");
    for (flags, variable) in [(&["--read-only"][..], ""), (&[][..], "1"), (&[][..], "true")] {
        let mut arguments = vec!["tasks", "approve", &run, "--confirm", "local"];
        arguments.extend(flags);
        let output = command(home.path(), &arguments).env("AR_READ_ONLY", variable).output().unwrap();
        assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    }
    let output = command(home.path(), &["tasks", "approve", &run]).env("AR_READ_ONLY", "0").output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_rule_that_cannot_be_read_stops_everything() {
    for rule in ["actions = [\"halt\"]", "denied = true", "confirm = \"type-nothing\""] {
        let home = tempdir().unwrap();
        std::fs::create_dir_all(home.path().join("config/arcc")).unwrap();
        let config = home.path().join("config/arcc/config.toml");
        std::fs::write(&config, format!("[[guardrails]]\n{rule}\n")).unwrap();
        let output = arcc(home.path(), &["runs", "list"]);
        assert_eq!(output.status.code(), Some(2), "{rule}: {}", text(&output.stderr));
    }
}

#[test]
fn without_a_journal_nothing_is_sent_unless_that_is_said() {
    let (home, _serve, run) = desk("");
    let journal = home.path().join("state/arcc/journal.jsonl");
    std::fs::remove_file(&journal).unwrap();
    std::fs::create_dir(&journal).unwrap();
    let output = arcc(home.path(), &["tasks", "approve", &run]);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("--no-journal"), "{}", text(&output.stderr));
    let output = arcc(home.path(), &["tasks", "approve", &run, "--no-journal"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn what_an_ended_program_never_heard_of_is_settled_by_the_next() {
    let (home, _serve, run) = desk("");
    let path = home.path().join("state/arcc/journal.jsonl");
    let lines = std::fs::read_to_string(&path).unwrap();
    let mut lines = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let mut ticket = lines.find(|line| line["command"] == "start").unwrap();
    // As if it had been killed between the ticket and the answer.
    ticket["id"] = "killed".into();
    ticket["pid"] = 0.into();
    std::fs::write(&path, format!("{ticket}\n")).unwrap();
    assert_eq!(journal(home.path())[0]["outcome"], Value::Null);
    let output = arcc(home.path(), &["tasks", "approve", &run]);
    let told = text(&output.stderr);
    assert!(told.contains("from an earlier session: start") && told.contains("took effect"), "{told}");
    assert_eq!(journal(home.path())[0]["outcome"], "found_taken");
}

#[test]
fn a_reader_that_left_is_no_error() {
    let (home, _serve, _run) = desk("");
    for arguments in [&["runs", "list"][..], &["journal"], &["completions", "bash"]] {
        let mut child = command(home.path(), arguments)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{arguments:?}: {}",
            text(&output.stderr)
        );
    }
}
