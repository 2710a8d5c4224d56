//! Conditions: `skip_when`, `condition`, `while_condition`.
//!
//! A condition is a template, a bare path, a JSON literal, or two of these compared with `==` or
//! `!=`; text literals may also stand in single quotes. A path that does not exist and has no
//! default is an error, as everywhere: nobody knows what its author wanted then.

use serde_json::Value;

use super::prepare::broken;
use crate::domain::template::{Scope, Segment, parse, resolve};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::StepError;

/// Whether a step is to be skipped: `skip_when` holds, or, where it is absent, `condition` does not.
pub(in crate::machine) fn passes_over(spec: &StepSpec, scope: &impl Scope) -> Result<bool, StepError> {
    let given = |name| spec.fields.get(name).filter(|raw| !raw.is_null() && *raw != "");
    let (field, raw, skips_if) = match (given("skip_when"), given("condition")) {
        (Some(raw), _) => ("skip_when", raw, true),
        (None, Some(raw)) => ("condition", raw, false),
        (None, None) => return Ok(false),
    };
    let held = holds(raw, scope).map_err(|problem| {
        let code = FailureCode::parse("VALIDATION_ERROR");
        broken(&code, format!("step `{}`, field `{field}`: {problem}", spec.id))
    })?;
    Ok(held == skips_if)
}

/// Whether a condition holds.
///
/// # Errors
/// When it cannot be read, or a value in it is unset.
pub(in crate::machine) fn holds(raw: &Value, scope: &impl Scope) -> Result<bool, String> {
    let Value::String(text) = raw else { return Ok(is_true(raw)) };
    match comparison(text) {
        None => operand(text, scope).map(|value| is_true(&value)),
        Some((left, is_equal, right)) => {
            let same = are_same(&operand(left, scope)?, &operand(right, scope)?);
            Ok(same == is_equal)
        }
    }
}

/// False are `false`, null, `""`, 0 and `"false"`.
pub(in crate::machine) fn is_true(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(holds) => *holds,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !matches!(text.trim(), "" | "false"),
        Value::Array(_) | Value::Object(_) => true,
    }
}

/// Splits at the first `==` or `!=` outside of quotes and braces.
fn comparison(text: &str) -> Option<(&str, bool, &str)> {
    let (mut depth, mut quote) = (0_usize, None);
    for (at, ch) in text.char_indices() {
        match (quote, ch) {
            (Some(open), _) if open == ch => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(ch),
            (None, '{' | '[') => depth += 1,
            (None, '}' | ']') => depth = depth.saturating_sub(1),
            (None, '=' | '!') if depth == 0 && text[at + 1..].starts_with('=') => {
                return Some((&text[..at], ch == '=', &text[at + 2..]));
            }
            _ => {}
        }
    }
    None
}

fn operand(text: &str, scope: &impl Scope) -> Result<Value, String> {
    let text = text.trim();
    if let Ok(literal) = serde_json::from_str(text) {
        return Ok(literal);
    }
    let inner = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    if let Some(inner) = inner.filter(|inner| !inner.contains('\'')) {
        return Ok(inner.into());
    }
    let template = if text.contains("{{") { text.to_owned() } else { format!("{{{{ {text} }}}}") };
    let segments = parse(&template);
    let is_sound = |segment: &Segment| !matches!(segment, Segment::Malformed(_));
    if !segments.iter().any(|segment| matches!(segment, Segment::Template(_)))
        || !segments.iter().all(is_sound)
    {
        return Err(format!("`{text}` is no path, template or JSON literal"));
    }
    resolve(&Value::String(template), scope).map_err(|error| error.to_string())
}

fn are_same(left: &Value, right: &Value) -> bool {
    match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.total_cmp(&right).is_eq(),
        _ => left == right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use serde_json::json;

    fn scope() -> Value {
        json!({"input": {"on": true, "off": false, "zero": 0, "no": "false", "name": "a == b", "n": 2, "none": null}})
    }

    #[rstest]
    #[case(json!("{{ input.on }}"), true)]
    #[case(json!("input.on"), true)]
    #[case(json!("input.off"), false)]
    #[case(json!("input.zero"), false)]
    #[case(json!("input.no"), false)]
    #[case(json!("input.none"), false)]
    #[case(json!("input.ghost | true"), true)]
    #[case(json!("input.n == 2.0"), true)]
    #[case(json!("{{ input.n }} != 2"), false)]
    #[case(json!("input.name == \"a == b\""), true)]
    #[case(json!("'a == b' == {{ input.name }}"), true)]
    #[case(json!("{{ input.ghost | \"x=={y}\" }} == 'x=={y}'"), true)]
    #[case(json!("true"), true)]
    #[case(json!(false), false)]
    #[case(json!(["x"]), true)]
    fn a_condition_holds_or_not(#[case] raw: Value, #[case] want: bool) {
        assert_eq!(holds(&raw, &scope()), Ok(want));
    }

    #[rstest]
    #[case("input.ghost", "has no value")]
    #[case("input.n > 1", "has no value")]
    #[case("input.n == \"x", "no path, template or JSON literal")]
    #[case("", "no path, template or JSON literal")]
    fn what_cannot_be_read_is_an_error(#[case] raw: &str, #[case] says: &str) {
        let problem = holds(&raw.into(), &scope()).unwrap_err();
        assert!(problem.contains(says), "{problem}");
    }
}
