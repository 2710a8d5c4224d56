//! `arcc workflows validate`: files here, drafts on their server.
#![cfg(feature = "server")]
#![expect(clippy::unwrap_used, reason = "a test that cannot set up has failed")]

mod support;

use std::path::Path;
use std::process::Output;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use support::arcc;
use support::serve::Serve;
use tempfile::tempdir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

/// How a command ended, and what it printed.
fn done(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn run(home: &Path, arguments: &[&str]) -> (i32, String, String) {
    done(&arcc(home).args(arguments).output().unwrap())
}

fn file(home: &Path, name: &str, body: &Value) -> String {
    let path = home.join(name);
    std::fs::write(&path, body.to_string()).unwrap();
    path.display().to_string()
}

/// A workflow that publishes, and would fail as soon as it runs.
fn careless() -> Value {
    json!({"name": "careless", "graph": {"steps": [
        {"id": "fetch", "type": "lua_script", "script": "return {rows = 1 1}"},
        {"id": "ask", "type": "human_task", "task_type": "approval", "depends_on": ["fetch"],
         "task_payload": {"title": "{{ steps.fetch.rows }}"}},
    ]}})
}

#[test]
fn the_samples_are_ready() {
    let home = tempdir().unwrap();
    let mut checked = 0;
    for entry in std::fs::read_dir("assets/workflows").unwrap() {
        let file = entry.unwrap().path().display().to_string();
        let (code, out, err) = run(home.path(), &["workflows", "validate", &file]);
        assert_eq!((code, err.as_str()), (0, ""), "{out}");
        assert_eq!(out, format!("{file}: ready, 0 errors, 0 warnings\n"));
        checked += 1;
    }
    assert!(checked > 3, "the samples were not found");
}

#[test]
fn a_file_that_is_blocked_lists_what_to_mend() {
    let home = tempdir().unwrap();
    let file = file(home.path(), "careless.json", &careless());
    let (code, out, err) = run(home.path(), &["workflows", "validate", &file]);
    assert_eq!((code, err.as_str()), (1, ""));
    let wanted = [
        &format!("{file}: blocked, 2 errors, 0 warnings"),
        "error template_unresolved step ask: `steps.fetch.rows` has no value: `steps.fetch` has no `rows`; \
         it has result, input",
        "    at  $.steps[1].task_payload.title",
        "    try {{ steps.fetch.result.rows }}",
        "error lua_syntax step fetch: line 1: '}' expected near '1'",
        "    at  $.steps[0].script",
    ];
    assert_eq!(out.lines().collect::<Vec<_>>(), wanted);
    let (code, out, _) = run(home.path(), &["workflows", "validate", &file, "--json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((code, &answer["valid"], answer["blockers"].as_array().unwrap().len()), (1, &json!(false), 2));
}

#[test]
fn what_cannot_be_read_ends_with_two() {
    let home = tempdir().unwrap();
    let broken = home.path().join("broken.json");
    std::fs::write(&broken, "{oops").unwrap();
    let broken = broken.display().to_string();
    let list = file(home.path(), "list.json", &json!([1]));
    for (target, words) in [
        ("missing.json", "cannot read missing.json"),
        (&broken, "broken.json is not valid JSON"),
        (&list, "the graph must be a JSON object"),
        ("nobody", "there is no workflow `nobody`"),
    ] {
        let (code, out, err) = run(home.path(), &["workflows", "validate", target]);
        assert_eq!((code, out.as_str()), (2, ""), "{target}: {err}");
        assert!(err.contains(words), "{target}: {err}");
    }
}

#[test]
fn a_draft_is_validated_by_its_server_and_publishing_warns() {
    let home = tempdir().unwrap();
    let home = home.path();
    let _serve = Serve::start(home, &["--no-samples"]);
    let file = file(home, "careless.json", &careless());
    let warning = "the graph has 2 errors, and is published all the same";
    let (code, _, err) = run(home, &["workflows", "apply", &file, "--publish"]);
    assert!(code == 0 && err.contains(warning), "{code}: {err}");
    let (code, _, err) = run(home, &["workflows", "publish", "careless"]);
    assert!(code == 0 && err.contains(warning), "{code}: {err}");
    let (code, out, err) = run(home, &["workflows", "validate", "careless"]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert!(out.starts_with("careless: blocked, 2 errors, 0 warnings\n"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_verdict_with_status_422_is_a_verdict() {
    let server = MockServer::start().await;
    let workflow = json!({"id": "w", "name": "far", "graph": {"steps": []}});
    let verdict = json!({"valid": false, "readiness": "blocked", "issues": [
        {"severity": "error", "code": "template_unresolved", "message": "no \u{1b}[31msuch path"}]});
    let answers = [
        ("GET", "/v1/workflows", 200, json!({"workflows": [workflow]})),
        ("GET", "/v1/workflows/w", 200, workflow.clone()),
        ("POST", "/v1/workflows/w/validate", 422, verdict),
    ];
    for (verb, route, status, body) in answers {
        let answer = ResponseTemplate::new(status).set_body_json(body);
        Mock::given(method(verb)).and(path(route)).respond_with(answer).mount(&server).await;
    }
    let home = tempdir().unwrap();
    let mut command = arcc(home.path());
    command.env("AR_API", server.uri()).env("AR_TOKEN", "pat_x").args(["workflows", "validate", "far"]);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let (code, out, _) = done(&output);
    assert_eq!(
        (code, out.as_str()),
        (1, "far: blocked, 1 error, 0 warnings\nerror template_unresolved: no \\e[31msuch path\n")
    );
}
