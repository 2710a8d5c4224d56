//! `mcp_call`: a tool of an MCP server.

use serde_json::{Map, Value};

use super::prepare::{Prepared, broken, field, text};
use crate::domain::{FailureCode, StepSpec};
use crate::machine::io::{ConnectionChoice, StepError, Work};
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
    let connection = connection(spec, run, &code)?;
    Ok(Prepared::Call { work: Work::Mcp { server_url, instance_id, tool, args, connection }, input })
}

/// Whoever the run is for comes first: nobody else's connection may stand in for theirs. Then a
/// pinned `connection_id`.
fn connection(spec: &StepSpec, run: &View<'_>, code: &FailureCode) -> Result<ConnectionChoice, StepError> {
    let resolution = text(spec, "connection_resolution", run, code)?;
    let pinned = text(spec, "connection_id", run, code)?;
    match (resolution.as_deref(), pinned) {
        (Some("principal"), _) => Ok(ConnectionChoice::Principal),
        (None | Some("inherit" | "workspace"), Some(pinned)) => Ok(ConnectionChoice::Pinned(pinned)),
        (None | Some("inherit"), None) => Ok(ConnectionChoice::Inherit),
        (Some("workspace"), None) => Ok(ConnectionChoice::Workspace),
        (Some(other), _) => {
            let words = "use principal, workspace or inherit";
            Err(broken(
                code,
                format!("step `{}` has the `connection_resolution` `{other}`: {words}", spec.id),
            ))
        }
    }
}
