//! The tools of an agent, as its model is told of them.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::control;
use super::definition::ToolBinding;
use super::{AgentDefinition, AgentError};
use crate::domain::WorkflowId;
use crate::machine::Powers;
use crate::server::exec::mcp::{Client, ListedTool, Target};

/// The most tools that a model is told of.
const MAX_TOOLS: usize = 128;
/// The most that is told of them together, in bytes.
const MAX_BYTES: usize = 256 * 1024;
/// The most of a tool's own description, in characters.
const MAX_DESCRIPTION: usize = 2_000;
/// The longest name that providers take.
const MAX_NAME: usize = 60;

/// What a model may call.
#[derive(Debug)]
pub(super) struct Toolbox {
    tools: Vec<Tool>,
    /// As the request tells them.
    schemas: Vec<Value>,
    powers: Option<Powers>,
}

/// A tool of a server, under the name that the model calls it by.
#[derive(Debug)]
pub(super) struct Tool {
    function: String,
    /// The server and the tool.
    pub(super) target: Target,
    is_repeatable: bool,
}

/// What a name that the model calls stands for.
#[derive(Debug)]
pub(super) enum Called<'t> {
    /// A tool of a server.
    Tool(&'t Tool),
    /// Closing the episode.
    Finish,
    /// Handing off, with what is possible.
    Handoff(&'t Powers),
}

impl Toolbox {
    /// Asks the servers of an agent what their tools look like.
    pub(super) async fn open(
        agent: &AgentDefinition,
        (powers, workflow): (Option<Powers>, Option<&WorkflowId>),
        client: &Client,
    ) -> Result<Self, AgentError> {
        let schemas = powers.as_ref().map(control::schemas).unwrap_or_default();
        let mut toolbox = Self { tools: Vec::new(), schemas, powers };
        let mut names: HashSet<String> = control::NAMES.iter().map(ToString::to_string).collect();
        for binding in &agent.tools {
            let target = Target { workflow: workflow.cloned(), ..target(binding) };
            let listed = client.listed(&target).await?;
            for tool in chosen(agent, binding, listed)? {
                toolbox.add(&tool, &target, &mut names);
            }
        }
        toolbox.check(agent)?;
        Ok(toolbox)
    }

    fn add(&mut self, tool: &ListedTool, target: &Target, names: &mut HashSet<String>) {
        let function = free_name(&tool.name, names);
        let description: String =
            tool.description.as_deref().unwrap_or_default().chars().take(MAX_DESCRIPTION).collect();
        let told = json!({"name": function, "description": description, "parameters": tool.input_schema});
        self.schemas.push(json!({"type": "function", "function": told}));
        let target = Target { tool: tool.name.as_str().into(), ..target.clone() };
        let is_repeatable = tool.is_read_only || tool.is_idempotent;
        self.tools.push(Tool { function, target, is_repeatable });
    }

    fn check(&self, agent: &AgentDefinition) -> Result<(), AgentError> {
        let bytes: usize = self.schemas.iter().map(|schema| schema.to_string().len()).sum();
        let what = if self.tools.len() > MAX_TOOLS {
            format!("there are {}, the limit is {MAX_TOOLS}", self.tools.len())
        } else if bytes > MAX_BYTES {
            format!("their schemas have {bytes} bytes, the limit is {MAX_BYTES}")
        } else {
            return Ok(());
        };
        Err(AgentError::TooManyTools { agent: agent.name.clone(), what })
    }

    /// The tools as a request tells them.
    pub(super) fn schemas(&self) -> &[Value] {
        &self.schemas
    }

    /// Whether all tools declare that repeating a call does no harm.
    pub(super) fn is_repeatable(&self) -> bool {
        self.tools.iter().all(|tool| tool.is_repeatable)
    }

    /// What the model calls.
    ///
    /// # Errors
    /// A sentence for the model, when there is no such tool.
    pub(super) fn find(&self, name: &str) -> Result<Called<'_>, String> {
        if let Some(tool) = self.tools.iter().find(|tool| tool.function == name) {
            return Ok(Called::Tool(tool));
        }
        match (&self.powers, name) {
            (Some(_), control::FINISH) => Ok(Called::Finish),
            (Some(powers), control::HANDOFF) if !powers.targets.is_empty() => Ok(Called::Handoff(powers)),
            _ => {
                let known: Vec<_> = self.tools.iter().map(|tool| tool.function.as_str()).collect();
                Err(format!("there is no tool `{}`; the tools are {}", super::line(name), known.join(", ")))
            }
        }
    }
}

fn target(binding: &ToolBinding) -> Target {
    let (server_url, instance_id) = (binding.server_url.clone(), binding.instance_id.clone());
    Target { server_url, instance_id, ..Target::default() }
}

/// The tools of a server that the agent may use.
fn chosen(
    agent: &AgentDefinition,
    binding: &ToolBinding,
    mut listed: Vec<ListedTool>,
) -> Result<Vec<ListedTool>, AgentError> {
    let Some(names) = &binding.tool_names else { return Ok(listed) };
    if let Some(tool) = names.iter().find(|name| listed.iter().all(|tool| *tool.name != ***name)) {
        let known: Vec<_> = listed.iter().map(|tool| tool.name.as_str()).take(20).collect();
        return Err(AgentError::NoTool {
            agent: agent.name.clone(),
            tool: tool.clone(),
            server: binding.server_url.clone().or(binding.instance_id.clone()).unwrap_or_default(),
            known: known.join(", "),
        });
    }
    listed.retain(|tool| names.iter().any(|name| **name == *tool.name));
    Ok(listed)
}

/// A name that providers take and that no other tool has.
fn free_name(name: &str, taken: &mut HashSet<String>) -> String {
    let plain = |ch: char| if ch.is_ascii_alphanumeric() || matches!(ch, '_' | '-') { ch } else { '_' };
    let base: String = name.chars().take(MAX_NAME).map(plain).collect();
    let others = (2..).map(|n| format!("{base}_{n}"));
    let name = std::iter::once(base.clone())
        .chain(others)
        .find(|name| !taken.contains(name))
        .unwrap_or(base.clone());
    taken.insert(name.clone());
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn names_are_made_plain_and_unique() {
        let mut taken = HashSet::from(["finish".to_owned()]);
        let names: Vec<_> = ["orders.list", "orders list", "finish", &"x".repeat(99)]
            .map(|name| free_name(name, &mut taken))
            .into();
        assert_eq!(names, ["orders_list", "orders_list_2", "finish_2", &"x".repeat(60)]);
    }
}
