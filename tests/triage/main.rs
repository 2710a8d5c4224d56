//! A scenario for each row of the troubleshooting guide: a scripted server, the real client, and
//! what must be found.
#![expect(
    clippy::panic,
    clippy::result_large_err,
    clippy::unwrap_used,
    reason = "the script's own surprises end the test"
)]

#[path = "../support/fake.rs"]
#[allow(dead_code, reason = "each test target uses its own part")]
mod fake;
mod scenario;

use std::collections::BTreeSet;
use std::path::PathBuf;

use scenario::Scenario;

const FOLDER: &str = "tests/triage/scenarios";

fn files() -> Vec<PathBuf> {
    let mut files: Vec<_> = std::fs::read_dir(FOLDER).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

#[tokio::test]
async fn every_scenario_finds_what_it_must() {
    let mut wrong = Vec::new();
    for file in files() {
        let scenario = Scenario::read(&file);
        let findings = scenario.play().await;
        for complaint in scenario.complaints(&findings) {
            let name = file.file_stem().unwrap().to_string_lossy().into_owned();
            wrong.push(format!("{name}: {complaint}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_row_of_the_guide_has_a_scenario() {
    let rows: BTreeSet<u64> = files().iter().map(|file| Scenario::read(file).row).collect();
    assert_eq!(rows, (1..=57).collect());
}

/// A question that is not needed is not asked: a stopped run costs its credits and its versions.
#[tokio::test]
async fn only_what_a_case_needs_is_asked() {
    let scenario = Scenario::read(&PathBuf::from(FOLDER).join("15-run-stopped.json"));
    let (server, _) = scenario.start().await;
    scenario.play_on(&server).await;
    for path in ["/v1/mcp/", "/v1/memory/", "/v1/llm", "/v1/analytics/"] {
        let asked = ["GET", "POST"].map(|method| server.asked(&format!("{method} {path}")).len());
        assert_eq!(asked, [0, 0], "{path}");
    }
    assert_eq!(server.asked("GET /v1/billing/usage").len(), 1);
}

/// Whatever a server answers, the diagnosis comes to an end and says what it could not check.
#[tokio::test]
async fn a_server_that_answers_nonsense_breaks_no_rule() {
    let nonsense = [
        (200, "null"),
        (200, "[]"),
        (200, "{}"),
        (200, "\"text\""),
        (200, r#"{"instances": 7, "connections": {"a": []}, "valid": "maybe", "issues": [1, null, {}]}"#),
        (200, "{broken"),
        (204, ""),
        (418, "no"),
        (503, r#"{"error": {"message": ["odd"]}}"#),
    ];
    let scenario = Scenario::read(&PathBuf::from(FOLDER).join("10-mcp-tool-failed.json"));
    for (status, body) in nonsense {
        let (server, _) = scenario.start().await;
        for request in scenario.asked() {
            server.answer_raw(&request, status, body);
        }
        let findings = scenario.play_on(&server).await;
        let root = findings.iter().find(|finding| finding.id == "root-cause");
        assert!(root.is_some(), "{status} {body}: {findings:#?}");
        let wrong = ["binding-instance", "binding-profile", "binding-connection"];
        let guessed = findings.iter().filter(|finding| wrong.contains(&finding.id));
        for finding in guessed {
            assert!(body == "[]" || finding.verdict.as_str() == "unchecked", "{status} {body}: {finding:#?}");
        }
    }
}
