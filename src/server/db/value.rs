//! How values are kept in columns: instants as microseconds, JSON as text.

use std::fmt::Write as _;

use rusqlite::types::{FromSqlError, Type};
use serde_json::Value;

use crate::domain::Timestamp;

/// An instant as a column: microseconds since 1970.
pub(super) fn instant(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads an instant from a column.
pub(super) fn read_instant(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Timestamp> {
    let raw: i64 = row.get(column)?;
    Timestamp::from_microsecond(raw).map_err(|_| conversion(FromSqlError::OutOfRange(raw), Type::Integer))
}

/// Reads an instant that may be absent.
pub(super) fn read_optional_instant(
    row: &rusqlite::Row<'_>,
    column: &str,
) -> rusqlite::Result<Option<Timestamp>> {
    row.get::<_, Option<i64>>(column)?.map(|_| read_instant(row, column)).transpose()
}

/// Reads JSON from a text column.
pub(super) fn read_json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Value> {
    parse_json(row.get_ref(column)?.as_str()?)
}

/// Reads JSON that may be absent.
pub(super) fn read_optional_json(row: &rusqlite::Row<'_>, column: &str) -> rusqlite::Result<Option<Value>> {
    row.get_ref(column)?.as_str_or_null()?.map(parse_json).transpose()
}

fn parse_json(text: &str) -> rusqlite::Result<Value> {
    serde_json::from_str(text).map_err(|error| conversion(error, Type::Text))
}

fn conversion(error: impl std::error::Error + Send + Sync + 'static, kind: Type) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(0, kind, Box::new(error))
}

/// JSON in one spelling: keys sorted, no blanks. Equal values have equal texts.
pub fn canonical_json(value: &Value) -> String {
    let mut text = String::new();
    write_canonical(&mut text, value);
    text
}

fn write_canonical(text: &mut String, value: &Value) {
    match value {
        Value::Object(fields) => {
            let mut keys: Vec<_> = fields.iter().collect();
            keys.sort_by_key(|(key, _)| *key);
            write_list(text, '{', keys, '}', |text, (key, value)| {
                write_scalar(text, key);
                text.push(':');
                write_canonical(text, value);
            });
        }
        Value::Array(items) => write_list(text, '[', items, ']', write_canonical),
        scalar => write_scalar(text, scalar),
    }
}

fn write_list<T>(
    text: &mut String,
    open: char,
    items: impl IntoIterator<Item = T>,
    close: char,
    write: impl Fn(&mut String, T),
) {
    text.push(open);
    for (place, item) in items.into_iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        write(text, item);
    }
    text.push(close);
}

fn write_scalar(text: &mut String, scalar: &(impl serde::Serialize + ?Sized)) {
    // Texts, numbers, booleans and null have one spelling each in serde_json.
    if let Ok(spelling) = serde_json::to_string(scalar) {
        text.push_str(&spelling);
    }
}

/// SHA-256 of a text, in hexadecimal.
pub fn sha256(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn canonical_json_sorts_keys_at_every_depth() {
        let value = json!({"b": [1, {"d": null, "c": "x\n"}], "a": 1.5});
        assert_eq!(canonical_json(&value), r#"{"a":1.5,"b":[1,{"c":"x\n","d":null}]}"#);
    }

    #[test]
    fn hashes_are_those_of_the_standard() {
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(sha256(""), empty);
    }
}
