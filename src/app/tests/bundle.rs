use pretty_assertions::assert_eq;

use serde_json::{Value, json};

use super::kit::{Bench, at_task, event, run, waiting_log};
use crate::app::{Effect, Msg};
use crate::domain::triage::{Answer, Fact, Need};
use crate::domain::{EventKind, Usage};

#[test]
fn b_writes_a_bundle_without_data_and_copies_its_summary() {
    let mut bench = at_task();
    let effects = bench.keys("b");
    let [Effect::Copy(summary), Effect::Bundle(bundle)] = &effects[..2] else { panic!("{effects:?}") };
    assert_eq!(*summary, bundle.summary);
    assert!(summary.contains("# Run r1 of order-confirmation"), "{summary}");
    let names: Vec<&str> = bundle.files.iter().map(|file| file.name).collect();
    assert_eq!(
        names,
        ["manifest.json", "summary.md", "run.json", "events.jsonl", "graph.json", "findings.json"]
    );
    let text: String = bundle.files.iter().map(|file| file.text.as_str()).collect();
    assert!(!text.contains("\"rows\":7"), "{text}");
    bench.send(Msg::Bundled(Ok("/home/me/x.tar.gz".into())));
    assert_eq!(bench.last_toast(), "bundle: /home/me/x.tar.gz; its summary is in the clipboard");
}

#[test]
fn the_bundle_of_an_open_diagnosis_carries_its_findings() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "failed", 10)]);
    let mut log = waiting_log("r1")[..3].to_vec();
    let data = json!({"step_id": "load", "error": "gone", "failure_code": "MCP_TOOL_FAILED"});
    log.push(event("r1", 4, EventKind::StepFailed, data));
    bench.detail("r1", "failed", log);
    bench.keys("d");
    let fact = Fact {
        asked: "GET /v1/billing/usage".into(),
        asked_at: bench.now,
        took: std::time::Duration::ZERO,
        answer: Ok(Answer::Balance(Usage::default())),
    };
    bench.send(Msg::Learned { run: "r1".into(), need: Need::Balance, fact: Box::new(fact) });
    let effects = bench.keys("b");
    let Some(Effect::Bundle(bundle)) = effects.iter().find(|e| matches!(e, Effect::Bundle(_))) else {
        panic!("{effects:?}")
    };
    let findings = bundle.files.iter().find(|file| file.name == "findings.json").unwrap();
    let findings: Vec<Value> = serde_json::from_str(&findings.text).unwrap();
    let of = |id: &str| findings.iter().find(|finding| finding["id"] == id);
    let root = of("root-cause").unwrap();
    assert_eq!((&root["step_id"], &root["quote"]), (&json!("load"), &json!("gone")));
    assert!(root["advice"].is_string() && root["offers"].is_array(), "{root}");
    assert_ne!(of("credits-balance").unwrap()["verdict"], "unchecked", "what was asked is known");
    assert!(bundle.summary.contains("What arcc found"), "{}", bundle.summary);
}

#[test]
fn of_a_run_that_is_not_known_yet_the_log_is_asked_for() {
    let mut bench = Bench::busy();
    let effects = bench.keys("b");
    assert!(effects.contains(&Effect::Refetch), "{effects:?}");
    assert_eq!(bench.last_toast(), "its log is being fetched; press b again in a moment");
}
