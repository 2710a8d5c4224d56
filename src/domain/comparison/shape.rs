//! Values by their shape: which keys there are, and of what type what stands under them is.

use std::collections::HashMap;

use serde_json::Value;

/// How deep a value is looked into.
const DEEP: usize = 8;
/// How many items of a list are looked at.
const ITEMS: usize = 20;
/// How many places of a value are compared.
const PLACES: usize = 500;

/// A place at which two values have different shapes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeDiff {
    /// Where, as a dot path; `[]` stands for every item of a list, an empty path for all of it.
    pub at: Box<str>,
    /// What stands there, in a word; none where nothing does.
    pub here: Option<&'static str>,
    /// What stands there in the other value.
    pub there: Option<&'static str>,
}

/// Where the shapes of two values differ, in the order of the first; what lies below a difference
/// is left out.
pub fn shape_diff(here: &Value, there: &Value) -> Vec<ShapeDiff> {
    let (own, other) = (Shape::of(here), Shape::of(there));
    let new = own.places.iter().filter(|(at, word)| other.word(at) != Some(*word));
    let gone = other.places.iter().filter(|(at, _)| own.word(at).is_none());
    let mut found: Vec<ShapeDiff> = Vec::new();
    for (at, _) in new.chain(gone) {
        if !found.iter().any(|known| lies_below(at, &known.at)) {
            found.push(ShapeDiff { at: at.as_str().into(), here: own.word(at), there: other.word(at) });
        }
    }
    found
}

fn lies_below(path: &str, above: &str) -> bool {
    let rest = path.strip_prefix(above);
    above.is_empty() || rest.is_some_and(|rest| rest.starts_with(['.', '[']))
}

/// Every place of a value with the word for what stands there.
#[derive(Default)]
struct Shape {
    places: Vec<(String, &'static str)>,
    known: HashMap<String, usize>,
}

impl Shape {
    fn of(value: &Value) -> Self {
        let mut shape = Self::default();
        shape.walk(value, "", 0);
        shape
    }

    fn word(&self, at: &str) -> Option<&'static str> {
        self.known.get(at).map(|place| self.places[*place].1)
    }

    fn walk(&mut self, value: &Value, at: &str, depth: usize) {
        if depth > DEEP || self.places.len() >= PLACES {
            return;
        }
        self.note(at, word(value));
        match value {
            Value::Object(fields) => {
                for (key, field) in fields {
                    let below = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                    self.walk(field, &below, depth + 1);
                }
            }
            Value::Array(items) => {
                let below = format!("{at}[]");
                for item in items.iter().take(ITEMS) {
                    self.walk(item, &below, depth + 1);
                }
            }
            _ => {}
        }
    }

    /// Items of one list share a place; where they disagree, they are mixed.
    fn note(&mut self, at: &str, word: &'static str) {
        match self.known.get(at) {
            Some(place) if self.places[*place].1 != word => self.places[*place].1 = "mixed",
            Some(_) => {}
            None => {
                self.known.insert(at.to_owned(), self.places.len());
                self.places.push((at.to_owned(), word));
            }
        }
    }
}

fn word(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "number",
        Value::String(text) if text.is_empty() => "empty text",
        Value::String(_) => "text",
        Value::Array(items) if items.is_empty() => "empty list",
        Value::Array(_) => "list",
        Value::Object(fields) if fields.is_empty() => "empty object",
        Value::Object(_) => "object",
    }
}
