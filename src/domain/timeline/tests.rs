use pretty_assertions::assert_eq;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Doing, Timeline, critical_path};
use crate::domain::{EventKind, Graph, RunEvent, Timestamp};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn event(second: i64, kind: &str, data: Value) -> RunEvent {
    RunEvent {
        id: format!("e{second}-{kind}-{}", data["step_id"].as_str().unwrap_or("")).into(),
        run_id: "r".into(),
        workflow_id: None,
        sequence: None,
        kind: EventKind::parse(kind),
        at: Some(at(second)),
        data,
    }
}

fn timeline(events: &[RunEvent]) -> Timeline {
    let mut timeline = Timeline::default();
    timeline.follow(events);
    timeline
}

/// What a step was at, from when to when.
type Outline = Vec<(Doing, i64, Option<i64>)>;

/// Each track as its name and its bars.
fn outline(timeline: &Timeline) -> Vec<(String, Outline)> {
    let bars = |bars: &[super::Bar]| {
        bars.iter().map(|bar| (bar.doing, bar.from.as_second(), bar.to.map(Timestamp::as_second))).collect()
    };
    let name = |track: &super::Track| {
        if track.label.is_empty() { track.step.to_string() } else { track.label.to_string() }
    };
    timeline.tracks().iter().map(|track| (name(track), bars(&track.bars))).collect()
}

#[test]
fn attempts_pauses_between_them_and_waits_for_people_are_bars_of_their_own() {
    let timeline = timeline(&[
        event(0, "run_started", json!({})),
        event(1, "step_started", json!({"step_id": "a"})),
        event(3, "step_retrying", json!({"step_id": "a"})),
        event(5, "step_started", json!({"step_id": "a", "attempt": 2})),
        event(6, "step_completed", json!({"step_id": "a"})),
        event(6, "step_started", json!({"step_id": "b"})),
        event(7, "human_task_created", json!({"step_id": "b"})),
        event(9, "human_task_completed", json!({"step_id": "b"})),
        event(9, "step_completed", json!({"step_id": "b"})),
        event(9, "step_completed", json!({"step_id": "c", "skipped": true, "reason": "blocked"})),
        event(9, "step_started", json!({"step_id": "d"})),
    ]);
    let a = vec![
        (Doing::Failed, 1, Some(3)),
        (Doing::BetweenAttempts, 3, Some(5)),
        (Doing::Succeeded, 5, Some(6)),
    ];
    let b = vec![(Doing::Running, 6, Some(7)), (Doing::Waiting, 7, Some(9)), (Doing::Succeeded, 9, Some(9))];
    let c = vec![(Doing::Skipped, 9, Some(9))];
    let d = vec![(Doing::Running, 9, None)];
    assert_eq!(outline(&timeline), [("a".to_owned(), a), ("b".into(), b), ("c".into(), c), ("d".into(), d)]);
    let mut ended = timeline.clone();
    ended.leave(at(12));
    assert_eq!(outline(&ended)[3].1, [(Doing::Unended, 9, Some(12))]);
    assert_eq!((timeline.from(), timeline.to()), (Some(at(0)), Some(at(9))));
}

#[test]
fn what_lasts_when_the_run_ends_ends_with_it_unless_a_late_event_tells_how() {
    let log = [
        event(1, "step_started", json!({"step_id": "a"})),
        event(2, "step_started", json!({"step_id": "agent"})),
        event(3, "agent_turn_tool_round", json!({"step_id": "agent", "round": 1})),
        event(5, "run_stopped", json!({})),
        event(6, "step_cancelled", json!({"step_id": "a"})),
        event(7, "step_started", json!({"step_id": "late"})),
    ];
    let unended = |from| vec![(Doing::Unended, from, Some(5))];
    let at_the_end = outline(&timeline(&log[..4]));
    assert_eq!(
        at_the_end,
        [("a".to_owned(), unended(1)), ("agent".into(), unended(2)), ("Round 1".into(), unended(3))]
    );
    let later = outline(&timeline(&log));
    assert_eq!(later[0].1, [(Doing::Cancelled, 1, Some(6))]);
    assert_eq!(later[3].1, [(Doing::Unended, 7, Some(7))], "nothing begins in an ended run");
}

#[test]
fn iterations_share_the_track_of_their_inner_step_behind_their_loop() {
    let inner = |iteration: u64| json!({"step_id": "each#body#send", "iteration": iteration});
    let timeline = timeline(&[
        event(1, "step_started", json!({"step_id": "each"})),
        event(1, "step_started", json!({"step_id": "other"})),
        event(2, "step_started", inner(0)),
        event(2, "step_started", inner(1)),
        event(3, "step_failed", inner(1)),
        event(4, "step_completed", inner(0)),
    ]);
    let names: Vec<_> = outline(&timeline).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["each", "each#body#send", "other"]);
    let inner = &timeline.tracks()[1];
    assert_eq!((inner.iterations(), inner.doing()), (2, Some(Doing::Failed)));
    assert_eq!(outline(&timeline)[1].1, [(Doing::Succeeded, 2, Some(4)), (Doing::Failed, 2, Some(3))]);
}

#[test]
fn an_agent_activity_lasts_to_the_next_one() {
    let timeline = timeline(&[
        event(1, "step_started", json!({"step_id": "agent"})),
        event(1, "agent_turn_status", json!({"step_id": "agent", "phase": "thinking"})),
        event(3, "agent_turn_tool_round", json!({"step_id": "agent", "round": 1, "tool": "search"})),
        event(4, "step_started", json!({"step_id": "later"})),
        event(6, "agent_turn_limit_reached", json!({"step_id": "agent"})),
        event(8, "step_completed", json!({"step_id": "agent"})),
    ]);
    assert_eq!(
        outline(&timeline),
        [
            ("agent".to_owned(), vec![(Doing::Succeeded, 1, Some(8))]),
            ("thinking".into(), vec![(Doing::Succeeded, 1, Some(3))]),
            ("Round 1 · search".into(), vec![(Doing::Succeeded, 3, Some(6))]),
            ("round limit reached".into(), vec![(Doing::Limit, 6, Some(8))]),
            ("later".into(), vec![(Doing::Running, 4, None)]),
        ]
    );
}

#[test]
fn the_critical_path_is_what_was_waited_for() {
    let graph = Graph::parse(&json!({"steps": [
        {"id": "load", "type": "lua_script"},
        {"id": "fast", "type": "lua_script", "depends_on": ["load"]},
        {"id": "slow", "type": "lua_script", "depends_on": ["load"]},
        {"id": "join", "type": "lua_script", "depends_on": ["fast", "slow"]},
        {"id": "never", "type": "lua_script", "depends_on": ["join"]},
    ]}))
    .unwrap();
    let step = |id: &str, from: i64, to: i64| {
        [
            event(from, "step_started", json!({"step_id": id})),
            event(to, "step_completed", json!({"step_id": id})),
        ]
    };
    let events: Vec<_> =
        [step("load", 0, 1), step("fast", 1, 2), step("slow", 1, 9), step("join", 9, 10)].concat();
    let path = critical_path(&timeline(&events), &graph);
    assert_eq!(path, ["load", "slow", "join"].map(Into::into));
    let mut failed = events[..6].to_vec();
    failed[5].kind = EventKind::StepFailed;
    failed.extend([
        event(1, "step_started", json!({"step_id": "other"})),
        event(9, "step_cancelled", json!({"step_id": "other"})),
        event(9, "step_completed", json!({"step_id": "join", "skipped": true})),
    ]);
    let mut wide = graph.clone();
    wide.steps.push(crate::domain::StepSpec { id: "other".into(), ..wide.steps[1].clone() });
    assert_eq!(critical_path(&timeline(&failed), &wide), ["load", "slow"].map(Into::into));
    let running = &events[..5];
    assert_eq!(critical_path(&timeline(running), &graph), ["load", "slow"].map(Into::into));
}

proptest! {
    #[test]
    fn following_a_growing_log_equals_folding_it_at_once(
        picks in prop::collection::vec((0_usize..9, 0_usize..5, 0_u64..3), 0..60), cut in 0_usize..60,
    ) {
        let kinds = ["step_started", "step_completed", "step_failed", "step_cancelled", "step_retrying",
            "human_task_created", "human_task_completed", "agent_turn_status", "agent_turn_tool_round"];
        let steps = ["a", "b", "each", "each#body#x", "each#body#y"];
        let events: Vec<_> = picks.iter().enumerate().map(|(index, (kind, step, iteration))| {
            let mut data = json!({"step_id": steps[*step]});
            if *step > 2 {
                data["iteration"] = json!(iteration);
            }
            event(index as i64, kinds[*kind], data)
        }).collect();
        let mut grown = Timeline::default();
        grown.follow(&events[..cut.min(events.len())]);
        grown.follow(&events);
        prop_assert_eq!(&grown, &timeline(&events));
        for track in grown.tracks() {
            prop_assert!(track.bars.iter().all(|bar| bar.to.is_none_or(|to| to >= bar.from)));
        }
        // Another log is another timeline.
        grown.follow(&events[events.len() / 2..]);
        prop_assert_eq!(&grown, &timeline(&events[events.len() / 2..]));
    }
}
