use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;

use super::kit::{Bench, event, open, run, screen, waiting_log};
use crate::app::key::Key;
use crate::app::layers::Layer;
use crate::app::layout::{self, CanvasForm};
use crate::app::panes::{Payload, Reader, Tab};
use crate::app::{Effect, Msg, Screen};
use crate::domain::EventKind;
use crate::domain::document::json_lines;

fn step(bench: &Bench) -> &str {
    screen(bench).canvas.selected.as_ref().map_or("", |step| step.as_str())
}

#[test]
fn the_canvas_follows_the_step_in_flight_until_the_selection_is_moved() {
    let mut bench = open();
    assert_eq!((bench.model.screen, step(&bench)), (Screen::Run, "approve-send"));
    bench.event(event("r1", 6, EventKind::HumanTaskCompleted, json!({"step_id": "approve-send"})));
    bench.event(event("r1", 7, EventKind::StepCompleted, json!({"step_id": "approve-send"})));
    bench.event(event("r1", 8, EventKind::StepStarted, json!({"step_id": "send-email"})));
    assert_eq!(step(&bench), "send-email");
    bench.keys("h");
    assert_eq!((step(&bench), screen(&bench).canvas.follow), ("approve-send", false));
    bench.event(event("r1", 9, EventKind::StepCompleted, json!({"step_id": "send-email"})));
    bench.event(event("r1", 10, EventKind::StepStarted, json!({"step_id": "log"})));
    assert_eq!(step(&bench), "approve-send");
    bench.keys("f");
    assert_eq!(step(&bench), "log");
}

#[rstest]
#[case("h", "load")]
#[case("hl", "approve-send")]
#[case("hh", "load")]
#[case("j", "audit")]
#[case("jk", "approve-send")]
#[case("l", "send-email")]
#[case("ll", "log")]
#[case("g", "load")]
fn moves_go_to_the_nearest_step_that_way(#[case] keys: &str, #[case] to: &str) {
    let mut bench = open();
    bench.keys(keys);
    assert_eq!(step(&bench), to);
}

#[test]
fn n_goes_round_the_problem_steps() {
    let mut bench = open();
    bench.event(event("r1", 6, EventKind::StepFailed, json!({"step_id": "audit", "error": "gone"})));
    bench.event(event("r1", 7, EventKind::StepCancelled, json!({"step_id": "approve-send"})));
    bench.keys("g");
    let seen: Vec<String> = ["n", "n", "n", "N"]
        .into_iter()
        .map(|key| {
            bench.keys(key);
            step(&bench).to_owned()
        })
        .collect();
    assert_eq!(seen, ["approve-send", "audit", "approve-send", "audit"]);
    assert!(bench.keys("Y").contains(&Effect::Copy("gone".into())));
}

#[test]
fn without_a_problem_n_says_so() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    bench.detail("r1", "running", waiting_log("r1")[..3].to_vec());
    bench.key(Key::Enter);
    bench.keys("n");
    assert_eq!((step(&bench), bench.last_toast()), ("load", "no problem step"));
}

#[test]
fn tabs_change_by_number_and_by_tab() {
    let mut bench = open();
    let tabs: Vec<Tab> = [Key::Char('2'), Key::Tab, Key::BackTab, Key::Char('1')]
        .into_iter()
        .map(|key| {
            bench.key(key);
            screen(&bench).tab
        })
        .collect();
    assert_eq!(tabs, [Tab::Events, Tab::Timeline, Tab::Events, Tab::Canvas]);
}

#[test]
fn the_log_follows_the_newest_until_moved() {
    let mut bench = open();
    bench.keys("2");
    assert_eq!(screen(&bench).events.index, 4);
    bench.event(event("r1", 6, EventKind::StepStarted, json!({"step_id": "audit"})));
    assert_eq!(screen(&bench).events.index, 5);
    bench.keys("k");
    bench.event(event("r1", 7, EventKind::StepCompleted, json!({"step_id": "audit"})));
    assert_eq!((screen(&bench).events.index, screen(&bench).events.follow), (4, false));
    bench.keys("g");
    assert_eq!(screen(&bench).events.index, 0);
    bench.keys("f");
    assert_eq!(screen(&bench).events.index, 6);
}

#[test]
fn a_late_event_moves_neither_the_selected_one_nor_the_open_payload() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    let mut log = waiting_log("r1");
    let late = log.remove(1);
    bench.detail("r1", "running", log);
    bench.key(Key::Enter);
    bench.keys("2k");
    bench.key(Key::Enter);
    let lines = json_lines(&json!({"step_id": "approve-send"}), 60).into();
    let payload = Payload { event: 2, text: Reader { offset: 0, lines, bytes: 26 } };
    assert_eq!(screen(&bench).events.payload, Some(payload));
    bench.tick_after(1);
    let whole = waiting_log("r1");
    assert_eq!(whole[1], late);
    bench.detail("r1", "running", whole);
    assert_eq!((screen(&bench).events.index, screen(&bench).events.payload.as_ref().unwrap().event), (3, 3));
    bench.tick_after(1);
    bench.detail("r1", "running", waiting_log("r1")[..2].to_vec());
    assert_eq!(screen(&bench).events.payload, None, "an event that is gone is not another one");
}

#[test]
fn the_search_works_while_it_is_typed_and_goes_round() {
    let mut bench = open();
    bench.keys("/");
    assert_eq!(screen(&bench).tab, Tab::Events);
    bench.keys("ROWS");
    assert_eq!(screen(&bench).events.index, 2);
    bench.key(Key::Enter);
    assert_eq!(bench.model.layers, []);
    bench.keys("n");
    assert_eq!(screen(&bench).events.index, 2, "the only match");
    bench.keys("/");
    assert_eq!(bench.model.layers, [Layer::Find { input: "ROWS".into() }]);
    bench.key(Key::Ctrl('u'));
    bench.keys("step_started");
    bench.key(Key::Enter);
    let seen: Vec<usize> = ["n", "n", "N"]
        .into_iter()
        .map(|key| {
            bench.keys(key);
            screen(&bench).events.index
        })
        .collect();
    assert_eq!(seen, [1, 3, 1]);
    bench.key(Key::Esc);
    assert_eq!((&screen(&bench).events.search, bench.model.screen), (&None, Screen::Run));
    bench.key(Key::Esc);
    assert_eq!(bench.model.screen, Screen::Home);
}

#[test]
fn a_payload_opens_scrolls_and_closes() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    let long: Vec<u32> = (0..200).collect();
    bench.detail(
        "r1",
        "running",
        vec![event("r1", 1, EventKind::StepCompleted, json!({"step_id": "load", "result": long}))],
    );
    bench.key(Key::Enter);
    bench.keys("2");
    bench.key(Key::Enter);
    let offset = |bench: &Bench| screen(bench).events.payload.as_ref().map(|payload| payload.text.offset);
    bench.keys("jj");
    assert_eq!(offset(&bench), Some(2));
    bench.keys("G");
    let lines = screen(&bench).events.payload.as_ref().unwrap().text.lines.len();
    let height = usize::from(crate::app::layout::run(bench.model.size).main.height) - 2;
    assert_eq!(offset(&bench), Some(lines - height));
    bench.send(Msg::Resize(120, 30));
    bench.keys("kg");
    assert_eq!(offset(&bench), Some(0));
    bench.key(Key::Esc);
    assert_eq!((offset(&bench), bench.model.screen, screen(&bench).tab), (None, Screen::Run, Tab::Events));
}

#[test]
fn enter_on_a_step_shows_its_last_event() {
    let mut bench = open();
    bench.keys("g");
    bench.key(Key::Enter);
    assert_eq!((screen(&bench).tab, screen(&bench).events.index), (Tab::Events, 2));
}

#[test]
fn the_selected_step_stays_in_sight() {
    let mut bench = open();
    bench.send(Msg::Resize(60, 24));
    bench.keys("lll");
    let selected = screen(&bench).canvas.pan;
    assert!(selected.0 > 0, "{selected:?}");
    bench.keys("hhhhh");
    assert_eq!(screen(&bench).canvas.pan, (0, 0));
}

#[test]
fn where_the_steps_are_listed_the_arrows_follow_the_list() {
    let mut bench = open();
    bench.send(Msg::Resize(60, 16));
    let form = |bench: &Bench| layout::canvas(bench.model.size, screen(bench).canvas.drawing.as_deref()).form;
    assert_eq!(form(&bench), CanvasForm::List);
    bench.keys("g");
    let mut walked = vec![screen(&bench).canvas.selected.clone().unwrap()];
    for _ in 1..screen(&bench).canvas.steps.len() {
        bench.keys("j");
        walked.push(screen(&bench).canvas.selected.clone().unwrap());
    }
    assert_eq!(walked, screen(&bench).canvas.steps);
    bench.send(Msg::Resize(60, 24));
    assert_eq!(form(&bench), CanvasForm::Drawing);
}
