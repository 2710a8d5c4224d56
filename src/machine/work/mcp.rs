//! `mcp_call`: a tool of an MCP server.

use serde_json::{Map, Value};

use super::prepare::{Prepared, broken, field, text};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::{StepError, Work};
use crate::machine::loops::View;

/// Fails with [`FailureCode::McpToolFailed`].
pub(super) fn prepare(spec: &StepSpec, run: &View<'_>) -> Result<Prepared, StepError> {
    let code = FailureCode::McpToolFailed;
    let lacks = |what: &str| {
        broken(&code, format!("step `{}` has no {what}; add it to the graph and publish it", spec.id))
    };
    let tool = text(spec, "tool_name", run, &code)?.ok_or_else(|| lacks("`tool_name`"))?;
    let server_url = text(spec, "server_url", run, &code)?;
    let instance_id = text(spec, "instance_id", run, &code)?;
    if server_url.is_none() && instance_id.is_none() {
        return Err(lacks("`server_url` and no `instance_id`"));
    }
    let args = field(spec, "tool_args", run, &code)?.unwrap_or_else(|| Value::Object(Map::new()));
    let input = Some(args.clone());
    Ok(Prepared::Call { work: Work::Mcp { server_url, instance_id, tool, args }, input })
}
