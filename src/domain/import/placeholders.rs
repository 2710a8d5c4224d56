//! Placeholders and what is put in their place.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Import, ImportError};

/// How every placeholder begins.
const PREFIX: &str = "REPLACE_";

/// How the placeholder of a child workflow's id begins.
pub const CHILD: &str = "REPLACE_CHILD_";

/// A placeholder and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placeholder {
    /// Its name: `REPLACE_INSTANCE`.
    pub name: String,
    /// Its places, as JSONPaths: into the graph, or `$.example_trigger_payload…`.
    pub places: Vec<String>,
}

/// The value of each placeholder, by name.
pub type Mapping = BTreeMap<String, String>;

impl Import {
    /// The placeholders, by name.
    pub fn placeholders(&self) -> Vec<Placeholder> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        collect(&self.graph, "$", &mut found);
        if let Some(example) = &self.example {
            collect(example, "$.example_trigger_payload", &mut found);
        }
        found.into_iter().map(|(name, places)| Placeholder { name, places }).collect()
    }

    /// The import with values in place of the placeholders that the mapping names; the others stay.
    ///
    /// # Errors
    /// When the mapping names a placeholder that is not there.
    pub fn mapped(mut self, mapping: &Mapping) -> Result<Self, ImportError> {
        let known: Vec<String> = self.placeholders().into_iter().map(|found| found.name).collect();
        if let Some(name) = mapping.keys().find(|name| !known.contains(name)) {
            return Err(ImportError::NoPlaceholder { name: name.clone(), known });
        }
        put(&mut self.graph, mapping);
        if let Some(example) = &mut self.example {
            put(example, mapping);
        }
        Ok(self)
    }
}

/// The placeholders within a text, with where they begin and end.
fn names(text: &str) -> impl Iterator<Item = (usize, usize)> {
    let is_part = |ch: char| ch.is_ascii_uppercase() || ch.is_ascii_digit() || ch == '_';
    text.match_indices(PREFIX).filter_map(move |(start, _)| {
        let length = text[start..].find(|ch| !is_part(ch)).unwrap_or(text.len() - start);
        let stands_alone = !text[..start].ends_with(|ch: char| ch.is_alphanumeric() || ch == '_');
        (stands_alone && length > PREFIX.len()).then_some((start, start + length))
    })
}

fn collect(value: &Value, at: &str, found: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::String(text) => {
            for (start, end) in names(text) {
                let places = found.entry(text[start..end].to_owned()).or_default();
                if places.last().is_none_or(|last| last != at) {
                    places.push(at.to_owned());
                }
            }
        }
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| collect(item, &format!("{at}[{index}]"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| collect(field, &format!("{at}.{name}"), found));
        }
        _ => {}
    }
}

fn put(value: &mut Value, mapping: &Mapping) {
    match value {
        Value::String(text) => {
            let mut whole = String::with_capacity(text.len());
            let mut last = 0;
            for (start, end) in names(text) {
                whole.push_str(&text[last..start]);
                let name = &text[start..end];
                whole.push_str(mapping.get(name).map_or(name, String::as_str));
                last = end;
            }
            whole.push_str(&text[last..]);
            *text = whole;
        }
        Value::Array(items) => items.iter_mut().for_each(|item| put(item, mapping)),
        Value::Object(fields) => fields.values_mut().for_each(|field| put(field, mapping)),
        _ => {}
    }
}
