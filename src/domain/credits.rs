//! Credits: what the actions of runs cost, and what is left to pay them with.
//!
//! Amounts are whole microcredits; one credit is a million of them.

use std::fmt;

/// How many microcredits a credit is.
pub const MICROCREDITS: u64 = 1_000_000;

/// Where credits come from, in the order in which they are spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Given to try the platform.
    Trial,
    /// Part of the plan.
    Included,
    /// Bought besides: pay as you go.
    Payg,
}

impl Bucket {
    /// All of them, in the order in which they are spent.
    pub const ALL: [Self; 3] = [Self::Trial, Self::Included, Self::Payg];

    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trial => "trial",
            Self::Included => "included",
            Self::Payg => "payg",
        }
    }

    /// Reads the platform's word.
    pub fn parse(raw: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|bucket| bucket.as_str() == raw)
    }
}

/// What is left in each bucket, in microcredits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Balance {
    /// Of the trial.
    pub trial: u64,
    /// Of the plan.
    pub included: u64,
    /// Bought besides.
    pub payg: u64,
}

impl Balance {
    /// What is left in all.
    pub fn total(&self) -> u64 {
        Bucket::ALL.iter().fold(0, |sum: u64, bucket| sum.saturating_add(self.of(*bucket)))
    }

    /// What is left in one bucket.
    pub fn of(&self, bucket: Bucket) -> u64 {
        match bucket {
            Bucket::Trial => self.trial,
            Bucket::Included => self.included,
            Bucket::Payg => self.payg,
        }
    }

    /// The bucket itself.
    pub fn of_mut(&mut self, bucket: Bucket) -> &mut u64 {
        match bucket {
            Bucket::Trial => &mut self.trial,
            Bucket::Included => &mut self.included,
            Bucket::Payg => &mut self.payg,
        }
    }

    /// Takes an amount, bucket after bucket; tells how much each gave. `None`, and nothing taken,
    /// when not enough is left.
    pub fn spend(&mut self, amount: u64) -> Option<Vec<(Bucket, u64)>> {
        if self.total() < amount {
            return None;
        }
        let mut open = amount;
        let mut given = Vec::new();
        for bucket in Bucket::ALL {
            let left = self.of_mut(bucket);
            let part = open.min(*left);
            *left -= part;
            open -= part;
            if part > 0 {
                given.push((bucket, part));
            }
        }
        Some(given)
    }
}

/// A balance as a server tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// The buckets, as far as they are told.
    pub balance: Balance,
    /// What is left in all, in microcredits; servers may tell it alone.
    pub total: u64,
    /// Whether nothing is ever refused for lack of credits.
    pub is_unlimited: bool,
}

/// Microcredits as people read them: `17.0 cr`, `1,250 cr`, `10.0M cr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Credits(pub u64);

impl fmt::Display for Credits {
    /// Rounds down: what is shown is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.0 / MICROCREDITS;
        match whole {
            0..1_000 => write!(f, "{whole}.{} cr", self.0 % MICROCREDITS / (MICROCREDITS / 10)),
            1_000..100_000 => write!(f, "{},{:03} cr", whole / 1_000, whole % 1_000),
            100_000..1_000_000 => write!(f, "{}k cr", whole / 1_000),
            _ => write!(f, "{}.{}M cr", whole / 1_000_000, whole % 1_000_000 / 100_000),
        }
    }
}

/// Reads credits as people write them (`17`, `0.5`), in microcredits.
///
/// # Errors
/// A sentence when it is no number, negative, finer than a microcredit, or more than can be kept.
pub fn parse_credits(text: &str) -> Result<u64, String> {
    let wrong = || format!("{text:?} is no amount of credits; write it like 17 or 0.5");
    let (whole, part) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !digits(whole) || !digits(part) || part.len() > 6 {
        return Err(wrong());
    }
    let whole: u64 = whole.parse().map_err(|_| wrong())?;
    let part: u64 = format!("{part:0<6}").parse().map_err(|_| wrong())?;
    let amount = whole.checked_mul(MICROCREDITS).and_then(|amount| amount.checked_add(part));
    // Columns of the database hold whole numbers with a sign.
    amount.filter(|amount| *amount <= i64::MAX as u64 / 4).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn buckets_are_spent_in_order_and_all_or_nothing() {
        let mut balance = Balance { trial: 2, included: 3, payg: 5 };
        assert_eq!(balance.spend(4), Some(vec![(Bucket::Trial, 2), (Bucket::Included, 2)]));
        assert_eq!(balance, Balance { trial: 0, included: 1, payg: 5 });
        assert_eq!(balance.spend(7), None);
        assert_eq!(balance.total(), 6);
        assert_eq!(balance.spend(6), Some(vec![(Bucket::Included, 1), (Bucket::Payg, 5)]));
        assert_eq!(balance.spend(0), Some(vec![]));
    }

    #[test]
    fn amounts_are_short_and_never_more_than_there_is() {
        let shown = |credits: f64| Credits((credits * MICROCREDITS as f64) as u64).to_string();
        assert_eq!(shown(0.0), "0.0 cr");
        assert_eq!(shown(17.09), "17.0 cr");
        assert_eq!(shown(1_250.5), "1,250 cr");
        assert_eq!(shown(123_456.0), "123k cr");
        assert_eq!(shown(10_000_000.0), "10.0M cr");
        assert_eq!(shown(9_999_999.0), "9.9M cr");
    }

    #[test]
    fn written_amounts_are_read_exactly() {
        assert_eq!(parse_credits("17"), Ok(17 * MICROCREDITS));
        assert_eq!(parse_credits(" 0.000001 "), Ok(1));
        assert_eq!(parse_credits("2.5"), Ok(2_500_000));
        for wrong in ["", "-1", "1e3", "0.0000001", "x", ".5", "99999999999999999999"] {
            assert!(parse_credits(wrong).is_err(), "{wrong}");
        }
    }
}
