//! From a step to the run that it called, and back; what is wrong with a graph.

use std::sync::Arc;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::kit::{Bench, event, open, run, screen};
use crate::app::{Msg, Screen};
use crate::domain::triage::{Answer, DryRun, DryRunIssue, Fact, Need};
use crate::domain::{EventKind, Graph, ParentStep};
use crate::mirror::{Detail, WatchEvent};

#[test]
fn a_step_leads_to_the_run_that_it_called_and_back() {
    let mut bench = open();
    let child = json!({"step_id": "audit", "child_run_id": "r2", "child_workflow_id": "w2"});
    bench.event(event("r1", 6, EventKind::StepStarted, child));
    bench.keys("gj>");
    assert_eq!(screen(&bench).run.as_str(), "r1");
    assert!(bench.last_toast().ends_with("called no other run"), "{}", bench.last_toast());
    bench.keys("<");
    assert_eq!(bench.last_toast(), "no other run called this one, as far as the server says");
    bench.keys("f>");
    assert_eq!((screen(&bench).run.as_str(), screen(&bench).workflow.as_str()), ("r2", "w2"));
    let mut child = run("r2", "running", 5);
    child.workflow_id = "w2".into();
    let parent =
        ParentStep { workflow_id: "w".into(), run_id: "r1".into(), step_id: "audit#body#call".into() };
    child.parent = Some(Box::new(parent));
    bench.runs(vec![run("r1", "running", 10), child]);
    bench.keys("<");
    assert_eq!((bench.model.screen, screen(&bench).run.as_str()), (Screen::Run, "r1"));
    assert_eq!(screen(&bench).canvas.selected, Some("audit".into()), "where the call stands");
}

#[test]
fn the_canvas_has_the_issues_that_the_server_finds_in_the_graph() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "failed", 10)]);
    let raw = json!({"steps": [
        {"id": "load", "type": "lua_script", "script": "return {}"},
        {"id": "send", "type": "mcp_call", "depends_on": ["load"], "instance_id": "i1"},
    ]});
    let detail = Detail {
        run: run("r1", "failed", 10),
        events: vec![event("r1", 1, EventKind::RunFailed, json!({}))],
        context: None,
        graph: Some(Arc::new(Graph::parse(&raw).unwrap())),
        tasks: None,
        asked_at: bench.now,
    };
    bench.watch(WatchEvent::Detail(Box::new(detail)));
    bench.key(crate::app::key::Key::Enter);
    let issues = |bench: &Bench| -> Vec<(String, String)> {
        let issues = screen(bench).canvas.issues.iter();
        issues.map(|issue| (issue.step.to_string(), issue.title.to_string())).collect()
    };
    let local = issues(&bench);
    assert!(local.iter().any(|(step, title)| step == "send" && title.contains("tool_name")), "{local:?}");
    let issue = DryRunIssue {
        is_error: true,
        code: "lua_syntax".into(),
        step: Some("load".into()),
        message: "line 1: unexpected symbol".into(),
        ..DryRunIssue::default()
    };
    let report = DryRun { valid: false, issues: vec![issue], checks: Vec::new() };
    let fact = Fact {
        asked: "POST /v1/workflows/w/validate".into(),
        asked_at: bench.now,
        took: std::time::Duration::ZERO,
        answer: Ok(Answer::DryRun(report)),
    };
    let need = Need::DryRun { workflow: "w".into(), version: None };
    bench.send(Msg::Learned { run: "r1".into(), need, fact: Box::new(fact) });
    assert_eq!(issues(&bench), [("load".to_owned(), "line 1: unexpected symbol".to_owned())]);
    bench.keys("n");
    assert_eq!(screen(&bench).canvas.selected, Some("load".into()), "an issue is a problem to go to");
}
