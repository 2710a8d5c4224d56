//! Foreign JSON as the text that is copied.

use serde_json::Value;

/// A payload as text: a string as it is, anything else as indented JSON. It is for the clipboard;
/// what is drawn comes from [`document`](crate::domain::document).
pub(crate) fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
