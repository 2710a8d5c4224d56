//! Fingerprints of values: whether two JSON values say the same, however they are spelled.

use std::fmt::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest as _;

/// The fingerprint of a JSON value: SHA-256 over its canonical form, as `sha256:` and hexadecimal.
///
/// It names what a person was shown, so that a decision on anything else can be refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Digest(Box<str>);

impl Digest {
    /// The fingerprint of a value; the order of fields makes no difference, everything else does.
    pub fn of(value: &Value) -> Self {
        Self(format!("sha256:{}", sha256(&canonical_json(value))).into())
    }

    /// The fingerprint as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
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
    sha2::Sha256::digest(text.as_bytes()).iter().fold(String::with_capacity(64), |mut hex, byte| {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
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

    #[test]
    fn equal_values_have_equal_fingerprints_and_others_have_not() {
        let (one, same) = (json!({"a": 1, "b": "x"}), json!({"b": "x", "a": 1}));
        assert_eq!(Digest::of(&one), Digest::of(&same));
        for other in [json!({"a": 1, "b": "x "}), json!({"a": 1.0, "b": "x"}), json!({"a": 1}), json!(null)] {
            assert_ne!(Digest::of(&one), Digest::of(&other));
        }
    }
}
