//! Reading a workflow that the platform or its editor exported.
//!
//! An export is an envelope around a graph, or the graph itself: the graph stands at the top, or in
//! `graph`, `definition` or `graph_snapshot`, with `name`, `description`, `workflow_id`,
//! `example_trigger_payload` and `params` beside it. The runtime executes `steps` alone, so this is
//! what an import comes to: an editor's `nodes` become steps where there are none, its `edges` become
//! `depends_on` of steps that have none, layout is dropped. Step types that the platform removed are
//! refused by name.
//!
//! What belongs to the project that exported it stands as a placeholder, `REPLACE_…`, in any text;
//! a child workflow's id as `REPLACE_CHILD_…`. An import is whole only when all are mapped.

mod edges;
mod nodes;
mod placeholders;
#[cfg(test)]
mod tests;

use serde_json::{Value, json};

use crate::domain::Graph;
use crate::domain::validate::{Check, Code, Options, validate};
pub use placeholders::{CHILD, Mapping, Placeholder};

/// Fields in which an envelope holds its graph.
const GRAPHS: [&str; 3] = ["graph", "definition", "graph_snapshot"];

/// A workflow as it is to be created.
#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    /// Its name; empty where the file does not say.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The graph: `{steps, input_schema?}`.
    pub graph: Value,
    /// An input to start it with, for forms.
    pub example: Option<Value>,
    /// What was left out, one sentence each.
    pub notes: Vec<String>,
}

/// Why a file cannot be imported.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImportError {
    /// There is no graph in it.
    #[error("it holds neither `steps` nor `nodes`, at its top or in {}", GRAPHS.map(|name| format!("`{name}`")).join(", "))]
    NoGraph,
    /// A node of an editor is no step.
    #[error("node {index} has no {missing}")]
    Node {
        /// Its place in the list, from 0.
        index: usize,
        /// What it lacks.
        missing: &'static str,
    },
    /// A step cannot be executed, or the steps do not fit together; all that is wrong, in words.
    #[error("{0}")]
    Unfit(String),
    /// A value was given for a placeholder that the file does not have.
    #[error("the file has no placeholder `{name}`; it has {}", if .known.is_empty() { "none".to_owned() } else { .known.join(", ") })]
    NoPlaceholder {
        /// What was named.
        name: String,
        /// Those that it has.
        known: Vec<String>,
    },
}

impl Import {
    /// Reads an export.
    ///
    /// # Errors
    /// When there is no graph in it, or none that could be published.
    pub fn read(raw: &Value) -> Result<Self, ImportError> {
        let envelope = raw.get("workflow").filter(|inner| inner.is_object()).unwrap_or(raw);
        let has_graph = |value: &&Value| value.get("steps").is_some() || value.get("nodes").is_some();
        let places = GRAPHS.iter().filter_map(|name| envelope.get(*name)).chain([envelope, raw]);
        let source = places.into_iter().find(has_graph).ok_or(ImportError::NoGraph)?;
        let mut notes = Vec::new();
        let mut steps = match source.get("steps").and_then(Value::as_array) {
            Some(steps) => steps.clone(),
            None => nodes::steps(source, &mut notes)?,
        };
        edges::connect(&mut steps, source, &mut notes);
        let mut graph = json!({ "steps": steps });
        let schema = [source, envelope].into_iter().find_map(|place| place.get("input_schema"));
        if let Some(schema) = schema.filter(|schema| !schema.is_null()) {
            graph["input_schema"] = schema.clone();
        }
        check(&graph)?;
        let text = |field: &str| {
            let found = [envelope, raw, source].into_iter().find_map(|place| place.get(field)?.as_str());
            found.unwrap_or_default().to_owned()
        };
        let (name, description) = (text("name"), text("description"));
        Ok(Self { name, description, graph, example: example(envelope), notes })
    }
}

/// The input that an export suggests.
fn example(envelope: &Value) -> Option<Value> {
    let given = envelope.get("example_trigger_payload").filter(|given| !given.is_null());
    let of_params = || {
        let params = envelope.get("params")?;
        params
            .get("trigger_payload")
            .or(Some(params))
            .filter(|params| params.as_object().is_some_and(|p| !p.is_empty()))
    };
    given.or_else(of_params).cloned()
}

/// Refuses what could not be published, and steps that nothing executes any more.
fn check(graph: &Value) -> Result<(), ImportError> {
    let unfit = |problems: Vec<String>| {
        if problems.is_empty() { Ok(()) } else { Err(ImportError::Unfit(problems.join("; "))) }
    };
    let parsed = Graph::parse(graph).map_err(|problem| ImportError::Unfit(problem.to_string()))?;
    unfit(parsed.problems().iter().map(ToString::to_string).collect())?;
    let options = Options { checks: Some(vec![Check::GraphSchema]), ..Options::default() };
    let report = validate(graph, &options).map_err(|unusable| ImportError::Unfit(unusable.to_string()))?;
    let is_removed = |code: Code| matches!(code, Code::StepTypeLegacy | Code::StepTypeUnknown);
    let removed = report.issues.into_iter().filter(|issue| is_removed(issue.code));
    unfit(
        removed
            .map(|issue| {
                let step = issue.step_id.as_ref().map(|step| format!("step `{step}`: ")).unwrap_or_default();
                let advice = issue.suggestion.map(|advice| format!(" ({advice})")).unwrap_or_default();
                format!("{step}{}{advice}", issue.message)
            })
            .collect(),
    )
}

/// A step's id in raw JSON.
fn id(step: &Value) -> Option<&str> {
    step.get("id").and_then(Value::as_str)
}
