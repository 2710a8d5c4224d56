//! Request paths. Ids are opaque, so every one is percent-encoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::domain::{RunId, TaskId, WorkflowId};

const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// All runs of the project.
pub const RUNS: &str = "/v1/runs";
/// All tasks that wait for a person.
pub const TASKS_PENDING: &str = "/v1/tasks/pending";
/// All workflows of the project.
pub const WORKFLOWS: &str = "/v1/workflows";

/// The MCP servers of the project.
pub const MCP_SERVERS: &str = "/v1/mcp/servers";
/// The tools of all MCP servers.
pub const MCP_TOOLS: &str = "/v1/mcp/tools";
/// The MCP instances of the project.
pub const MCP_INSTANCES: &str = "/v1/mcp/instances";
/// The connections of the project.
pub const CONNECTIONS: &str = "/v1/connections";
/// Whether Google accounts can be connected.
pub const GOOGLE_CONFIG: &str = "/v1/connections/google/config";
/// Where the connecting of a Google account begins.
pub const GOOGLE_OAUTH_URL: &str = "/v1/connections/google/oauth-url";
/// What used credits, entry by entry.
pub const BILLING_HISTORY: &str = "/v1/billing/usage-history";
/// What actions cost.
pub const ACTION_PRICING: &str = "/v1/billing/action-pricing";
/// What used credits, in sums.
pub const CREDITS_CONSUMED: &str = "/v1/analytics/credits-consumed";
/// The models that have a provider key.
pub const MODEL_CATALOG: &str = "/v1/llm-provider-keys/catalog";
/// Where a model is resolved to a key.
pub const RESOLVE_MODEL: &str = "/v1/llm/resolve";
/// Where memory is searched.
pub const MEMORY_SEARCH: &str = "/v1/memory/search";
/// What is left of the credits.
pub const USAGE: &str = "/v1/billing/usage";
/// Where credits are added; a local runtime's own.
pub const GRANTS: &str = "/v1/billing/grants";
/// The personal access tokens.
pub const PATS: &str = "/v1/pats";

/// One personal access token.
pub fn pat(id: &str) -> String {
    format!("{PATS}/{}", segment(id))
}

/// What starts runs of a workflow by itself.
pub fn triggers(id: &WorkflowId) -> String {
    format!("{}/triggers", workflow(id))
}

fn segment(id: &str) -> String {
    // `.` and `..` would be folded away by URL parsers.
    if id.chars().all(|ch| ch == '.') {
        id.replace('.', "%2E")
    } else {
        utf8_percent_encode(id, SEGMENT).to_string()
    }
}

/// One workflow.
pub fn workflow(id: &WorkflowId) -> String {
    format!("{WORKFLOWS}/{}", segment(id.as_str()))
}

/// The published versions of a workflow.
pub fn versions(id: &WorkflowId) -> String {
    format!("{}/versions", workflow(id))
}

/// Where a graph of a workflow is validated.
pub fn validate(id: &WorkflowId) -> String {
    format!("{}/validate", workflow(id))
}

/// Where a workflow takes commands.
pub fn command(id: &WorkflowId) -> String {
    format!("{}/command", workflow(id))
}

/// Which connections a workflow uses in place of its instances' own.
pub fn connection_overrides(id: &WorkflowId) -> String {
    format!("{}/connection-overrides", workflow(id))
}

/// The config profiles of an MCP instance.
pub fn config_profiles(instance: &str) -> String {
    format!("{MCP_INSTANCES}/{}/config-profiles", segment(instance))
}

/// Where a config profile of an MCP instance is made the active one.
pub fn activate_profile(instance: &str, profile: &str) -> String {
    format!("{}/{}/set-active", config_profiles(instance), segment(profile))
}

/// Where an MCP instance is validated.
pub fn validate_instance(instance: &str) -> String {
    format!("{MCP_INSTANCES}/{}/validate", segment(instance))
}

/// Where an MCP server is validated.
pub fn validate_server(server: &str) -> String {
    format!("/v1/mcp/servers/{}/validate", segment(server))
}

/// Where a connection is validated with an MCP server.
pub fn validate_connection(server: &str, connection: &str) -> String {
    format!("/v1/mcp/servers/{}/connections/{}/validate", segment(server), segment(connection))
}

/// Where the reconnecting of an account begins.
pub fn connection_oauth_url(connection: &str) -> String {
    format!("{CONNECTIONS}/{}/oauth-url", segment(connection))
}

/// A connected Google account.
pub fn google_account(connection: &str) -> String {
    format!("{CONNECTIONS}/google/accounts/{}", segment(connection))
}

/// A memory extraction.
pub fn extraction(job: &str) -> String {
    format!("/v1/memory/extract/{}", segment(job))
}

/// The WebSocket of a workflow's run events.
pub fn stream(id: &WorkflowId) -> String {
    format!("{}/stream", workflow(id))
}

/// The runs of a workflow.
pub fn runs(id: &WorkflowId) -> String {
    format!("{}/runs", workflow(id))
}

fn run(workflow: &WorkflowId, run: &RunId) -> String {
    format!("{}/{}", runs(workflow), segment(run.as_str()))
}

/// The short status of a run.
pub fn summary(workflow: &WorkflowId, id: &RunId) -> String {
    format!("{}/summary", run(workflow, id))
}

/// The event log of a run.
pub fn events(workflow: &WorkflowId, id: &RunId) -> String {
    format!("{}/events", run(workflow, id))
}

/// The input and results of a run.
pub fn context(workflow: &WorkflowId, id: &RunId) -> String {
    format!("{}/context", run(workflow, id))
}

/// The tasks of a run that wait for a person.
pub fn run_tasks(workflow: &WorkflowId, id: &RunId) -> String {
    format!("{}/tasks/pending", run(workflow, id))
}

/// Where a task takes its decision.
pub fn complete_task(workflow: &WorkflowId, id: &RunId, task: &TaskId) -> String {
    format!("{}/tasks/{}/complete", run(workflow, id), segment(task.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_cannot_leave_their_segment() {
        assert_eq!(workflow(&"a/../b?x#y".into()), "/v1/workflows/a%2F..%2Fb%3Fx%23y");
        assert_eq!(workflow(&"..".into()), "/v1/workflows/%2E%2E");
    }
}
