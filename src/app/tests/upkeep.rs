use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::json;

use super::kit::{Bench, event, run};
use crate::app::effect::Wanted;
use crate::app::freshness::overdue;
use crate::app::{Effect, Msg};
use crate::domain::EventKind;
use crate::domain::clock::later;

fn wakes(effects: &[Effect]) -> Vec<&Effect> {
    effects.iter().filter(|effect| matches!(effect, Effect::Wake(_))).collect()
}

#[test]
fn with_live_runs_the_screen_ticks_once_a_second_and_asks_only_once() {
    let mut bench = Bench::new();
    let effects = bench.runs(vec![run("r1", "running", 9)]);
    let next = Effect::Wake(later(bench.now, Duration::from_secs(1)));
    assert_eq!(wakes(&effects), [&next]);
    bench.wait(Duration::from_millis(300));
    assert_eq!(wakes(&bench.keys("j")), [] as [&Effect; 0]);
    bench.wait(Duration::from_millis(700));
    let effects = bench.send(Msg::Tick);
    assert_eq!(effects, [Effect::Wake(later(bench.now, Duration::from_secs(1)))]);
}

#[test]
fn with_nothing_going_on_nothing_ticks_until_an_answer_is_overdue() {
    let mut bench = Bench::new();
    let mut old = run("r1", "failed", 60);
    old.progress.in_flight = 0;
    let effects = bench.runs(vec![old]);
    assert_eq!(wakes(&effects), [] as [&Effect; 0], "asked for when the link came up");
    assert_eq!(bench.model.upkeep.wake, Some(later(bench.now, Duration::from_secs(35))));
    assert_eq!(overdue(&bench.model, bench.now), None);
    let in_a_second = |bench: &Bench| [Effect::Wake(later(bench.now, Duration::from_secs(1)))];
    assert_eq!(bench.tick_after(35), in_a_second(&bench));
    assert_eq!(overdue(&bench.model, bench.now), Some(Duration::from_secs(35)));
    let effects = bench.runs(Vec::new());
    assert_eq!(wakes(&effects), [] as [&Effect; 0], "the one that is on its way is the earlier one");
    assert_eq!(overdue(&bench.model, bench.now), None);
    assert_eq!(bench.tick_after(1), [Effect::Wake(later(bench.now, Duration::from_secs(34)))]);
}

#[test]
fn toasts_go_by_themselves_and_bad_ones_later() {
    let mut bench = Bench::new();
    bench.send(Msg::Notice("cannot open a browser".into()));
    bench.keys("u");
    assert_eq!(bench.model.toasts.len(), 2);
    bench.tick_after(6);
    assert_eq!(bench.toasts(), ["cannot open a browser"]);
    bench.tick_after(6);
    assert_eq!(bench.toasts(), [] as [&str; 0]);
}

#[test]
fn a_stream_that_tells_of_an_unlisted_run_asks_the_feed() {
    let mut bench = Bench::new();
    let effects = bench.event(event("r9", 1, EventKind::RunStarted, json!({})));
    assert!(effects.contains(&Effect::Refetch));
    assert_eq!(bench.selected(), "r9");
}

#[test]
fn walks_over_all_runs_are_put_off_but_never_forgotten() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 9)]);
    bench.wait(Duration::from_millis(10));
    let mut other = run("r2", "running", 5);
    other.workflow_id = "v".into();
    let effects = bench.runs(vec![run("r1", "running", 9), other]);
    assert_eq!(bench.model.watching.streams, ["w".into()], "too soon");
    assert_eq!(effects, [Effect::Wake(later(super::kit::start(), Duration::from_millis(100)))]);
    bench.wait(Duration::from_millis(90));
    bench.send(Msg::Tick);
    let focus = Some(("w".into(), "r1".into()));
    assert_eq!(bench.model.watching, Wanted { streams: vec!["w".into(), "v".into()], focus, busy: true });
}

#[test]
fn step_events_alone_move_no_list() {
    let mut bench = Bench::busy();
    bench.tick_after(1);
    bench.event(event("r2", 1, EventKind::StepStarted, json!({"step_id": "load"})));
    assert!(!bench.model.upkeep.moved);
    bench.event(event("r2", 2, EventKind::RunFailed, json!({})));
    assert_eq!(bench.model.mirror.len(crate::mirror::Section::FailedRecently, bench.now), 2);
    assert_eq!(bench.selected(), "r3");
}
