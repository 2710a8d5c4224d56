//! What publishing a draft would change, step by step and line by line.

use serde_json::{Map, Value};
use similar::{ChangeTag, TextDiff};

use super::{Graph, StepSpec};

/// Under this name stands what changes of the schema of the input. No step has it: it holds a blank.
const SCHEMA: &str = "input schema";
/// How many lines that stay the same are kept around one that changes.
const AROUND: usize = 1;

/// What a draft changes of the graph that is published, in the draft's order, then what it drops: by
/// step, the lines that go with a `-` and those that come with a `+`. Empty when nothing changes; the
/// order of steps is no change.
pub fn changes(published: Option<&Graph>, draft: &Graph) -> Map<String, Value> {
    let before = |step: &StepSpec| published.and_then(|graph| graph.step(&step.id)).map(|old| &old.fields);
    let there = draft.steps.iter().map(|step| (&step.id, before(step), Some(&step.fields)));
    let dropped = published.into_iter().flat_map(|graph| &graph.steps);
    let dropped = dropped.filter(|step| draft.step(&step.id).is_none());
    let dropped = dropped.map(|step| (&step.id, Some(&step.fields), None));
    let steps = there.chain(dropped).filter(|(_, old, new)| old != new);
    let lines = |old: Option<String>, new: Option<String>| {
        let word = match (&old, &new) {
            (None, _) => "a new step\n",
            (_, None) => "dropped\n",
            _ => "",
        };
        Value::String(format!("{word}{}", difference(&old.unwrap_or_default(), &new.unwrap_or_default())))
    };
    let text = |fields: &Map<String, Value>| written(fields);
    let mut all: Map<String, Value> =
        steps.map(|(id, old, new)| (id.to_string(), lines(old.map(text), new.map(text)))).collect();
    let (old, new) = (published.and_then(|graph| graph.input_schema.as_ref()), draft.input_schema.as_ref());
    if old != new {
        let text = |schema: Option<&Value>| schema.map(written).unwrap_or_default();
        all.insert(SCHEMA.into(), Value::String(difference(&text(old), &text(new))));
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
