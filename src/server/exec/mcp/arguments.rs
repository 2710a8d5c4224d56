//! Fits a step's arguments to the tool's input schema: defaults, and plain types out of text.
//!
//! Templates inside of a longer text always give text, so `"{{input.count}} "` would reach a tool
//! as text where it wants a number. Only conversions without loss are made; what does not fit is
//! passed as it is, for the tool to judge.

use serde_json::{Map, Number, Value};

/// Applies the schema's defaults and conversions to the arguments, nested objects and lists included.
pub(super) fn fit(args: &mut Map<String, Value>, schema: &Map<String, Value>) {
    let Some(properties) = schema.get("properties").and_then(Value::as_object) else { return };
    for (name, property) in properties {
        match args.get_mut(name) {
            Some(value) => fit_value(value, property),
            None => {
                if let Some(default) = property.get("default") {
                    args.insert(name.clone(), default.clone());
                }
            }
        }
    }
}

fn fit_value(value: &mut Value, schema: &Value) {
    match value {
        Value::String(text) => {
            if let Some(converted) = from_text(text.trim(), schema) {
                *value = converted;
            }
        }
        Value::Object(fields) => {
            if let Some(schema) = schema.as_object() {
                fit(fields, schema);
            }
        }
        Value::Array(items) => {
            if let Some(schema) = schema.get("items") {
                items.iter_mut().for_each(|item| fit_value(item, schema));
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// The text as the wanted type. A schema that admits text keeps it.
fn from_text(text: &str, schema: &Value) -> Option<Value> {
    match schema.get("type")?.as_str()? {
        "integer" => text.parse::<i64>().ok().map(Value::from),
        "number" => match text.parse::<i64>() {
            Ok(integer) => Some(Value::from(integer)),
            Err(_) => text.parse().ok().and_then(Number::from_f64).map(Value::Number),
        },
        "boolean" => match text {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn defaults_are_filled_in_and_text_becomes_what_the_schema_wants() {
        let schema = json!({"properties": {
            "count": {"type": "integer"},
            "ratio": {"type": "number"},
            "urgent": {"type": "boolean"},
            "note": {"type": "string", "default": "none"},
            "either": {"type": ["string", "integer"]},
            "lines": {"type": "array", "items": {"type": "object", "properties": {"qty": {"type": "integer"}}}},
        }});
        let mut args = json!({
            "count": " 12 ", "ratio": "0.5", "urgent": "true", "either": "7",
            "lines": [{"qty": "3"}, {"qty": "many"}], "extra": "1",
        });
        fit(args.as_object_mut().unwrap(), schema.as_object().unwrap());
        let want = json!({
            "count": 12, "ratio": 0.5, "urgent": true, "either": "7",
            "lines": [{"qty": 3}, {"qty": "many"}], "extra": "1", "note": "none",
        });
        assert_eq!(args, want);
    }
}
