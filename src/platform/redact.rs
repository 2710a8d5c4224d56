//! Keeps tokens out of whatever is written for people: logs, errors, reports of panics.
//!
//! No part of this program prints a token on purpose. This is the net below: whatever a library, a
//! server or a mistake puts into a text, the tokens in use leave it again.

use std::borrow::Cow;
use std::sync::{Mutex, PoisonError};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use secrecy::{ExposeSecret, SecretString};

/// What stands where a token was.
const MARK: &str = "[token]";

/// A shorter secret would be found in innocent texts.
const LEAST: usize = 8;

/// How tokens of the platform begin.
const PREFIXES: [&str; 2] = ["ar_pat_", "pat_"];

static TOKENS: Mutex<Vec<SecretString>> = Mutex::new(Vec::new());

/// Takes note of a token in use.
pub fn remember(token: &SecretString) {
    let mut tokens = TOKENS.lock().unwrap_or_else(PoisonError::into_inner);
    let known = tokens.iter().any(|known| known.expose_secret() == token.expose_secret());
    if token.expose_secret().len() >= LEAST && !known {
        tokens.push(token.clone());
    }
}

/// The text without any token in use, in whichever spelling, and without anything that looks like
/// one of the platform's.
pub fn redacted(text: &str) -> Cow<'_, str> {
    let mut out = Cow::Borrowed(text);
    for token in TOKENS.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        let token = token.expose_secret();
        let encoded = utf8_percent_encode(token, NON_ALPHANUMERIC).to_string();
        for spelling in [token, &encoded] {
            if out.contains(spelling) {
                out = Cow::Owned(out.replace(spelling, MARK));
            }
        }
    }
    match unknown(&out) {
        Some(clean) => Cow::Owned(clean),
        None => out,
    }
}

/// The text without what looks like a token of the platform; none when nothing does.
fn unknown(text: &str) -> Option<String> {
    let is_part = |ch: char| ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-' | '.' | '~' | '+' | '/');
    let mut out = String::new();
    let mut rest = text;
    let mut found = false;
    while let Some(at) = PREFIXES.iter().filter_map(|prefix| rest.find(prefix)).min() {
        let end = rest[at..].find(|ch| !is_part(ch)).map_or(rest.len(), |length| at + length);
        out.push_str(&rest[..at]);
        let long = rest[at..end].trim_start_matches("ar_").len() >= "pat_".len() + LEAST;
        out.push_str(if long { MARK } else { &rest[at..end] });
        found |= long;
        rest = &rest[end..];
    }
    found.then(|| out + rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn tokens_in_use_leave_every_text_however_they_are_spelled() {
        remember(&SecretString::from("c@nary/7f3a+secret"));
        assert_eq!(redacted("Bearer c@nary/7f3a+secret!"), "Bearer [token]!");
        assert_eq!(redacted("?t=c%40nary%2F7f3a%2Bsecret&x"), "?t=[token]&x");
    }

    #[test]
    fn what_looks_like_a_token_leaves_too_and_words_stay() {
        assert_eq!(redacted("sent pat_0123456789ab, ar_pat_abcdefgh."), "sent [token], [token]");
        let innocent = "a pat_ prefix, pat_short, compat_mode and 7c9e6679-7425";
        assert!(matches!(redacted(innocent), Cow::Borrowed(text) if text == innocent));
    }

    #[test]
    fn a_short_secret_does_not_black_out_innocent_texts() {
        remember(&SecretString::from("run"));
        assert_eq!(redacted("the run failed"), "the run failed");
    }
}
