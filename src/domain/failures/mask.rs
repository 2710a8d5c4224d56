//! Messages without what differs from one failure to the next of the same cause.

/// The most characters of a message that tell its cause.
const LENGTH: usize = 200;

/// Words that an HTTP status follows: there a number is a cause of its own.
const STATUS_WORDS: [&str; 7] = ["http", "status", "code", "answered", "error", "returned", "with"];

/// Endings of names that are hosts and no paths of data.
const DOMAINS: [&str; 18] = [
    "com", "net", "org", "io", "dev", "app", "co", "ai", "cloud", "eu", "de", "uk", "us", "local",
    "internal", "lan", "test", "example",
];

/// Units of times, longest first.
const UNITS: [&str; 13] =
    ["seconds", "second", "minutes", "minute", "hours", "hour", "secs", "mins", "ms", "us", "s", "m", "h"];

/// A message with ids and numbers as `#`, and times, hosts and addresses masked, so that failures of
/// one cause read the same. A status of HTTP stays: 401 and 503 are two causes.
pub fn masked(message: &str) -> Box<str> {
    let start: String = message.chars().take(2 * LENGTH).collect();
    let mut words: Vec<String> = Vec::new();
    let mut before = String::new();
    for word in start.split_whitespace() {
        let after_status = words.is_empty() || STATUS_WORDS.contains(&before.as_str());
        words.push(masked_word(word, after_status));
        before = core(word).1.to_lowercase();
    }
    words.join(" ").chars().take(LENGTH).collect::<String>().into()
}

/// A word's punctuation before it, the word, the punctuation after it.
fn core(word: &str) -> (&str, &str, &str) {
    let inner = word.trim_matches(|ch: char| !ch.is_alphanumeric() && !matches!(ch, '/' | '_' | '-' | '#'));
    let at = word.find(inner).unwrap_or(0);
    (&word[..at], inner, &word[at + inner.len()..])
}

fn masked_word(word: &str, after_status: bool) -> String {
    // `key=value` and `key:value` are two words; an address is one.
    if !word.contains("://")
        && let Some((key, value)) = word.split_once(['=', ':']).filter(|(_, value)| !value.is_empty())
        && core(key).1.chars().all(|ch| ch.is_alphabetic() || ch == '_')
        && !is_host(core(word).1)
    {
        let sign = &word[key.len()..=key.len()];
        let is_status = STATUS_WORDS.contains(&core(key).1.to_lowercase().as_str());
        return format!("{}{sign}{}", masked_word(key, false), masked_word(value, is_status));
    }
    let (open, inner, close) = core(word);
    format!("{open}{}{close}", masked_core(inner, after_status))
}

fn masked_core(word: &str, after_status: bool) -> String {
    let digits = word.bytes().filter(u8::is_ascii_digit).count();
    if word.contains("://") {
        "<url>".into()
    } else if word.contains('@') && word.contains('.') {
        "<mail>".into()
    } else if is_host(word) {
        "<host>".into()
    } else if digits == 0 || (after_status && is_status(word)) {
        word.to_owned()
    } else if is_uuid(word) {
        // Before the times: one of digits alone begins like a date.
        "#".into()
    } else if is_time(word) {
        "<time>".into()
    } else {
        let part = |part: &str| if is_mixed(part) { "#".to_owned() } else { without_digits(part) };
        let parts: Vec<String> = word
            .split_inclusive(['-', '_', '/', '.'])
            .map(|piece| {
                let end = piece.trim_end_matches(['-', '_', '/', '.']);
                format!("{}{}", part(end), &piece[end.len()..])
            })
            .collect();
        parts.concat()
    }
}

fn is_status(word: &str) -> bool {
    word.len() == 3 && word.starts_with(['4', '5']) && word.bytes().all(|byte| byte.is_ascii_digit())
}

/// A name with dots that ends like a domain, or an address of numbers; with or without a port.
fn is_host(word: &str) -> bool {
    let name = match word.rsplit_once(':') {
        Some((name, port)) if !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => word,
    };
    let labels: Vec<&str> = name.split('.').collect();
    let numbers = labels.len() == 4 && labels.iter().all(|label| label.parse::<u8>().is_ok());
    let named = labels.len() > 1
        && labels.iter().all(|label| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
        && labels.last().is_some_and(|last| DOMAINS.contains(&last.to_ascii_lowercase().as_str()));
    let colons = word.bytes().filter(|byte| *byte == b':').count();
    let sixth = colons > 2 && word.bytes().all(|byte| byte == b':' || byte.is_ascii_hexdigit());
    numbers || named || name == "localhost" || sixth
}

fn is_uuid(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    lengths == [8, 4, 4, 4, 12] && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Letters and digits in one piece, as ids are: `8f3k2x`, and `7c9e6679` too; but not `v2`.
fn is_mixed(part: &str) -> bool {
    let digits = part.bytes().filter(u8::is_ascii_digit).count();
    part.len() >= 5
        && digits > 0
        && digits < part.len()
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// `12ms`, `8.2s`, `2m14s`, a date, a time of day, or both.
fn is_time(word: &str) -> bool {
    is_date(word) || is_duration(word)
}

fn is_date(word: &str) -> bool {
    let shape: String = without_digits(word);
    shape.starts_with("#-#-#") || matches!(shape.as_str(), "#:#" | "#:#:#" | "#:#:#.#" | "#/#/#")
}

fn is_duration(word: &str) -> bool {
    let mut rest = word;
    let mut parts = 0;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|ch: char| ch.is_ascii_digit() || ch == '.');
        let unit = UNITS.iter().find(|unit| number.starts_with(**unit));
        match unit {
            Some(unit) if number.len() < rest.len() => rest = &number[unit.len()..],
            _ => return false,
        }
        parts += 1;
    }
    parts > 0
}

/// Every run of digits as `#`; a decimal number is one.
fn without_digits(word: &str) -> String {
    let mut out = String::new();
    for ch in word.chars() {
        match ch {
            '0'..='9' if out.ends_with('#') => {}
            '0'..='9' => out.push('#'),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_differs_between_failures_of_one_cause_is_masked() {
        for (message, want) in [
            (
                "the tool create_invoice answered: 401 token expired",
                "the tool create_invoice answered: 401 token expired",
            ),
            ("HTTP 503 from https://rates.example.com/v1?x=1 after 8.2s", "HTTP 503 from <url> after <time>"),
            ("order 12345 not found", "order # not found"),
            ("connection to db-7.internal:5432 refused", "connection to <host> refused"),
            ("10.0.0.7:443: connection reset", "<host>: connection reset"),
            ("run 7c9e6679-7425-40de-944b-e07fc1f90ae7 failed", "run # failed"),
            ("run 00000000-0000-40aa-8000-000a0a0a0000 failed", "run # failed"),
            ("runs 7c9e6679 and 12345678 of model-12", "runs # and # of model-#"),
            ("invoice INV-2026-00917 is locked", "invoice INV-#-# is locked"),
            ("timeout at 2026-11-25T18:24:40Z (attempt 3 of 3)", "timeout at <time> (attempt # of #)"),
            (
                "step `fetch`: took longer than its timeout_s of 2m14s",
                "step `fetch`: took longer than its timeout_s of <time>",
            ),
            ("status=429 retry_after=12", "status=429 retry_after=#"),
            (
                "template path steps.load.result.rows is not set",
                "template path steps.load.result.rows is not set",
            ),
            ("mail to buyer@example.com bounced", "mail to <mail> bounced"),
            ("expected 412 rows, got 7", "expected # rows, got #"),
        ] {
            assert_eq!(&*masked(message), want, "{message}");
        }
    }

    proptest! {
        #[test]
        fn numbers_and_ids_never_split_a_cause(
            number in 0_u64..10_000_000, id in "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}",
            host in "[a-z]{1,9}\\.example\\.com", millis in 1_u32..90_000,
        ) {
            let message = |number: u64, id: &str, host: &str, millis: u32| {
                masked(&format!("customer {number} of {id} at {host}:443: no answer within {millis}ms"))
            };
            let other = message(1, "7c9e6679-7425-40de-944b-e07fc1f90ae7", "a.example.com", 2);
            prop_assert_eq!(message(number, &id, &host, millis), other);
        }

        #[test]
        fn any_text_can_be_masked(text in any::<String>()) {
            prop_assert!(masked(&text).chars().count() <= LENGTH);
        }
    }
}
