//! Exchange rates that never change.

use serde_json::{Map, Value, json};

/// What a euro is worth.
const PER_EURO: [(&str, f64); 4] = [("EUR", 1.0), ("USD", 1.08), ("GBP", 0.85), ("CHF", 0.95)];

/// What one unit of `base` is worth in every currency, to four places; `None` for an unknown one.
pub(super) fn of(base: &str) -> Option<Value> {
    let (_, per_euro) = PER_EURO.iter().find(|(currency, _)| *currency == base)?;
    let rate = |value: f64| (value / per_euro * 10_000.0).round() / 10_000.0;
    let rates: Map<_, _> =
        PER_EURO.iter().map(|(currency, value)| ((*currency).to_owned(), json!(rate(*value)))).collect();
    Some(json!({"base": base, "rates": rates}))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_relative_to_their_base() {
        let want = json!({"base": "USD", "rates": {"EUR": 0.9259, "USD": 1.0, "GBP": 0.787, "CHF": 0.8796}});
        assert_eq!(of("USD"), Some(want));
        assert_eq!(of("XAU"), None);
    }
}
