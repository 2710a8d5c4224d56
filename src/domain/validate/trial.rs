//! Scripts to try out on data that stands in for a run's. They are run by the host, in its sandbox;
//! here is only what to run, and later what came of it.

use serde_json::{Map, Value, json};

use super::run::Options;
use super::subject::{Node, Subject, nearest};
use super::{Code, Issue};
use crate::domain::schema::brief;

/// The most scripts that are tried out for one validation.
const MAX_TRIALS: usize = 200;

/// A script, and the globals to run it with.
#[derive(Clone, Debug, PartialEq)]
pub struct Trial {
    /// The step that holds it.
    pub step: String,
    /// Its place in the graph.
    pub place: String,
    /// The script.
    pub script: String,
    /// Its globals.
    pub globals: Value,
    /// The mapper fixture it is run for, counted from 0.
    pub mapper: Option<usize>,
    /// Whether the globals were given for this very step: then a failure means something.
    pub is_fixed: bool,
}

/// What came of a trial.
#[derive(Clone, Debug, PartialEq)]
pub enum TrialEnd {
    /// The script returned a table.
    Returned(Value),
    /// It returned something else; in words.
    NoTable(String),
    /// It failed; in words.
    Failed(String),
}

/// What to try out of a graph: every script once, and once more for each mapper fixture.
pub fn trials(graph: &Value, options: &Options<'_>) -> Vec<Trial> {
    let subject = Subject::new(graph);
    let own = subject.all().flat_map(|node| scripts(node).map(move |found| (node, found)));
    let own = own.map(|(node, (place, script))| {
        let scope = options.mock_lua_scopes.get(node.id);
        let globals = globals(options, scope);
        let (step, script) = (node.id.to_owned(), script.to_owned());
        Trial { step, place, script, globals, mapper: None, is_fixed: scope.is_some() }
    });
    let mappers = options.mapper_fixtures.iter().enumerate().filter_map(|(index, fixture)| {
        let node = subject.all().find(|node| Some(node.id) == fixture["step_id"].as_str())?;
        let (step, script) = (node.id.to_owned(), node.text("script")?.to_owned());
        let (place, globals) = (node.place("script"), globals(options, fixture.get("scope")));
        Some(Trial { step, place, script, globals, mapper: Some(index), is_fixed: true })
    });
    own.chain(mappers).take(MAX_TRIALS).collect()
}

fn scripts<'g>(node: &Node<'g>) -> impl Iterator<Item = (String, &'g str)> {
    let found = ["script", "while_eval_script"].map(|field| Some((node.place(field), node.text(field)?)));
    found.into_iter().flatten()
}

/// The globals of a script: the payload, the mocked results, and over them the scope that was given.
fn globals(options: &Options<'_>, scope: Option<&Value>) -> Value {
    let mocks = options.mock_step_outputs.iter();
    let steps: Map<_, _> = mocks.map(|(id, result)| (id.clone(), json!({ "result": result }))).collect();
    let mut globals = json!({
        "input": options.trigger_payload.clone().unwrap_or_else(|| json!({})),
        "steps": steps,
        "run": {},
        "connection": {},
        "body": {},
        "loop": {"iteration": 0, "prev": {}},
        "index": 0,
    });
    for (name, value) in scope.and_then(Value::as_object).into_iter().flatten() {
        globals[name] = value.clone();
    }
    if globals.get("foreach").is_none() && globals.get("item").is_some() {
        globals["foreach"] = json!({"item": globals["item"], "index": globals["index"]});
    }
    globals
}

/// The check `lua_fixture`: scripts return tables.
pub(super) fn lua_fixture(options: &Options<'_>) -> Result<Vec<Issue>, &'static str> {
    let tried = options.tried.ok_or("there is no sandbox here to try scripts out in")?;
    let own: Vec<_> = tried.iter().filter(|(trial, _)| trial.mapper.is_none()).collect();
    if own.is_empty() {
        return Err("the graph has no Lua scripts");
    }
    let issues = own.into_iter().filter_map(|(trial, end)| {
        let (code, words) = match end {
            TrialEnd::NoTable(words) => (Code::LuaFixtureReturnType, words),
            TrialEnd::Failed(words) if trial.is_fixed => (Code::LuaFixtureRuntime, words),
            TrialEnd::Failed(_) | TrialEnd::Returned(_) => return None,
        };
        let text = format!("the script of `{}` was tried out: {words}", trial.step);
        Some(Issue::new(code, &trial.place, text).of(&trial.step))
    });
    Ok(issues.collect())
}

/// The check `mapper_fixtures`: scripts return the rows that their fixtures expect.
pub(super) fn mapper_fixtures(
    options: &Options<'_>,
    subject: &Subject<'_>,
) -> Result<Vec<Issue>, &'static str> {
    if options.mapper_fixtures.is_empty() {
        return Err("no `mapper_fixtures` were given");
    }
    let tried = options.tried.ok_or("there is no sandbox here to try scripts out in")?;
    let fixtures = options.mapper_fixtures.iter().enumerate();
    let issues = fixtures.filter_map(|(index, fixture)| {
        let found = tried.iter().find(|(trial, _)| trial.mapper == Some(index));
        let Some((trial, end)) = found else { return Some(no_mapper(index, fixture, subject)) };
        let words = match end {
            TrialEnd::NoTable(words) | TrialEnd::Failed(words) => words.clone(),
            TrialEnd::Returned(result) => unmatched(fixture, result)?,
        };
        let text = format!("the mapper fixture {index} of `{}` failed: {words}", trial.step);
        Some(Issue::new(Code::MapperFixtureFailed, &trial.place, text).of(&trial.step))
    });
    Ok(issues.collect())
}

fn no_mapper(index: usize, fixture: &Value, subject: &Subject<'_>) -> Issue {
    let step = fixture["step_id"].as_str().unwrap_or_default();
    let text = format!("the mapper fixture {index} is of `{step}`, which is no step with a `script`");
    let scripted = subject.all().filter(|node| node.has("script")).map(|node| node.id);
    let near = nearest(step, scripted).map(str::to_owned);
    Issue::new(Code::MapperFixtureFailed, format!("$.mapper_fixtures[{index}].step_id"), text).advise(near)
}

/// Why a result does not hold the rows that a fixture expects.
fn unmatched(fixture: &Value, result: &Value) -> Option<String> {
    let several = fixture.get("expect_rows").and_then(Value::as_array).into_iter().flatten();
    let mut wanted = several.chain(fixture.get("expect_row")).peekable();
    if wanted.peek().is_none() {
        return Some("it expects nothing; give it an `expect_row` or `expect_rows`".to_owned());
    }
    let rows = rows(result);
    wanted.find_map(|row| {
        let differing = rows.iter().map(|found| differences(row, found));
        // A row that has the field with another value is more likely meant than one without it.
        let unset = |wrong: &Vec<Difference>| wrong.iter().filter(|each| each.is_unset).count();
        let nearest = differing.min_by_key(|wrong| (wrong.len(), unset(wrong)))?;
        nearest.into_iter().next().map(|each| each.words)
    })
}

/// What may be a row of a result: the result, its objects, and the objects in its lists.
fn rows(result: &Value) -> Vec<&Value> {
    let fields = result.as_object().into_iter().flat_map(Map::values);
    let within = fields.flat_map(|field| match field {
        Value::Object(_) => vec![field],
        Value::Array(items) => items.iter().collect(),
        _ => Vec::new(),
    });
    std::iter::once(result).chain(within).collect()
}

/// Where a row is not as it is expected.
struct Difference {
    /// Whether it lacks the field.
    is_unset: bool,
    words: String,
}

fn differences(wanted: &Value, found: &Value) -> Vec<Difference> {
    let fields = wanted.as_object().into_iter().flatten();
    let wrong = fields.filter(|(name, value)| found.get(*name) != Some(*value));
    let told = wrong.map(|(name, value)| match found.get(name) {
        Some(other) => {
            let words = format!("`{name}` is {}, and {} is expected", brief(other), brief(value));
            Difference { is_unset: false, words }
        }
        None => {
            let words = format!("`{name}` is not set, and {} is expected", brief(value));
            Difference { is_unset: true, words }
        }
    });
    told.collect()
}
