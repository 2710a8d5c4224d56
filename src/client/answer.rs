//! Reads an answer: its status first, then whether it is the API's at all, then the body.

use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde_json::Value;

use crate::domain::{Timestamp, clock};
use crate::wire::CallError;

/// The longest wait that a server may ask for.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// How many characters of a foreign message are kept.
const MESSAGE: usize = 2_000;

/// An answer as it came.
pub(super) struct Answer<'a> {
    /// Host and port that answered.
    pub(super) host: &'a str,
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// The headers.
    pub(super) headers: &'a HeaderMap,
    /// The body.
    pub(super) body: &'a [u8],
}

impl Answer<'_> {
    /// The body of a success as JSON; nothing where there is none.
    pub(super) fn read(&self, now: Timestamp) -> Result<Value, CallError> {
        if self.status.is_redirection() {
            return Err(self.not_the_api(format!(
                "it redirects ({}{})",
                self.status.as_u16(),
                self.target()
            )));
        }
        if !self.status.is_success() {
            return Err(self.refusal(now));
        }
        if self.body.trim_ascii().is_empty() {
            return Ok(Value::Null);
        }
        if let Some(kind) = self.content_type().filter(|kind| !kind.contains("json")) {
            return Err(self.not_the_api(format!("it sent `{kind}` instead of JSON")));
        }
        serde_json::from_slice(self.body).map_err(|error| self.not_the_api(format!("broken JSON: {error}")))
    }

    /// What a status outside of 2xx and 3xx means.
    pub(super) fn refusal(&self, now: Timestamp) -> CallError {
        let body: Option<Value> = serde_json::from_slice(self.body).ok();
        let message = body.as_ref().and_then(message).map_or_else(|| self.plain_text(), clip);
        match self.status.as_u16() {
            401 => CallError::Unauthorized(with_code(message, body.as_ref())),
            403 => CallError::Forbidden(with_code(message, body.as_ref())),
            404 if self.is_html() => self.not_the_api("an HTML page says 404".to_owned()),
            status => CallError::Rejected {
                status,
                code: body.as_ref().and_then(code),
                message,
                retry_after: retry_after(self.headers, body.as_ref(), now),
                details: body.as_ref().and_then(details).cloned().map(Box::new),
            },
        }
    }

    fn not_the_api(&self, reason: String) -> CallError {
        CallError::NotTheApi { host: self.host.into(), reason: reason.into() }
    }

    fn target(&self) -> String {
        let target = self.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
        let host = target.and_then(|target| url::Url::parse(target).ok());
        match host.as_ref().and_then(|url| url.host_str()) {
            Some(host) => format!(" to {host}"),
            None => String::new(),
        }
    }

    fn content_type(&self) -> Option<String> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let kind = value.split(';').next().unwrap_or_default().trim();
        (!kind.is_empty()).then(|| clip(kind).to_ascii_lowercase())
    }

    fn is_html(&self) -> bool {
        self.content_type().is_some_and(|kind| kind.contains("html"))
    }

    fn plain_text(&self) -> Box<str> {
        let text = String::from_utf8_lossy(self.body);
        let text = text.trim();
        if text.is_empty() || self.is_html() {
            return self.status.canonical_reason().unwrap_or("no reason given").into();
        }
        clip(text)
    }
}

fn clip(text: &str) -> Box<str> {
    text.char_indices().nth(MESSAGE).map_or(text, |(end, _)| &text[..end]).into()
}

/// The sentence of an error body, under whichever name it stands.
fn message(body: &Value) -> Option<&str> {
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    ["/error", "/error/message", "/message", "/detail", "/title", "/issues/0/message"]
        .iter()
        .find_map(|pointer| at(pointer))
        .filter(|text| !text.trim().is_empty())
}

/// The machine word of an error body.
fn code(body: &Value) -> Option<Box<str>> {
    let at = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    let named = ["/code", "/error_code", "/error/code", "/failure_code"].iter().find_map(|p| at(p));
    named.or_else(|| at("/error").filter(|word| is_word(word))).map(clip)
}

/// The message with the machine word behind it, which says more precisely what is missing.
fn with_code(message: Box<str>, body: Option<&Value>) -> Box<str> {
    // The plain words of the status say nothing that the status does not.
    let says_more = |code: &str| !message.contains(code) && !matches!(code, "UNAUTHORIZED" | "FORBIDDEN");
    match body.and_then(code).filter(|code| says_more(code)) {
        Some(code) => format!("{message} ({code})").into(),
        None => message,
    }
}

fn is_word(text: &str) -> bool {
    let of_word = |ch: char| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '_';
    !text.is_empty() && text.chars().all(of_word)
}

/// What a refusal has to say beyond its message; of a validation, that is the body itself.
fn details(body: &Value) -> Option<&Value> {
    let is_report = ["valid", "issues", "checks"].iter().any(|name| body.get(*name).is_some());
    body.get("details").or_else(|| is_report.then_some(body))
}

/// When the server asks to try again: the header in seconds or as a date, else the body.
fn retry_after(headers: &HeaderMap, body: Option<&Value>, now: Timestamp) -> Option<Duration> {
    let header = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let in_body = || {
        let body = body?;
        let number = body.get("retry_after").or_else(|| body.pointer("/details/retry_after"))?;
        seconds(number.as_f64()?)
    };
    header.and_then(|text| parse_wait(text.trim(), now)).or_else(in_body)
}

fn parse_wait(text: &str, now: Timestamp) -> Option<Duration> {
    if let Ok(number) = text.parse::<f64>() {
        return seconds(number);
    }
    let at = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
    Some(clock::age(now, at).min(LONGEST_WAIT))
}

fn seconds(number: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(number.min(LONGEST_WAIT.as_secs_f64())).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use serde_json::json;

    fn read(status: u16, headers: &[(&'static str, &str)], body: &str) -> Result<Value, CallError> {
        let status = StatusCode::from_u16(status).unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let now = "2026-01-02T03:04:05Z".parse().unwrap();
        Answer { host: "h:1", status, headers: &map, body: body.as_bytes() }.read(now)
    }

    fn rejected(
        status: u16,
        code: Option<&str>,
        message: &str,
        wait: Option<u64>,
    ) -> Result<Value, CallError> {
        Err(CallError::Rejected {
            status,
            code: code.map(Into::into),
            message: message.into(),
            retry_after: wait.map(Duration::from_secs),
            details: None,
        })
    }

    fn not_the_api(reason: &str) -> Result<Value, CallError> {
        Err(CallError::NotTheApi { host: "h:1".into(), reason: reason.into() })
    }

    #[test]
    fn a_success_is_json_or_nothing() {
        assert_eq!(read(200, &[("content-type", "application/json")], "{\"a\":1}"), Ok(json!({"a": 1})));
        assert_eq!(read(200, &[], "[]"), Ok(json!([])));
        assert_eq!(read(204, &[], ""), Ok(Value::Null));
    }

    #[test]
    fn what_the_api_never_sends_is_named() {
        let html = [("content-type", "text/html; charset=utf-8")];
        assert_eq!(read(200, &html, "<html>"), not_the_api("it sent `text/html` instead of JSON"));
        assert_eq!(read(404, &html, "<html>"), not_the_api("an HTML page says 404"));
        assert_eq!(
            read(307, &[("location", "https://evil.example.com/x?token=1")], ""),
            not_the_api("it redirects (307 to evil.example.com)")
        );
        assert_eq!(
            read(200, &[], "{\"a\""),
            not_the_api("broken JSON: EOF while parsing an object at line 1 column 4")
        );
    }

    #[rstest]
    #[case(r#"{"error":"no such run"}"#, None, "no such run")]
    #[case(r#"{"error":"gone","code":"NOT_FOUND"}"#, Some("NOT_FOUND"), "gone")]
    #[case(r#"{"error":"segment_empty"}"#, Some("segment_empty"), "segment_empty")]
    #[case(r#"{"error":{"code":"bad_step","message":"step a"}}"#, Some("bad_step"), "step a")]
    #[case(r#"{"issues":[{"message":"cycle"}]}"#, None, "cycle")]
    #[case(" plain words \n", None, "plain words")]
    #[case("", None, "Unprocessable Entity")]
    fn error_bodies_of_every_origin_are_read(
        #[case] body: &str,
        #[case] code: Option<&str>,
        #[case] message: &str,
    ) {
        let mut want = rejected(422, code, message, None);
        if let Err(CallError::Rejected { details, .. }) = &mut want {
            // What is wrong with a graph is told issue by issue.
            let body: Option<Value> = serde_json::from_str(body).ok();
            *details = body.filter(|body| body.get("issues").is_some()).map(Box::new);
        }
        assert_eq!(read(422, &[], body), want);
    }

    #[test]
    fn the_two_refusals_of_identity_have_their_own_names() {
        let body = r#"{"error":"revoked"}"#;
        assert_eq!(read(401, &[], body), Err(CallError::Unauthorized("revoked".into())));
        assert_eq!(read(403, &[], body), Err(CallError::Forbidden("revoked".into())));
    }

    #[rstest]
    #[case("7", "", Some(7))]
    #[case("Fri, 02 Jan 2026 03:04:25 GMT", "", Some(20))]
    #[case("Fri, 02 Jan 2026 03:00:00 GMT", "", Some(0))]
    #[case("999999", "", Some(300))]
    #[case("soon", r#"{"message":"Too Many Requests","retry_after":9}"#, Some(9))]
    #[case("-3", "", None)]
    fn waits_are_read_in_every_form(#[case] header: &str, #[case] body: &str, #[case] want: Option<u64>) {
        let got = read(429, &[("retry-after", header)], body);
        assert_eq!(got, rejected(429, None, "Too Many Requests", want));
    }

    #[test]
    fn a_proxys_html_error_keeps_its_status() {
        let html = [("content-type", "text/html")];
        assert_eq!(read(502, &html, "<html>"), rejected(502, None, "Bad Gateway", None));
    }
}
