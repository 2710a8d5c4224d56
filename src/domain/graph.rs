//! A workflow's graph: steps and what they wait for.
//!
//! The runtime reads `steps` (and `input_schema`) alone; editors' `nodes`, `edges` and layout
//! are ignored. Reading is lenient, because a graph must be shown even where it would not run:
//! cycles and dangling dependencies are reported by [`Graph::problems`], never panicked on.

use std::collections::{HashMap, HashSet, VecDeque};
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{StepId, StepKind};

/// A step as the graph defines it.
#[derive(Clone, Debug, PartialEq)]
pub struct StepSpec {
    /// The step.
    pub id: StepId,
    /// Its type.
    pub kind: StepKind,
    /// Its display name; never resolves in templates.
    pub name: Option<Box<str>>,
    /// The steps that must end before it starts.
    pub depends_on: Vec<StepId>,
    /// `false`: it is skipped and its dependants go on.
    pub enabled: bool,
    /// How many more attempts follow a failed one.
    pub retry_count: u32,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// All of its fields, as the author wrote them.
    pub fields: Map<String, Value>,
}

impl StepSpec {
    /// A text field of the step.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field).and_then(Value::as_str)
    }

    /// Whether it waits for an entry grant or a handoff (`no_auto_start`). A value that is no plain
    /// `true` gates as well: to run a step that its author meant to hold back is worse than to wait.
    pub fn is_gated(&self) -> bool {
        self.is_marked("no_auto_start")
    }

    /// Whether its completion closes the episode (`terminal`).
    pub fn is_terminal(&self) -> bool {
        self.is_marked("terminal")
    }

    fn is_marked(&self, field: &str) -> bool {
        let unset = [Value::Null, Value::Bool(false), Value::from("")];
        self.fields.get(field).is_some_and(|value| !unset.contains(value))
    }

    /// Whether `from` may hand off to it: its `input_allowlist` names `from`, or it has none. A
    /// person gives a human task its input, so there `"human"` admits every step.
    pub fn admits(&self, from: &StepId) -> bool {
        let Some(list) = self.fields.get("input_allowlist").filter(|list| !list.is_null()) else {
            return true;
        };
        let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
        let is_human = self.kind == StepKind::HumanTask;
        names.into_iter().any(|name| name == from.as_str() || (is_human && name == "human"))
    }
}

/// A workflow's graph.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Graph {
    /// The steps, in the author's order.
    pub steps: Vec<StepSpec>,
    /// The JSON Schema of the run's input, if there is one.
    pub input_schema: Option<Value>,
}

/// Why a graph cannot be read, or would not run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GraphProblem {
    /// There is no list of steps.
    #[error("the graph has no `steps` list")]
    NoSteps,
    /// A step is not an object.
    #[error("step {index} is not an object")]
    NotAnObject {
        /// Its place in the list, from 0.
        index: usize,
    },
    /// A step lacks a text field that every step needs.
    #[error("step {index} has no text field `{field}`")]
    MissingField {
        /// Its place in the list, from 0.
        index: usize,
        /// The field.
        field: &'static str,
    },
    /// Two steps share an id.
    #[error("the step id `{0}` is used twice")]
    DuplicateId(StepId),
    /// A step waits for one that does not exist.
    #[error("step `{step}` depends on `{missing}`, which does not exist")]
    UnknownDependency {
        /// The step.
        step: StepId,
        /// What it names.
        missing: StepId,
    },
    /// Steps wait for each other.
    #[error("steps wait for each other: {}", .0.iter().map(StepId::as_str).collect::<Vec<_>>().join(" → "))]
    Cycle(Vec<StepId>),
}

impl Graph {
    /// Reads a graph from `{"steps": [...]}`.
    ///
    /// # Errors
    /// When there is no list of steps, or one of them is no object or has no `id` or `type`.
    pub fn parse(raw: &Value) -> Result<Self, GraphProblem> {
        let steps = raw.get("steps").and_then(Value::as_array).ok_or(GraphProblem::NoSteps)?;
        let steps = steps
            .iter()
            .enumerate()
            .map(|(index, step)| parse_step(index, step))
            .collect::<Result<_, _>>()?;
        Ok(Self { steps, input_schema: raw.get("input_schema").cloned() })
    }

    /// The graph as its author wrote it, as far as the runtime reads it.
    pub fn to_value(&self) -> Value {
        let steps: Vec<&Map<String, Value>> = self.steps.iter().map(|step| &step.fields).collect();
        match &self.input_schema {
            Some(schema) => json!({"steps": steps, "input_schema": schema}),
            None => json!({ "steps": steps }),
        }
    }

    /// The step of that id.
    pub fn step(&self, id: &StepId) -> Option<&StepSpec> {
        self.steps.iter().find(|step| step.id == *id)
    }

    /// What would keep the graph from running: duplicate ids, dangling dependencies, a cycle.
    pub fn problems(&self) -> Vec<GraphProblem> {
        let mut seen = HashSet::new();
        let mut problems: Vec<_> = self
            .steps
            .iter()
            .filter(|step| !seen.insert(&step.id))
            .map(|s| GraphProblem::DuplicateId(s.id.clone()))
            .collect();
        for step in &self.steps {
            let dangling = step.depends_on.iter().filter(|dep| !seen.contains(dep));
            problems.extend(
                dangling.map(|dep| GraphProblem::UnknownDependency {
                    step: step.id.clone(),
                    missing: dep.clone(),
                }),
            );
        }
        problems.extend(self.cycle().map(GraphProblem::Cycle));
        problems
    }

    /// The steps in an order in which each follows what it depends on; steps on a cycle are left out.
    pub fn topological_order(&self) -> Vec<StepId> {
        let mut waits: HashMap<&StepId, usize> = HashMap::new();
        for step in &self.steps {
            let known = step.depends_on.iter().filter(|dep| self.step(dep).is_some()).count();
            *waits.entry(&step.id).or_default() += known;
        }
        let dependants = self.dependants();
        let mut ready: VecDeque<&StepId> =
            self.steps.iter().map(|s| &s.id).filter(|id| waits[id] == 0).collect();
        let mut order = Vec::with_capacity(self.steps.len());
        let mut done = HashSet::new();
        while let Some(id) = ready.pop_front() {
            if !done.insert(id) {
                continue;
            }
            order.push(id.clone());
            for next in dependants.get(id).into_iter().flatten() {
                let Some(count) = waits.get_mut(*next) else { continue };
                *count = count.saturating_sub(1);
                if *count == 0 {
                    ready.push_back(next);
                }
            }
        }
        order
    }

    /// For each step, the steps that name it in `depends_on`.
    pub fn dependants(&self) -> HashMap<&StepId, Vec<&StepId>> {
        let mut map: HashMap<&StepId, Vec<&StepId>> = HashMap::new();
        for step in &self.steps {
            for dep in &step.depends_on {
                map.entry(dep).or_default().push(&step.id);
            }
        }
        map
    }

    /// Every step that runs only after `from`, directly or through others.
    pub fn downstream(&self, from: &StepId) -> Vec<StepId> {
        let dependants = self.dependants();
        let mut seen = HashSet::from([from]);
        let mut queue = VecDeque::from([from]);
        while let Some(id) = queue.pop_front() {
            let next = dependants.get(id).into_iter().flatten().copied();
            queue.extend(next.filter(|id| seen.insert(id)).collect::<Vec<_>>());
        }
        self.steps.iter().map(|s| &s.id).filter(|id| *id != from && seen.contains(id)).cloned().collect()
    }

    /// One cycle, first step repeated at the end, if there is any.
    fn cycle(&self) -> Option<Vec<StepId>> {
        let ordered: HashSet<StepId> = self.topological_order().into_iter().collect();
        let mut path = vec![self.steps.iter().find(|step| !ordered.contains(&step.id))?.id.clone()];
        // A step without order has a dependency without order, so this walk ends in a cycle.
        loop {
            let step = self.step(path.last()?)?;
            let next =
                step.depends_on.iter().find(|dep| self.step(dep).is_some() && !ordered.contains(*dep))?;
            if let Some(start) = path.iter().position(|id| id == next) {
                path.push(next.clone());
                let mut cycle = path.split_off(start);
                cycle.reverse();
                return Some(cycle);
            }
            path.push(next.clone());
        }
    }
}

fn parse_step(index: usize, raw: &Value) -> Result<StepSpec, GraphProblem> {
    let fields = raw.as_object().ok_or(GraphProblem::NotAnObject { index })?;
    let text = |field| fields.get(field).and_then(Value::as_str);
    let need = |field| text(field).ok_or(GraphProblem::MissingField { index, field });
    let depends_on = fields.get("depends_on").and_then(Value::as_array);
    Ok(StepSpec {
        id: StepId::new(need("id")?),
        kind: StepKind::parse(need("type")?),
        name: text("name").map(Into::into),
        depends_on: depends_on.into_iter().flatten().filter_map(Value::as_str).map(StepId::new).collect(),
        enabled: fields.get("enabled").and_then(Value::as_bool).unwrap_or(true),
        retry_count: number(fields.get("retry_count")).map_or(0, |count| count.clamp(0.0, 1_000.0) as u32),
        timeout: number(fields.get("timeout_s"))
            .filter(|s| *s > 0.0)
            .and_then(|s| Duration::try_from_secs_f64(s).ok()),
        fields: fields.clone(),
    })
}

fn number(value: Option<&Value>) -> Option<f64> {
    value.and_then(Value::as_f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn graph(edges: &[(&str, &[&str])]) -> Graph {
        let steps: Vec<_> = edges
            .iter()
            .map(|(id, deps)| json!({"id": id, "type": "lua_script", "depends_on": deps}))
            .collect();
        Graph::parse(&json!({ "steps": steps })).unwrap()
    }

    #[test]
    fn order_follows_dependencies() {
        let graph = graph(&[("d", &["b", "c"]), ("b", &["a"]), ("c", &["a"]), ("a", &[])]);
        let order = graph.topological_order();
        assert_eq!(order.iter().map(StepId::as_str).collect::<Vec<_>>(), ["a", "b", "c", "d"]);
        assert_eq!(graph.problems(), []);
        assert_eq!(graph.downstream(&"b".into()), ["d".into()]);
    }

    #[test]
    fn cycles_dangling_and_duplicate_ids_are_named() {
        let graph = graph(&[("a", &["c"]), ("b", &["a"]), ("c", &["b", "ghost"]), ("a", &[])]);
        let texts: Vec<_> = graph.problems().iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "the step id `a` is used twice",
                "step `c` depends on `ghost`, which does not exist",
                "steps wait for each other: a → b → c → a",
            ]
        );
    }

    #[test]
    fn a_step_without_type_is_refused_with_its_place() {
        let raw = json!({"steps": [{"id": "a", "type": "lua_script"}, {"id": "b"}]});
        assert_eq!(Graph::parse(&raw), Err(GraphProblem::MissingField { index: 1, field: "type" }));
        assert_eq!(Graph::parse(&json!([])), Err(GraphProblem::NoSteps));
    }
}
