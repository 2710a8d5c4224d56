//! Credits: what used them, what actions cost.

use serde_json::Value;

use super::super::fields::text;
use super::items;
use crate::domain::credits::MICROCREDITS;
use crate::domain::triage::{Spend, SpendRow};

/// One credit in microcredits.
const CREDIT: f64 = MICROCREDITS as f64;
/// The names of a workflow in a row, then of an action.
const WORKFLOW: [&str; 4] = ["workflow_name", "workflow.name", "workflow_id", "workflow"];
const ACTION: [&str; 6] = ["action", "action_type", "action_key", "dimension", "event_type", "kind"];
/// How deep lists are searched for.
const DEPTH: usize = 4;

/// Reads what used credits within a window, from the analytics and from the usage history,
/// whichever can be had; none when neither tells an amount.
pub fn spend(consumed: Option<&Value>, history: Option<&Value>, window: &str, seconds: u64) -> Option<Spend> {
    let mut workflows = Vec::new();
    let mut actions = Vec::new();
    for raw in [consumed, history].into_iter().flatten() {
        if workflows.is_empty() {
            gather(raw, &WORKFLOW, DEPTH, &mut workflows);
        }
        if actions.is_empty() {
            gather(raw, &ACTION, DEPTH, &mut actions);
        }
    }
    let sum = |rows: &[SpendRow]| rows.iter().map(|row| row.amount).fold(0, u64::saturating_add);
    let stated = [consumed, history].into_iter().flatten().find_map(amount);
    let total = stated
        .or_else(|| (!workflows.is_empty()).then(|| sum(&workflows)))
        .or_else(|| (!actions.is_empty()).then(|| sum(&actions)))?;
    Some(Spend {
        window: window.into(),
        seconds,
        total,
        workflows: largest(workflows),
        actions: largest(actions),
    })
}

/// Reads the prices of actions; a map of names to amounts is taken too.
pub fn prices(raw: &Value) -> Vec<SpendRow> {
    let mut rows = Vec::new();
    let names: Vec<&str> = ACTION.into_iter().chain(["name", "id", "key"]).collect();
    gather(raw, &names, DEPTH, &mut rows);
    largest(rows)
}

/// Adds up the rows of every list whose rows have one of these names and an amount.
fn gather(raw: &Value, names: &[&str], depth: usize, rows: &mut Vec<SpendRow>) {
    if depth == 0 {
        return;
    }
    if let Some(list) = items(raw, &["usage", "history", "entries"]) {
        for item in list {
            if let (Some(name), Some(amount)) = (text(item, names), amount(item)) {
                add(rows, name, amount);
            }
        }
    }
    if rows.is_empty()
        && let Value::Object(fields) = raw
    {
        for (_, value) in fields.iter().filter(|(_, value)| value.is_object() || value.is_array()) {
            gather(value, names, depth - 1, rows);
            if !rows.is_empty() {
                return;
            }
        }
    }
}

fn add(rows: &mut Vec<SpendRow>, name: Box<str>, amount: u64) {
    match rows.iter_mut().find(|row| row.name == name) {
        Some(row) => row.amount = row.amount.saturating_add(amount),
        None => rows.push(SpendRow { name, amount }),
    }
}

fn largest(mut rows: Vec<SpendRow>) -> Vec<SpendRow> {
    rows.sort_by_key(|row| std::cmp::Reverse(row.amount));
    rows
}

/// The amount that an object names: microcredits, or whole credits.
fn amount(raw: &Value) -> Option<u64> {
    let fields = raw.as_object()?;
    let micro =
        fields.iter().find(|(name, _)| name.ends_with("microcredits")).and_then(|(_, value)| number(value));
    let whole = || {
        let of_credits =
            |name: &str| name == "credits" || name.ends_with("_credits") || name == "credits_consumed";
        let (_, value) = fields.iter().find(|(name, _)| of_credits(name))?;
        value.as_f64().map(|credits| (credits.abs() * CREDIT) as u64)
    };
    micro.or_else(whole)
}

fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => number.as_f64().map(|n| n.abs() as u64),
        Value::String(text) => text.trim_start_matches('-').parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    fn row(name: &str, amount: u64) -> SpendRow {
        SpendRow { name: name.into(), amount }
    }

    #[test]
    fn spending_is_found_whatever_its_envelope() {
        let consumed = json!({"window": "week", "total_microcredits": 9, "by_workflow": [
            {"workflow_id": "w1", "workflow_name": "digest", "microcredits": 2},
            {"workflow_name": "invoice", "microcredits": 7}]});
        let history = json!({"items": [
            {"action": "step", "delta_microcredits": -4}, {"action": "step", "delta_microcredits": -1},
            {"action": "memory_extract", "delta_microcredits": -3}]});
        let found = spend(Some(&consumed), Some(&history), "7 days", 604_800).unwrap();
        assert_eq!(found.total, 9);
        assert_eq!(found.workflows, [row("invoice", 7), row("digest", 2)]);
        assert_eq!(found.actions, [row("step", 5), row("memory_extract", 3)]);
        assert_eq!(spend(Some(&json!({"ok": true})), None, "7 days", 1), None);
    }

    #[test]
    fn prices_are_read_in_either_unit() {
        let raw =
            json!({"pricing": [{"action": "step", "credits": 5}, {"action": "extract", "microcredits": 10}]});
        assert_eq!(prices(&raw), [row("step", 5_000_000), row("extract", 10)]);
    }
}
