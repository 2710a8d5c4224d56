//! Counts how often calls of a key have failed already.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// How many keys are counted; beyond that all counts begin anew.
const MAX_KEYS: usize = 10_000;

/// Failures so far, by key. A restart begins anew.
#[derive(Debug, Default)]
pub(super) struct Faults {
    counts: Mutex<HashMap<String, u32>>,
}

/// What a call is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Fail.
    Fails,
    /// Succeed, after so many failures.
    Succeeds {
        /// How many.
        after: u32,
    },
}

impl Faults {
    /// Counts a call of a key whose first `times` calls fail, or all of them.
    pub(super) fn count(&self, key: &str, times: Option<u32>) -> Verdict {
        let Some(times) = times else { return Verdict::Fails };
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if counts.len() >= MAX_KEYS && !counts.contains_key(key) {
            counts.clear();
        }
        let count = counts.entry(key.to_owned()).or_default();
        if *count < times {
            *count += 1;
            return Verdict::Fails;
        }
        Verdict::Succeeds { after: *count }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_fails_as_often_as_asked() {
        let faults = Faults::default();
        let call = |key| faults.count(key, Some(2));
        let got = [call("a"), call("b"), call("a"), call("a"), call("b"), call("a")];
        let fails = Verdict::Fails;
        let succeeds = Verdict::Succeeds { after: 2 };
        assert_eq!(got, [fails, fails, fails, succeeds, fails, succeeds]);
        assert_eq!(faults.count("a", None), fails);
    }
}
