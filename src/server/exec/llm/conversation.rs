//! A conversation with a model that may call tools.

use serde_json::{Map, Value, json};

use super::answer;

/// A conversation to go on with.
#[derive(Clone, Copy, Debug)]
pub struct Conversation<'c> {
    /// The model, as its provider knows it.
    pub model: &'c str,
    /// What was said so far, oldest first.
    pub messages: &'c [Value],
    /// The tools that it may call, each `{type: "function", function: {name, description, parameters}}`.
    pub tools: &'c [Value],
    /// Further parameters, passed on except those of streaming.
    pub params: &'c Map<String, Value>,
    /// The connection that the key is of; where there is no such connection, the runtime's own key is used.
    pub credential: Option<&'c str>,
}

/// What the model says next.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// Its words; empty when it only calls tools.
    pub text: String,
    /// The tools it calls, in its order.
    pub calls: Vec<ToolCall>,
    /// Tokens read, where the provider counts them.
    pub tokens_in: Option<u64>,
    /// Tokens written, where the provider counts them.
    pub tokens_out: Option<u64>,
}

/// One call of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ToolCall {
    /// What the tool's answer must name.
    pub id: String,
    /// The tool.
    pub name: String,
    /// Its arguments, as the model wrote them: JSON, or meant to be.
    pub arguments: String,
}

impl Conversation<'_> {
    /// The request's body.
    pub(super) fn body(&self) -> Value {
        let mut body = self.params.clone();
        for own in ["stream", "stream_options", "system"] {
            body.remove(own);
        }
        body.insert("model".to_owned(), self.model.into());
        body.insert("messages".to_owned(), self.messages.into());
        if !self.tools.is_empty() {
            body.insert("tools".to_owned(), self.tools.into());
        }
        Value::Object(body)
    }
}

impl Reply {
    /// The message to go on with: what was understood of it and nothing else.
    pub fn message(&self) -> Value {
        let mut message = json!({"role": "assistant", "content": self.text});
        if !self.calls.is_empty() {
            let call = |call: &ToolCall| {
                let function = json!({"name": call.name, "arguments": call.arguments});
                json!({"id": call.id, "type": "function", "function": function})
            };
            message["tool_calls"] = self.calls.iter().map(call).collect();
        }
        message
    }
}

/// Reads the answer.
///
/// # Errors
/// In words of any length, when it is no chat completion.
pub(super) fn read(body: &[u8]) -> Result<Reply, String> {
    let answer = answer::completion(body)?;
    let message = &answer["choices"][0]["message"];
    let calls = message["tool_calls"].as_array().into_iter().flatten().enumerate();
    Ok(Reply {
        text: answer::text(&message["content"]),
        calls: calls.filter_map(|(place, call)| tool_call(place, call)).collect(),
        tokens_in: answer["usage"]["prompt_tokens"].as_u64(),
        tokens_out: answer["usage"]["completion_tokens"].as_u64(),
    })
}

/// Some providers leave the id out, and some send the arguments as an object.
fn tool_call(place: usize, call: &Value) -> Option<ToolCall> {
    let function = &call["function"];
    let id = call["id"].as_str().filter(|id| !id.is_empty());
    let arguments = match &function["arguments"] {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    Some(ToolCall {
        id: id.map_or_else(|| format!("call_{place}"), ToOwned::to_owned),
        name: function["name"].as_str()?.to_owned(),
        arguments,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn calls_are_read_as_providers_write_them_and_written_as_the_standard_says() {
        let answer = json!({
            "choices": [{"message": {"role": "assistant", "content": null, "reasoning": "…", "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "a", "arguments": "{\"n\":1}"}},
                {"function": {"name": "b", "arguments": {"n": 2}}},
                {"id": "c3", "function": {}},
            ]}}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 2},
        });
        let reply = read(answer.to_string().as_bytes()).unwrap();
        let call = |id: &str, name: &str, arguments: &str| ToolCall {
            id: id.into(),
            name: name.into(),
            arguments: arguments.into(),
        };
        let calls = vec![call("c1", "a", r#"{"n":1}"#), call("call_1", "b", r#"{"n":2}"#)];
        assert_eq!(reply, Reply { text: String::new(), calls, tokens_in: Some(5), tokens_out: Some(2) });
        let again = json!({"choices": [{"message": reply.message()}]});
        assert_eq!(read(again.to_string().as_bytes()).unwrap().calls, reply.calls);
    }

    #[test]
    fn the_body_has_tools_only_where_there_are_some() {
        let params = json!({"temperature": 0, "stream": true}).as_object().unwrap().clone();
        let conversation =
            Conversation { model: "m", messages: &[json!(1)], tools: &[], params: &params, credential: None };
        assert_eq!(conversation.body(), json!({"model": "m", "messages": [1], "temperature": 0}));
        let body = Conversation { tools: &[json!(2)], ..conversation }.body();
        assert_eq!(body["tools"], json!([2]));
    }
}
