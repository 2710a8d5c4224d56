//! Words and figures that several rules use.

use std::time::Duration;

use crate::domain::clock::{age, human};
use crate::domain::{Credits, StepId, Timestamp};

/// How many names a sentence holds before the rest is counted.
const NAMED: usize = 3;

/// Names in a sentence: `a, b and 2 more`.
pub(super) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.into_iter().collect();
    match names.len().checked_sub(NAMED) {
        Some(more) if more > 0 => format!("{} and {more} more", names[..NAMED].join(", ")),
        _ => names.join(", "),
    }
}

/// Steps in a sentence.
pub(super) fn steps(steps: &[StepId]) -> String {
    list(steps.iter().map(StepId::as_str))
}

/// `1 step`, `2 steps`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Microcredits as credits, without their unit: `17.0`, `1,240`.
pub(super) fn credits(micro: u64) -> String {
    Credits(micro).to_string().trim_end_matches(" cr").to_owned()
}

/// Seconds as an author writes them: `30 s`, `1.5 s`.
pub(super) fn seconds(seconds: f64) -> String {
    format!("{seconds} s")
}

/// How long something has been going on.
pub(super) fn since(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| "an unknown time".into(), |at| human(age(at, now)))
}

/// Whether a text holds one of some words, without regard to case.
pub(super) fn mentions(text: &str, words: &[&str]) -> bool {
    let text = text.to_lowercase();
    words.iter().any(|word| text.contains(word))
}

/// The name most like a wanted one, if any is like it at all.
pub(super) fn nearest<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(wanted, name), name));
    let best = scored.max_by(|a, b| a.0.total_cmp(&b.0))?;
    (best.0 > 0.75).then_some(best.1)
}

/// A time with the unit that reads best.
pub(super) fn time(duration: Duration) -> String {
    crate::domain::clock::human_fine(duration)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_lists_read_well() {
        assert_eq!(credits(17_000_000), "17.0");
        assert_eq!(list(["a", "b"]), "a, b");
        assert_eq!(list(["a", "b", "c", "d", "e"]), "a, b, c and 2 more");
        assert_eq!(nearest("biling-prod", ["search", "billing-prod"]), Some("billing-prod"));
        assert_eq!(nearest("zzz", ["search", "billing-prod"]), None);
    }
}
