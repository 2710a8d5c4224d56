//! Time as data: instants come from the server or from the caller, never from a clock read here.

use std::time::Duration;

pub use jiff::Timestamp;

/// How long ago `since` was, at `now`; zero when the clocks disagree and it lies ahead.
pub fn age(since: Timestamp, now: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(since)).unwrap_or_default()
}

/// The instant `after` from `from`, held at the last representable one instead of overflowing.
pub fn later(from: Timestamp, after: Duration) -> Timestamp {
    from.checked_add(after).unwrap_or(Timestamp::MAX)
}

/// A duration in at most two units: `9s`, `2m14s`, `1h05m`, `3d04h`.
pub fn human(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        3_600..=86_399 => format!("{}h{:02}m", seconds / 3_600, seconds / 60 % 60),
        _ => format!("{}d{:02}h", seconds / 86_400, seconds / 3_600 % 24),
    }
}

/// A duration in one unit, for what changes seldom: `42s`, `3m`, `17h`, `2d`.
pub fn human_coarse(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0..=59 => format!("{seconds}s"),
        60..=3_599 => format!("{}m", seconds / 60),
        3_600..=86_399 => format!("{}h", seconds / 3_600),
        _ => format!("{}d", seconds / 86_400),
    }
}

/// Like [`human`], but tells milliseconds below ten seconds: `12ms`, `8.2s`.
pub fn human_fine(duration: Duration) -> String {
    match duration.as_millis() {
        ms @ 0..=999 => format!("{ms}ms"),
        ms @ 1_000..=9_999 => format!("{}.{}s", ms / 1_000, ms / 100 % 10),
        _ => human(duration),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_in_two_units() {
        let cases =
            [(0, "0s"), (59, "59s"), (134, "2m14s"), (662, "11m02s"), (3_900, "1h05m"), (273_600, "3d04h")];
        for (seconds, want) in cases {
            assert_eq!(human(Duration::from_secs(seconds)), want);
        }
        let coarse = [59, 134, 3_900, 273_600].map(|seconds| human_coarse(Duration::from_secs(seconds)));
        assert_eq!(coarse, ["59s", "2m", "1h", "3d"]);
        assert_eq!(human_fine(Duration::from_millis(8_249)), "8.2s");
        assert_eq!(human_fine(Duration::from_millis(12)), "12ms");
    }

    #[test]
    fn an_instant_ahead_of_now_is_zero_old() {
        let now = Timestamp::UNIX_EPOCH;
        assert_eq!(age(later(now, Duration::from_secs(5)), now), Duration::ZERO);
    }
}
