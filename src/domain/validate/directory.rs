//! What a host knows of the things that a graph refers to, gathered before a validation.

use serde_json::Value;

/// The registry as a validation sees it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    /// The registered MCP servers.
    pub servers: Vec<KnownServer>,
    /// The instances that steps can be bound to.
    pub instances: Vec<KnownInstance>,
}

/// A registered server.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct KnownServer {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its address, or the name it is called by.
    pub url: String,
    /// The tools that were accepted, `None` while there are none: `{name, input_schema}`.
    pub tools: Option<Value>,
}

/// An instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownInstance {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its server's id.
    pub server_id: String,
    /// Why its calls would fail, if that is known.
    pub problem: Option<String>,
}

impl Directory {
    /// The server of an id.
    pub(super) fn server(&self, id: &str) -> Option<&KnownServer> {
        self.servers.iter().find(|server| server.id == id)
    }

    /// The server at an address.
    pub(super) fn server_at(&self, url: &str) -> Option<&KnownServer> {
        let plain = |url: &str| url.trim_end_matches('/').to_owned();
        self.servers.iter().find(|server| plain(&server.url) == plain(url))
    }
}

impl KnownServer {
    /// The names of its tools.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.list().filter_map(|tool| tool["name"].as_str())
    }

    /// A tool's input schema.
    pub(super) fn schema(&self, tool: &str) -> Option<&Value> {
        self.list().find(|known| known["name"] == tool).map(|known| &known["input_schema"])
    }

    fn list(&self) -> impl Iterator<Item = &Value> {
        self.tools.as_ref().and_then(Value::as_array).into_iter().flatten()
    }
}
