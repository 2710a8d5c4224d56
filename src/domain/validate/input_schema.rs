//! The check `input_schema`: the schema is one, and the trigger payload fits it.
//!
//! Of JSON Schema, `type`, `required`, `properties`, `additionalProperties: false`, `items` and
//! `enum` are held against the payload; other words are not looked at.

use serde_json::Value;

use super::graph_schema::brief;
use super::run::Context;
use super::{Code, Issue};

/// The types of JSON Schema.
const TYPES: [&str; 7] = ["object", "array", "string", "number", "integer", "boolean", "null"];

/// What is wrong with the schema, else with the payload.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let schema = context.subject.input_schema().ok_or("the graph declares no `input_schema`")?;
    let mut issues = Vec::new();
    let schema = match schema {
        Value::Array(fields) => list_form(fields, &mut issues),
        Value::Object(_) => schema.clone(),
        other => {
            issues.push(invalid("$.input_schema", format!("the input schema is {}", brief(other))));
            return Ok(issues);
        }
    };
    sound(&schema, "$.input_schema", &mut issues);
    if let Some(payload) = context.options.trigger_payload.as_ref().filter(|_| issues.is_empty()) {
        fits(&schema, payload, "input", &mut issues);
    }
    Ok(issues)
}

fn invalid(at: &str, text: String) -> Issue {
    Issue::new(Code::InputSchemaInvalid, at, text)
}

/// The older form, `[{name, type, optional}]`, as a JSON Schema.
fn list_form(fields: &[Value], issues: &mut Vec<Issue>) -> Value {
    let mut properties = serde_json::Map::new();
    let mut required = Vec::new();
    for (index, field) in fields.iter().enumerate() {
        let Some(name) = field.get("name").and_then(Value::as_str) else {
            issues.push(invalid(&format!("$.input_schema[{index}]"), "the field has no `name`".into()));
            continue;
        };
        let kind = field.get("type").filter(|kind| TYPES.iter().any(|known| *kind == known));
        properties.insert(
            name.to_owned(),
            kind.map_or_else(|| serde_json::json!({}), |kind| serde_json::json!({"type": kind})),
        );
        if field.get("optional") != Some(&Value::Bool(true)) {
            required.push(name);
        }
    }
    serde_json::json!({"type": "object", "properties": properties, "required": required})
}

fn sound(schema: &Value, at: &str, issues: &mut Vec<Issue>) {
    let Some(fields) = schema.as_object() else {
        if !schema.is_boolean() {
            issues.push(invalid(at, format!("a schema must be an object, and is {}", brief(schema))));
        }
        return;
    };
    for kind in types(schema).filter(|kind| !TYPES.contains(kind)) {
        issues.push(invalid(&format!("{at}.type"), format!("there is no type `{kind}`")));
    }
    if let Some(required) = fields.get("required")
        && !required.as_array().is_some_and(|names| names.iter().all(Value::is_string))
    {
        issues.push(invalid(&format!("{at}.required"), "`required` must be a list of names".into()));
    }
    match fields.get("properties") {
        None => {}
        Some(Value::Object(properties)) => {
            properties
                .iter()
                .for_each(|(name, inner)| sound(inner, &format!("{at}.properties.{name}"), issues));
        }
        Some(_) => issues.push(invalid(&format!("{at}.properties"), "`properties` must be an object".into())),
    }
}

/// The types that a schema names: one, or a list of them.
fn types(schema: &Value) -> impl Iterator<Item = &str> {
    let named = schema.get("type");
    let list = named.and_then(Value::as_array).into_iter().flatten();
    list.chain(named.filter(|kind| kind.is_string())).filter_map(Value::as_str)
}

fn fits(schema: &Value, value: &Value, at: &str, issues: &mut Vec<Issue>) {
    let mut mismatch =
        |text: String| issues.push(Issue::new(Code::InputPayloadMismatch, format!("$.{at}"), text));
    if types(schema).next().is_some() && !types(schema).any(|kind| is_of(value, kind)) {
        let wanted = types(schema).collect::<Vec<_>>().join(" or ");
        return mismatch(format!("`{at}` must be of type {wanted}, and is {}", brief(value)));
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array)
        && !choices.contains(value)
    {
        let wanted = choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
        mismatch(format!("`{at}` must be one of {wanted}, and is {}", brief(value)));
    }
    if let Some(fields) = value.as_object() {
        members(schema, fields, at, issues);
    }
    if let (Some(inner), Some(items)) = (schema.get("items"), value.as_array()) {
        items
            .iter()
            .enumerate()
            .for_each(|(index, item)| fits(inner, item, &format!("{at}.{index}"), issues));
    }
}

fn members(schema: &Value, fields: &serde_json::Map<String, Value>, at: &str, issues: &mut Vec<Issue>) {
    let place = |name: &str| format!("$.{at}.{name}");
    let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
    for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
        let text = format!("`{at}.{name}` is required, and missing");
        issues.push(Issue::new(Code::InputPayloadMismatch, place(name), text));
    }
    let properties = schema.get("properties").and_then(Value::as_object);
    for (name, value) in fields {
        match properties.and_then(|known| known.get(name)) {
            Some(inner) => fits(inner, value, &format!("{at}.{name}"), issues),
            None if schema.get("additionalProperties") == Some(&Value::Bool(false)) => {
                let text = format!("`{at}.{name}` is not declared");
                issues.push(Issue::new(Code::InputPayloadMismatch, place(name), text));
            }
            None => {}
        }
    }
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "number" => value.is_number(),
        "integer" => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        _ => true,
    }
}
