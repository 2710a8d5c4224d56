//! A graph as the checks see it: leniently read, with the place of everything.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

pub(super) use crate::domain::text::nearest;

use crate::domain::StepKind;

/// A step, of the graph or of a loop's body, that has at least an id.
pub(super) struct Node<'g> {
    /// Its id.
    pub(super) id: &'g str,
    /// Its type; an unknown empty one where it lacks one.
    pub(super) kind: StepKind,
    /// Its fields.
    pub(super) fields: &'g Map<String, Value>,
    /// Its place: `$.steps[2]`.
    pub(super) at: String,
    /// The steps of its body, if it is a loop.
    pub(super) body: Vec<Node<'g>>,
}

impl<'g> Node<'g> {
    fn read(raw: &'g Value, at: String, depth: u8) -> Option<Self> {
        let fields = raw.as_object()?;
        let id = fields.get("id").and_then(Value::as_str).filter(|id| !id.is_empty())?;
        let kind = StepKind::parse(fields.get("type").and_then(Value::as_str).unwrap_or_default());
        let body = match body_field(&kind) {
            // What lies deeper is refused as a whole.
            Some(field) if depth == 0 => read_list(fields.get(field), &format!("{at}.{field}"), 1),
            _ => Vec::new(),
        };
        Some(Self { id, kind, fields, at, body })
    }

    /// A text field that is not blank.
    pub(super) fn text(&self, field: &str) -> Option<&'g str> {
        self.fields.get(field).and_then(Value::as_str).filter(|text| !text.trim().is_empty())
    }

    /// Whether a field is there and not null.
    pub(super) fn has(&self, field: &str) -> bool {
        self.fields.get(field).is_some_and(|value| !value.is_null() && value.as_str() != Some(""))
    }

    /// The place of a field.
    pub(super) fn place(&self, field: &str) -> String {
        format!("{}.{field}", self.at)
    }

    /// What it waits for, with the place of each name.
    pub(super) fn depends_on(&self) -> impl Iterator<Item = (&'g str, String)> {
        let list = self.fields.get("depends_on").and_then(Value::as_array);
        let named = list.into_iter().flatten().enumerate();
        named.filter_map(|(index, name)| Some((name.as_str()?, format!("{}.depends_on[{index}]", self.at))))
    }

    /// Whether it is switched on.
    pub(super) fn is_enabled(&self) -> bool {
        self.fields.get("enabled").and_then(Value::as_bool).unwrap_or(true)
    }
}

/// The field that holds a loop's body.
pub(super) fn body_field(kind: &StepKind) -> Option<&'static str> {
    match kind {
        StepKind::ForEach => Some("for_each_body_steps"),
        StepKind::While => Some("while_body_steps"),
        _ => None,
    }
}

fn read_list<'g>(list: Option<&'g Value>, at: &str, depth: u8) -> Vec<Node<'g>> {
    let steps = list.and_then(Value::as_array).into_iter().flatten().enumerate();
    steps.filter_map(|(index, raw)| Node::read(raw, format!("{at}[{index}]"), depth)).collect()
}

/// The graph.
pub(super) struct Subject<'g> {
    /// The graph as written.
    pub(super) raw: &'g Value,
    /// Its steps; those without an id are left out, and told by the check `graph`.
    pub(super) nodes: Vec<Node<'g>>,
    index: HashMap<&'g str, usize>,
}

impl<'g> Subject<'g> {
    /// Reads a graph.
    pub(super) fn new(raw: &'g Value) -> Self {
        let nodes = read_list(raw.get("steps"), "$.steps", 0);
        let mut index = HashMap::new();
        for (place, node) in nodes.iter().enumerate() {
            index.entry(node.id).or_insert(place);
        }
        Self { raw, nodes, index }
    }

    /// The step of that id; of twins, the first.
    pub(super) fn node(&self, id: &str) -> Option<&Node<'g>> {
        self.index.get(id).map(|place| &self.nodes[*place])
    }

    /// All steps, each followed by those of its body.
    pub(super) fn all(&self) -> impl Iterator<Item = &Node<'g>> {
        self.nodes.iter().flat_map(|node| std::iter::once(node).chain(&node.body))
    }

    /// The ids of the steps.
    pub(super) fn ids(&self) -> impl Iterator<Item = &'g str> {
        self.nodes.iter().map(|node| node.id)
    }

    /// Whether `before` has always ended when `step` starts.
    pub(super) fn is_upstream(&self, before: &str, step: &Node<'_>) -> bool {
        let mut seen = HashSet::new();
        let mut open: Vec<&str> = step.depends_on().map(|(name, _)| name).collect();
        while let Some(id) = open.pop() {
            if id == before {
                return true;
            }
            if let Some(node) = self.node(id).filter(|_| seen.insert(id)) {
                open.extend(node.depends_on().map(|(name, _)| name));
            }
        }
        false
    }

    /// The graph's `input_schema`, if it has one.
    pub(super) fn input_schema(&self) -> Option<&'g Value> {
        self.raw.get("input_schema").filter(|schema| !schema.is_null())
    }
}
