//! List envelopes and paging.

use serde_json::Value;

use super::fields;
use super::rows::Unreadable;

/// Keys under which a list may stand if not under its own name.
pub(super) const ENVELOPES: [&str; 5] = ["items", "data", "results", "rows", "records"];

/// Where the cursor of the next page may stand.
const CURSORS: [&str; 7] = [
    "next_cursor",
    "nextCursor",
    "cursor",
    "next",
    "next_page_token",
    "pagination.next_cursor",
    "meta.next_cursor",
];

/// One page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    /// What could be read.
    pub items: Vec<T>,
    /// What could not, each with its reason.
    pub unreadable: Vec<Unreadable>,
    /// The cursor of the next page.
    pub next: Option<Box<str>>,
    /// How many there are in all, where the server says.
    pub total: Option<u64>,
}

/// Reads a list: a bare array, or an object that holds it under `key` or a common envelope.
///
/// # Errors
/// A sentence that says what came instead of a list.
pub fn page<T>(
    raw: &Value,
    key: &str,
    row: impl Fn(&Value) -> Result<T, Unreadable>,
) -> Result<Page<T>, String> {
    let list = rows(raw, key).ok_or_else(|| format!("expected a list of {key}, got {}", kind(raw)))?;
    let mut page =
        Page { items: Vec::with_capacity(list.len()), unreadable: Vec::new(), next: None, total: None };
    for value in list {
        match row(value) {
            Ok(item) => page.items.push(item),
            Err(unreadable) => page.unreadable.push(unreadable),
        }
    }
    page.next = fields::text(raw, &CURSORS).filter(|cursor| !cursor.is_empty());
    page.total = fields::count(raw, &["total", "total_count", "pagination.total", "meta.total"]);
    Ok(page)
}

fn rows<'a>(raw: &'a Value, key: &str) -> Option<&'a Vec<Value>> {
    if let Value::Array(list) = raw {
        return Some(list);
    }
    let named = raw.get(key).and_then(Value::as_array);
    named.or_else(|| ENVELOPES.iter().find_map(|name| raw.get(*name).and_then(Value::as_array)))
}

fn kind(raw: &Value) -> &'static str {
    match raw {
        Value::Null => "nothing",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object without one",
    }
}
