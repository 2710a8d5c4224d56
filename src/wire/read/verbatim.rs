//! Payloads that JSON values cannot hold as they came: numbers with more digits than are computed
//! with, and objects that say a field twice. Whoever decides must see what the server sees.

use serde::de::{Deserializer, Error, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::domain::Verbatim;

/// Under which names a task carries what the person is shown; the same as in rows of tasks.
pub(super) const PAYLOADS: [&str; 3] = ["task_payload", "payload", "context"];

/// Deeper payloads are not looked through, and say so.
const DEPTH: usize = 64;

/// The most flaws that are named.
const FLAWS: usize = 20;

/// The fields of an object in the order in which they came, a name twice where it stands twice.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> serde::Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct All;
        impl<'de> Visitor<'de> for All {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut fields = Vec::new();
                while let Some(name) = map.next_key::<String>()? {
                    let value: &RawValue = map.next_value().map_err(A::Error::custom)?;
                    fields.push((name, value));
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(All)
    }
}

/// For each row of a list of tasks what its payload says beyond what a value can hold; none for
/// payloads that are held whole, which is nearly all.
pub fn verbatims(body: &str, key: &str) -> Vec<Option<Verbatim>> {
    rows(body, key).into_iter().map(|row| row.and_then(of_task)).collect()
}

fn rows<'a>(body: &'a str, key: &str) -> Vec<Option<&'a RawValue>> {
    let list = |raw: &'a str| serde_json::from_str::<Vec<&'a RawValue>>(raw).ok();
    let found = list(body).or_else(|| {
        let Fields(fields) = serde_json::from_str(body).ok()?;
        let named = |name: &str| {
            let value = fields.iter().rev().find(|(field, _)| field == name)?.1;
            list(value.get())
        };
        named(key).or_else(|| super::page::ENVELOPES.iter().find_map(|name| named(name)))
    });
    found.unwrap_or_default().into_iter().map(Some).collect()
}

fn of_task(row: &RawValue) -> Option<Verbatim> {
    let Fields(fields) = serde_json::from_str(row.get()).ok()?;
    let payload = PAYLOADS.iter().find_map(|name| {
        let value = fields.iter().rev().find(|(field, _)| field == name)?.1;
        (value.get() != "null").then_some(value)
    })?;
    let mut flaws = Vec::new();
    // A task that says its payload twice shows one of the two.
    let twice = |name: &str| fields.iter().filter(|(field, _)| field == name).count() > 1;
    flaws.extend(PAYLOADS.into_iter().find(|name| twice(name)).map(said_twice));
    look(payload.get(), "", 0, &mut flaws);
    flaws.truncate(FLAWS);
    (!flaws.is_empty()).then(|| Verbatim { text: payload.get().into(), flaws: flaws.into() })
}

fn look(raw: &str, path: &str, depth: usize, flaws: &mut Vec<Box<str>>) {
    let raw = raw.trim();
    if flaws.len() >= FLAWS {
        return;
    }
    if depth >= DEPTH {
        flaws.push(format!("{path} is nested too deep to be checked").into());
        return;
    }
    match raw.as_bytes().first() {
        Some(b'{') => look_at_fields(raw, path, depth, flaws),
        Some(b'[') => {
            let items: Vec<&RawValue> = serde_json::from_str(raw).unwrap_or_default();
            for (index, item) in items.iter().enumerate() {
                look(item.get(), &format!("{path}[{index}]"), depth + 1, flaws);
            }
        }
        Some(b'-' | b'0'..=b'9') if !is_exact(raw) => {
            flaws
                .push(format!("{path}: the number {raw} has more digits than are computed with here").into());
        }
        _ => {}
    }
}

fn look_at_fields(raw: &str, path: &str, depth: usize, flaws: &mut Vec<Box<str>>) {
    let Ok(Fields(fields)) = serde_json::from_str(raw) else { return };
    let mut seen = std::collections::HashSet::new();
    for (name, value) in &fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        if !seen.insert(name) {
            flaws.push(said_twice(&path));
        }
        look(value.get(), &path, depth + 1, flaws);
    }
}

fn said_twice(path: &str) -> Box<str> {
    format!("{path}: the field stands here twice, and who executes it may take the other one").into()
}

/// Whether a number is the same after it was read and written again.
fn is_exact(raw: &str) -> bool {
    let number: Result<serde_json::Number, _> = serde_json::from_str(raw);
    number.is_ok_and(|number| plain(raw) == plain(&number.to_string()))
}

/// A number as its sign, its digits without zeros at either end, and where the point stands.
fn plain(raw: &str) -> Option<(bool, String, i64)> {
    let (negative, raw) = raw.strip_prefix('-').map_or((false, raw), |rest| (true, rest));
    let (digits, exponent) = raw.split_once(['e', 'E']).unwrap_or((raw, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all = format!("{whole}{part}");
    let point = i64::try_from(whole.len()).ok()?.checked_add(exponent)?;
    let leading = all.len() - all.trim_start_matches('0').len();
    let digits = all.trim_matches('0').to_owned();
    if digits.is_empty() {
        return Some((false, digits, 0));
    }
    Some((negative, digits, point - i64::try_from(leading).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    fn flaws(payload: &str) -> Vec<String> {
        let body = format!(r#"{{"tasks":[{{"task_id":"t","task_payload":{payload}}}]}}"#);
        let [found] = &verbatims(&body, "tasks")[..] else { panic!("one row") };
        found.iter().flat_map(|found| found.flaws.iter().map(ToString::to_string)).collect()
    }

    #[rstest]
    #[case(
        r#"{"a": 1, "b": [1.50, -0.0, 1e3, 184.00, 18446744073709551615], "c": "12345678901234567890123"}"#
    )]
    #[case(r#"{"a": {"x": 1}, "b": {"x": 1}}"#)]
    #[case("null")]
    #[case(r#""text""#)]
    fn what_a_value_holds_whole_has_no_flaw(#[case] payload: &str) {
        assert_eq!(flaws(payload), Vec::<String>::new());
    }

    #[test]
    fn rounded_numbers_and_repeated_fields_are_named_with_their_place() {
        let payload = r#"{"order": {"items": [{"n": 12345678901234567890123}], "to": "a", "to": "b"}}"#;
        assert_eq!(
            flaws(payload),
            [
                "order.items[0].n: the number 12345678901234567890123 has more digits than are computed with here",
                "order.to: the field stands here twice, and who executes it may take the other one",
            ]
        );
        assert_eq!(flaws("0.1234567890123456789").len(), 1);
    }

    #[test]
    fn the_text_is_the_servers_own_and_rows_keep_their_place() {
        let body = r#"[{"id": "a", "payload": {"n": 1}}, 7, {"id": "b", "payload": {"n": 1, "n" : 2}}]"#;
        let found = verbatims(body, "tasks");
        assert_eq!(found.iter().map(Option::is_some).collect::<Vec<_>>(), [false, false, true]);
        assert_eq!(&*found[2].as_ref().unwrap().text, r#"{"n": 1, "n" : 2}"#);
        assert_eq!(verbatims("not json", "tasks"), []);
    }

    #[test]
    fn a_name_spelled_with_an_escape_is_the_same_name() {
        assert_eq!(flaws(r#"{"to": "a", "t\u006f": "b"}"#).len(), 1);
    }
}
