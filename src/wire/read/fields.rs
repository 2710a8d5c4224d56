//! Finding a field under one of its names.

use serde_json::Value;

use crate::domain::Timestamp;

/// The first of `names` that is present and not null; a dot descends into an object.
pub(super) fn find<'a>(raw: &'a Value, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| {
        name.split('.').try_fold(raw, |value, part| value.get(part)).filter(|v| !v.is_null())
    })
}

/// A text field; numbers are taken as text, since ids come as both.
pub(super) fn text(raw: &Value, names: &[&str]) -> Option<Box<str>> {
    match find(raw, names)? {
        Value::String(text) => Some(text.as_str().into()),
        Value::Number(number) => Some(number.to_string().into()),
        _ => None,
    }
}

/// A whole number, also as text.
pub(super) fn count(raw: &Value, names: &[&str]) -> Option<u64> {
    match find(raw, names)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim_start_matches('v').parse().ok(),
        _ => None,
    }
}

/// An instant: ISO-8601, or seconds or milliseconds since the epoch.
pub(super) fn instant(raw: &Value, names: &[&str]) -> Option<Timestamp> {
    match find(raw, names)? {
        Value::String(text) => parse_instant(text),
        Value::Number(number) => epoch(number.as_f64()?),
        _ => None,
    }
}

fn parse_instant(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    // Some services leave out the zone and mean UTC.
    let civil: Result<jiff::civil::DateTime, _> = text.parse();
    civil.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn epoch(number: f64) -> Option<Timestamp> {
    let millis = if number.abs() > 1e11 { number } else { number * 1_000.0 };
    Timestamp::from_millisecond(millis as i64).ok()
}
