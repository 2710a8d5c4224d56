//! Reads what a diagnosis asks for: credits, MCP, connections, models, dry runs, memory.
//!
//! The platform publishes few of these shapes. Each reader takes the names that are documented or
//! likely, and searches where nothing is; what it cannot find stays unknown and is never made up.

mod credits;
mod dry_run;
mod mcp;
mod rest;

pub use credits::{prices, spend};
pub use dry_run::dry_run;
pub use mcp::{connections, google_account, google_config, instances, overrides, probe, profiles};
pub use rest::{extraction, memory, model, models, tokens};

use serde_json::Value;

use super::fields::text;

/// The items of a list: a bare array, or one under its own name or a common envelope.
fn items<'a>(raw: &'a Value, keys: &[&str]) -> Option<&'a Vec<Value>> {
    const ENVELOPES: [&str; 5] = ["items", "data", "results", "rows", "records"];
    if let Value::Array(list) = raw {
        return Some(list);
    }
    keys.iter().chain(&ENVELOPES).find_map(|name| raw.get(*name)?.as_array())
}

/// The same, or a sentence that says what is missing.
fn need<'a>(raw: &'a Value, keys: &[&str]) -> Result<&'a Vec<Value>, String> {
    items(raw, keys).ok_or_else(|| format!("expected a list of {}", keys[0]))
}

/// Whether a word or a flag says that something went well; none when it says nothing known.
fn went_well(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::String(word) => match word.to_ascii_lowercase().as_str() {
            "ok" | "pass" | "passed" | "success" | "succeeded" | "valid" | "ready" | "healthy"
            | "skipped" | "not_applicable" => Some(true),
            "fail" | "failed" | "error" | "invalid" | "unhealthy" | "blocked" | "timeout" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A list of texts, or of the names in a map of flags that are on.
fn words(value: Option<&Value>) -> Vec<Box<str>> {
    match value {
        Some(Value::Array(list)) => {
            let word = |item: &Value| match item {
                Value::String(word) => Some(word.as_str().into()),
                other => text(other, &["name", "service", "id", "scope"]),
            };
            list.iter().filter_map(word).collect()
        }
        Some(Value::Object(map)) => {
            let on =
                map.iter().filter(|(_, flag)| went_well(flag.get("enabled").unwrap_or(flag)) == Some(true));
            on.map(|(name, _)| name.as_str().into()).collect()
        }
        Some(Value::String(list)) => {
            list.split([' ', ',']).filter(|word| !word.is_empty()).map(Into::into).collect()
        }
        _ => Vec::new(),
    }
}
