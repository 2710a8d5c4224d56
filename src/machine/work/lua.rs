//! `lua_script`: a sandboxed script.

use std::collections::{BTreeSet, HashSet};

use serde_json::{Map, Value, json};

use super::prepare::{Prepared, broken};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::{StepError, Work};
use crate::machine::loops::View;
use crate::machine::state::Machine;

/// The code of a script that cannot run or failed. It is the local runtime's own: the platform
/// publishes none.
pub const LUA_SCRIPT_FAILED: &str = "LUA_SCRIPT_FAILED";

/// The longest script, in bytes.
const MAX_SCRIPT: usize = 64 * 1024;

/// Fails with [`LUA_SCRIPT_FAILED`], as a script that ran does.
///
/// The globals are `input`, `steps` (`{id: {result, input?}}` of steps that completed), `run` and
/// `connection`; within a loop also `item`, `index`, `foreach`, `body`, `loop`. Of `steps`, a script that only ever names steps (`steps.a`, `steps["a-b"]`) gets
/// those it names, so that a graph of thousands of scripts does not copy every result into each.
pub(super) fn prepare(spec: &StepSpec, view: &View<'_>) -> Result<Prepared, StepError> {
    let run = view.machine;
    let code = FailureCode::parse(LUA_SCRIPT_FAILED);
    let script = spec.text("script").filter(|script| !script.trim().is_empty());
    let script = script.ok_or_else(|| {
        broken(&code, format!("step `{}` has no `script`; add it to the graph and publish it", spec.id))
    })?;
    if script.len() > MAX_SCRIPT {
        let size = script.len();
        return Err(broken(
            &code,
            format!("step `{}`: the script has {size} bytes, the limit is {MAX_SCRIPT}", spec.id),
        ));
    }
    let mut globals = json!({"run": run.run.shown, "connection": run.run.connection});
    globals["input"] = run.run.input.clone();
    globals["steps"] = Value::Object(steps(run, &mentions(script)));
    if let Value::Object(globals) = &mut globals {
        globals.extend(view.loop_globals());
    }
    Ok(Prepared::Call { work: Work::Lua { script: script.into(), globals }, input: None })
}

/// Which steps a script can read.
#[derive(Debug, PartialEq)]
enum Mentions<'s> {
    /// Any: it uses `steps` in a way that does not tell.
    All,
    /// Those of these names; a name may be an id or its alias with underscores.
    Only(HashSet<&'s str>),
}

fn steps(run: &Machine, mentions: &Mentions<'_>) -> Map<String, Value> {
    let wanted: BTreeSet<usize> = match mentions {
        Mentions::All => (0..run.plan.len()).collect(),
        Mentions::Only(names) => names.iter().flat_map(|name| named(run, name)).collect(),
    };
    wanted
        .into_iter()
        .filter_map(|step| Some((run.plan.spec(step).id.to_string(), shown(run, step)?)))
        .collect()
}

/// The step of that id, else those whose alias it is.
fn named(run: &Machine, name: &str) -> Vec<usize> {
    let by_id = run.plan.find(name);
    let alias = |step: &usize| run.plan.spec(*step).id.as_str().replace('-', "_") == name;
    by_id.map_or_else(|| (0..run.plan.len()).filter(alias).collect(), |step| vec![step])
}

fn shown(run: &Machine, step: usize) -> Option<Value> {
    let state = &run.steps[step];
    let mut fields = Map::from_iter([("result".to_owned(), state.result.clone()?)]);
    fields.extend(state.input.clone().map(|input| ("input".to_owned(), input)));
    Some(Value::Object(fields))
}

fn mentions(script: &str) -> Mentions<'_> {
    let mut names = HashSet::new();
    for (at, word) in script.match_indices("steps") {
        let is_part = |ch: char| ch.is_alphanumeric() || ch == '_';
        let after = &script[at + word.len()..];
        if script[..at].ends_with(is_part) || after.starts_with(is_part) {
            continue;
        }
        match name_after(after.trim_start()) {
            Some(name) => names.insert(name),
            None => return Mentions::All,
        };
    }
    // A script that reaches its globals by computed names may read anything.
    if script.contains("_G") || script.contains("_ENV") { Mentions::All } else { Mentions::Only(names) }
}

/// The step that `.name` or `["name"]` picks.
fn name_after(text: &str) -> Option<&str> {
    if let Some(field) = text.strip_prefix('.').filter(|rest| !rest.starts_with('.')) {
        let field = field.trim_start();
        let end = field.find(|ch: char| !ch.is_alphanumeric() && ch != '_').unwrap_or(field.len());
        return Some(&field[..end]).filter(|name| !name.is_empty());
    }
    let inside = text.strip_prefix('[')?.trim_start();
    let quote = inside.chars().next().filter(|ch| matches!(ch, '"' | '\''))?;
    let (name, rest) = inside[1..].split_once(quote)?;
    (!name.contains('\\') && rest.trim_start().starts_with(']')).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    #[rstest]
    #[case("return {}", &[])]
    #[case("return {a = steps.fetch.result, b = steps . x}", &["fetch", "x"])]
    #[case("local mysteps = 1; steps_of = 2; return steps['a-b'].result", &["a-b"])]
    #[case("return steps[ \"a\" ]", &["a"])]
    fn a_script_that_names_its_steps_gets_those(#[case] script: &str, #[case] names: &[&str]) {
        assert_eq!(mentions(script), Mentions::Only(names.iter().copied().collect()));
    }

    #[rstest]
    #[case("for k, v in pairs(steps) do end return {}")]
    #[case("return steps[input.which]")]
    #[case("return steps['a' .. 'b']")]
    #[case("return steps['a\\98']")]
    #[case("return _G['st' .. 'eps']")]
    #[case("return 'x' .. steps .. 'y'")]
    fn any_other_use_gets_all(#[case] script: &str) {
        assert_eq!(mentions(script), Mentions::All);
    }
}
