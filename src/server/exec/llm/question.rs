//! What is sent to a model.

use serde_json::{Map, Value, json};

/// One question to a model.
#[derive(Clone, Debug, PartialEq)]
pub struct Question {
    /// The model, as its provider knows it.
    pub model: Box<str>,
    /// The question.
    pub prompt: Box<str>,
    /// Further parameters. `system` becomes a message; all others are passed on, except those of
    /// streaming, because answers are read whole.
    pub params: Map<String, Value>,
    /// The connection that the step names for its key. Where there is no such connection, the runtime's
    /// own key is used.
    pub credential: Option<Box<str>>,
}

impl Question {
    /// The request's body.
    pub(super) fn body(&self) -> Value {
        let mut body = self.params.clone();
        let system = body.remove("system").filter(|system| !system.is_null());
        for streaming in ["stream", "stream_options"] {
            body.remove(streaming);
        }
        let mut messages = Vec::new();
        if let Some(system) = system {
            let text = system.as_str().map_or_else(|| system.to_string(), ToOwned::to_owned);
            messages.push(json!({"role": "system", "content": text}));
        }
        messages.push(json!({"role": "user", "content": self.prompt}));
        body.insert("model".to_owned(), self.model.as_ref().into());
        body.insert("messages".to_owned(), messages.into());
        Value::Object(body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn parameters_are_passed_on_and_system_becomes_a_message() {
        let params = json!({
            "temperature": 0.2, "system": "Be brief.", "stream": true, "response_format": {"type": "json_object"},
        });
        let params = params.as_object().unwrap().clone();
        let question =
            Question { model: "small".into(), prompt: "Why?".into(), params, credential: Some("c".into()) };
        let want = json!({
            "temperature": 0.2,
            "response_format": {"type": "json_object"},
            "model": "small",
            "messages": [
                {"role": "system", "content": "Be brief."},
                {"role": "user", "content": "Why?"},
            ],
        });
        assert_eq!(question.body(), want);
    }
}
