//! What a step would be called with, its templates resolved as far as can be known.

use std::fmt;

use serde_json::{Map, Value, json};

use crate::domain::context::{input_of, value_of};
use crate::domain::template::{self, Scope, Segment, Template};
use crate::domain::{Graph, RunHistory, StepId, StepKind, StepSpec};

/// A value of more than so many nodes and characters is not put in: a preview is read, not run.
const LARGE: usize = 8_192;

/// A template that cannot be resolved yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Where in the arguments, as a dot path.
    pub at: String,
    /// The text that holds it, as the graph's author wrote it.
    pub text: String,
    /// Why not.
    pub why: Why,
}

/// Why a template is not resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Why {
    /// That step has not ended yet.
    WaitsFor(StepId),
    /// It names what is not known here: the engine may know it, or fail the step.
    Unknown(Box<str>),
    /// Its value is too large to be shown.
    Large(Box<str>),
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WaitsFor(step) => write!(f, "waits for {step}"),
            Self::Unknown(path) => write!(f, "{path} is not known"),
            Self::Large(path) => write!(f, "{path} is too large to show"),
        }
    }
}

/// The run's data as its templates will see them once the task is decided.
#[derive(Clone, Copy)]
pub(super) struct After<'a> {
    pub(super) history: &'a RunHistory,
    pub(super) fetched: Option<&'a Value>,
    /// The step of the task.
    pub(super) task: &'a StepId,
    /// What the task's step will have as its result.
    pub(super) result: &'a Value,
    pub(super) graph: &'a Graph,
}

impl Scope for After<'_> {
    fn get(&self, path: &[&str]) -> Option<&Value> {
        match path {
            ["input", rest @ ..] => template::walk(input_of(self.history, self.fetched)?, rest),
            ["steps", id, "result", rest @ ..] if *id == self.task.as_str() => {
                template::walk(self.result, rest)
            }
            ["steps", id, field @ ("input" | "result"), rest @ ..] => {
                let value = value_of(self.history, self.fetched, &StepId::new(*id), field)?;
                template::walk(value, rest)
            }
            _ => template::walk(self.fetched?, path),
        }
    }

    fn names(&self, _path: &[&str]) -> Vec<String> {
        Vec::new()
    }
}

/// The fields of a step that are handed to whatever does it; none for kinds that are handed nothing.
pub(super) fn of(spec: &StepSpec) -> Value {
    let field = |name: &str| spec.fields.get(name).cloned();
    let only = |names: &[&str]| {
        let fields = names.iter().filter_map(|name| Some(((*name).to_owned(), field(name)?)));
        Value::Object(fields.collect::<Map<_, _>>())
    };
    match spec.kind {
        StepKind::McpCall => field("tool_args").unwrap_or_else(|| json!({})),
        StepKind::HumanTask => field("task_payload").unwrap_or_else(|| json!({})),
        StepKind::LlmCall => only(&["model", "prompt"]),
        StepKind::AgentCall => only(&["agent_id", "prompt", "input"]),
        StepKind::WorkflowCall => only(&["workflow_id", "input"]),
        StepKind::ForEach => only(&["for_each_items"]),
        StepKind::LuaScript | StepKind::While | StepKind::ExternalAgent | StepKind::Unknown(_) => json!({}),
    }
}

/// The same with every template that can be resolved replaced by its value; what cannot stays as its
/// author wrote it and is listed.
pub(super) fn resolved(raw: &Value, after: &After<'_>, open: &mut Vec<Open>) -> Value {
    below(raw, String::new(), after, open).unwrap_or_default()
}

/// `None`: the template leaves it out.
fn below(raw: &Value, at: String, after: &After<'_>, open: &mut Vec<Open>) -> Option<Value> {
    let within = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match raw {
        Value::String(text) if text.contains("{{") => {
            if let Some(why) = hindrance(text, after) {
                open.push(Open { at, text: text.clone(), why });
                return Some(raw.clone());
            }
            // Within a list, what a template leaves out is seen to be left out.
            match template::resolve(&json!([text]), after) {
                Ok(Value::Array(mut items)) => items.pop(),
                Ok(other) => Some(other),
                Err(_) => {
                    let path = first_path(text).unwrap_or_default();
                    open.push(Open { at, text: text.clone(), why: Why::Unknown(path) });
                    Some(raw.clone())
                }
            }
        }
        Value::Array(items) => {
            let items = items.iter().enumerate();
            Some(
                items
                    .filter_map(|(index, item)| below(item, within(&index.to_string()), after, open))
                    .collect(),
            )
        }
        Value::Object(fields) => {
            let fields = fields
                .iter()
                .filter_map(|(key, field)| Some((key.clone(), below(field, within(key), after, open)?)));
            Some(Value::Object(fields.collect()))
        }
        plain => Some(plain.clone()),
    }
}

fn templates(text: &str) -> impl Iterator<Item = Template> {
    template::parse(text).into_iter().filter_map(|segment| match segment {
        Segment::Template(template) => Some(template),
        Segment::Text(_) | Segment::Malformed(_) => None,
    })
}

fn first_path(text: &str) -> Option<Box<str>> {
    templates(text).flat_map(|template| template.paths).next().map(|path| path.as_str().into())
}

/// Why a text is not resolved although its paths may have values, or defaults.
fn hindrance(text: &str, after: &After<'_>) -> Option<Why> {
    templates(text).flat_map(|template| template.paths).find_map(|path| {
        let step = path.step().map(StepId::new);
        if let Some(step) = step.filter(|step| !has_ended(step, after)) {
            return Some(Why::WaitsFor(step));
        }
        let value = after.get(&path.segments().collect::<Vec<_>>())?;
        (weight(value, LARGE) >= LARGE).then(|| Why::Large(path.as_str().into()))
    })
}

/// Whether a step's result is what it will be once the task is decided.
fn has_ended(step: &StepId, after: &After<'_>) -> bool {
    let exists = after.graph.step(step).is_some();
    let ended = after.history.step(step).is_some_and(|state| state.status.is_terminal());
    step == after.task || ended || !exists
}

/// How much there is of a value, counted no further than `most`.
fn weight(value: &Value, most: usize) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => sum(items.iter(), most),
        Value::Object(fields) => sum(fields.values(), most),
        _ => 8,
    }
}

fn sum<'v>(values: impl Iterator<Item = &'v Value>, most: usize) -> usize {
    let mut total: usize = 0;
    for value in values {
        if total >= most {
            break;
        }
        total += 8 + weight(value, most - total);
    }
    total
}
