//! Servers, instances and profiles as the runtime keeps them.

use serde_json::Value;

use crate::domain::Timestamp;

/// Where a server stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ServerStatus {
    /// Its tools were not accepted yet.
    Draft,
    /// It has an active version.
    Active,
}

impl ServerStatus {
    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Active => "active",
        }
    }
}

/// A registered MCP server.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerRecord {
    /// The server.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its name as a slug, such as `acme_crm`.
    pub service: String,
    /// Its address; of the shipped server, the name it is called by.
    pub canonical_url: String,
    /// What it is for.
    pub description: String,
    /// Who runs it: `third_party`, or `platform` for what ships with the runtime.
    pub mode: String,
    /// How it wants to be authenticated with: `none`, `token` or `oauth`.
    pub auth_mode: String,
    /// The version whose tools count.
    pub active_version: Option<u64>,
    /// The tools as the last discovery listed them.
    pub discovered: Option<Value>,
    /// When that was.
    pub discovered_at: Option<Timestamp>,
    /// What the last validation answered.
    pub last_validation: Option<Value>,
    /// When it was registered.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl ServerRecord {
    /// Where it stands.
    pub fn status(&self) -> ServerStatus {
        if self.active_version.is_some() { ServerStatus::Active } else { ServerStatus::Draft }
    }

    /// Whether calls need a connection.
    pub fn needs_connection(&self) -> bool {
        self.auth_mode != "none"
    }
}

/// The tools of a server as they were accepted; a version never changes.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerVersion {
    /// The server.
    pub server_id: String,
    /// Its number, counted from 1.
    pub version: u64,
    /// When it was made.
    pub created_at: Timestamp,
    /// JSON Schema of what a profile's `config` must be; JSON null where none was given.
    pub config_schema: Value,
    /// The tools: a list of `{name, description, input_schema, …}`.
    pub tools: Value,
}

/// A server as workflows bind to it.
#[derive(Clone, Debug, PartialEq)]
pub struct InstanceRecord {
    /// The instance.
    pub id: String,
    /// Its server.
    pub server_id: String,
    /// Its name.
    pub name: String,
    /// What the last validation answered.
    pub last_validation: Option<Value>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// One way in which an instance can be wired.
#[derive(Clone, Debug, PartialEq)]
pub struct ProfileRecord {
    /// The profile.
    pub id: String,
    /// Its instance.
    pub instance_id: String,
    /// Its name, once per instance.
    pub name: String,
    /// Whether it is the one that counts.
    pub is_active: bool,
    /// Where credentials come from: `{"connection_id": …}`, or `{}` for nowhere.
    pub source_spec: Value,
    /// Settings, held against the server's `config_schema`.
    pub config: Value,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl ProfileRecord {
    /// The connection that it is wired to. The platform publishes no form of `source_spec`; a
    /// `connection_id` is read on its top level, and below `connection`, `source` or `credential`.
    pub fn connection(&self) -> Option<&str> {
        Self::wired_to(&self.source_spec)
    }

    /// The connection that a `source_spec` names.
    pub fn wired_to(source_spec: &Value) -> Option<&str> {
        let named = |spec: &&Value| spec.get("connection_id").is_some();
        let nested =
            ["connection", "source", "credential"].into_iter().filter_map(|key| source_spec.get(key));
        let spec = std::iter::once(source_spec).chain(nested).find(named)?;
        spec["connection_id"].as_str().filter(|id| !id.is_empty())
    }
}

/// A workflow's own connection for an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Override {
    /// The instance.
    pub instance_id: String,
    /// The connection that is used in place of the profile's.
    pub connection_id: String,
}
