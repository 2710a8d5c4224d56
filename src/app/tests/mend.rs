//! What a diagnosis found is mended from the screen, and what was mended is checked.

use std::sync::Arc;
use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::kit::{Bench, at_task, event, run, sent};
use crate::app::guard::{Guard, Typed};
use crate::app::key::Key;
use crate::app::layers::{DialogKind, Layer};
use crate::app::{Effect, Msg};
use crate::domain::triage::{Answer, Connection, Fact, Instance, Need, Profile, Published};
use crate::domain::{Digest, EventKind, Graph, Timestamp};
use crate::mirror::{Detail, WatchEvent};
use crate::wire::{CallError, Command, Reply};

fn graph(timeout: u64) -> Graph {
    let step = json!({"id": "post", "type": "mcp_call", "tool_name": "create", "instance_id": "i1", "timeout_s": timeout});
    Graph::parse(&json!({ "steps": [step] })).unwrap()
}

/// `r1` failed at a step that is bound to instance `i1`, with its diagnosis open.
fn failed() -> (Bench, Vec<Effect>) {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "failed", 10)]);
    let data = json!({"step_id": "post", "error": "401 invalid_grant", "failure_code": "MCP_TOOL_FAILED"});
    let events = vec![
        event("r1", 1, EventKind::RunStarted, json!({"input": {"order": 1}})),
        event("r1", 2, EventKind::StepStarted, json!({"step_id": "post"})),
        event("r1", 3, EventKind::StepFailed, data),
    ];
    let detail = Detail {
        run: run("r1", "failed", 10),
        events,
        context: Some(json!({"input": {"order": 1}, "steps": {}})),
        graph: Some(Arc::new(graph(30))),
        tasks: None,
        asked_at: bench.now,
    };
    bench.watch(WatchEvent::Detail(Box::new(detail)));
    let effects = bench.keys("d");
    (bench, effects)
}

fn learn(bench: &mut Bench, need: Need, answer: Answer) -> Vec<Effect> {
    let fact = Fact { asked: "GET /x".into(), asked_at: bench.now, took: Duration::ZERO, answer: Ok(answer) };
    bench.send(Msg::Learned { run: "r1".into(), need, fact: Box::new(fact) })
}

fn instance() -> Instance {
    Instance { id: "i1".into(), name: "billing".into(), has_connection: Some(true), ..Instance::default() }
}

fn profile(id: &str, active: bool) -> Profile {
    Profile { id: id.into(), name: format!("{id}-name").into(), active, connection: Some("c1".into()) }
}

fn connection(needs_reconnect: bool) -> Answer {
    Answer::Connections(vec![Connection {
        id: "c1".into(),
        name: "mail".into(),
        provider: "google".into(),
        status: if needs_reconnect { "expired" } else { "active" }.into(),
        needs_reconnect,
        ..Connection::default()
    }])
}

fn select(bench: &mut Bench, id: &str) {
    bench.tick_after(1);
    let findings = &bench.model.run.as_ref().unwrap().diagnosis.findings;
    let place = findings.iter().position(|finding| finding.id == id);
    let place = place.unwrap_or_else(|| panic!("no {id} among {findings:#?}"));
    bench.keys("g");
    bench.keys(&"j".repeat(place));
}

fn asked(effects: &[Effect]) -> Vec<Need> {
    let needs = |effect: &Effect| match effect {
        Effect::Investigate { needs, .. } => needs.clone(),
        _ => Vec::new(),
    };
    effects.iter().flat_map(needs).collect()
}

#[test]
fn a_profile_is_set_active_through_a_dialog_and_what_is_bound_is_checked() {
    let (mut bench, _) = failed();
    learn(&mut bench, Need::Instances, Answer::Instances(vec![instance()]));
    learn(&mut bench, Need::Profiles("i1".into()), Answer::Profiles(vec![profile("p1", false)]));
    select(&mut bench, "binding-profile");
    bench.key(Key::Enter);
    assert_eq!(bench.dialog().kind, DialogKind::Activate);
    assert_eq!(bench.dialog().target, "profile p1-name of instance billing");
    assert_eq!(bench.dialog().facts, [("now", "no profile is active".to_owned())]);
    bench.confirm(Key::Enter);
    let sent = sent(&bench.tick_after(5));
    let [(ticket, command)] = sent.as_slice() else { panic!("one command: {sent:?}") };
    assert_eq!(*command, Command::Activate { instance: "i1".into(), profile: "p1".into() });
    assert_eq!(command.path(), "/v1/mcp/instances/i1/config-profiles/p1/set-active");
    bench.reply(*ticket, Ok(Reply { run: "".into(), body: json!({}) }));
    let diagnosis = &bench.model.run.as_ref().unwrap().diagnosis;
    assert!(diagnosis.checks, "what is bound to it is checked again");
    assert!(bench.last_toast().starts_with("active now: profile p1-name"), "{}", bench.last_toast());
}

#[test]
fn an_account_is_connected_again_and_everything_that_uses_it_is_checked() {
    let (mut bench, _) = failed();
    learn(&mut bench, Need::Instances, Answer::Instances(vec![instance()]));
    learn(&mut bench, Need::Profiles("i1".into()), Answer::Profiles(vec![profile("p1", true)]));
    learn(&mut bench, Need::Connections, connection(true));
    select(&mut bench, "reconnect-needed");
    let effects = bench.key(Key::Enter);
    let wanted = Effect::Reconnect { connection: "c1".into(), provider: "google".into() };
    assert!(effects.contains(&wanted), "{effects:?}");
    let address = "https://auth.example.com/authorize?state=x".to_owned();
    let effects = bench.send(Msg::ConnectAt { connection: "c1".into(), address: Ok(address.clone()) });
    assert!(effects.contains(&Effect::Open(address.clone())) && effects.contains(&Effect::Copy(address)));

    let effects = bench.tick_after(3);
    assert!(asked(&effects).contains(&Need::Connections), "it is looked at again: {effects:?}");
    learn(&mut bench, Need::Connections, connection(true));
    assert!(!bench.model.run.as_ref().unwrap().diagnosis.checks, "not good yet");
    let effects = bench.tick_after(3);
    assert!(asked(&effects).contains(&Need::Connections), "and again: {effects:?}");
    learn(&mut bench, Need::Connections, connection(false));
    bench.tick_after(1);
    assert!(
        bench.toasts().contains(&"mail is connected again: checking what uses it"),
        "{:?}",
        bench.toasts()
    );
    learn(&mut bench, Need::Instances, Answer::Instances(vec![instance()]));
    learn(&mut bench, Need::Profiles("i1".into()), Answer::Profiles(vec![profile("p1", true)]));
    let mut effects = learn(&mut bench, Need::Connections, connection(false));
    effects.extend(bench.tick_after(1));
    assert!(asked(&effects).contains(&Need::InstanceCheck("i1".into())), "{effects:?}");
}

#[test]
fn a_connection_that_stays_bad_is_given_up() {
    let (mut bench, _) = failed();
    learn(&mut bench, Need::Connections, connection(true));
    select(&mut bench, "reconnect-needed");
    bench.key(Key::Enter);
    let error = CallError::Forbidden("no".into());
    bench.send(Msg::ConnectAt { connection: "c1".into(), address: Err(error) });
    assert!(bench.last_toast().starts_with("cannot reconnect c1"), "{}", bench.last_toast());
    bench.tick_after(601);
    assert!(bench.last_toast().contains("c1 is still not good"), "{}", bench.last_toast());
    assert_eq!(bench.model.run.as_ref().unwrap().diagnosis.reconnecting, None);
}

fn published(bench: &mut Bench) -> Value {
    let draft = graph(60).to_value();
    let known = Published {
        latest: Some(7),
        changed: Some(vec!["post".into()]),
        draft: Some(draft.clone()),
        graph: Some(Arc::new(graph(30))),
    };
    learn(bench, Need::Published("w".into()), Answer::Published(known));
    draft
}

#[test]
fn a_draft_is_published_with_what_it_changes_in_sight_and_then_run_again() {
    let (mut bench, _) = failed();
    let draft = published(&mut bench);
    select(&mut bench, "unpublished-changes");
    bench.key(Key::Enter);
    assert_eq!(
        (bench.dialog().kind, bench.dialog().target.as_str()),
        (DialogKind::Publish, "the draft of w")
    );
    assert_eq!(bench.dialog().facts, [("changes", "post".to_owned())]);
    let shown: Vec<&str> = bench.dialog().lines.iter().map(|line| &*line.text).collect();
    assert!(
        shown.contains(&"-   \"timeout_s\": 30") && shown.contains(&"+   \"timeout_s\": 60"),
        "{shown:?}"
    );
    bench.confirm(Key::Enter);
    let sent = sent(&bench.tick_after(5));
    let [(ticket, Command::Publish(publish))] = sent.as_slice() else { panic!("one: {sent:?}") };
    assert_eq!((&publish.shown, publish.after), (&Some(Digest::of(&draft)), Some(7)));
    bench.reply(*ticket, Ok(Reply { run: "".into(), body: json!({"version": 8}) }));
    assert_eq!(bench.dialog().kind, DialogKind::RunAgain, "what comes next is offered");
    assert!(bench.toasts().contains(&"published the draft of w as version 8"), "{:?}", bench.toasts());
}

#[test]
fn guardrails_hold_for_publishing_and_an_unchanged_draft_is_not_published() {
    let (mut bench, _) = failed();
    published(&mut bench);
    let guard = Guard { typed: Some(Typed::RunId), ..Guard::default() };
    bench.model.session.guards = [("publish", guard)].into_iter().collect();
    select(&mut bench, "unpublished-changes");
    bench.key(Key::Enter);
    assert_eq!(bench.dialog().demands.proof, Some(("workflow", "w".to_owned())));
    bench.key(Key::Esc);
    bench.model.session.guards =
        [("publish", Guard { denied: true, ..Guard::default() })].into_iter().collect();
    bench.key(Key::Enter);
    assert_eq!(bench.last_toast(), "a guardrail of profile prod refuses to publish");
}

fn forbidden(message: &str) -> (Bench, Vec<(u8, &'static str, String)>) {
    let mut bench = at_task();
    bench.model.session.undo = Duration::ZERO;
    bench.model.caller.tenant = Some("acme".into());
    bench.model.caller.project = Some("main".into());
    bench.keys("a");
    let sent = sent(&bench.confirm(Key::Enter));
    bench.reply(sent[0].0, Err(CallError::Forbidden(message.into())));
    let Some(Layer::Refused(refused)) = bench.model.layers.last() else { panic!("nothing says why") };
    assert_eq!(refused.what, "approving order-confirmation r1 approve-send");
    let found = refused.findings.iter().map(|finding| (finding.row, finding.id, finding.title.to_string()));
    let found = found.collect();
    (bench, found)
}

#[test]
fn a_command_that_is_not_allowed_says_which_of_role_and_scope_it_is() {
    let (mut bench, found) = forbidden("your role is project_viewer");
    let role = "the role does not cover the command approve: it needs project_contributor";
    assert_eq!(found, [(42, "role", role.to_owned())]);
    bench.key(Key::Esc);
    assert_eq!(bench.model.layers, []);

    let (_, found) = forbidden("forbidden");
    let rows: Vec<u8> = found.iter().map(|(row, ..)| *row).collect();
    assert_eq!(rows, [42, 43], "reading works, so the context is right: {found:?}");
    assert!(found[0].2.starts_with("reading works, this does not"), "{found:?}");
    assert!(found[1].2.contains("workflow:run"), "{found:?}");
}

#[test]
fn a_refusal_on_the_open_run_is_part_of_its_diagnosis() {
    let (mut bench, _) = failed();
    bench.model.session.undo = Duration::ZERO;
    bench.keys("R");
    let sent = sent(&bench.confirm(Key::Enter));
    let late: Timestamp = bench.now;
    bench.reply(sent[0].0, Err(CallError::Unauthorized("token revoked".into())));
    bench.key(Key::Esc);
    bench.tick_after(1);
    let diagnosis = &bench.model.run.as_ref().unwrap().diagnosis;
    let fact = diagnosis.facts.get(&Need::Order("start")).unwrap();
    assert_eq!((fact.asked_at, &*fact.asked), (late, "POST /v1/workflows/w/command"));
    assert!(diagnosis.findings.iter().any(|finding| finding.row == 41), "{:#?}", diagnosis.findings);
}

#[test]
fn what_the_server_forbids_is_not_offered_again_until_it_is_asked_anew() {
    let (mut bench, _) = forbidden("your role is project_viewer");
    bench.key(Key::Esc);
    bench.keys("a");
    assert_eq!(bench.model.layers, []);
    assert_eq!(bench.last_toast(), "the server does not let this token approve (403); . asks anew");
    bench.keys("s");
    assert_eq!(bench.dialog().kind, DialogKind::Stop, "only what was refused is");
    bench.key(Key::Esc);
    bench.keys(".");
    bench.keys("a");
    assert_eq!(bench.dialog().kind, DialogKind::Approve);
}
