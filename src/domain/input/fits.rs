//! Whether a value fits a schema.

use std::cell::Cell;

use serde_json::{Map, Value};

use super::schema::{Mismatch, brief, types};

/// How deep schemas may refer to each other; what is deeper is not looked at.
const MAX_DEPTH: usize = 64;

/// How many parts of a value are held against parts of a schema. A schema whose parts refer to each
/// other could go on for ever; what comes later is not looked at.
const MAX_PARTS: u32 = 200_000;

/// Whether a number keeps to a bound.
type Bound = fn(f64, f64) -> bool;

/// What a value is held against: the whole schema, which `$ref` looks into.
struct Fitting<'s> {
    root: &'s Value,
    left: &'s Cell<u32>,
    found: Vec<Mismatch>,
}

/// Notes everything of a value that does not fit. `of` is the schema's part and the value.
pub(super) fn fits(root: &Value, of: (&Value, &Value), at: &str, found: &mut Vec<Mismatch>) {
    let left = Cell::new(MAX_PARTS);
    let mut fitting = Fitting { root, left: &left, found: Vec::new() };
    fitting.value(of, at, 0);
    found.append(&mut fitting.found);
}

impl<'s> Fitting<'s> {
    fn miss(&mut self, at: &str, problem: String) {
        self.found.push(Mismatch { at: at.to_owned(), problem });
    }

    fn value(&mut self, (schema, value): (&Value, &Value), at: &str, depth: usize) {
        let left = self.left.get();
        if depth > MAX_DEPTH || left == 0 {
            return;
        }
        self.left.set(left - 1);
        if *schema == Value::Bool(false) {
            return self.miss(at, format!("`{at}` is not allowed"));
        }
        if let Some(target) = schema.get("$ref").and_then(Value::as_str).and_then(|to| self.referred(to)) {
            self.value((target, value), at, depth + 1);
        }
        if types(schema).next().is_some() && !types(schema).any(|kind| is_of(value, kind)) {
            let wanted = types(schema).collect::<Vec<_>>().join(" or ");
            return self.miss(at, format!("`{at}` must be of type {wanted}, and is {}", brief(value)));
        }
        self.choices((schema, value), at);
        self.bounds((schema, value), at);
        self.combinations((schema, value), at, depth);
        if let Some(fields) = value.as_object() {
            self.members(schema, fields, at, depth);
        }
        if let (Some(inner), Some(items)) = (schema.get("items"), value.as_array()) {
            for (index, item) in items.iter().enumerate() {
                self.value((inner, item), &format!("{at}.{index}"), depth + 1);
            }
        }
    }

    /// The part of the schema that a reference within it names.
    fn referred(&self, to: &str) -> Option<&'s Value> {
        self.root.pointer(to.strip_prefix('#')?)
    }

    fn choices(&mut self, (schema, value): (&Value, &Value), at: &str) {
        if let Some(choices) = schema.get("enum").and_then(Value::as_array)
            && !choices.contains(value)
        {
            let wanted = choices.iter().map(Value::to_string).collect::<Vec<_>>().join(", ");
            self.miss(at, format!("`{at}` must be one of {wanted}, and is {}", brief(value)));
        }
        if let Some(only) = schema.get("const").filter(|only| *only != value) {
            self.miss(at, format!("`{at}` must be {}, and is {}", brief(only), brief(value)));
        }
    }

    fn bounds(&mut self, (schema, value): (&Value, &Value), at: &str) {
        let bound = |word: &str| schema.get(word).and_then(Value::as_f64);
        let (least, most, of) = match value {
            Value::Number(number) => return self.limits(number.as_f64().unwrap_or_default(), schema, at),
            Value::String(text) => ("minLength", "maxLength", (text.chars().count(), "characters")),
            Value::Array(items) => ("minItems", "maxItems", (items.len(), "items")),
            _ => return,
        };
        let (count, noun) = of;
        if let Some(least) = bound(least).filter(|least| (count as f64) < *least) {
            self.miss(at, format!("`{at}` must have at least {least} {noun}, and has {count}"));
        }
        if let Some(most) = bound(most).filter(|most| count as f64 > *most) {
            self.miss(at, format!("`{at}` must have at most {most} {noun}, and has {count}"));
        }
    }

    fn limits(&mut self, number: f64, schema: &Value, at: &str) {
        let rules: [(&str, &str, Bound); 4] = [
            ("minimum", "at least", |number, bound| number >= bound),
            ("maximum", "at most", |number, bound| number <= bound),
            ("exclusiveMinimum", "more than", |number, bound| number > bound),
            ("exclusiveMaximum", "less than", |number, bound| number < bound),
        ];
        for (word, words, holds) in rules {
            if let Some(bound) = schema.get(word).and_then(Value::as_f64)
                && !holds(number, bound)
            {
                self.miss(at, format!("`{at}` must be {words} {bound}, and is {number}"));
            }
        }
    }

    fn combinations(&mut self, (schema, value): (&Value, &Value), at: &str, depth: usize) {
        let list = |word: &str| schema.get(word).and_then(Value::as_array).into_iter().flatten();
        for part in list("allOf") {
            self.value((part, value), at, depth + 1);
        }
        for (word, words) in [("anyOf", "at least one"), ("oneOf", "exactly one")] {
            let fitting = list(word).filter(|part| self.is_fit((part, value), at, depth)).count();
            let has_enough = if word == "anyOf" { fitting > 0 } else { fitting == 1 };
            if list(word).next().is_some() && !has_enough {
                self.miss(
                    at,
                    format!("`{at}` must fit {words} of the schema's `{word}`, and fits {fitting}"),
                );
            }
        }
    }

    fn is_fit(&self, of: (&Value, &Value), at: &str, depth: usize) -> bool {
        let mut aside = Fitting { root: self.root, left: self.left, found: Vec::new() };
        aside.value(of, at, depth + 1);
        aside.found.is_empty()
    }

    fn members(&mut self, schema: &Value, fields: &Map<String, Value>, at: &str, depth: usize) {
        let required = schema.get("required").and_then(Value::as_array).into_iter().flatten();
        for name in required.filter_map(Value::as_str).filter(|name| !fields.contains_key(*name)) {
            let at = format!("{at}.{name}");
            self.miss(&at, format!("`{at}` is required, and missing"));
        }
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, value) in fields {
            let at = format!("{at}.{name}");
            match (properties.and_then(|known| known.get(name)), schema.get("additionalProperties")) {
                (Some(inner), _) => self.value((inner, value), &at, depth + 1),
                (None, Some(Value::Bool(false))) => self.miss(&at, format!("`{at}` is not declared")),
                (None, Some(other @ Value::Object(_))) => self.value((other, value), &at, depth + 1),
                (None, _) => {}
            }
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
