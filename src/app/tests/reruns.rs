//! All failures of one cause run again, one at a time.

use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::kit::{Bench, rejected, run, sent};
use crate::app::guard::{Guard, Typed};
use crate::app::key::Key;
use crate::app::layers::{DialogKind, Layer};
use crate::app::pending::Ticket;
use crate::app::{Effect, Msg};
use crate::domain::series::{Ending, Tally};
use crate::domain::{FailureCode, Run, RunId};
use crate::mirror::LinkState;
use crate::wire::{Again, CallError, Command, Finding, Reply, StartRun};

fn failed(id: &str, age: i64) -> Run {
    let mut run = run(id, "failed", age);
    run.failure_code = Some(FailureCode::McpToolFailed);
    run.failed_step = Some("post".into());
    run.error = Some("401 token expired".into());
    run
}

fn three() -> Vec<Run> {
    vec![failed("f1", 10), failed("f2", 20), failed("f3", 30)]
}

/// Three failures of one cause, their group selected.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.runs(three());
    bench
}

/// The same, confirmed and no longer held back.
fn begun() -> (Bench, Vec<Effect>) {
    let mut bench = bench();
    bench.keys("R");
    bench.confirm(Key::Enter);
    let effects = bench.tick_after(5);
    (bench, effects)
}

/// The runs whose input is asked for.
fn asked(effects: &[Effect]) -> Vec<&str> {
    effects.iter().filter_map(prepares).collect()
}

fn prepares(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::Prepare { run, .. } => Some(run.as_str()),
        _ => None,
    }
}

fn prepare(bench: &mut Bench, run: &str) -> (Ticket, StartRun) {
    let start = StartRun {
        in_place_of: Some(run.into()),
        ..StartRun::new("w".into(), "manual", json!({"order": run}))
    };
    let again = Box::new(Again { start, version: Some(8), schema: None });
    let effects = bench.send(Msg::Prepared { run: run.into(), again: Ok(Some(again)) });
    match sent(&effects).as_slice() {
        [(ticket, Command::Start(start))] => (*ticket, start.clone()),
        other => panic!("one start of {run}: {other:?}"),
    }
}

/// The server takes the start, and then lists the run like that.
fn becomes(bench: &mut Bench, ticket: Ticket, new: &RunId, status: &str) -> Vec<Effect> {
    let mut effects = bench.reply(ticket, Ok(Reply { run: new.clone(), body: json!({}) }));
    bench.wait(Duration::from_secs(1));
    let rows = three().into_iter().chain([run(new.as_str(), status, 0)]).collect();
    effects.extend(bench.runs(rows));
    effects
}

fn tally(bench: &Bench) -> Tally {
    bench.model.reruns.series.as_ref().unwrap().tally()
}

fn ending(bench: &Bench) -> Option<Ending> {
    bench.model.reruns.series.as_ref().unwrap().ending()
}

#[test]
fn r_on_a_group_asks_about_all_of_them_and_is_held_back_for_undo() {
    let mut bench = bench();
    bench.keys("R");
    let dialog = bench.dialog();
    assert_eq!((dialog.kind, dialog.target.as_str()), (DialogKind::RunAll, "3 failed runs of one cause"));
    assert_eq!(dialog.facts[0], ("runs", "order-confirmation 3".to_owned()));
    let effects = bench.confirm(Key::Enter);
    assert_eq!((asked(&effects), sent(&effects)), (vec![], vec![]));
    bench.keys("u");
    assert!(bench.last_toast().starts_with("taken back: running again 3 failed runs"));
    let effects = bench.tick_after(10);
    assert_eq!((asked(&effects), &bench.model.reruns.series), (vec![], &None));
}

#[test]
fn each_is_started_once_under_an_id_of_its_own_when_the_one_before_completed() {
    let (mut bench, effects) = begun();
    assert_eq!(asked(&effects), ["f3"], "the oldest first, and one alone");
    let (ticket, start) = prepare(&mut bench, "f3");
    assert_eq!((start.input, start.in_place_of), (json!({"order": "f3"}), Some("f3".into())));
    let new = start.run_id.unwrap();
    let again =
        Box::new(Again { start: StartRun::new("w".into(), "manual", json!(1)), version: None, schema: None });
    let twice = bench.send(Msg::Prepared { run: "f3".into(), again: Ok(Some(again)) });
    assert_eq!(sent(&twice), [], "a second answer starts nothing");
    assert_eq!(asked(&becomes(&mut bench, ticket, &new, "running")), [""; 0]);
    assert_eq!(asked(&bench.tick_after(2)), [""; 0], "it has not ended");
    let effects = becomes(&mut bench, ticket, &new, "completed");
    assert_eq!(asked(&effects), ["f2"]);
    let (ticket, start) = prepare(&mut bench, "f2");
    let next = start.run_id.unwrap();
    assert_ne!(next, new);
    becomes(&mut bench, ticket, &next, "completed");
    let (ticket, start) = prepare(&mut bench, "f1");
    becomes(&mut bench, ticket, &start.run_id.unwrap(), "completed");
    assert_eq!((ending(&bench), tally(&bench).completed), (Some(Ending::Completed), 3));
    assert_eq!(bench.last_toast(), "all 3 runs ran again and completed");
}

#[test]
fn the_first_that_fails_again_ends_it_and_the_next_series_is_about_what_is_left() {
    let (mut bench, _) = begun();
    let (ticket, start) = prepare(&mut bench, "f3");
    becomes(&mut bench, ticket, &start.run_id.unwrap(), "completed");
    let (ticket, start) = prepare(&mut bench, "f2");
    let new = start.run_id.unwrap();
    bench.reply(ticket, Ok(Reply { run: new.clone(), body: json!({}) }));
    bench.wait(Duration::from_secs(1));
    let effects = bench.runs(three().into_iter().chain([failed(new.as_str(), 0)]).collect());
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!(ending(&bench), Some(Ending::FailedAgain));
    assert_eq!(bench.last_toast(), "order-confirmation f2 failed again: 1 completed, 1 run not run again");
    bench.tick_after(1);
    bench.keys("gR");
    let dialog = bench.dialog();
    assert_eq!(dialog.target, "2 failed runs of one cause", "f1, and the run that stands in for f2");
    assert!(dialog.facts.contains(&("without", "2 that another run stands in for already".to_owned())));
}

#[test]
fn s_shows_it_and_ends_it_while_the_run_under_way_goes_on() {
    let (mut bench, _) = begun();
    let (ticket, start) = prepare(&mut bench, "f3");
    let new = start.run_id.unwrap();
    becomes(&mut bench, ticket, &new, "running");
    bench.keys("Ss");
    assert!(matches!(bench.model.layers.last(), Some(Layer::Series { .. })));
    assert_eq!(ending(&bench), Some(Ending::Ended));
    let effects = becomes(&mut bench, ticket, &new, "completed");
    assert_eq!(asked(&effects), [""; 0]);
    assert_eq!(tally(&bench), Tally { completed: 1, under_way: 0, waiting: 2, total: 3 });
    bench.key(Key::Esc);
    assert_eq!((bench.model.layers.len(), &bench.model.reruns.series), (0, &None), "seen to its end");
}

#[test]
fn nothing_is_started_on_a_picture_that_is_too_old() {
    let (mut bench, _) = begun();
    let (ticket, start) = prepare(&mut bench, "f3");
    let new = start.run_id.unwrap();
    becomes(&mut bench, ticket, &new, "running");
    let broken = CallError::Unreachable { host: "h".into(), reason: "reset".into() };
    bench.link(LinkState::Retrying { error: broken, next: bench.now, attempt: 1 });
    bench.wait(Duration::from_secs(12));
    let effects =
        bench.event(super::kit::event(new.as_str(), 9, crate::domain::EventKind::RunCompleted, json!({})));
    assert_eq!((asked(&effects), tally(&bench).completed), (vec![], 1));
    assert_eq!(asked(&bench.link(LinkState::Live)), ["f2"]);
}

#[test]
fn a_start_that_is_refused_or_has_no_input_is_the_last() {
    let (mut bench, _) = begun();
    let (ticket, _) = prepare(&mut bench, "f3");
    let effects = bench.reply(ticket, Err(rejected(422, "no credits")));
    assert_eq!((asked(&effects), ending(&bench)), (vec![], Some(Ending::NotStarted)));
    assert!(bench.last_toast().contains("f3 was not started"), "{}", bench.last_toast());
    let (mut bench, _) = begun();
    bench.send(Msg::Prepared { run: "f3".into(), again: Ok(None) });
    assert_eq!(ending(&bench), Some(Ending::NotStarted));
}

#[test]
fn a_lost_answer_is_settled_by_reading_and_never_sent_again() {
    let (mut bench, _) = begun();
    let (ticket, start) = prepare(&mut bench, "f3");
    let late = CallError::TimedOut { host: "h".into(), after: Duration::from_secs(15) };
    let effects = bench.reply(ticket, Err(late));
    assert!(effects.contains(&Effect::Settle { ticket }) && sent(&effects).is_empty());
    assert_eq!(tally(&bench).under_way, 1);
    let effects = bench.send(Msg::Settled(ticket, Ok(Finding::Taken("the run is running".into()))));
    assert_eq!(sent(&effects), []);
    bench.wait(Duration::from_secs(1));
    let new = start.run_id.unwrap();
    let effects = bench.runs(three().into_iter().chain([run(new.as_str(), "completed", 0)]).collect());
    assert_eq!(asked(&effects), ["f2"]);
}

#[test]
fn guardrails_hold_for_all_of_them_together() {
    let mut bench = bench();
    let guard =
        Guard { max_bulk: Some(2), typed: Some(Typed::Profile), needs_reason: true, ..Guard::default() };
    bench.model.session.guards = [("start", guard)].into_iter().collect();
    bench.keys("R");
    assert_eq!(bench.dialog().target, "2 failed runs of one cause");
    assert!(bench.dialog().facts.iter().any(|(_, text)| text.contains("1 more: a guardrail lets 2")));
    bench.keys("mended");
    bench.key(Key::Tab);
    bench.keys("prod");
    bench.confirm(Key::Enter);
    assert_eq!(asked(&bench.tick_after(5)), ["f3"]);
    let (_, start) = prepare(&mut bench, "f3");
    assert_eq!(start.in_place_of, Some("f3".into()));
    let pending = bench.model.pending.iter().next().unwrap();
    assert_eq!(pending.reason, "mended (run again, 1 of 2)");
    let mut denied = super::reruns::bench();
    denied.model.session.guards =
        [("start", Guard { denied: true, ..Guard::default() })].into_iter().collect();
    denied.keys("R");
    assert_eq!(denied.model.layers, []);
}

#[test]
fn what_earlier_sessions_ran_again_is_left_out() {
    let mut bench = bench();
    bench.send(Msg::RanAgain(vec![("f3".into(), "n3".into()), ("f1".into(), "n1".into())]));
    bench.keys("R");
    assert_eq!(bench.dialog().target, "1 failed run");
    bench.send(Msg::RanAgain(vec![("f2".into(), "n2".into())]));
    bench.key(Key::Esc);
    bench.keys("R");
    assert!(bench.last_toast().starts_with("each of these was run again"), "{}", bench.last_toast());
}

#[test]
fn quitting_with_runs_left_asks_once() {
    let (mut bench, _) = begun();
    let (ticket, start) = prepare(&mut bench, "f3");
    becomes(&mut bench, ticket, &start.run_id.unwrap(), "running");
    assert!(!bench.keys("q").contains(&Effect::Quit));
    assert!(bench.last_toast().contains("running again 2 of 3 runs has not come about"));
    assert!(bench.keys("q").contains(&Effect::Quit));
}
