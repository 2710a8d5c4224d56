//! What a server tells about itself.

use rmcp::model::Tool;
use serde_json::{Value, json};

/// What a server listed when a session was opened.
#[derive(Clone, Debug, PartialEq)]
pub struct Discovery {
    /// The server's own name and version, as it says.
    pub server: Option<(String, String)>,
    /// Its tools, by name.
    pub tools: Vec<ListedTool>,
}

/// A tool as its server describes it; foreign content.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedTool {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: Option<String>,
    /// JSON Schema of its arguments.
    pub input_schema: Value,
    /// JSON Schema of its result, where the server has one.
    pub output_schema: Option<Value>,
    /// Whether it says that it changes nothing.
    pub is_read_only: bool,
    /// Whether it says that a repeated call changes nothing more.
    pub is_idempotent: bool,
}

impl ListedTool {
    /// A tool as the protocol has it.
    pub(super) fn of(tool: &Tool) -> Self {
        let hint = |read: fn(&rmcp::model::ToolAnnotations) -> Option<bool>| {
            tool.annotations.as_ref().and_then(read) == Some(true)
        };
        Self {
            name: tool.name.to_string(),
            description: tool.description.as_ref().map(ToString::to_string),
            input_schema: Value::Object((*tool.input_schema).clone()),
            output_schema: tool.output_schema.as_ref().map(|schema| Value::Object((**schema).clone())),
            is_read_only: hint(|hints| hints.read_only_hint),
            is_idempotent: hint(|hints| hints.idempotent_hint),
        }
    }

    /// The tool as the API writes it.
    pub fn to_json(&self) -> Value {
        let mut tool = json!({
            "name": self.name,
            "description": self.description,
            "input_schema": self.input_schema,
            "read_only": self.is_read_only,
            "idempotent": self.is_idempotent,
        });
        if let Some(schema) = &self.output_schema {
            tool["output_schema"] = schema.clone();
        }
        tool
    }
}
