//! When to try again: capped, jittered, reset after a time of health.

use std::time::Duration;

use crate::domain::{Timestamp, clock};

/// The ceiling of the first delay.
const FIRST: Duration = Duration::from_millis(500);
/// The ceiling of every delay.
const CAP: Duration = Duration::from_secs(30);
/// No delay is shorter: a jitter near zero must not become a busy loop.
const FLOOR: Duration = Duration::from_millis(100);
/// Most outages are short: in the beginning of one no delay is longer than this.
const SOON: Duration = Duration::from_secs(2);
/// So long is the beginning of an outage.
const BRIEF: Duration = Duration::from_secs(10);
/// How long a connection must hold before failures are forgotten.
const HEALTH: Duration = Duration::from_secs(60);

/// Failures in a row, and the health in between.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Backoff {
    failures: u32,
    /// The last longest delay.
    ceiling: Duration,
    failing_since: Option<Timestamp>,
    healthy_since: Option<Timestamp>,
}

impl Backoff {
    /// Notes a success at `now`.
    pub(super) fn healthy(&mut self, now: Timestamp) {
        self.healthy_since.get_or_insert(now);
    }

    /// Notes a failure at `now` and tells how long to wait; `random` is from 0 to 1.
    pub(super) fn failed(&mut self, now: Timestamp, random: f64) -> Duration {
        if self.healthy_since.take().is_some_and(|since| clock::age(since, now) >= HEALTH) {
            *self = Self::default();
        }
        self.failures = self.failures.saturating_add(1);
        let since = *self.failing_since.get_or_insert(now);
        let cap = if clock::age(since, now) < BRIEF { SOON } else { CAP };
        self.ceiling = self.ceiling.saturating_mul(2).clamp(FIRST, cap);
        self.ceiling.mul_f64(random.clamp(0.0, 1.0)).max(FLOOR)
    }

    /// How many tries have failed in a row.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn ceilings_double_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let delays: Vec<u64> = [0, 1, 2, 4, 6, 8, 10, 14, 22, 38, 68, 98]
            .map(|second| backoff.failed(at(second), 1.0).as_millis() as u64)
            .into();
        let brief = [500, 1_000, 2_000, 2_000, 2_000, 2_000];
        assert_eq!(delays, [&brief[..], &[4_000, 8_000, 16_000, 30_000, 30_000, 30_000]].concat());
    }

    #[test]
    fn jitter_is_full_but_never_a_busy_loop() {
        let mut backoff = Backoff::default();
        assert_eq!(backoff.failed(at(0), 0.0), FLOOR);
        assert_eq!(backoff.failed(at(0), 0.5), Duration::from_millis(500));
    }

    #[test]
    fn only_a_minute_of_health_forgets_failures() {
        let mut backoff = Backoff::default();
        backoff.failed(at(0), 1.0);
        backoff.healthy(at(10));
        assert_eq!(backoff.failed(at(69), 1.0), Duration::from_secs(1));
        backoff.healthy(at(70));
        backoff.healthy(at(100));
        assert_eq!(backoff.failed(at(130), 1.0), FIRST);
    }
}
