//! Running again with another input, and approving with another result.

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::kit::{Bench, at_task, event, rejected, run, sent};
use crate::app::key::Key;
use crate::app::layers::Layer;
use crate::app::{Effect, Msg};
use crate::domain::EventKind;
use crate::wire::{Again, Command, StartRun};

/// The dialog that runs `r4` again, whose input is `{"order": 12345}`.
fn dialog() -> Bench {
    let mut bench = Bench::new();
    bench.runs(vec![run("r4", "failed", 60)]);
    bench.detail("r4", "failed", vec![event("r4", 1, EventKind::RunStarted, json!({"input": {"order": 1}}))]);
    bench.keys("R");
    assert_eq!(bench.dialog().payload, Some(json!({"order": 12345})));
    bench
}

fn schema(bench: &mut Bench, schema: Value) {
    let start = StartRun::new("w".into(), "manual", json!({}));
    let again = Box::new(Again { start, version: Some(2), schema: Some(schema) });
    bench.send(Msg::Prepared { run: "r4".into(), again: Ok(Some(again)) });
}

fn text(bench: &Bench) -> String {
    match bench.model.layers.last() {
        Some(Layer::Editor(editor)) => editor.area.text(),
        other => panic!("no editor but {other:?}"),
    }
}

fn problem(bench: &Bench) -> String {
    match bench.model.layers.last() {
        Some(Layer::Editor(editor)) => editor.problem.clone().unwrap_or_default(),
        other => panic!("no editor but {other:?}"),
    }
}

#[test]
fn the_input_is_edited_taken_into_the_dialog_and_sent() {
    let mut bench = dialog();
    let effects = bench.keys("e");
    assert!(effects.contains(&Effect::Prepare { workflow: "w".into(), run: "r4".into() }), "{effects:?}");
    assert_eq!(text(&bench), "{\n  \"order\": 12345\n}");
    schema(&mut bench, json!({"type": "object", "properties": {"order": {"type": "integer"}}}));
    bench.key(Key::Down);
    bench.key(Key::End);
    bench.key(Key::Backspace);
    bench.keys("6");
    bench.key(Key::Tab);
    assert_eq!(bench.dialog().payload, Some(json!({"order": 12346})));
    assert!(bench.dialog().edited);
    bench.confirm(Key::Enter);
    let sent = sent(&bench.tick_after(5));
    let [(_, Command::Start(start))] = sent.as_slice() else { panic!("one start: {sent:?}") };
    assert_eq!((&start.input, start.in_place_of.as_ref()), (&json!({"order": 12346}), Some(&"r4".into())));
}

#[test]
fn what_is_no_json_or_does_not_fit_stays_in_the_editor_and_says_why() {
    let mut bench = dialog();
    bench.keys("e");
    schema(&mut bench, json!({"properties": {"order": {"type": "string"}}}));
    bench.key(Key::Tab);
    assert_eq!(problem(&bench), "`input.order` must be of type string, and is 12345");
    bench.keys("x");
    bench.key(Key::Tab);
    assert!(problem(&bench).starts_with("this is not valid JSON: expected value at line 1"));
    bench.key(Key::Esc);
    assert!(!bench.dialog().edited && bench.dialog().payload == Some(json!({"order": 12345})));
}

#[test]
fn an_edited_input_is_not_sent_before_its_schema_is_known() {
    let mut bench = dialog();
    bench.keys("e");
    bench.key(Key::Right);
    bench.send(Msg::Paste("\n  \"more\": true,".into()));
    bench.key(Key::Tab);
    assert_eq!(bench.dialog().payload, Some(json!({"more": true, "order": 12345})));
    bench.confirm(Key::Enter);
    assert_eq!(bench.model.pending.iter().count(), 0);
    assert!(bench.last_toast().contains("being asked for"), "{}", bench.last_toast());
    schema(&mut bench, json!({"additionalProperties": false, "properties": {"order": {}}}));
    bench.confirm(Key::Enter);
    assert_eq!(bench.last_toast(), "`input.more` is not declared");
    schema(&mut bench, json!({}));
    bench.confirm(Key::Enter);
    assert_eq!(bench.model.pending.iter().count(), 1);
}

fn result(bench: &Bench) -> Value {
    match bench.dialog().choices[0].order.command() {
        Some(Command::Decide(decision)) => Value::Object(decision.result.clone()),
        other => panic!("no decision but {other:?}"),
    }
}

#[test]
fn a_result_begins_as_what_is_shown_is_edited_and_approved() {
    let mut bench = at_task();
    bench.keys("e");
    assert_eq!(text(&bench), "{\n  \"body\": \"a\\nb\"\n}", "the title is only about it");
    bench.key(Key::Down);
    bench.key(Key::End);
    bench.key(Key::Backspace);
    bench.keys("!\"");
    bench.key(Key::Tab);
    assert_eq!(result(&bench), json!({"body": "a\nb!"}));
    assert_eq!(bench.dialog().payload, Some(json!({"title": "Send", "body": "a\nb"})), "shown as it was");
    bench.keys("e");
    assert!(text(&bench).contains("a\\nb!"), "editing goes on where it was left");
    bench.key(Key::Esc);
    bench.confirm(Key::Enter);
    let sent = sent(&bench.tick_after(5));
    let [(_, Command::Decide(decision))] = sent.as_slice() else { panic!("one decision: {sent:?}") };
    assert!(decision.approved);
    assert_eq!(decision.result.get("body"), Some(&json!("a\nb!")));
}

#[test]
fn a_result_that_is_no_object_stays_in_the_editor_and_esc_sends_none() {
    let mut bench = at_task();
    bench.keys("e");
    bench.key(Key::Ctrl('k'));
    bench.keys("[");
    bench.key(Key::Down);
    bench.key(Key::Home);
    bench.key(Key::Ctrl('k'));
    bench.key(Key::Down);
    bench.key(Key::Home);
    bench.key(Key::Ctrl('k'));
    bench.keys("]");
    bench.key(Key::Tab);
    assert!(problem(&bench).starts_with("a result is an object"), "{}", problem(&bench));
    bench.key(Key::Esc);
    assert_eq!(result(&bench), json!({}));
    assert!(!bench.dialog().edited);
}

#[test]
fn nothing_is_edited_where_nothing_can_be_approved() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r4", "failed", 60)]);
    bench.keys("e");
    assert!(bench.model.layers.is_empty());
    assert_eq!(bench.last_toast(), "no task waits for a decision here");
}

#[test]
fn what_was_written_comes_back_where_the_server_finds_that_it_does_not_fit() {
    let mut bench = at_task();
    bench.keys("x");
    bench.keys("not this one");
    bench.confirm(Key::Enter);
    let orders = sent(&bench.tick_after(5));
    bench.reply(orders[0].0, Err(rejected(422, "reason is too short")));
    assert_eq!(bench.dialog().reason.text(), "not this one");
    assert!(bench.last_toast().ends_with("the server answered 422: reason is too short"));
    bench.key(Key::Enter);
    assert!(bench.model.pending.iter().next().is_none(), "a key on its way is no answer");

    let mut bench = at_task();
    bench.keys("a");
    bench.confirm(Key::Enter);
    let orders = sent(&bench.tick_after(5));
    bench.reply(orders[0].0, Err(rejected(422, "no")));
    assert!(bench.model.layers.is_empty(), "nothing was written");
}
