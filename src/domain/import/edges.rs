//! An editor's edges as dependencies.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};

use super::id;

/// What the two ends of an edge are called.
const ENDS: [(&str, &str); 4] =
    [("source", "target"), ("from", "to"), ("source_id", "target_id"), ("sourceId", "targetId")];

/// Gives the steps without `depends_on` the steps that edges lead from.
pub(super) fn connect(steps: &mut [Value], source: &Value, notes: &mut Vec<String>) {
    let edges = source.get("edges").and_then(Value::as_array).into_iter().flatten();
    let known: HashSet<String> = steps.iter().filter_map(id).map(str::to_owned).collect();
    let names = names(source);
    let mut before: HashMap<String, Vec<String>> = HashMap::new();
    for (index, edge) in edges.enumerate() {
        let Some((from, to)) = ends(edge) else {
            notes.push(format!("left out edge {index}: it does not say what it connects"));
            continue;
        };
        let name = |end: &str| names.get(end).cloned().unwrap_or_else(|| end.to_owned());
        let (from, to) = (name(from), name(to));
        if !known.contains(&from) || !known.contains(&to) {
            notes.push(format!("left out the edge from `{from}` to `{to}`: not both are steps"));
            continue;
        }
        let list = before.entry(to).or_default();
        if !list.contains(&from) {
            list.push(from);
        }
    }
    for step in steps {
        let lacks = step.get("depends_on").is_none_or(|list| list.is_null() || *list == json!([]));
        if let Some(list) = id(step).and_then(|id| before.remove(id)).filter(|_| lacks) {
            step["depends_on"] = json!(list);
        }
    }
}

fn ends(edge: &Value) -> Option<(&str, &str)> {
    ENDS.iter().find_map(|(from, to)| Some((edge.get(*from)?.as_str()?, edge.get(*to)?.as_str()?)))
}

/// The steps of nodes that are called otherwise than their steps.
fn names(source: &Value) -> HashMap<String, String> {
    let nodes = source.get("nodes").and_then(Value::as_array).into_iter().flatten();
    let named = nodes.filter_map(|node| {
        let step =
            ["/data/step_id", "/data/stepId", "/step_id"].iter().find_map(|at| node.pointer(at)?.as_str())?;
        Some((id(node)?.to_owned(), step.to_owned()))
    });
    named.collect()
}
