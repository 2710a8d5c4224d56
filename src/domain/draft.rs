//! What publishing a draft would change, step by step and line by line.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::comparison::{Change, GraphDiff};
use super::{Graph, StepId};

/// Under this name stands what changes of the schema of the input. No step has it: it holds a blank.
const SCHEMA: &str = "input schema";
/// How many lines that stay the same are kept around one that changes.
const AROUND: usize = 1;

/// What a draft changes of the graph that is published, in the draft's order, then what it drops: by
/// step, the lines that go with a `-` and those that come with a `+`. Empty when nothing changes; the
/// order of steps is no change.
pub fn changes(published: Option<&Graph>, draft: &Graph) -> Map<String, Value> {
    let nothing = Graph::default();
    let published = published.unwrap_or(&nothing);
    let diff = GraphDiff::between(published, draft);
    let text =
        |graph: &Graph, id: &StepId| graph.step(id).map(|step| written(&step.fields)).unwrap_or_default();
    let step = |(id, change): &(StepId, Change)| {
        let word = match change {
            Change::Added => "a new step\n",
            Change::Removed => "dropped\n",
            Change::Changed(_) => "",
        };
        let lines = difference(&text(published, id), &text(draft, id));
        (id.to_string(), Value::String(format!("{word}{lines}")))
    };
    let mut all: Map<String, Value> = diff.steps.iter().map(step).collect();
    if diff.schema {
        let text = |graph: &Graph| graph.input_schema.as_ref().map(written).unwrap_or_default();
        all.insert(SCHEMA.into(), Value::String(difference(&text(published), &text(draft))));
    }
    all
}

fn written(value: &impl serde::Serialize) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// The lines that differ, with a little around them.
fn difference(old: &str, new: &str) -> String {
    let diff = TextDiff::from_lines(old, new);
    let mut out: Vec<String> = Vec::new();
    for (index, group) in diff.grouped_ops(AROUND).iter().enumerate() {
        if index > 0 {
            out.push("  …".into());
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let mark = match change.tag() {
                ChangeTag::Equal => ' ',
                ChangeTag::Delete => '-',
                ChangeTag::Insert => '+',
            };
            out.push(format!("{mark} {}", change.value().trim_end_matches('\n')));
        }
    }
    out.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    fn graph(steps: &Value, schema: Option<Value>) -> Graph {
        Graph { input_schema: schema, ..Graph::parse(&json!({ "steps": steps })).unwrap() }
    }

    #[test]
    fn steps_that_are_new_changed_or_dropped_are_told_line_by_line() {
        let published = graph(
            &json!([
                {"id": "load", "type": "lua_script", "script": "return {}"},
                {"id": "post", "type": "mcp_call", "tool_name": "create", "timeout_s": 30, "retry_count": 0},
                {"id": "old", "type": "lua_script"},
            ]),
            None,
        );
        let draft = graph(
            &json!([
                {"id": "post", "type": "mcp_call", "tool_name": "create", "timeout_s": 60, "retry_count": 0},
                {"id": "load", "type": "lua_script", "script": "return {}"},
                {"id": "mail", "type": "human_task"},
            ]),
            Some(json!({"type": "object"})),
        );
        let found = changes(Some(&published), &draft);
        assert_eq!(found.keys().collect::<Vec<_>>(), ["post", "mail", "old", "input schema"]);
        let post = "    \"tool_name\": \"create\",\n-   \"timeout_s\": 30,\n+   \"timeout_s\": 60,\n    \"retry_count\": 0";
        assert_eq!(found["post"], post);
        assert!(found["mail"].as_str().unwrap().starts_with("a new step\n+ {"));
        assert!(found["old"].as_str().unwrap().starts_with("dropped\n- {"));
        assert!(found["input schema"].as_str().unwrap().contains("+   \"type\": \"object\""));
    }

    #[test]
    fn the_same_steps_in_another_order_change_nothing() {
        let steps = |order: [&str; 2]| json!(order.map(|id| json!({"id": id, "type": "lua_script"})));
        let (one, two) = (graph(&steps(["a", "b"]), None), graph(&steps(["b", "a"]), None));
        assert_eq!(changes(Some(&one), &two), Map::new());
        assert_eq!(changes(None, &one).len(), 2);
    }
}
