//! The balance of credits.

use serde_json::Value;

use super::fields::{count, find};
use crate::domain::{Balance, Usage};

/// Reads what is left. Buckets that are not told count as empty; where the total is absent it is
/// their sum. `None` where nothing of a balance is told.
pub fn usage(raw: &Value) -> Option<Usage> {
    let raw = find(raw, &["usage", "data"]).filter(|inner| inner.is_object()).unwrap_or(raw);
    let bucket =
        |name: &str| count(raw, &[&format!("{name}_remaining"), &format!("{name}_remaining_microcredits")]);
    let [trial, included, payg] = ["trial", "included", "payg"].map(bucket);
    let total = count(raw, &["total_remaining_microcredits", "total_remaining"]);
    total.or(trial).or(included).or(payg)?;
    let balance =
        Balance { trial: trial.unwrap_or(0), included: included.unwrap_or(0), payg: payg.unwrap_or(0) };
    let is_unlimited = raw.get("unlimited").and_then(Value::as_bool) == Some(true);
    Some(Usage { balance, total: total.unwrap_or(balance.total()), is_unlimited })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn a_balance_is_read_with_or_without_its_total() {
        let whole = usage(&json!({"trial_remaining": 2, "included_remaining": 10, "payg_remaining": 5,
            "total_remaining_microcredits": 17, "plan": "x"}));
        let balance = Balance { trial: 2, included: 10, payg: 5 };
        assert_eq!(whole, Some(Usage { balance, total: 17, is_unlimited: false }));
        let summed = usage(&json!({"trial_remaining": 2, "payg_remaining": "5"}));
        assert_eq!(summed.map(|usage| usage.total), Some(7));
        let alone = usage(&json!({"usage": {"total_remaining_microcredits": 9}, "unlimited": false}));
        assert_eq!(alone.map(|usage| usage.total), Some(9));
        for nothing in [json!({}), json!([]), json!({"trial_remaining": null}), json!("x")] {
            assert_eq!(usage(&nothing), None, "{nothing}");
        }
    }
}
