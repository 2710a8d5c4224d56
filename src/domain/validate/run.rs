//! The table of checks, and running it.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::shape::Shape;
use super::subject::{Subject, nearest};
use super::{
    Callees, Check, CheckResult, Directory, Issue, LuaCompiler, Report, Severity, Trial, TrialEnd, agents,
    dependencies, disabled_steps, episode, graph, graph_schema, input_schema, lua_syntax, mcp_bindings,
    mcp_resolve, step_config, templates, tenantdata, trial, workflow_calls,
};
use crate::domain::StepId;

/// What a caller wants checked, and with what.
#[derive(Clone, Default)]
pub struct Options<'o> {
    /// A payload to hold against the input's schema and the paths below `input`.
    pub trigger_payload: Option<Value>,
    /// Results to hold paths below `steps.<id>.result` against, by step.
    pub mock_step_outputs: Map<String, Value>,
    /// The checks to perform, in place of the default ones.
    pub checks: Option<Vec<Check>>,
    /// Checks to leave out.
    pub skip_checks: Vec<Check>,
    /// Tell only of these steps, and of the graph as a whole.
    pub step_ids: Option<Vec<StepId>>,
    /// Scopes to try scripts out on, by step: `{input, steps, item, body, …}`.
    pub mock_lua_scopes: Map<String, Value>,
    /// Rows that scripts must return: `{step_id, scope, expect_row | expect_rows}`.
    pub mapper_fixtures: Vec<Value>,
    /// The logical schema of the tenant's data: `{tables: [{name, upsert_columns, …}]}`.
    pub tenantdata_schema: Option<Value>,
    /// Whether a step without a mocked result is taken to have whatever is read of it.
    pub assume_placeholder_outputs: bool,
    /// What the host's registry knows, where there is one.
    pub directory: Option<&'o Directory>,
    /// What came of the [`trials`](super::trials()), where the host has a sandbox.
    pub tried: Option<&'o [(Trial, TrialEnd)]>,
    /// The workflows that steps may call, where they are known.
    pub callees: Option<Callees>,
    /// The agents that the runtime has, where there is a runtime.
    pub agents: Option<HashSet<String>>,
    /// The Lua compiler, where there is one.
    pub lua: Option<&'o LuaCompiler>,
}

/// Why nothing could be checked at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// The graph is no object.
    #[error("the graph must be a JSON object with a list of `steps`")]
    NotAGraph,
    /// Every check was left out.
    #[error("no check is left to perform; name at least one that is not skipped")]
    NoChecks,
    /// A step was named that the graph does not have.
    #[error("`step_ids` names `{step}`, which is not in the graph{}", .nearest.as_ref().map(|near| format!("; the nearest is `{near}`")).unwrap_or_default())]
    UnknownStep {
        /// What was named.
        step: StepId,
        /// The step most like it.
        nearest: Option<String>,
    },
}

/// What a check looks at.
pub(super) struct Context<'c> {
    /// The graph.
    pub(super) subject: Subject<'c>,
    /// What the caller gave.
    pub(super) options: &'c Options<'c>,
    /// What can stand below `input`: what the payload holds, else what the schema declares.
    pub(super) input: Shape,
}

/// A check as a function: what it found, or why there was nothing to look at.
type Run = fn(&Context<'_>) -> Result<Vec<Issue>, &'static str>;

/// What performs a check.
fn runner(check: Check) -> Run {
    match check {
        Check::Graph => |context| Ok([graph::check(context), episode::check(context)].concat()),
        Check::GraphSchema => |context| Ok(graph_schema::check(context)),
        Check::Dependencies => |context| Ok(dependencies::check(context)),
        Check::StepConfig => |context| {
            Ok([step_config::check(context), workflow_calls::check(context), agents::check(context)].concat())
        },
        Check::Templates => |context| Ok(templates::check(context)),
        Check::LuaSyntax => lua_syntax::check,
        Check::McpBindings => mcp_bindings::check,
        Check::DisabledSteps => disabled_steps::check,
        Check::InputSchema => input_schema::check,
        Check::LuaFixture => |context| trial::lua_fixture(context.options),
        Check::TenantdataUpsert => tenantdata::check,
        Check::McpResolve => mcp_resolve::check,
        Check::MapperFixtures => |context| trial::mapper_fixtures(context.options, &context.subject),
    }
}

/// Performs the checks on a graph as its author wrote it.
///
/// # Errors
/// When the graph is no object, no check is left, or a step is named that does not exist.
pub fn validate(graph: &Value, options: &Options<'_>) -> Result<Report, Unusable> {
    if !graph.is_object() {
        return Err(Unusable::NotAGraph);
    }
    let wanted = wanted(options);
    if wanted.is_empty() {
        return Err(Unusable::NoChecks);
    }
    let subject = Subject::new(graph);
    let payload = options.trigger_payload.as_ref().map(Shape::of_value);
    let input = payload.or_else(|| subject.input_schema().map(Shape::of_schema)).unwrap_or(Shape::Any);
    let context = Context { subject, options, input };
    check_names(&context)?;
    let mut report = Report { checks: Vec::new(), issues: Vec::new(), topological_order: Vec::new() };
    for check in wanted {
        let (result, issues) = perform(check, &context);
        report.checks.push((check, result));
        report.issues.extend(issues.into_iter().filter(|issue| is_asked_for(issue, options)));
    }
    report.topological_order = topological_order(&context.subject);
    Ok(report)
}

fn wanted(options: &Options<'_>) -> Vec<Check> {
    let by_itself = |check: &Check| match check {
        Check::McpResolve => options.directory.is_some(),
        Check::MapperFixtures => !options.mapper_fixtures.is_empty(),
        other => other.is_default(),
    };
    let asked =
        |check: &Check| options.checks.as_ref().map_or_else(|| by_itself(check), |list| list.contains(check));
    Check::ALL.into_iter().filter(asked).filter(|check| !options.skip_checks.contains(check)).collect()
}

fn perform(check: Check, context: &Context<'_>) -> (CheckResult, Vec<Issue>) {
    let has_steps = context.subject.raw.get("steps").is_some_and(Value::is_array);
    if !has_steps && check != Check::Graph {
        // A graph without steps fails, whichever checks were asked for.
        let is_told = context.options.checks.as_ref().is_none_or(|list| list.contains(&Check::Graph))
            && !context.options.skip_checks.contains(&Check::Graph);
        let issues = if is_told { Vec::new() } else { graph::check(context) };
        return (CheckResult::Blocked, issues);
    }
    match runner(check)(context) {
        Err(reason) => (CheckResult::NotApplicable(reason), Vec::new()),
        Ok(issues) => {
            let mut asked = issues.iter().filter(|issue| is_asked_for(issue, context.options));
            let failed = asked.any(|issue| issue.severity() == Severity::Error);
            (if failed { CheckResult::Failed } else { CheckResult::Passed }, issues)
        }
    }
}

fn is_asked_for(issue: &Issue, options: &Options<'_>) -> bool {
    match (&options.step_ids, &issue.step_id) {
        (Some(wanted), Some(step)) => {
            let outer = step.parent();
            wanted.iter().any(|id| id == step || Some(id) == outer.as_ref())
        }
        (None, _) | (_, None) => true,
    }
}

fn check_names(context: &Context<'_>) -> Result<(), Unusable> {
    let known: HashSet<&str> = context.subject.all().map(|node| node.id).collect();
    let unknown = context.options.step_ids.iter().flatten().find(|id| !known.contains(id.as_str()));
    unknown.map_or(Ok(()), |step| {
        let nearest = nearest(step.as_str(), known.iter().copied()).map(str::to_owned);
        Err(Unusable::UnknownStep { step: step.clone(), nearest })
    })
}

/// The steps in an order in which each follows what it depends on.
pub(super) fn topological_order(subject: &Subject<'_>) -> Vec<StepId> {
    let mut waits: HashMap<&str, usize> = HashMap::new();
    let mut dependants: HashMap<&str, Vec<&str>> = HashMap::new();
    let mut seen = HashSet::new();
    let nodes: Vec<_> = subject.nodes.iter().filter(|node| seen.insert(node.id)).collect();
    for node in &nodes {
        let known = node.depends_on().filter(|(name, _)| subject.node(name).is_some());
        let before: HashSet<&str> = known.map(|(name, _)| name).collect();
        waits.insert(node.id, before.len());
        for name in before {
            dependants.entry(name).or_default().push(node.id);
        }
    }
    let mut order: Vec<&str> = nodes.iter().map(|node| node.id).filter(|id| waits[id] == 0).collect();
    let mut next = 0;
    while next < order.len() {
        for after in dependants.get(order[next]).into_iter().flatten() {
            if let Some(count) = waits.get_mut(after) {
                *count -= 1;
                if *count == 0 {
                    order.push(after);
                }
            }
        }
        next += 1;
    }
    order.into_iter().map(StepId::new).collect()
}
