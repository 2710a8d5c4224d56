//! Timeline, data and the past of a run.

use pretty_assertions::assert_eq;
use serde_json::json;

use super::kit::{Bench, event, open, screen, waiting_log};
use crate::app::key::Key;
use crate::app::model::Screen;
use crate::app::panes::Tab;
use crate::app::{Effect, Msg};
use crate::domain::EventKind;

fn shown(bench: &Bench) -> Option<usize> {
    screen(bench).moment.as_ref().map(|moment| moment.shown)
}

/// The rows of the timeline, those inside of others indented.
fn rows(bench: &Bench) -> Vec<String> {
    let rows = screen(bench).timeline.rows.iter();
    rows.map(|row| format!("{}{} {}", "  ".repeat(row.depth.into()), row.key.step, row.key.activity))
        .collect()
}

fn paths(bench: &Bench) -> Vec<String> {
    screen(bench).context.rows.iter().map(|row| row.path.to_string()).collect()
}

#[test]
fn the_past_is_walked_event_by_event_and_left_with_esc() {
    let mut bench = open();
    bench.keys("[");
    assert_eq!(shown(&bench), Some(4));
    bench.keys("[[[");
    assert_eq!(shown(&bench), Some(1));
    bench.keys("[");
    assert_eq!((shown(&bench), bench.last_toast()), (Some(1), "this is the first event"));
    bench.keys("]]");
    assert_eq!(shown(&bench), Some(3));
    let moment = screen(&bench).moment.clone().unwrap();
    let folded = crate::domain::RunHistory::from_events(waiting_log("r1")[..3].to_vec());
    assert_eq!(moment.history, folded, "stepping forward is folding anew");
    bench.keys("]]");
    assert_eq!(shown(&bench), None);
    bench.keys("]");
    assert_eq!(bench.last_toast(), "this is the present");
    bench.keys("[");
    bench.key(Key::Esc);
    assert_eq!((shown(&bench), bench.model.screen), (None, Screen::Run));
    bench.key(Key::Esc);
    assert_eq!(bench.model.screen, Screen::Home);
}

#[test]
fn canvas_and_log_show_the_moment_and_new_events_do_not_move_it() {
    let mut bench = open();
    bench.keys("[[");
    assert_eq!(screen(&bench).canvas.selected, Some("load".into()));
    assert_eq!(screen(&bench).events.index, 2);
    bench.event(event("r1", 6, EventKind::HumanTaskCompleted, json!({"step_id": "approve-send"})));
    assert_eq!(shown(&bench), Some(3));
    let mut log = waiting_log("r1");
    log.insert(1, {
        let mut late = event("r1", 1, EventKind::GraphUpdated, json!({}));
        late.id = "late".into();
        late
    });
    bench.tick_after(1);
    bench.detail("r1", "running", log);
    assert_eq!(shown(&bench), Some(4), "a late event came before the moment");
    bench.tick_after(1);
    bench.detail("r1", "running", waiting_log("r1")[..2].to_vec());
    assert_eq!(shown(&bench), None, "a moment that is gone is not another one");
}

#[test]
fn from_a_selected_event_the_past_begins_there() {
    let mut bench = open();
    bench.keys("2kk[");
    assert_eq!((shown(&bench), screen(&bench).events.index), (Some(3), 2));
}

#[test]
fn nothing_is_decided_in_the_past() {
    let mut bench = open();
    bench.keys("[s");
    assert_eq!(
        (bench.model.layers.len(), bench.last_toast()),
        (0, "this is the past; esc returns to the present")
    );
    bench.keys("]s");
    assert_eq!(bench.model.layers.len(), 1);
}

#[test]
fn the_timeline_folds_loops_and_unfolds_agents() {
    let mut bench = open();
    let inner = |iteration: u64| json!({"step_id": "audit#body#send", "iteration": iteration});
    bench.event(event("r1", 6, EventKind::StepStarted, json!({"step_id": "audit"})));
    bench.event(event("r1", 7, EventKind::StepStarted, inner(0)));
    bench.event(event("r1", 8, EventKind::AgentTurnToolRound, json!({"step_id": "load", "round": 1})));
    bench.keys("3g");
    assert_eq!(rows(&bench), ["load 0", "  load 1", "approve-send 0", "audit 0", "send-email 0", "log 0"]);
    bench.keys("jjjl");
    assert_eq!(rows(&bench)[3..5], ["audit 0", "  audit#body#send 0"]);
    bench.keys("j");
    let selected = |bench: &Bench| screen(bench).timeline.selected.clone().map(|key| key.step.to_string());
    assert_eq!(selected(&bench).as_deref(), Some("audit#body#send"));
    assert_eq!(screen(&bench).canvas.selected, Some("audit".into()), "the canvas keeps to the loop");
    bench.keys("h");
    assert_eq!(selected(&bench).as_deref(), Some("audit"));
    bench.keys("h");
    assert_eq!(rows(&bench).len(), 6);
    bench.keys("gh");
    assert_eq!(rows(&bench).len(), 5);
    bench.key(Key::Enter);
    assert_eq!((screen(&bench).tab, screen(&bench).events.index), (Tab::Events, 7));
}

#[test]
fn data_are_a_tree_that_folds_and_copies_templates() {
    let mut bench = open();
    bench.keys("4");
    assert_eq!(paths(&bench), ["input", "input.order", "steps", "steps.load", "steps.approve-send"]);
    bench.keys("jjjl");
    assert_eq!(paths(&bench)[3..6], ["steps.load", "steps.load.status", "steps.load.result"]);
    bench.keys("jjlj");
    assert!(bench.keys("Y").contains(&Effect::Copy("{{steps.load.result.rows}}".into())));
    bench.keys("hhh");
    assert_eq!(screen(&bench).context.index, 3);
    assert!(bench.keys("Y").contains(&Effect::Copy("steps.load".into())), "{:?}", bench.toasts());
    bench.keys("hhh");
    assert_eq!(paths(&bench).len(), 3, "the steps are folded");
}

#[test]
fn a_search_in_the_data_unfolds_what_it_finds() {
    let mut bench = open();
    bench.keys("4/ROWS");
    bench.key(Key::Enter);
    let here = |bench: &Bench| {
        let view = &screen(bench).context;
        view.rows[view.index].path.to_string()
    };
    assert_eq!(here(&bench), "steps.load.result.rows");
    bench.keys("n");
    assert_eq!(here(&bench), "steps.load.result.rows", "the only match");
    bench.key(Key::Esc);
    assert_eq!((&screen(&bench).context.search, screen(&bench).tab), (&None, Tab::Context));
    bench.keys("n");
    assert_eq!(bench.last_toast(), "no match");
}

#[test]
fn a_value_is_read_whole_and_broken_anew_for_another_width() {
    let mut bench = open();
    bench.event(event(
        "r1",
        6,
        EventKind::StepCompleted,
        json!({"step_id": "audit", "result": {"text": "word ".repeat(300)}}),
    ));
    bench.keys("4G");
    bench.key(Key::Enter);
    let lines = |bench: &Bench| screen(bench).context.open.as_ref().map(|(_, text)| text.lines.len());
    let wide = lines(&bench).unwrap();
    bench.send(Msg::Resize(70, 40));
    assert!(lines(&bench).unwrap() > wide);
    bench.key(Key::Esc);
    assert_eq!((lines(&bench), bench.model.screen), (None, Screen::Run));
}
