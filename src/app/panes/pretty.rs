//! Foreign JSON as the text that is shown, scrolled and copied.

use serde_json::Value;

/// A payload as text: a string as it is, anything else as indented JSON.
///
/// The lines of an open payload are the lines of this text. It is foreign: pass it through
/// [`SafeText::lines`](crate::domain::text::SafeText::lines) before it is drawn.
pub fn pretty(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    }
}
