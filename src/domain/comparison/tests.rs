use std::time::Duration;

use pretty_assertions::assert_eq;
use serde_json::{Value, json};

use super::*;
use crate::domain::{EventKind, Graph, Run, RunEvent, RunHistory, RunStatus, StepStatus, Timestamp};

fn graph(steps: &Value) -> Graph {
    Graph::parse(&json!({ "steps": steps })).unwrap()
}

/// A log from short notes: second, kind, data.
fn log(notes: &[(i64, &str, Value)]) -> RunHistory {
    RunHistory::from_events(notes.iter().enumerate().map(|(index, (at, kind, data))| RunEvent {
        id: format!("e{index}").into(),
        run_id: "r".into(),
        workflow_id: None,
        sequence: Some(index as u64),
        kind: EventKind::parse(kind),
        at: Some(Timestamp::from_second(*at).unwrap()),
        data: data.clone(),
    }))
}

fn run(id: &str, version: u64, status: RunStatus) -> Run {
    Run { version: Some(version), ..Run::new(id.into(), "w".into(), status) }
}

/// A place with what stands there here and there.
fn diff(at: &str, here: Option<&'static str>, there: Option<&'static str>) -> ShapeDiff {
    ShapeDiff { at: at.into(), here, there }
}

#[test]
fn graphs_differ_by_steps_and_by_fields_and_not_by_order() {
    let older = graph(&json!([
        {"id": "a", "type": "lua_script", "script": "return 1"},
        {"id": "b", "type": "mcp_call", "tool_name": "x", "retry_count": 2},
        {"id": "gone", "type": "lua_script"},
    ]));
    let newer = graph(&json!([
        {"id": "b", "type": "mcp_call", "tool_name": "y", "timeout_s": 5},
        {"id": "a", "type": "lua_script", "script": "return 1"},
        {"id": "new", "type": "lua_script"},
    ]));
    let found = GraphDiff::between(&older, &newer);
    let fields = ["tool_name", "timeout_s", "retry_count"].map(Into::into).to_vec();
    assert_eq!(
        found.steps,
        [
            ("b".into(), Change::Changed(fields)),
            ("new".into(), Change::Added),
            ("gone".into(), Change::Removed)
        ]
    );
    assert!(!found.schema && !found.is_empty() && GraphDiff::between(&older, &older).is_empty());
    let strict = Graph { input_schema: Some(json!({"type": "object"})), ..older.clone() };
    assert!(GraphDiff::between(&older, &strict).schema);
}

#[test]
fn shapes_differ_by_keys_and_types_and_not_by_values() {
    let here = json!({
        "customer": "42", "coupon": "X", "rows": [], "items": [{"n": 1}, {"n": null}], "same": {"deep": [1, 2]}, "empty": "",
    });
    let there = json!({
        "customer": 42, "rows": [{"id": 7}], "items": [{"n": 1}], "same": {"deep": [9]}, "empty": "x", "gone": {"a": {"b": 1}},
    });
    assert_eq!(
        shape_diff(&here, &there),
        [
            diff("customer", Some("text"), Some("number")),
            diff("coupon", Some("text"), None),
            diff("rows", Some("empty list"), Some("list")),
            diff("items[].n", Some("mixed"), Some("number")),
            diff("empty", Some("empty text"), Some("text")),
            diff("gone", None, Some("object")),
        ]
    );
    assert_eq!(shape_diff(&json!([1]), &json!({"a": 1})), [diff("", Some("list"), Some("object"))]);
    assert_eq!(shape_diff(&json!({"a": "secret"}), &json!({"a": "other"})), []);
}

#[test]
fn a_value_of_any_size_is_compared_in_bounded_time() {
    let wide: serde_json::Map<String, Value> = (0..10_000).map(|n| (format!("k{n}"), json!(n))).collect();
    assert!(shape_diff(&Value::Object(wide), &json!({})).len() <= 501);
    let deep = (0..200).fold(json!(1), |inner, _| json!({ "a": inner }));
    assert_eq!(shape_diff(&deep, &deep), []);
}

fn failed_log() -> RunHistory {
    log(&[
        (0, "run_started", json!({"input": {"customer": "42"}})),
        (0, "step_started", json!({"step_id": "load"})),
        (1, "step_completed", json!({"step_id": "load", "result": {"rows": []}})),
        (1, "step_started", json!({"step_id": "post"})),
        (31, "step_failed", json!({"step_id": "post"})),
        (31, "run_failed", json!({})),
    ])
}

fn good_log() -> RunHistory {
    log(&[
        (0, "run_started", json!({"input": {"customer": 42}})),
        (0, "step_started", json!({"step_id": "load"})),
        (1, "step_completed", json!({"step_id": "load", "result": {"rows": [1]}})),
        (1, "step_started", json!({"step_id": "post"})),
        (3, "step_completed", json!({"step_id": "post", "result": {}})),
        (3, "step_started", json!({"step_id": "notify"})),
        (4, "step_completed", json!({"step_id": "notify"})),
        (4, "run_completed", json!({})),
    ])
}

#[test]
fn the_first_step_that_is_not_as_it_was_is_told_before_the_one_that_failed() {
    let (bad, good) = (failed_log(), good_log());
    let (this, that) = (run("r", 7, RunStatus::Failed), run("g", 6, RunStatus::Completed));
    let steps = json!([{"id": "load", "type": "lua_script"}, {"id": "post", "type": "mcp_call", "depends_on": ["load"]}]);
    let graph = graph(&steps);
    let side = |run, history| Side { run, history, graph: Some(&graph), context: None };
    let found = Comparison::of(side(&this, &bad), side(&that, &good));
    assert_eq!(found.versions, (Some(7), Some(6)));
    assert_eq!(found.graph, Some(GraphDiff::default()));
    assert_eq!(found.input, Some(vec![diff("customer", Some("text"), Some("number"))]));
    let rows = vec![diff("rows", Some("empty list"), Some("list"))];
    assert_eq!(found.first, Some(Parting { step: "load".into(), how: How::Result(rows) }));
    let paces: Vec<_> =
        found.paces.iter().map(|pace| (pace.step.as_str(), pace.ratio(), pace.is_slower())).collect();
    assert_eq!(paces, [("load", Some(1.0), false), ("post", Some(15.0), true), ("notify", None, false)]);
    assert_eq!(found.paces[2].there, Some(Duration::from_secs(1)));
    assert!(found.tells());
}

#[test]
fn what_is_not_known_of_one_of_the_two_is_no_difference() {
    let (bad, good) = (failed_log(), log(&[(0, "run_completed", json!({}))]));
    let (this, that) = (run("r", 7, RunStatus::Failed), run("g", 7, RunStatus::Completed));
    let side = |run, history| Side { run, history, graph: None, context: None };
    let found = Comparison::of(side(&this, &bad), side(&that, &good));
    assert_eq!((&found.graph, &found.input), (&None, &None));
    assert_eq!(found.first, Some(Parting { step: "load".into(), how: How::New }));
}

#[test]
fn two_runs_that_part_only_by_their_end_tell_nothing_more() {
    let steps = |end: &str, run_end: &str| {
        log(&[
            (0, "step_started", json!({"step_id": "post"})),
            (1, end, json!({"step_id": "post"})),
            (1, run_end, json!({})),
        ])
    };
    let (bad, good) = (steps("step_failed", "run_failed"), steps("step_completed", "run_completed"));
    let (this, that) = (run("r", 7, RunStatus::Failed), run("g", 7, RunStatus::Completed));
    let side = |run, history| Side { run, history, graph: None, context: None };
    let found = Comparison::of(side(&this, &bad), side(&that, &good));
    let ended = How::Ended(StepStatus::Failed, StepStatus::Completed);
    assert_eq!(found.first, Some(Parting { step: "post".into(), how: ended }));
    assert!(!found.tells());
}
