//! After the fix: failures of one cause run again, from the command line and from the screen.
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]
#![cfg(all(unix, feature = "server"))]

mod support;

use std::path::Path;
use std::process::Output;
use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use support::arcc;
use support::pty::Terminal;
use support::serve::Serve;
use tempfile::{TempDir, tempdir};

/// A workflow that fails for orders whose number is at least that.
fn workflow(limit: u32) -> String {
    let script = format!(
        "if input.order >= {limit} then error('order ' .. input.order .. ' is not known') end return {{ok = true}}"
    );
    let schema =
        json!({"type": "object", "properties": {"order": {"type": "integer"}}, "required": ["order"]});
    let steps = json!([{"id": "check", "type": "lua_script", "script": script}]);
    json!({"name": "orders", "graph": {"input_schema": schema, "steps": steps}}).to_string()
}

struct Desk {
    home: TempDir,
    _serve: Serve,
}

impl Desk {
    /// A runtime in which the orders 1, 2 and 3 have failed for one cause.
    fn open() -> Self {
        let home = tempdir().unwrap();
        let serve = Serve::start(home.path(), &["--no-samples"]);
        let desk = Self { home, _serve: serve };
        desk.publish(1);
        for order in 1..=3 {
            let input = json!({ "order": order }).to_string();
            let id = format!("order-{order}");
            let done = desk.run(&["runs", "start", "orders", "--input", &input, "--run-id", &id, "--wait"]);
            assert_eq!(done.status.code(), Some(1), "{}", text(&done.stderr));
        }
        desk
    }

    fn home(&self) -> &Path {
        self.home.path()
    }

    /// Publishes the workflow with another limit.
    fn publish(&self, limit: u32) {
        let file = self.home().join("orders.json");
        std::fs::write(&file, workflow(limit)).unwrap();
        let done = self.run(&["workflows", "apply", file.to_str().unwrap(), "--publish"]);
        assert!(done.status.success(), "{}", text(&done.stderr));
    }

    fn run(&self, arguments: &[&str]) -> Output {
        arcc(self.home()).args(arguments).output().unwrap()
    }

    fn json(&self, arguments: &[&str]) -> (Option<i32>, Value) {
        let done = self.run(arguments);
        let body = serde_json::from_slice(&done.stdout).unwrap_or_else(|_| json!(text(&done.stderr)));
        (done.status.code(), body)
    }

    /// The signature of the failures, and how many there are.
    fn failures(&self) -> Vec<(String, usize)> {
        let (_, body) = self.json(&["runs", "failures", "--json"]);
        let group = |row: &Value| {
            (row["signature"].as_str().unwrap().to_owned(), row["run_ids"].as_array().unwrap().len())
        };
        body["failures"].as_array().unwrap().iter().map(group).collect()
    }

    fn started(&self) -> usize {
        let (_, body) = self.json(&["runs", "list", "--json"]);
        body["runs"].as_array().unwrap().len()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn stages(body: &Value) -> Vec<(&str, &str)> {
    let rows = body["runs"].as_array().unwrap();
    rows.iter().map(|row| (row["run_id"].as_str().unwrap(), row["stage"].as_str().unwrap())).collect()
}

#[test]
fn after_the_fix_all_failures_of_a_signature_run_again_and_complete() {
    let desk = Desk::open();
    let failures = desk.failures();
    let [(signature, 3)] = failures.as_slice() else { panic!("one cause: {failures:?}") };
    let (code, body) = desk.json(&["runs", "rerun", "--signature", signature, "--dry-run", "--json"]);
    assert_eq!((code, stages(&body).len(), desk.started()), (Some(0), 3, 3), "{body}");

    desk.publish(10);
    let (code, body) = desk.json(&["runs", "rerun", "--signature", signature, "--json"]);
    assert_eq!((code, body["outcome"].as_str()), (Some(0), Some("completed")), "{body}");
    let want = ["order-1", "order-2", "order-3"].map(|run| (run, "completed"));
    assert_eq!(stages(&body), want, "oldest first");
    assert_eq!(desk.started(), 6);
    let new = body["runs"][0]["new_run_id"].as_str().unwrap();
    let (_, shown) = desk.json(&["runs", "show", new, "--json"]);
    assert_eq!(
        (shown["run"]["status"].as_str(), shown["run"]["version"].as_u64()),
        (Some("completed"), Some(2))
    );

    let (code, body) = desk.json(&["runs", "rerun", "--signature", signature, "--json"]);
    assert_eq!((code, body["runs"].as_array().map(Vec::len), desk.started()), (Some(0), Some(0), 6));
    let (_, journal) = desk.json(&["journal", "--json"]);
    let again: Vec<&str> = journal["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|line| line["ticket"]["in_place_of"].as_str())
        .collect();
    assert_eq!(again, ["order-1", "order-2", "order-3"], "each is on the record once");
}

#[test]
fn it_stops_at_the_first_that_fails_again_and_goes_on_from_there_later() {
    let desk = Desk::open();
    desk.publish(2);
    let (code, body) = desk.json(&["runs", "rerun", "--like", "order-3", "--json"]);
    assert_eq!((code, body["outcome"].as_str()), (Some(1), Some("failed_again")), "{body}");
    assert_eq!(
        stages(&body),
        [("order-1", "completed"), ("order-2", "failed_again"), ("order-3", "waiting")]
    );
    assert_eq!(desk.started(), 5, "nothing after it was started");
    let second = body["runs"][1]["new_run_id"].as_str().unwrap().to_owned();

    desk.publish(10);
    let (code, body) = desk.json(&["runs", "rerun", "--like", "order-3", "--json"]);
    assert_eq!(code, Some(0), "{body}");
    assert_eq!(
        stages(&body),
        [("order-3", "completed"), (&*second, "completed")],
        "what stood in for order-2"
    );
    let plain = desk.run(&["runs", "rerun", "--like", "order-3"]);
    assert!(text(&plain.stdout).contains("nothing is left to run again"), "{}", text(&plain.stdout));
}

#[test]
fn one_run_runs_again_with_another_input_that_must_fit() {
    let desk = Desk::open();
    let unfit = desk.run(&["runs", "rerun", "order-1", "--input", r#"{"order": "x"}"#]);
    assert_eq!(unfit.status.code(), Some(2));
    assert!(text(&unfit.stderr).contains("`input.order` must be of type integer"), "{}", text(&unfit.stderr));
    assert_eq!(desk.started(), 3, "nothing was sent");
    let file = desk.home().join("input.json");
    std::fs::write(&file, r#"{"order": 0}"#).unwrap();
    let from = format!("@{}", file.display());
    let done = desk.run(&["runs", "rerun", "order-1", "--input", &from, "--wait"]);
    assert_eq!(done.status.code(), Some(0), "{}", text(&done.stderr));
    let same = desk.run(&["runs", "rerun", "order-2", "--wait"]);
    assert_eq!(same.status.code(), Some(1), "the same input fails the same way");
}

#[test]
fn guardrails_are_asked_once_for_all_of_them() {
    let desk = Desk::open();
    let rules = "[[guardrails]]\nactions = [\"start\"]\nmax_bulk = 2\nreason = \"required\"\nconfirm = \"type-profile\"\n";
    std::fs::create_dir_all(desk.home().join("config/arcc")).unwrap();
    std::fs::write(desk.home().join("config/arcc/config.toml"), rules).unwrap();
    let rerun = |more: &[&str]| desk.run(&[&["runs", "rerun", "--like", "order-1"], more].concat());
    for (more, says) in [
        (&[][..], "say --limit 2"),
        (&["--limit", "2"], "say --reason TEXT"),
        (&["--limit", "2", "--reason", "mended"], "say --confirm local"),
    ] {
        let done = rerun(more);
        assert_eq!(done.status.code(), Some(7), "{}", text(&done.stderr));
        assert!(text(&done.stderr).contains(says), "{}", text(&done.stderr));
    }
    assert_eq!(desk.started(), 3);
    let done = rerun(&["--limit", "1", "--reason", "mended", "--confirm", "local", "--json"]);
    assert_eq!(done.status.code(), Some(1), "it fails again: {}", text(&done.stderr));
    assert_eq!(desk.started(), 4);
}

#[test]
fn from_the_screen_all_of_them_run_again_after_the_fix() {
    let desk = Desk::open();
    desk.publish(3);
    let mut terminal = Terminal::arcc(desk.home(), &["--no-samples"], (120, 40));
    // The workflow is known from when its stream is open.
    terminal.wait_for("1 stream");
    terminal.wait_for("3×");
    terminal.keys("R");
    terminal.wait_for("3 failed runs of one cause");
    terminal.wait_for("2, the latest that is published; 1 failed");
    // A dialog takes no answer that was typed before it could be read.
    std::thread::sleep(Duration::from_millis(600));
    terminal.keys("\r");
    terminal.wait_for("undo");
    terminal.wait_for("stopped: 2 of 3 completed, 0 left");
    terminal.keys("S");
    terminal.wait_for("failed again");
    terminal.keys("\x1b");
    desk.publish(10);
    terminal.wait("the run that failed again joined the group", |screen| screen.contains("4×"));
    terminal.keys("R");
    terminal.wait_for("1 failed run?");
    std::thread::sleep(Duration::from_millis(600));
    terminal.keys("\r");
    terminal.wait_for("ran again: 1 of 1 completed");
    assert_eq!(desk.started(), 7);
    terminal.keys("q");
    assert_eq!(terminal.ended(), 0);
}
