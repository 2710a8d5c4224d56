//! Taking secrets out of values and texts.

use serde_json::{Map, Value};

/// What stands in place of a secret.
pub const REDACTED: &str = "[redacted]";

/// Parts of names whose values are secrets.
const NAMES: [&str; 12] = [
    "token",
    "secret",
    "password",
    "passwd",
    "authorization",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "credential",
    "cookie",
    "signature",
];

/// Names that hold such a part and no secret.
const HARMLESS: [&str; 8] = [
    "tokens_in",
    "tokens_out",
    "max_tokens",
    "token_source",
    "total_tokens",
    "credential_keys",
    "llm_credential_id",
    "signature_id",
];

/// How secrets begin.
const BEGINNINGS: [&str; 9] =
    ["pat_", "ar_pat_", "sk-", "ghp_", "gho_", "github_pat_", "xoxb-", "eyJ", "AKIA"];

/// The shortest word that may be a secret by its beginning.
const SHORTEST: usize = 12;

/// Takes secrets out of a value: fields whose names tell of them, and words within texts that look
/// like them. Answers with how many were taken out.
pub fn redact(value: &mut Value) -> usize {
    match value {
        Value::String(text) => redact_text(text),
        Value::Array(items) => items.iter_mut().map(redact).sum(),
        Value::Object(fields) => redact_fields(fields),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

fn redact_fields(fields: &mut Map<String, Value>) -> usize {
    let mut count = 0;
    for (name, value) in fields.iter_mut() {
        if tells_secret(name) && !matches!(value, Value::Null | Value::Bool(_) | Value::Number(_)) {
            *value = REDACTED.into();
            count += 1;
        } else {
            count += redact(value);
        }
    }
    count
}

fn tells_secret(name: &str) -> bool {
    let name = name.to_lowercase().replace('-', "_");
    !HARMLESS.contains(&name.as_str()) && NAMES.iter().any(|part| name.contains(part))
}

fn redact_text(text: &mut String) -> usize {
    let mut count = 0;
    let mut out = String::with_capacity(text.len());
    let mut after_scheme = false;
    for piece in text.split_inclusive(|ch: char| {
        ch.is_whitespace() || matches!(ch, '"' | '\'' | ',' | ';' | '&' | '(' | ')')
    }) {
        let word = piece.trim_end_matches(|ch: char| {
            ch.is_whitespace() || matches!(ch, '"' | '\'' | ',' | ';' | '&' | '(' | ')')
        });
        let rest = &piece[word.len()..];
        match secret_in(word, after_scheme) {
            Some(start) => {
                out.push_str(&word[..start]);
                out.push_str(REDACTED);
                count += 1;
            }
            None => out.push_str(word),
        }
        out.push_str(rest);
        after_scheme = matches!(word.to_ascii_lowercase().trim_end_matches(':'), "bearer" | "basic");
    }
    if count > 0 {
        *text = out;
    }
    count
}

/// Where the secret of a word begins, if there is one in it.
fn secret_in(word: &str, after_scheme: bool) -> Option<usize> {
    if after_scheme && word.len() >= 8 {
        return Some(0);
    }
    if let Some((scheme, rest)) = word.split_once("://")
        && let Some((user, _)) = rest.split_once('@').filter(|(user, _)| user.contains(':'))
    {
        return (!user.contains('/')).then_some(scheme.len() + 3);
    }
    if let Some((name, value)) = word.split_once('=')
        && !value.is_empty()
        && tells_secret(name.rsplit(['?', '&']).next().unwrap_or(name))
    {
        return Some(name.len() + 1);
    }
    let starts = |at: usize| BEGINNINGS.iter().any(|start| word[at..].starts_with(start));
    let start = word.find(|ch: char| ch.is_ascii_alphanumeric())?;
    (word.len() - start >= SHORTEST && starts(start)).then_some(start)
}
