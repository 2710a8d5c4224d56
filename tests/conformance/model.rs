//! An OpenAI-compatible provider of models for the cases.
//!
//! The model `echo` answers with the last message; `broken` is not there; `busy` is overloaded once
//! for each question.

use std::collections::HashSet;
use std::sync::Mutex;

use serde_json::{Value, json};
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

#[derive(Default)]
struct Models {
    refused: Mutex<HashSet<String>>,
}

impl Respond for Models {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        let last = asked["messages"].as_array().and_then(|messages| messages.last());
        let question = last.and_then(|message| message["content"].as_str()).unwrap_or_default();
        match asked["model"].as_str() {
            Some("echo") => answer(question),
            Some("busy") if !self.refused.lock().unwrap().insert(question.to_owned()) => answer(question),
            Some("busy") => error(429, "Rate limit reached"),
            other => error(404, &format!("The model {other:?} does not exist")),
        }
    }
}

fn answer(text: &str) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "echo-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }))
}

fn error(status: u16, message: &str) -> ResponseTemplate {
    ResponseTemplate::new(status).set_body_json(json!({"error": {"message": message}}))
}

/// Starts it.
pub(crate) async fn start() -> MockServer {
    let server = MockServer::start().await;
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .respond_with(Models::default())
        .mount(&server)
        .await;
    server
}
