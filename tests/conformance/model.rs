//! An OpenAI-compatible provider of models for the cases.
//!
//! The model `echo` answers with the last message; `broken` is not there; `busy` is overloaded once
//! for each question; `script` answers as the request's own `script` says, one entry a round.

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
            Some("script") => scripted(&asked, question),
            other => error(404, &format!("The model {other:?} does not exist")),
        }
    }
}

fn answer(text: &str) -> ResponseTemplate {
    completion(&json!({"role": "assistant", "content": text}))
}

fn completion(message: &Value) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_json(json!({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "echo-1",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8},
    }))
}

/// The entry of the script for this round: as many as the assistant has spoken before.
fn scripted(asked: &Value, last: &str) -> ResponseTemplate {
    let messages = asked["messages"].as_array().into_iter().flatten();
    let round = messages.filter(|message| message["role"] == "assistant").count();
    let entry = &asked["script"][round];
    let calls = match &entry["calls"] {
        Value::Array(calls) => calls.clone(),
        _ if entry["call"].is_string() => vec![entry.clone()],
        _ if entry["echo"] == true => return answer(last),
        _ if entry["say"].is_string() => return answer(entry["say"].as_str().unwrap_or_default()),
        _ => return error(400, &format!("the script has no answer for round {round}")),
    };
    let call = |(place, call): (usize, &Value)| {
        let function = json!({"name": call["call"], "arguments": call["with"].to_string()});
        json!({"id": format!("call_{round}_{place}"), "type": "function", "function": function})
    };
    let calls: Vec<_> = calls.iter().enumerate().map(call).collect();
    completion(&json!({"role": "assistant", "content": null, "tool_calls": calls}))
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
