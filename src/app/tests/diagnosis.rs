//! The Diagnosis tab: what is asked, what is done about a finding.

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::kit::{Bench, event, run, task, waiting_log};
use crate::app::key::Key;
use crate::app::layers::Layer;
use crate::app::model::Access;
use crate::app::panes::{Diagnosis, Tab};
use crate::app::{Effect, Msg, Screen};
use crate::domain::EventKind;
use crate::domain::triage::{Answer, Fact, Manner, Need, Published};

/// `r1` failed at `send-email`, with its diagnosis open.
fn failed() -> (Bench, Vec<Effect>) {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "failed", 10)]);
    let mut log = waiting_log("r1")[..3].to_vec();
    log.push(event("r1", 6, EventKind::StepStarted, json!({"step_id": "send-email"})));
    let data =
        json!({"step_id": "send-email", "error": "401 token expired", "failure_code": "MCP_TOOL_FAILED"});
    log.push(event("r1", 7, EventKind::StepFailed, data));
    bench.detail("r1", "failed", log);
    let effects = bench.keys("d");
    (bench, effects)
}

fn diagnosis(bench: &Bench) -> &Diagnosis {
    &bench.model.run.as_ref().unwrap().diagnosis
}

/// What the effects ask.
fn asked(effects: &[Effect]) -> Vec<Need> {
    let needs = |effect: &Effect| match effect {
        Effect::Investigate { needs, .. } => needs.clone(),
        _ => Vec::new(),
    };
    effects.iter().flat_map(needs).collect()
}

fn select(bench: &mut Bench, id: &str) {
    let place = diagnosis(bench).findings.iter().position(|finding| finding.id == id);
    let place = place.unwrap_or_else(|| panic!("no {id} among {:#?}", diagnosis(bench).findings));
    bench.keys("g");
    bench.keys(&"j".repeat(place));
}

#[test]
fn d_opens_the_diagnosis_from_home_and_asks_what_the_case_needs() {
    let (bench, effects) = failed();
    let open = bench.model.run.as_ref().unwrap();
    assert_eq!((bench.model.screen, open.tab), (Screen::Run, Tab::Diagnosis));
    let needs = asked(&effects);
    assert!(needs.contains(&Need::Balance) && needs.contains(&Need::Instances), "{needs:?}");
    assert!(needs.iter().all(|need| need.manner() == Manner::Read), "checks wait for v: {needs:?}");
    assert_eq!(diagnosis(&bench).findings[0].id, "root-cause");
}

#[test]
fn nothing_is_asked_twice_and_answers_of_another_run_are_dropped() {
    let (mut bench, effects) = failed();
    assert!(!asked(&effects).is_empty());
    assert_eq!(asked(&bench.tick_after(2)), [], "it is on its way");
    let fact = |answer| {
        Box::new(Fact {
            asked: "GET /x".into(),
            asked_at: super::kit::start(),
            took: Duration::ZERO,
            answer: Ok(answer),
        })
    };
    let need = Need::Published("w".into());
    let late = Msg::Learned {
        run: "r9".into(),
        need: need.clone(),
        fact: fact(Answer::Published(Published::default())),
    };
    bench.send(late);
    assert!(!diagnosis(&bench).facts.has(&need));
    let own = Msg::Learned {
        run: "r1".into(),
        need: need.clone(),
        fact: fact(Answer::Published(Published::default())),
    };
    bench.send(own);
    assert!(diagnosis(&bench).facts.has(&need));
    assert!(!asked(&bench.tick_after(1)).contains(&need));
    let again = [bench.keys("."), bench.tick_after(1)].concat();
    assert!(again.contains(&Effect::Refetch), "{again:?}");
}

#[test]
fn v_has_the_server_check_and_a_read_only_session_sends_no_check() {
    let (mut bench, _) = failed();
    let effects = [bench.keys("v"), bench.tick_after(1)].concat();
    assert!(asked(&effects).iter().any(|need| need.manner() == Manner::Check), "{effects:?}");
    let (mut bench, _) = failed();
    bench.model.session.access = Access::ReadOnly;
    let effects = [bench.keys("v"), bench.tick_after(1)].concat();
    assert!(asked(&effects).iter().all(|need| need.manner() == Manner::Read), "{effects:?}");
    assert!(bench.last_toast().contains("read-only"), "{}", bench.last_toast());
}

#[test]
fn enter_does_what_the_finding_offers() {
    let (mut bench, _) = failed();
    select(&mut bench, "root-cause");
    bench.key(Key::Enter);
    let open = bench.model.run.as_ref().unwrap();
    assert_eq!(
        (open.tab, open.canvas.selected.as_ref().map(crate::domain::StepId::as_str)),
        (Tab::Canvas, Some("send-email"))
    );
    bench.keys("5");
    select(&mut bench, "run-again");
    bench.key(Key::Enter);
    assert!(matches!(bench.model.layers.last(), Some(Layer::Dialog(_))), "through the dialog, never at once");
    bench.key(Key::Esc);
    select(&mut bench, "support");
    let effects = bench.key(Key::Enter);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Copy(ids) if ids.contains("run r1"))),
        "{effects:?}"
    );
    select(&mut bench, "log-read");
    let effects = [bench.keys("l"), bench.key(Key::Enter)].concat();
    assert!(effects.contains(&Effect::Open("https://console.example.com/workflow/w".into())), "{effects:?}");
}

#[test]
fn the_selection_stays_on_its_finding_when_others_come() {
    let (mut bench, _) = failed();
    select(&mut bench, "support");
    let need = Need::Published("w".into());
    let answer = Published { latest: Some(3), changed: Some(vec!["load".into()]), ..Published::default() };
    let fact = Fact {
        asked: "GET /x".into(),
        asked_at: super::kit::start(),
        took: Duration::ZERO,
        answer: Ok(Answer::Published(answer)),
    };
    bench.send(Msg::Learned { run: "r1".into(), need, fact: Box::new(fact) });
    bench.tick_after(1);
    assert_eq!(diagnosis(&bench).current().map(|finding| finding.id), Some("support"));
}

#[test]
fn a_task_offers_the_menu_of_its_run() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    bench.tasks(vec![task("r1", "approve-send")]);
    bench.detail("r1", "running", waiting_log("r1"));
    bench.keys("d");
    select(&mut bench, "waiting-for-person");
    bench.key(Key::Enter);
    assert!(matches!(bench.model.layers.last(), Some(Layer::RunMenu { .. })));
}

#[test]
fn a_step_that_seems_to_run_in_an_ended_run_has_the_log_asked_for_once_more() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "failed", 0)]);
    bench.detail("r1", "failed", vec![event("r1", 1, EventKind::StepStarted, json!({"step_id": "load"}))]);
    let first = bench.keys("d");
    assert!(first.contains(&Effect::Refetch), "{first:?}");
    let later = bench.tick_after(2);
    assert!(!later.contains(&Effect::Refetch), "{later:?}");
}
