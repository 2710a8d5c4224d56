//! What came back from a model.

use std::time::Duration;

use serde_json::{Value, json};

/// The longest reason that is shown of an error body, in characters.
const MAX_REASON_CHARS: usize = 500;

/// The step's result: `{model, text, tokens_in, tokens_out, latency_ms, finish_reason?}`; tokens
/// are `null` where the provider does not count them.
///
/// # Errors
/// In words of any length, when the answer is no chat completion.
pub(super) fn read(body: &[u8], asked: &str, took: Duration) -> Result<Value, String> {
    let answer = completion(body)?;
    let choice = &answer["choices"][0];
    let message = &choice["message"];
    let content = &message["content"];
    let model = answer["model"].as_str().filter(|model| !model.is_empty()).unwrap_or(asked);
    let mut result = json!({
        "model": model,
        "text": text(content),
        "tokens_in": answer["usage"]["prompt_tokens"].as_u64(),
        "tokens_out": answer["usage"]["completion_tokens"].as_u64(),
        "latency_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    });
    if let Some(finish) = choice["finish_reason"].as_str() {
        result["finish_reason"] = finish.into();
    }
    Ok(result)
}

/// A chat completion whose first choice holds a message that is no refusal.
///
/// # Errors
/// In words of any length, when it is something else.
pub(super) fn completion(body: &[u8]) -> Result<Value, String> {
    let answer: Value = serde_json::from_slice(body).map_err(|_| reason(body))?;
    let Some(message) = answer["choices"][0]["message"].as_object() else { return Err(reason(body)) };
    match message.get("refusal").and_then(Value::as_str).filter(|text| !text.is_empty()) {
        Some(refusal) => Err(format!("the model refused: {refusal}")),
        None => Ok(answer),
    }
}

/// The text of a message: plain, or in parts.
pub(super) fn text(content: &Value) -> String {
    match content {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().filter_map(|part| part["text"].as_str()).collect(),
        _ => String::new(),
    }
}

/// What a body says of itself, in words of any length.
pub(super) fn reason(body: &[u8]) -> String {
    let told = serde_json::from_slice::<Value>(body).ok().and_then(|body| told(&body));
    if let Some(told) = told {
        return told;
    }
    let body = String::from_utf8_lossy(body);
    let body = body.trim();
    match body.chars().next() {
        None => "the answer is empty".to_owned(),
        Some('<') => {
            "the answer is a web page; does the base URL end as the provider says, such as /v1?".to_owned()
        }
        Some('{' | '[') => format!("the answer is no chat completion: {body}"),
        Some(_) => body.to_owned(),
    }
}

/// The places where providers put their words.
fn told(body: &Value) -> Option<String> {
    let body = if body.is_array() { &body[0] } else { body };
    let places = [&body["error"]["message"], &body["error"], &body["message"], &body["detail"]];
    let text = places.into_iter().find_map(|place| place.as_str().filter(|text| !text.trim().is_empty()))?;
    Some(text.to_owned())
}

/// In one line, cut to what an operator reads.
pub(super) fn cut(text: &str) -> String {
    // No more words are looked at than can be shown, however long the text is.
    let words: Vec<_> = text.split_whitespace().take(MAX_REASON_CHARS).collect();
    let line = words.join(" ");
    match line.char_indices().nth(MAX_REASON_CHARS) {
        None => line,
        Some((end, _)) => format!("{}…", &line[..end]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    fn read_json(body: &Value) -> Result<Value, String> {
        read(body.to_string().as_bytes(), "asked", Duration::from_millis(1_250))
    }

    #[test]
    fn a_completion_becomes_the_result() {
        let full = json!({
            "model": "small-2026", "usage": {"prompt_tokens": 9, "completion_tokens": 2},
            "choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}],
        });
        let want = json!({
            "model": "small-2026", "text": "Hello.", "tokens_in": 9, "tokens_out": 2, "latency_ms": 1_250,
            "finish_reason": "stop",
        });
        assert_eq!(read_json(&full), Ok(want));
        let parts =
            json!([{"type": "text", "text": "Hel"}, {"type": "image"}, {"type": "text", "text": "lo."}]);
        let sparse = json!({"choices": [{"message": {"content": parts, "refusal": null}}]});
        let want = json!({"model": "asked", "text": "Hello.", "tokens_in": null, "tokens_out": null, "latency_ms": 1_250});
        assert_eq!(read_json(&sparse), Ok(want));
    }

    #[test]
    fn what_is_no_completion_says_so() {
        let refused = json!({"choices": [{"message": {"content": null, "refusal": "I cannot."}}]});
        assert_eq!(read_json(&refused), Err("the model refused: I cannot.".into()));
        let failed = json!({"error": {"message": "upstream is busy", "code": 502}});
        assert_eq!(read_json(&failed), Err("upstream is busy".into()));
        let none = json!({"choices": []});
        assert_eq!(read_json(&none), Err(r#"the answer is no chat completion: {"choices":[]}"#.into()));
    }

    #[rstest]
    #[case(r#"{"error": {"message": "no such\n  model"}}"#, "no such model")]
    #[case(r#"{"error": "model 'x' not found"}"#, "model 'x' not found")]
    #[case(r#"[{"error": {"message": "bad"}}]"#, "bad")]
    #[case(r#"{"detail": "Not Found"}"#, "Not Found")]
    #[case("upstream timed out", "upstream timed out")]
    #[case("", "the answer is empty")]
    #[case(
        "\n<!doctype html>",
        "the answer is a web page; does the base URL end as the provider says, such as /v1?"
    )]
    fn reasons_are_found_where_providers_put_them(#[case] body: &str, #[case] want: &str) {
        assert_eq!(cut(&reason(body.as_bytes())), want);
    }

    #[test]
    fn a_long_reason_is_cut_at_a_character() {
        assert_eq!(cut(&"ä".repeat(501)), format!("{}…", "ä".repeat(500)));
        assert_eq!(cut(&"ä".repeat(500)), "ä".repeat(500));
    }
}
