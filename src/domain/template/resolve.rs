//! Templates to values.

use serde_json::{Map, Value};

use super::parse::{Fallback, Path, Segment, Template, parse};
use super::suggest::nearest;

/// Where paths find their values.
pub trait Scope {
    /// The value at a path, if it exists.
    fn get(&self, path: &[&str]) -> Option<&Value>;

    /// The names that can follow a path; for suggestions alone.
    fn names(&self, path: &[&str]) -> Vec<String>;
}

/// A JSON object is a scope: its keys are the roots.
impl Scope for Value {
    fn get(&self, path: &[&str]) -> Option<&Value> {
        walk(self, path)
    }

    fn names(&self, path: &[&str]) -> Vec<String> {
        match walk(self, path) {
            Some(Value::Object(fields)) => fields.keys().cloned().collect(),
            Some(Value::Array(items)) => (0..items.len()).map(|index| index.to_string()).collect(),
            _ => Vec::new(),
        }
    }
}

/// The value inside of `value` at a path: object keys, and array items by number.
pub fn walk<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, segment| match value {
        Value::Object(fields) => fields.get(*segment),
        Value::Array(items) => items.get(segment.parse::<usize>().ok()?),
        _ => None,
    })
}

/// Why a template has no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// No path of it is set, and it has no default.
    #[error("`{template}` has no value{}; add a default, as in `{{{{ path | \"\" }}}}`, if it may be unset", near(.nearest.as_deref()))]
    Unset {
        /// The template as written.
        template: String,
        /// The existing path most like its first one.
        nearest: Option<String>,
    },
}

fn near(nearest: Option<&str>) -> String {
    nearest.map(|path| format!(", the nearest path that exists is `{path}`")).unwrap_or_default()
}

/// The tree with every template in it replaced by its value. Keys are left as they are.
///
/// A key or list item whose template ends in `omit` and is unset is dropped; at the very top,
/// where there is nothing to drop it from, it is null.
///
/// # Errors
/// When a template is unset and has no default; names its nearest existing path.
pub fn resolve(tree: &Value, scope: &impl Scope) -> Result<Value, TemplateError> {
    resolve_in(tree, scope).map(Option::unwrap_or_default)
}

/// `None`: leave it out.
fn resolve_in(tree: &Value, scope: &impl Scope) -> Result<Option<Value>, TemplateError> {
    match tree {
        Value::String(text) if text.contains("{{") => resolve_text(text, scope),
        Value::Array(items) => {
            let items = items.iter().filter_map(|item| resolve_in(item, scope).transpose());
            items.collect::<Result<Vec<_>, _>>().map(|items| Some(Value::Array(items)))
        }
        Value::Object(fields) => {
            let mut resolved = Map::with_capacity(fields.len());
            for (key, field) in fields {
                if let Some(value) = resolve_in(field, scope)? {
                    resolved.insert(key.clone(), value);
                }
            }
            Ok(Some(Value::Object(resolved)))
        }
        plain => Ok(Some(plain.clone())),
    }
}

fn resolve_text(text: &str, scope: &impl Scope) -> Result<Option<Value>, TemplateError> {
    let segments = parse(text);
    if let [Segment::Template(template)] = segments.as_slice() {
        return evaluate(template, scope);
    }
    let mut joined = String::with_capacity(text.len());
    for segment in &segments {
        match segment {
            Segment::Text(plain) | Segment::Malformed(plain) => joined.push_str(plain),
            Segment::Template(template) => match evaluate(template, scope)? {
                Some(Value::String(value)) => joined.push_str(&value),
                Some(value) => joined.push_str(&value.to_string()),
                None => {}
            },
        }
    }
    Ok(Some(Value::String(joined)))
}

fn evaluate(template: &Template, scope: &impl Scope) -> Result<Option<Value>, TemplateError> {
    let values = template.paths.iter().filter_map(|path| look_up(path, scope));
    let found = match (template.paths.as_slice(), &template.fallback) {
        ([_], Fallback::Fail) => values.into_iter().next(),
        _ => values.into_iter().find(|value| is_set(value)),
    };
    match (found, &template.fallback) {
        (Some(value), _) => Ok(Some(value.clone())),
        (None, Fallback::Default(value)) => Ok(Some(value.clone())),
        (None, Fallback::Omit) => Ok(None),
        (None, Fallback::Fail) => Err(unset(template, scope)),
    }
}

fn look_up<'s>(path: &Path, scope: &'s impl Scope) -> Option<&'s Value> {
    scope.get(&path.segments().collect::<Vec<_>>())
}

fn is_set(value: &Value) -> bool {
    !value.is_null() && value.as_str() != Some("")
}

fn unset(template: &Template, scope: &impl Scope) -> TemplateError {
    let nearest = template.paths.first().and_then(|path| nearest(path, scope));
    TemplateError::Unset { template: template.source.clone(), nearest }
}

/// A text within a value, and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextAt {
    /// Where in the value, as a dot path; empty at its top.
    pub at: String,
    /// The text.
    pub text: String,
}

/// Every text within a value that `wanted` takes, in order.
pub fn texts(value: &Value, wanted: impl Fn(&str) -> bool) -> Vec<TextAt> {
    let mut found = Vec::new();
    collect(value, String::new(), &wanted, &mut found);
    found
}

/// Every text within a value that still holds `{{`: a template nobody resolved.
pub fn leftovers(value: &Value) -> Vec<TextAt> {
    texts(value, |text| text.contains("{{"))
}

fn collect(value: &Value, at: String, wanted: &impl Fn(&str) -> bool, found: &mut Vec<TextAt>) {
    let below = |name: &str| if at.is_empty() { name.to_owned() } else { format!("{at}.{name}") };
    match value {
        Value::String(text) if wanted(text) => found.push(TextAt { at, text: text.clone() }),
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, below(&index.to_string()), wanted, found);
            }
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(key, field)| collect(field, below(key), wanted, found));
        }
        _ => {}
    }
}
