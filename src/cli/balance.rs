//! Amounts of credits as arguments.

use crate::domain::credits::parse_credits;
use crate::domain::{Balance, Bucket};

/// With what balance the runtime begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Starting {
    /// Exactly this.
    Balance(Balance),
    /// Nothing is refused for lack of credits.
    Unlimited,
}

/// Reads `20`, `trial=2,included=10,payg=5` or `unlimited`; a plain amount counts as included.
///
/// # Errors
/// A sentence that says what cannot be read.
pub(super) fn starting(raw: &str) -> Result<Starting, String> {
    if raw == "unlimited" {
        return Ok(Starting::Unlimited);
    }
    let mut balance = Balance::default();
    if !raw.contains('=') {
        balance.included = parse_credits(raw)?;
        return Ok(Starting::Balance(balance));
    }
    for part in raw.split(',') {
        let (name, amount) = part.split_once('=').ok_or_else(|| format!("{part:?} is not BUCKET=CREDITS"))?;
        *balance.of_mut(bucket(name.trim())?) = parse_credits(amount)?;
    }
    Ok(Starting::Balance(balance))
}

/// Reads the name of a bucket.
///
/// # Errors
/// A sentence that names them all.
pub(super) fn bucket(raw: &str) -> Result<Bucket, String> {
    Bucket::parse(raw).ok_or_else(|| "use trial, included or payg".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::credits::MICROCREDITS;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_starting_balance_is_an_amount_buckets_or_no_limit() {
        let balance = |trial, included, payg| {
            let [trial, included, payg] = [trial, included, payg].map(|credits: u64| credits * MICROCREDITS);
            Ok(Starting::Balance(Balance { trial, included, payg }))
        };
        assert_eq!(starting("20"), balance(0, 20, 0));
        assert_eq!(starting("trial=2,included=10, payg=5"), balance(2, 10, 5));
        assert_eq!(starting("unlimited"), Ok(Starting::Unlimited));
        for wrong in ["", "many", "trial=x", "gift=3", "trial=1,2", "-1"] {
            assert!(starting(wrong).is_err(), "{wrong}");
        }
    }
}
