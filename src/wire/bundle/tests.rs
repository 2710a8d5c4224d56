use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::{Bundle, Contents, REDACTED, Subject, mail, redact};
use crate::domain::{EventKind, FailureCode, Run, RunEvent, RunStatus, Timestamp};

const CANARY: &str = "pat_canary8f3k2x9q";

fn bundle(contents: Contents) -> Bundle {
    let mut run = Run::new("7c9e6679-74/25".into(), "w".into(), RunStatus::Failed);
    run.workflow_name = Some("invoice-sync".into());
    run.failure_code = Some(FailureCode::McpToolFailed);
    run.error = Some(format!("the tool answered: 401 Bearer {CANARY}").into());
    run.request_id = Some("req-1".into());
    let event = |sequence: u64, kind: EventKind, data: Value| RunEvent {
        id: format!("e{sequence}").into(),
        run_id: run.id.clone(),
        workflow_id: None,
        sequence: Some(sequence),
        kind,
        at: Some(Timestamp::UNIX_EPOCH),
        data,
    };
    let events = [
        event(1, EventKind::RunStarted, json!({"input": {"customer": "Ada", "api_key": CANARY}})),
        event(2, EventKind::StepFailed, json!({"step_id": "post", "error": format!("token={CANARY}")})),
    ];
    let context = json!({"input": {"customer": "Ada", "password": "x"}});
    let subject = Subject {
        run: &run,
        events: &events,
        graph: None,
        context: Some(&context),
        findings: &[],
        host: "api.example.com",
        now: Timestamp::UNIX_EPOCH,
    };
    Bundle::new(subject, contents)
}

fn names(bundle: &Bundle) -> Vec<&str> {
    bundle.files.iter().map(|file| file.name).collect()
}

#[test]
fn no_secret_and_without_being_asked_no_data_leave() {
    let sparse = bundle(Contents::WithoutData);
    assert_eq!(names(&sparse), ["manifest.json", "summary.md", "run.json", "events.jsonl", "findings.json"]);
    let all: String = sparse.files.iter().map(|file| file.text.as_str()).collect();
    assert!(!all.contains(CANARY) && !all.contains("Ada"), "{all}");
    assert!(all.contains("\"left_out\":\"data\"") && all.contains("MCP_TOOL_FAILED"), "{all}");
    let whole = bundle(Contents::WithData);
    let all: String = whole.files.iter().map(|file| file.text.as_str()).collect();
    assert!(!all.contains(CANARY) && all.contains("Ada"), "{all}");
    assert_eq!((names(&whole).last(), whole.redacted > sparse.redacted), (Some(&"context.json"), true));
}

#[test]
fn the_manifest_lists_every_other_file_and_the_name_is_one() {
    let bundle = bundle(Contents::WithoutData);
    assert_eq!(bundle.name, "arcc-bundle-7c9e6679-19700101T000000Z");
    let manifest: Value = serde_json::from_str(&bundle.files[0].text).unwrap();
    let listed: Vec<&str> =
        manifest["files"].as_array().unwrap().iter().map(|file| file["name"].as_str().unwrap()).collect();
    assert_eq!(listed, names(&bundle)[1..]);
    assert_eq!(manifest["request_id"], "req-1");
    assert_eq!(manifest["secrets_redacted"], json!(bundle.redacted));
}

#[test]
fn secrets_are_known_by_their_names_and_by_their_looks() {
    let mut value = json!({
        "Authorization": "Bearer abcdefgh",
        "headers": {"X-Api-Key": ["k"], "accept": "json"},
        "text": "call https://user:hunter2@example.com/x?access_token=abc&y=1 with sk-12345678901",
        "tokens_in": 12, "max_tokens": 5, "credential_keys": ["api_key"], "note": "the token was refused",
        "jwt": "eyJhbGciOiJIUzI1NiJ9.e30.abc",
    });
    redact(&mut value);
    assert_eq!(
        value,
        json!({
            "Authorization": REDACTED,
            "headers": {"X-Api-Key": REDACTED, "accept": "json"},
            "text": format!("call https://{REDACTED}&y=1 with {REDACTED}"),
            "tokens_in": 12, "max_tokens": 5, "credential_keys": ["api_key"], "note": "the token was refused",
            "jwt": REDACTED,
        })
    );
}

#[test]
fn a_mail_holds_no_line_break_and_has_an_end() {
    let mail = mail("Run 7c9e6679", &"a line\n".repeat(2_000));
    assert!(mail.starts_with("mailto:support@agentruntime.io?subject=Run%207c9e6679&body=a%20line%0A"));
    assert!(!mail.contains('\n') && mail.len() < 5_000);
}
