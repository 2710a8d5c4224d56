use pretty_assertions::assert_eq;
use serde_json::{Map, Value, json};

use super::{Consequence, Decided, Why};
use crate::domain::history::noted as history;
use crate::domain::{Graph, RunHistory, StepId};

/// A draft that waits for approval, with a step beside it that still runs.
fn waiting() -> RunHistory {
    history(&[
        ("run_started", json!({"input": {"to": "buyer@example.com", "cc": ""}})),
        ("step_started", json!({"step_id": "draft"})),
        ("step_completed", json!({"step_id": "draft", "result": {"body": "Hello", "n": 3}})),
        ("step_started", json!({"step_id": "rates"})),
        ("step_started", json!({"step_id": "ask"})),
        ("human_task_created", json!({"step_id": "ask"})),
    ])
}

fn graph(steps: &Value) -> Graph {
    Graph::parse(&json!({ "steps": steps })).unwrap()
}

fn of(steps: &Value, sent: &Map<String, Value>) -> Consequence {
    let (graph, history, step) = (graph(steps), waiting(), StepId::new("ask"));
    Consequence::of(Decided { graph: &graph, history: &history, context: None, step: &step }, sent)
}

fn send(args: &Value) -> Value {
    json!([
        {"id": "draft", "type": "llm_call"},
        {"id": "rates", "type": "mcp_call", "tool_name": "rates"},
        {"id": "ask", "type": "human_task", "depends_on": ["draft"]},
        {"id": "send", "type": "mcp_call", "tool_name": "mail", "depends_on": ["ask"], "tool_args": args},
    ])
}

#[test]
fn arguments_are_resolved_as_the_engine_would_and_the_rest_says_what_it_waits_for() {
    let args = json!({
        "to": "{{ input.to }}",
        "cc": "{{ input.cc | omit }}",
        "body": "{{ steps.draft.result.body }}, {{ steps.draft.result.n }} pieces",
        "n": "{{ steps.draft.result.n }}",
        "ok": "{{ steps.ask.result.approved }}",
        "edited": "{{ steps.ask.result.body | steps.draft.result.body }}",
        "rate": ["{{ steps.rates.result.eur | 1 }}"],
        "who": {"id": "{{ run.user_id }}"},
        "plain": 7,
    });
    let found = of(&send(&args), &Map::new());
    let [next] = &found.next[..] else { panic!("{found:?}") };
    assert_eq!((next.step.as_str(), &*next.does, next.waits_for.len()), ("send", "mail", 0));
    assert_eq!(
        next.arguments,
        json!({
            "to": "buyer@example.com", "body": "Hello, 3 pieces", "n": 3, "ok": true, "edited": "Hello",
            "rate": ["{{ steps.rates.result.eur | 1 }}"], "who": {"id": "{{ run.user_id }}"}, "plain": 7,
        })
    );
    let open: Vec<_> = next.open.iter().map(|open| (open.at.as_str(), open.why.to_string())).collect();
    assert_eq!(
        open,
        [("rate.0", "waits for rates".to_owned()), ("who.id", "run.user_id is not known".to_owned())],
        "a default is not taken for a step that has not ended"
    );
}

#[test]
fn what_is_sent_with_the_approval_is_seen_by_the_next_step() {
    let sent = json!({"body": "Edited"}).as_object().unwrap().clone();
    let found = of(&send(&json!({"body": "{{ steps.ask.result.body }}"})), &sent);
    assert_eq!((&found.next[0].arguments, found.next[0].open.len()), (&json!({"body": "Edited"}), 0));
    let without = of(&send(&json!({"body": "{{ steps.ask.result.body }}"})), &Map::new());
    assert_eq!(without.next[0].open[0].why, Why::Unknown("steps.ask.result.body".into()));
}

#[test]
fn a_large_value_is_named_and_not_copied() {
    let graph = graph(&send(&json!({"body": "{{ input.rows }}"})));
    let rows: Vec<Value> = (0..100_000).map(|n| json!({"n": n})).collect();
    let log = history(&[("run_started", json!({"input": {"rows": rows}}))]);
    let step = StepId::new("ask");
    let decided = Decided { graph: &graph, history: &log, context: None, step: &step };
    let found = Consequence::of(decided, &Map::new());
    assert_eq!(found.next[0].open[0].why.to_string(), "input.rows is too large to show");
}

#[test]
fn steps_that_are_off_are_passed_over_and_those_that_wait_for_more_say_so() {
    let found = of(
        &json!([
            {"id": "rates", "type": "mcp_call"},
            {"id": "ask", "type": "human_task"},
            {"id": "off", "type": "lua_script", "enabled": false, "depends_on": ["ask"]},
            {"id": "after-off", "type": "lua_script", "depends_on": ["off"], "skip_when": "input.x"},
            {"id": "join", "type": "llm_call", "depends_on": ["ask", "rates"], "prompt": "p"},
            {"id": "last", "type": "lua_script", "depends_on": ["join"]},
        ]),
        &Map::new(),
    );
    assert_eq!(
        found.approval(),
        "then after-off → lua_script, unless its condition skips it, join → llm_call after rates as well"
    );
    assert_eq!(found.rejection(), "the branch stops; 4 steps never run");
    assert!(!found.next[0].has_arguments() && found.next[1].has_arguments());
}

#[test]
fn sentences_for_no_step_one_step_many_and_a_loop() {
    let alone = of(&json!([{"id": "ask", "type": "human_task"}]), &Map::new());
    assert_eq!(
        (alone.approval().as_str(), alone.rejection().as_str()),
        ("the step ends; no step waits for it", "the branch stops; no step follows it")
    );
    let mut steps = vec![json!({"id": "ask", "type": "human_task"})];
    steps.extend((0..5).map(|n| json!({"id": format!("s{n}"), "type": "lua_script", "depends_on": ["ask"]})));
    let many = of(&Value::Array(steps), &Map::new());
    assert_eq!(many.approval(), "then s0 → lua_script, s1 → lua_script, s2 → lua_script, 2 more");
    let (graph, log) = (graph(&json!([{"id": "each", "type": "for_each"}])), waiting());
    let step = StepId::new("each#body#ask");
    let decided = Decided { graph: &graph, history: &log, context: None, step: &step };
    let inner = Consequence::of(decided, &Map::new());
    assert_eq!(
        (inner.approval().as_str(), inner.rejection().as_str()),
        ("then the loop each goes on", "this iteration of each stops")
    );
}
