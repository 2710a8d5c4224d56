//! The schema of a run's input: whether it is one, its defaults, and whether a value fits it.
//!
//! It comes in two forms: a JSON Schema of an object, or the older list
//! `[{name, type, optional?, default?}]`, in which a field is required unless it is optional or has
//! a default. Of JSON Schema, these words are held against a value: `type`, `enum`, `const`,
//! `properties`, `required`, `additionalProperties`, `items`, `minimum`, `maximum`,
//! `exclusiveMinimum`, `exclusiveMaximum`, `minLength`, `maxLength`, `minItems`, `maxItems`,
//! `allOf`, `anyOf`, `oneOf`, and `$ref` within the schema. Other words, such as `pattern` and
//! `format`, are not looked at.

use serde_json::{Map, Value, json};

use super::fits::fits;

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// A place in a schema or a value, and what is wrong there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The place as a dot path: `input.rows.0.name`, or for schemas a JSONPath into the graph.
    pub at: String,
    /// What is wrong, in one sentence that names the place.
    pub problem: String,
}

/// The schema of a run's input.
#[derive(Clone, Debug, PartialEq)]
pub struct InputSchema(Value);

impl InputSchema {
    /// Reads either form, as far as it goes; what is wrong with it is told besides.
    pub fn read(raw: &Value) -> (Self, Vec<Mismatch>) {
        let mut problems = Vec::new();
        let schema = match raw {
            Value::Array(fields) => from_list(fields, &mut problems),
            Value::Object(_) => raw.clone(),
            other => {
                problems.push(wrong("$.input_schema", format!("the input schema is {}", brief(other))));
                json!({})
            }
        };
        sound(&schema, "$.input_schema", &mut problems);
        (Self(schema), problems)
    }

    /// The input with the defaults of what it lacks.
    #[must_use]
    pub fn fill(&self, input: Value) -> Value {
        fill(&self.0, input)
    }

    /// Everything about an input that does not fit.
    pub fn check(&self, input: &Value) -> Vec<Mismatch> {
        let mut found = Vec::new();
        fits(&self.0, (&self.0, input), "input", &mut found);
        found
    }
}

/// An input as a run takes it: defaults filled in, and held against the graph's schema, if it has one.
///
/// # Errors
/// Everything that does not fit.
pub fn admit(schema: Option<&Value>, input: Value) -> Result<Value, Vec<Mismatch>> {
    let Some(raw) = schema.filter(|raw| !raw.is_null()) else { return Ok(input) };
    let (schema, _) = InputSchema::read(raw);
    let input = schema.fill(input);
    let problems = schema.check(&input);
    if problems.is_empty() { Ok(input) } else { Err(problems) }
}

fn wrong(at: &str, problem: String) -> Mismatch {
    Mismatch { at: at.to_owned(), problem }
}

/// The list form as a JSON Schema.
fn from_list(fields: &[Value], problems: &mut Vec<Mismatch>) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let Some(name) = field.get("name").and_then(Value::as_str) else {
            problems.push(wrong(&format!("$.input_schema[{index}]"), "the field has no `name`".into()));
            continue;
        };
        let is_optional = field.get("optional") == Some(&Value::Bool(true));
        properties.insert(name.to_owned(), property(field, is_optional));
        if !is_optional && field.get("default").is_none() {
            required.push(name);
        }
    }
    json!({"type": "object", "properties": properties, "required": required})
}

/// One field of the list form; forms send null for an optional one that was left empty.
fn property(field: &Value, is_optional: bool) -> Value {
    let mut property = json!({});
    let kind = field.get("type").and_then(Value::as_str).filter(|kind| TYPES.contains(kind));
    if let Some(kind) = kind {
        property["type"] = if is_optional { json!([kind, "null"]) } else { kind.into() };
    }
    if let Some(default) = field.get("default") {
        property["default"] = default.clone();
    }
    property
}

fn sound(schema: &Value, at: &str, problems: &mut Vec<Mismatch>) {
    let Some(fields) = schema.as_object() else {
        if !schema.is_boolean() {
            problems.push(wrong(at, format!("a schema must be an object, and is {}", brief(schema))));
        }
        return;
    };
    for kind in types(schema).filter(|kind| !TYPES.contains(kind)) {
        problems.push(wrong(&format!("{at}.type"), format!("there is no type `{kind}`")));
    }
    if let Some(required) = fields.get("required")
        && !required.as_array().is_some_and(|names| names.iter().all(Value::is_string))
    {
        problems.push(wrong(&format!("{at}.required"), "`required` must be a list of names".into()));
    }
    match fields.get("properties") {
        None => {}
        Some(Value::Object(properties)) => {
            for (name, inner) in properties {
                sound(inner, &format!("{at}.properties.{name}"), problems);
            }
        }
        Some(_) => problems.push(wrong(&format!("{at}.properties"), "`properties` must be an object".into())),
    }
}

/// The types that a schema names: one, or a list of them.
pub(super) fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let named = schema.get("type");
    let list = named.and_then(Value::as_array).into_iter().flatten();
    list.chain(named.filter(|kind| kind.is_string())).filter_map(Value::as_str)
}

fn fill(schema: &Value, value: Value) -> Value {
    let Value::Object(mut fields) = value else { return value };
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, inner) in properties.into_iter().flatten() {
        if let Some(given) = fields.get_mut(name) {
            *given = fill(inner, given.take());
        } else if let Some(default) = inner.get("default") {
            fields.insert(name.clone(), fill(inner, default.clone()));
        }
    }
    Value::Object(fields)
}

/// A value, short enough for a sentence.
pub fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
