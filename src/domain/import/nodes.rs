//! An editor's nodes as steps.

use serde_json::{Map, Value};

use super::ImportError;
use crate::domain::StepKind;

/// Node types that only an editor knows.
const DRAWN: [&str; 8] = ["start", "end", "trigger", "note", "comment", "group", "input", "output"];

/// The steps that the nodes of a graph stand for.
pub(super) fn steps(source: &Value, notes: &mut Vec<String>) -> Result<Vec<Value>, ImportError> {
    let nodes = source.get("nodes").and_then(Value::as_array).ok_or(ImportError::NoGraph)?;
    let mut steps = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let id = node.get("id").and_then(Value::as_str).filter(|id| !id.is_empty());
        let id = id.ok_or(ImportError::Node { index, missing: "id" })?;
        let fields = fields(node);
        let kind = kind(node, &fields).ok_or(ImportError::Node { index, missing: "type" })?;
        if DRAWN.contains(&kind.as_str()) {
            notes.push(format!("left out the node `{id}`: a `{kind}` is no step"));
        } else {
            steps.push(step(id, kind, node, fields));
        }
    }
    Ok(steps)
}

/// What a node says of its step: beside `id` and `type`, or in `data`, and within it in `config`.
fn fields(node: &Value) -> Map<String, Value> {
    let object = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_default();
    let data = object(node.get("data"));
    let config = object(node.get("config").or_else(|| data.get("config")));
    let own = object(Some(node)).into_iter().filter(|(name, _)| !is_layout(name));
    let inner = data.into_iter().filter(|(name, _)| !matches!(name.as_str(), "config" | "label"));
    own.chain(inner).chain(config).collect()
}

fn is_layout(name: &str) -> bool {
    let known = [
        "data",
        "config",
        "position",
        "positionAbsolute",
        "width",
        "height",
        "selected",
        "dragging",
        "style",
        "measured",
        "label",
    ];
    known.contains(&name)
}

/// The step's type: an editor's own type of node, such as `custom`, stands before it.
fn kind(node: &Value, fields: &Map<String, Value>) -> Option<String> {
    let words = [fields.get("step_type"), node.pointer("/data/type"), node.get("type")];
    let mut words = words.into_iter().flatten().filter_map(Value::as_str).filter(|word| !word.is_empty());
    let first = words.clone().next()?;
    let known = words.find(|word| !matches!(StepKind::parse(word), StepKind::Unknown(_)));
    Some(known.unwrap_or(first).to_owned())
}

fn step(id: &str, kind: String, node: &Value, mut fields: Map<String, Value>) -> Value {
    fields.remove("step_type");
    fields.insert("id".into(), id.into());
    fields.insert("type".into(), kind.into());
    let label = node.get("label").or_else(|| node.pointer("/data/label"));
    if let (None, Some(label)) = (fields.get("name"), label.filter(|label| label.is_string())) {
        fields.insert("name".into(), label.clone());
    }
    Value::Object(fields)
}
