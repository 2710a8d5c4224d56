use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn lua(id: &str) -> Value {
    json!({"id": id, "type": "lua_script", "script": "return {}"})
}

#[rstest]
#[case(json!({"steps": [lua("a")]}))]
#[case(json!({"name": "n", "graph": {"steps": [lua("a")], "nodes": [], "edges": []}}))]
#[case(json!({"name": "n", "definition": {"steps": [lua("a")]}}))]
#[case(json!({"version": 3, "graph_snapshot": {"steps": [lua("a")]}}))]
#[case(json!({"workflow": {"name": "n", "graph": {"steps": [lua("a")]}}}))]
fn every_envelope_comes_to_the_same_steps(#[case] raw: Value) {
    assert_eq!(Import::read(&raw).unwrap().graph, json!({"steps": [lua("a")]}));
}

#[test]
fn what_stands_beside_the_graph_is_kept() {
    let raw = json!({
        "name": "Digest", "description": "Weekly.", "workflow_id": "old", "tenant_id": "acme",
        "steps": [lua("a")], "input_schema": {"type": "object"}, "example_trigger_payload": {"topic": "x"},
    });
    let import = Import::read(&raw).unwrap();
    assert_eq!((import.name.as_str(), import.description.as_str()), ("Digest", "Weekly."));
    assert_eq!(import.graph, json!({"steps": [lua("a")], "input_schema": {"type": "object"}}));
    assert_eq!(import.example, Some(json!({"topic": "x"})));
    let of_params = json!({"steps": [lua("a")], "params": {"trigger_payload": {"topic": "y"}}});
    assert_eq!(Import::read(&of_params).unwrap().example, Some(json!({"topic": "y"})));
}

#[test]
fn edges_become_dependencies_of_steps_that_have_none() {
    let mut own = lua("c");
    own["depends_on"] = json!(["a"]);
    let raw = json!({"graph": {
        "steps": [lua("a"), lua("b"), own, lua("d")],
        "nodes": [{"id": "n1", "data": {"step_id": "b"}}],
        "edges": [
            {"source": "a", "target": "n1"}, {"from": "b", "to": "c"}, {"source": "b", "target": "d"},
            {"source": "c", "target": "d"}, {"source": "b", "target": "d"}, {"source": "start", "target": "a"}, {},
        ],
    }});
    let import = Import::read(&raw).unwrap();
    let before: Vec<_> =
        import.graph["steps"].as_array().unwrap().iter().map(|step| step["depends_on"].clone()).collect();
    assert_eq!(before, [json!(null), json!(["a"]), json!(["a"]), json!(["b", "c"])]);
    assert_eq!(
        import.notes,
        [
            "left out the edge from `start` to `a`: not both are steps",
            "left out edge 6: it does not say what it connects",
        ]
    );
}

#[test]
fn nodes_become_steps_where_there_are_none() {
    let raw = json!({
        "nodes": [
            {"id": "s", "type": "start", "position": {"x": 0, "y": 0}},
            {"id": "a", "type": "custom", "position": {"x": 1, "y": 0},
             "data": {"type": "lua_script", "label": "Fetch", "config": {"script": "return {}"}}},
            {"id": "b", "type": "human_task", "config": {"task_type": "approval"}, "width": 10},
        ],
        "edges": [{"source": "s", "target": "a"}, {"source": "a", "target": "b"}],
    });
    let import = Import::read(&raw).unwrap();
    let want = json!({"steps": [
        {"id": "a", "type": "lua_script", "script": "return {}", "name": "Fetch"},
        {"id": "b", "type": "human_task", "task_type": "approval", "depends_on": ["a"]},
    ]});
    assert_eq!(import.graph, want);
    assert_eq!(import.notes[0], "left out the node `s`: a `start` is no step");
}

#[rstest]
#[case(json!({"steps": [{"id": "p", "type": "parallel"}]}), "step `p`: the type `parallel` was removed")]
#[case(json!({"steps": [{"id": "c", "type": "condition"}]}), "(put `skip_when` on the steps that depend on it)")]
#[case(json!({"steps": [{"id": "x", "type": "mcp_cal"}]}), "step `x`: there is no type of step `mcp_cal` (mcp_call)")]
#[case(json!({"steps": [lua("a"), lua("a")]}), "the step id `a` is used twice")]
#[case(json!({"nodes": [{"id": "a"}]}), "node 0 has no type")]
#[case(json!({"name": "x"}), "it holds neither `steps` nor `nodes`")]
#[case(json!([1]), "it holds neither `steps` nor `nodes`")]
#[case(json!({"graph": {"steps": [{"id": "e", "type": "for_each", "for_each_items": [], "for_each_body": []}]}}), "`for_each_body` was removed")]
fn what_nothing_executes_is_refused_by_name(#[case] raw: Value, #[case] says: &str) {
    let refused = Import::read(&raw).unwrap_err().to_string();
    assert!(refused.contains(says), "{refused}");
}

fn with_placeholders() -> Import {
    let raw = json!({
        "steps": [
            {"id": "send", "type": "mcp_call", "instance_id": "REPLACE_INSTANCE", "tool_name": "send",
             "tool_args": {"to": ["ops@REPLACE_DOMAIN", "REPLACE_DOMAIN and REPLACE_DOMAIN"]}},
            {"id": "call", "type": "workflow_call", "workflow_id": "REPLACE_CHILD_DIGEST"},
            {"id": "no", "type": "lua_script", "script": "return {x = NOREPLACE_X, y = 'REPLACE_'}"},
        ],
        "example_trigger_payload": {"instance": "REPLACE_INSTANCE"},
    });
    Import::read(&raw).unwrap()
}

#[test]
fn placeholders_are_listed_with_their_places() {
    let found: Vec<_> =
        with_placeholders().placeholders().into_iter().map(|found| (found.name, found.places)).collect();
    let places = |places: &[&str]| places.iter().map(|place| (*place).to_owned()).collect::<Vec<_>>();
    assert_eq!(
        found,
        [
            ("REPLACE_CHILD_DIGEST".to_owned(), places(&["$.steps[1].workflow_id"])),
            (
                "REPLACE_DOMAIN".to_owned(),
                places(&["$.steps[0].tool_args.to[0]", "$.steps[0].tool_args.to[1]"])
            ),
            (
                "REPLACE_INSTANCE".to_owned(),
                places(&["$.steps[0].instance_id", "$.example_trigger_payload.instance"])
            ),
        ]
    );
}

#[test]
fn mapped_values_take_every_place_and_others_stay() {
    let mapping = |pairs: &[(&str, &str)]| -> Mapping {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let mapped = with_placeholders()
        .mapped(&mapping(&[("REPLACE_DOMAIN", "example.com"), ("REPLACE_INSTANCE", "REPLACE_DOMAIN")]))
        .unwrap();
    let to = &mapped.graph["steps"][0]["tool_args"]["to"];
    assert_eq!(to, &json!(["ops@example.com", "example.com and example.com"]));
    assert_eq!(mapped.graph["steps"][0]["instance_id"], "REPLACE_DOMAIN", "values are not looked into");
    assert_eq!(mapped.example, Some(json!({"instance": "REPLACE_DOMAIN"})));
    assert_eq!(mapped.graph["steps"][1]["workflow_id"], "REPLACE_CHILD_DIGEST");
    let odd = with_placeholders().mapped(&mapping(&[("REPLACE_X", "1")])).unwrap_err();
    assert_eq!(
        odd.to_string(),
        "the file has no placeholder `REPLACE_X`; it has REPLACE_CHILD_DIGEST, REPLACE_DOMAIN, REPLACE_INSTANCE"
    );
}
