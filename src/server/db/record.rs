//! Workflows and versions as the runtime keeps them.

use serde_json::{Map, Value};

use crate::domain::{AgentId, Timestamp, WorkflowId};

/// A workflow to create.
#[derive(Clone, Debug, PartialEq)]
pub struct NewWorkflow {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The draft graph; it is checked when it is published, not before.
    pub graph: Value,
}

/// What to change about a workflow; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct WorkflowPatch {
    /// Its name.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The draft graph.
    pub graph: Option<Value>,
    /// Saved defaults that pre-fill start forms; JSON null removes them.
    pub run_setup: Option<Value>,
}

/// Where a workflow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum WorkflowStatus {
    /// Never published.
    Draft,
    /// It has a published version.
    Published,
    /// Put away; it starts no more runs.
    Archived,
}

impl WorkflowStatus {
    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }
}

/// A workflow with its draft.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkflowRecord {
    /// The workflow.
    pub id: WorkflowId,
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Where it stands.
    pub status: WorkflowStatus,
    /// The draft graph as its author wrote it.
    pub graph: Value,
    /// Saved defaults that pre-fill start forms.
    pub run_setup: Option<Value>,
    /// The highest published version, counted from 1.
    pub latest_version: Option<u64>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it or its draft last changed.
    pub updated_at: Timestamp,
}

/// A published version; it never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct VersionRecord {
    /// The workflow.
    pub workflow_id: WorkflowId,
    /// Its number, counted from 1.
    pub version: u64,
    /// What the author said of it.
    pub changelog: String,
    /// When it was published.
    pub published_at: Timestamp,
    /// The graph as published.
    pub graph: Value,
    /// SHA-256 of the graph's canonical JSON (keys sorted, no blanks), in hexadecimal.
    pub graph_hash: String,
}

/// What a validation of a graph answered.
#[derive(Clone, Debug, PartialEq)]
pub struct DryRun {
    /// The workflow it was asked of.
    pub workflow_id: WorkflowId,
    /// SHA-256 of the graph's canonical JSON, in hexadecimal.
    pub graph_hash: String,
    /// When it was made.
    pub validated_at: Timestamp,
    /// The answer as it was given.
    pub payload: Value,
}

/// An agent as the runtime keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentRecord {
    /// The agent.
    pub id: AgentId,
    /// What it is; it was read before it was kept.
    pub definition: Map<String, Value>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// Which runs to list, newest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunQuery {
    /// Of this workflow alone.
    pub workflow: Option<WorkflowId>,
    /// With ids that begin so.
    pub id_prefix: Option<String>,
    /// With this status alone, as the platform spells it.
    pub status: Option<String>,
    /// At most so many.
    pub limit: u32,
    /// Leaving out so many of the newest.
    pub offset: u32,
}

/// A connection as it is kept; nothing of it is secret.
#[derive(Clone, Debug, PartialEq)]
pub struct ConnectionRecord {
    /// Its id.
    pub id: String,
    /// Its name, as its owner gave it.
    pub name: String,
    /// Whose service it is for: `custom`, `openai`, …
    pub provider: String,
    /// What kind of credential it holds: `api_key`, `llm`, `oauth`, …
    pub service: String,
    /// The platform's word for where it stands: `active` or `needs_reconnect`.
    pub status: String,
    /// Why it needs to be reconnected.
    pub why: Option<String>,
    /// The only server that it is sent to, where it is bound to one.
    pub server_url: Option<String>,
    /// How it is sent: `{header, prefix, credential}`.
    pub delivery: Value,
    /// The names of its secrets.
    pub credential_keys: Vec<String>,
    /// What else is known of it, such as an authorization server's issuer; `{}` where nothing is.
    pub facts: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it, its secrets or its status changed last.
    pub updated_at: Timestamp,
}
