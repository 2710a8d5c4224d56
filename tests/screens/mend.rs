//! Dialogs that mend what a diagnosis found, and why a command was refused.

use std::sync::Arc;
use std::time::Duration;

use arcc::app::Msg;
use arcc::domain::Graph;
use arcc::domain::triage::{Answer, Fact, Instance, Need, Profile, Published};
use arcc::wire::CallError;
use insta::assert_snapshot;
use serde_json::{Value, json};

use super::stage::{Stage, invoice_detail};

/// The diagnosis of the failed invoice, with these answers.
fn diagnosed(width: u16, height: u16, answers: Vec<(Need, Answer)>) -> Stage {
    let mut detail = invoice_detail();
    let mut raw = detail.graph.as_ref().unwrap().to_value();
    if let Some(steps) = raw["steps"].as_array_mut() {
        for step in steps.iter_mut().filter(|step| step["id"] == "post-invoice") {
            step["instance_id"] = json!("i1");
        }
    }
    detail.graph = Graph::parse(&raw).ok().map(Arc::new);
    let mut stage = Stage::full(width, height).on_failed_run().detail(detail).press("5");
    for (need, answer) in answers {
        let fact = Fact {
            asked: need.to_string().into(),
            asked_at: stage.now,
            took: Duration::ZERO,
            answer: Ok(answer),
        };
        stage = stage.tell(Msg::Learned { run: "5d1e0c9a-41".into(), need, fact: Box::new(fact) });
    }
    stage.after(1)
}

/// The same with the finding of that id selected.
fn on(stage: Stage, id: &str) -> Stage {
    let findings = &stage.model.run.as_ref().unwrap().diagnosis.findings;
    let place = findings.iter().position(|finding| finding.id == id).unwrap();
    stage.press("g").press(&"j".repeat(place))
}

fn published() -> Vec<(Need, Answer)> {
    let graph = |timeout: u64, more: Option<Value>| {
        let post = json!({"id": "post-invoice", "type": "mcp_call", "tool_name": "create_invoice", "timeout_s": timeout, "retry_count": 1});
        let steps: Vec<Value> = [post].into_iter().chain(more).collect();
        Graph::parse(&json!({ "steps": steps })).unwrap()
    };
    let new =
        json!({"id": "tell", "type": "human_task", "task_type": "approval", "depends_on": ["post-invoice"]});
    let known = Published {
        latest: Some(7),
        changed: Some(vec!["post-invoice".into(), "tell".into()]),
        draft: Some(graph(120, Some(new)).to_value()),
        graph: Some(Arc::new(graph(30, None))),
    };
    vec![(Need::Published("w-invoice".into()), Answer::Published(known))]
}

fn profiles() -> Vec<(Need, Answer)> {
    let instance = Instance { id: "i1".into(), name: "billing-prod".into(), ..Instance::default() };
    let profile =
        Profile { id: "p2".into(), name: "rotated-key".into(), active: false, connection: Some("c1".into()) };
    vec![
        (Need::Instances, Answer::Instances(vec![instance])),
        (Need::Profiles("i1".into()), Answer::Profiles(vec![profile])),
    ]
}

#[test]
fn publishing_a_draft_shows_what_it_changes_at_160x45() {
    assert_snapshot!(on(diagnosed(160, 45, published()), "unpublished-changes").press("<enter>").text());
}

#[test]
fn publishing_a_draft_shows_what_it_changes_at_80x24() {
    assert_snapshot!(on(diagnosed(80, 24, published()), "unpublished-changes").press("<enter>").text());
}

#[test]
fn a_profile_to_set_active_at_160x45() {
    assert_snapshot!(on(diagnosed(160, 45, profiles()), "binding-profile").press("<enter>").text());
}

#[test]
fn a_profile_to_set_active_at_80x24() {
    assert_snapshot!(on(diagnosed(80, 24, profiles()), "binding-profile").press("<enter>").text());
}

/// A rejection that the server refused with 403.
fn refused(width: u16, height: u16) -> Stage {
    let mut stage = Stage::full(width, height).press("x").after(1);
    stage.model.session.undo = Duration::ZERO;
    let stage = stage.press("<enter>");
    let ticket = stage.model.pending.iter().next().unwrap().ticket;
    let error = CallError::Forbidden("your role is project_viewer".into());
    let stage = stage.tell(Msg::Reply(ticket, Err(error)));
    stage.after(13)
}

#[test]
fn a_command_that_was_not_allowed_says_why_at_160x45() {
    assert_snapshot!(refused(160, 45).text());
}

#[test]
fn a_command_that_was_not_allowed_says_why_at_80x24() {
    assert_snapshot!(refused(80, 24).text());
}
