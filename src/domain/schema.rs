//! Holding a value against a JSON Schema, as far as tools and settings need it.
//!
//! Understood are `type`, `enum`, `const`, `properties`, `required`, `additionalProperties`, `items`,
//! `minimum`, `maximum`, `minLength`, `maxLength`, `allOf`, `anyOf`, `oneOf` and references within the
//! schema; other words are not looked at. A schema is foreign content: it may refer to itself, so the
//! depth is bounded, and what lies deeper is taken as it is.

use std::cell::Cell;
use std::fmt;

use serde_json::{Map, Value};

/// How deep schemas are followed.
const MAX_DEPTH: usize = 32;
/// How many schemas are looked at in all; what is beyond is taken as it is.
const MAX_STEPS: usize = 100_000;

/// Where a value does not fit.
#[derive(Clone, Debug, PartialEq)]
pub struct Mismatch {
    /// The path of the value, dotted: `args.lines.0.qty`.
    pub at: String,
    /// What is wrong with it.
    pub problem: Problem,
}

/// What is wrong with a value.
#[derive(Clone, Debug, PartialEq)]
pub enum Problem {
    /// A field that must be there is not.
    Missing {
        /// Its name.
        name: String,
    },
    /// A field that the schema does not know.
    Unknown {
        /// Its name.
        name: String,
        /// The names that it does know.
        known: Vec<String>,
    },
    /// It has another type.
    Type {
        /// The types that are taken.
        wanted: Vec<String>,
        /// The value, shortened.
        found: String,
    },
    /// It is none of the values that are taken, or out of bounds.
    Value {
        /// What is taken: `one of "a", "b"`, `at least 1`.
        wanted: String,
        /// The value, shortened.
        found: String,
    },
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let at = &self.at;
        match &self.problem {
            Problem::Missing { name } => write!(f, "`{at}.{name}` is required, and missing"),
            Problem::Unknown { name, .. } => write!(f, "`{at}.{name}` is not declared"),
            Problem::Type { wanted, found } => {
                write!(f, "`{at}` must be of type {}, and is {found}", wanted.join(" or "))
            }
            Problem::Value { wanted, found } => write!(f, "`{at}` must be {wanted}, and is {found}"),
        }
    }
}

/// Everything about a value that does not fit a schema; `at` names the value.
///
/// Values are taken as tools get them: a text that spells a number or a boolean fits where one is
/// wanted, because it is converted on its way, and a text with a template in it fits anywhere,
/// because nobody knows yet what it will be.
pub fn mismatches(schema: &Value, value: &Value, at: &str) -> Vec<Mismatch> {
    Holding { root: schema, steps: Cell::new(MAX_STEPS) }.hold(schema, value, at, MAX_DEPTH)
}

/// Whether a text holds a template.
pub fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

/// A value, short enough for a sentence.
pub fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

struct Holding<'s> {
    root: &'s Value,
    /// How many schemas may still be looked at.
    steps: Cell<usize>,
}

impl Holding<'_> {
    fn hold(&self, schema: &Value, value: &Value, at: &str, depth: usize) -> Vec<Mismatch> {
        let left = self.steps.get();
        let Some(words) = schema.as_object().filter(|_| depth > 0 && left > 0 && !is_template(value)) else {
            return Vec::new();
        };
        self.steps.set(left - 1);
        if let Some(problem) = own_problem(words, value) {
            return vec![Mismatch { at: at.to_owned(), problem }];
        }
        let inner = depth - 1;
        let referred = words.get("$ref").and_then(Value::as_str).and_then(|name| self.referred(name));
        let all = list(words, "allOf").iter().chain(referred);
        let mut found: Vec<_> = all.flat_map(|schema| self.hold(schema, value, at, inner)).collect();
        for choices in ["anyOf", "oneOf"] {
            found.extend(self.choose(list(words, choices), value, at, inner));
        }
        if let Some(fields) = value.as_object() {
            found.extend(self.members(words, fields, at, inner));
        }
        if let (Some(schema), Some(items)) = (words.get("items"), value.as_array()) {
            for (place, item) in items.iter().enumerate() {
                found.extend(self.hold(schema, item, &format!("{at}.{place}"), inner));
            }
        }
        found
    }

    /// One of several schemas must fit; where none does, the one that comes nearest is told.
    fn choose(&self, choices: &[Value], value: &Value, at: &str, depth: usize) -> Vec<Mismatch> {
        let tried = choices.iter().map(|choice| self.hold(choice, value, at, depth));
        tried.min_by_key(Vec::len).unwrap_or_default()
    }

    fn members(
        &self,
        words: &Map<String, Value>,
        fields: &Map<String, Value>,
        at: &str,
        depth: usize,
    ) -> Vec<Mismatch> {
        let here = |problem| Mismatch { at: at.to_owned(), problem };
        let required = list(words, "required").iter().filter_map(Value::as_str);
        let missing = required.filter(|name| !fields.contains_key(*name));
        let mut found: Vec<_> =
            missing.map(|name| here(Problem::Missing { name: name.to_owned() })).collect();
        let properties = words.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            match (properties.and_then(|known| known.get(name)), words.get("additionalProperties")) {
                (Some(schema), _) | (None, Some(schema @ Value::Object(_))) => {
                    found.extend(self.hold(schema, value, &format!("{at}.{name}"), depth));
                }
                (None, Some(Value::Bool(false))) => {
                    let known = properties.map(|known| known.keys().cloned().collect()).unwrap_or_default();
                    found.push(here(Problem::Unknown { name: name.clone(), known }));
                }
                _ => {}
            }
        }
        found
    }

    /// `#/$defs/Order`
    fn referred(&self, name: &str) -> Option<&Value> {
        self.root.pointer(name.strip_prefix('#')?)
    }
}

fn list<'s>(words: &'s Map<String, Value>, name: &str) -> &'s [Value] {
    words.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// What is wrong with a value itself, whatever is within it.
fn own_problem(words: &Map<String, Value>, value: &Value) -> Option<Problem> {
    let named = words.get("type");
    let wanted: Vec<_> = list(words, "type").iter().chain(named).filter_map(Value::as_str).collect();
    if !wanted.is_empty() && !wanted.iter().any(|kind| is_of(value, kind)) {
        let wanted = wanted.into_iter().map(Into::into).collect();
        return Some(Problem::Type { wanted, found: brief(value) });
    }
    let wanted = unmet(words, value)?;
    Some(Problem::Value { wanted, found: brief(value) })
}

/// What a value would have to be.
fn unmet(words: &Map<String, Value>, value: &Value) -> Option<String> {
    let choices = list(words, "enum");
    if !choices.is_empty() && !choices.contains(value) {
        return Some(format!("one of {}", choices.iter().map(brief).collect::<Vec<_>>().join(", ")));
    }
    if let Some(only) = words.get("const").filter(|only| *only != value) {
        return Some(brief(only));
    }
    let number = |name: &str| words.get(name).and_then(Value::as_f64);
    let length = value.as_str().map(|text| text.chars().count() as f64);
    let bounds = [
        (number("minimum"), value.as_f64(), "at least ", "", true),
        (number("maximum"), value.as_f64(), "at most ", "", false),
        (number("minLength"), length, "at least ", " characters long", true),
        (number("maxLength"), length, "at most ", " characters long", false),
    ];
    bounds.into_iter().find_map(|(bound, size, before, after, is_least)| {
        let (bound, size) = (bound?, size?);
        let is_out = if is_least { size < bound } else { size > bound };
        is_out.then(|| format!("{before}{bound}{after}"))
    })
}

fn is_of(value: &Value, kind: &str) -> bool {
    let spelled = value.as_str().map(str::trim);
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number() || spelled.is_some_and(|text| text.parse::<f64>().is_ok()),
        "integer" => {
            value.as_f64().is_some_and(|number| number.fract() == 0.0)
                || spelled.is_some_and(|text| text.parse::<i64>().is_ok())
        }
        "boolean" => value.is_boolean() || matches!(spelled, Some("true" | "false")),
        "null" => value.is_null(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use serde_json::json;

    fn order() -> Value {
        json!({
            "type": "object",
            "required": ["id", "lines"],
            "additionalProperties": false,
            "properties": {
                "id": {"type": "string", "minLength": 2},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
                "note": {"anyOf": [{"type": "string"}, {"type": "null"}]},
                "status": {"enum": ["open", "shipped"]},
            },
            "$defs": {"line": {"type": "object", "required": ["qty"], "properties": {
                "qty": {"type": "integer", "minimum": 1, "maximum": 9}, "part": {"$ref": "#/$defs/line"},
            }}},
        })
    }

    #[rstest]
    #[case(json!({"id": "SO", "lines": [{"qty": 1}, {"qty": "2"}], "note": null, "status": "open"}), &[])]
    #[case(json!({"id": "{{ input.id }}", "lines": "{{ steps.a.result.lines }}"}), &[])]
    #[case(json!({"lines": []}), &["`args.id` is required, and missing"])]
    #[case(json!({"id": 7, "lines": [{"qty": 0.5}]}), &[
        "`args.id` must be of type string, and is 7",
        "`args.lines.0.qty` must be of type integer, and is 0.5",
    ])]
    #[case(json!({"id": "S", "lines": [{"qty": 10, "part": {}}]}), &[
        "`args.id` must be at least 2 characters long, and is \"S\"",
        "`args.lines.0.qty` must be at most 9, and is 10",
        "`args.lines.0.part.qty` is required, and missing",
    ])]
    #[case(json!({"id": "SO", "lines": [], "note": [1], "status": "gone", "colour": 1}), &[
        "`args.note` must be of type string, and is [1]",
        "`args.status` must be one of \"open\", \"shipped\", and is \"gone\"",
        "`args.colour` is not declared",
    ])]
    fn what_does_not_fit_is_told_with_its_place(#[case] value: Value, #[case] want: &[&str]) {
        let found: Vec<_> = mismatches(&order(), &value, "args").iter().map(ToString::to_string).collect();
        assert_eq!(found, want);
    }

    #[test]
    fn a_schema_that_refers_to_itself_ends() {
        let again = json!({"$ref": "#"});
        let endless = json!({"$ref": "#", "anyOf": [again, again], "allOf": [again], "items": again});
        assert_eq!(mismatches(&endless, &json!({"a": 1}), "args"), []);
    }
}
