//! A tool's answer as a step's result.

use rmcp::model::{CallToolResult, ContentBlock};
use serde_json::{Value, json};

use super::ClientError;

/// The step's result: the structured content, else the text as a JSON object if it is one, else
/// `{"text", "content"}`.
///
/// # Errors
/// When the tool reports an error; its text is the message.
pub(super) fn read(result: CallToolResult) -> Result<Value, ClientError> {
    let text = text(&result.content);
    if result.is_error == Some(true) {
        return Err(ClientError::Tool(if text.is_empty() {
            "the tool failed and said nothing about it".to_owned()
        } else {
            text
        }));
    }
    if let Some(structured) = result.structured_content {
        return Ok(structured);
    }
    match serde_json::from_str(&text) {
        Ok(object @ Value::Object(_)) => Ok(object),
        _ => Ok(json!({"text": text, "content": result.content})),
    }
}

fn text(content: &[ContentBlock]) -> String {
    let lines: Vec<_> =
        content.iter().filter_map(|block| block.as_text().map(|text| text.text.as_str())).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn text_result(text: &str) -> CallToolResult {
        CallToolResult::success(vec![ContentBlock::text(text)])
    }

    #[test]
    fn structure_wins_over_text_and_text_is_read_when_it_is_an_object() {
        let mut both = text_result("{\"a\": 1}");
        both.structured_content = Some(json!({"b": 2}));
        assert_eq!(read(both).unwrap(), json!({"b": 2}));
        assert_eq!(read(text_result("{\"a\": 1}")).unwrap(), json!({"a": 1}));
        let plain = json!({"text": "[1]", "content": [{"type": "text", "text": "[1]"}]});
        assert_eq!(read(text_result("[1]")).unwrap(), plain);
    }

    #[test]
    fn an_error_carries_the_words_of_the_tool() {
        let failed = CallToolResult::error(vec![ContentBlock::text("401 token expired")]);
        assert_eq!(read(failed).unwrap_err().to_string(), "401 token expired");
    }
}
