//! A loop's definition, read once per run.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::domain::{Graph, StepId, StepKind, StepSpec};

/// The most items of a `for_each`.
pub(in crate::machine) const MAX_ITEMS: usize = 500;

/// The inner step that carries out `while_eval_script`, after all others.
pub(in crate::machine) const EVAL: &str = "while_eval_script";

const DEFAULT_PARALLEL: u64 = 10;
const MAX_PARALLEL: u64 = 100;
const MAX_ITEM_SECONDS: f64 = 3_600.0;

/// The inner steps of a loop and its rules.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) struct Body {
    /// The inner steps in the order in which an iteration carries them out.
    pub(in crate::machine) steps: Vec<StepSpec>,
    /// What events call them.
    pub(in crate::machine) ids: Vec<StepId>,
    pub(in crate::machine) rule: Rule,
    /// How long one iteration may take.
    pub(in crate::machine) limit: Option<Duration>,
}

/// What an iteration stands for.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) enum Rule {
    ForEach { max_parallel: usize, policy: ErrorPolicy },
    While { until: Sense, max: usize, test: Test },
}

/// What happens when an item fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::machine) enum ErrorPolicy {
    FailFast,
    Continue,
    Pause,
    Review,
}

/// Which outcome of the test ends the loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::machine) enum Sense {
    /// `while`: a test that does not hold.
    Fails,
    /// `until`: a test that holds.
    Holds,
}

/// What is tested after an iteration.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::machine) enum Test {
    Condition(Value),
    Script,
}

impl Body {
    /// Reads the definition of a loop step; `None` of any other step.
    pub(in crate::machine) fn of(spec: &StepSpec) -> Option<Result<Self, String>> {
        let parsed = match spec.kind {
            StepKind::ForEach => Self::for_each(spec),
            StepKind::While => Self::repeated(spec),
            _ => return None,
        };
        Some(parsed.map_err(|problem| {
            format!("step `{}`: {problem}; correct the graph and publish it again", spec.id)
        }))
    }

    fn for_each(spec: &StepSpec) -> Result<Self, String> {
        let rule = Rule::ForEach { max_parallel: max_parallel(spec)?, policy: policy(spec)? };
        let limit = seconds(spec, "for_each_item_timeout_s")?;
        Ok(Self::new(spec, inner(spec, "for_each_body_steps")?, rule, limit))
    }

    fn repeated(spec: &StepSpec) -> Result<Self, String> {
        let until = match spec.text("while_mode") {
            Some("while") => Sense::Fails,
            Some("until") => Sense::Holds,
            _ => return Err("`while_mode` must be `while` or `until`".into()),
        };
        let max = whole(spec, "while_max_iterations").filter(|max| *max >= 1);
        let max = max.ok_or("`while_max_iterations` must be a whole number of at least 1")?;
        let mut steps = inner(spec, "while_body_steps")?;
        let test = test(spec, &mut steps)?;
        let rule = Rule::While { until, max: usize::try_from(max).unwrap_or(usize::MAX), test };
        Ok(Self::new(spec, steps, rule, seconds(spec, "while_iteration_timeout_s")?))
    }

    fn new(spec: &StepSpec, steps: Vec<StepSpec>, rule: Rule, limit: Option<Duration>) -> Self {
        let ids = steps.iter().map(|step| StepId::from(format!("{}#body#{}", spec.id, step.id))).collect();
        Self { steps, ids, rule, limit }
    }

    /// How many iterations may be under way at a time.
    pub(in crate::machine) fn at_a_time(&self) -> usize {
        match self.rule {
            Rule::ForEach { max_parallel, .. } => max_parallel,
            Rule::While { .. } => 1,
        }
    }

    /// Whether further items begin after one has failed.
    pub(in crate::machine) fn goes_on(&self) -> bool {
        self.policy() != ErrorPolicy::FailFast
    }

    pub(in crate::machine) fn policy(&self) -> ErrorPolicy {
        match self.rule {
            Rule::ForEach { policy, .. } => policy,
            Rule::While { .. } => ErrorPolicy::FailFast,
        }
    }
}

/// The inner steps in the order of their dependencies, then of the author.
fn inner(spec: &StepSpec, field: &str) -> Result<Vec<StepSpec>, String> {
    let steps = spec.fields.get(field).and_then(Value::as_array).filter(|steps| !steps.is_empty());
    let steps = steps.ok_or_else(|| format!("`{field}` must be a list of at least one step"))?;
    let graph =
        Graph::parse(&json!({ "steps": steps })).map_err(|problem| format!("`{field}`: {problem}"))?;
    if let Some(problem) = graph.problems().first() {
        return Err(format!("`{field}`: {problem}"));
    }
    if let Some(step) = graph.steps.iter().find(|step| !may_be_inner(&step.kind)) {
        return Err(format!("`{field}`: step `{}` is a {}, which no loop may hold", step.id, step.kind));
    }
    if let Some(step) = graph.steps.iter().find(|step| step.is_gated()) {
        let reason = "is gated by `no_auto_start`, which no step within a loop can be";
        return Err(format!("`{field}`: step `{}` {reason}", step.id));
    }
    Ok(graph.topological_order().iter().filter_map(|id| graph.step(id).cloned()).collect())
}

fn may_be_inner(kind: &StepKind) -> bool {
    !matches!(kind, StepKind::ForEach | StepKind::While | StepKind::HumanTask)
}

/// A script is tested rather than a condition; it becomes the last inner step.
fn test(spec: &StepSpec, steps: &mut Vec<StepSpec>) -> Result<Test, String> {
    if let Some(script) = spec.text(EVAL).filter(|script| !script.trim().is_empty()) {
        if steps.iter().any(|step| step.id.as_str() == EVAL) {
            return Err(format!("an inner step is named `{EVAL}`, which is the name of the loop's own test"));
        }
        let raw = json!({"steps": [{"id": EVAL, "type": "lua_script", "script": script}]});
        steps.extend(Graph::parse(&raw).map_err(|problem| problem.to_string())?.steps);
        return Ok(Test::Script);
    }
    let condition = spec.fields.get("while_condition").filter(|raw| !raw.is_null() && *raw != "");
    let condition = condition.ok_or_else(|| format!("needs `while_condition` or `{EVAL}`"))?;
    Ok(Test::Condition(condition.clone()))
}

fn max_parallel(spec: &StepSpec) -> Result<usize, String> {
    let field = "for_each_max_parallel";
    let given = if is_unset(&spec.fields, field) { Some(DEFAULT_PARALLEL) } else { whole(spec, field) };
    let given = given.filter(|count| (1..=MAX_PARALLEL).contains(count));
    given
        .and_then(|count| usize::try_from(count).ok())
        .ok_or_else(|| format!("`{field}` must be a whole number from 1 to {MAX_PARALLEL}"))
}

fn policy(spec: &StepSpec) -> Result<ErrorPolicy, String> {
    match spec.fields.get("for_each_error_policy") {
        None | Some(Value::Null) => Ok(ErrorPolicy::FailFast),
        Some(given) => match given.as_str() {
            Some("" | "fail_fast") => Ok(ErrorPolicy::FailFast),
            Some("continue_on_error") => Ok(ErrorPolicy::Continue),
            Some("pause") => Ok(ErrorPolicy::Pause),
            Some("human_review") => Ok(ErrorPolicy::Review),
            _ => Err(format!(
                "`for_each_error_policy` {given} is none of fail_fast, continue_on_error, pause, human_review"
            )),
        },
    }
}

fn seconds(spec: &StepSpec, field: &str) -> Result<Option<Duration>, String> {
    if is_unset(&spec.fields, field) {
        return Ok(None);
    }
    let given = spec.fields.get(field).and_then(Value::as_f64);
    let given = given.filter(|seconds| *seconds > 0.0 && *seconds <= MAX_ITEM_SECONDS);
    let given = given.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    given
        .map(Some)
        .ok_or_else(|| format!("`{field}` must be more than 0 and at most {MAX_ITEM_SECONDS} seconds"))
}

fn whole(spec: &StepSpec, field: &str) -> Option<u64> {
    spec.fields.get(field).and_then(Value::as_u64)
}

fn is_unset(fields: &Map<String, Value>, field: &str) -> bool {
    fields.get(field).is_none_or(Value::is_null)
}
