//! MCP servers, instances, tools and the connections they use. Their shapes are not published, so rows stay as they came.

use serde_json::{Value, json};

use super::Client;
use crate::wire::{CallError, paths, read};

/// A list of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// The servers.
    Servers,
    /// The instances that steps are bound to.
    Instances,
    /// The tools of all servers.
    Tools,
    /// The accounts that tools are called with.
    Connections,
}

impl Registered {
    /// The name under which the list stands in an answer.
    pub fn key(self) -> &'static str {
        match self {
            Self::Servers => "servers",
            Self::Instances => "instances",
            Self::Tools => "tools",
            Self::Connections => "connections",
        }
    }
}

impl Client {
    /// The rows of a list as the server gives them; foreign content.
    ///
    /// # Errors
    /// When it cannot be had or is no list.
    pub async fn registered(&self, what: Registered) -> Result<Vec<Value>, CallError> {
        let path = match what {
            Registered::Servers => paths::MCP_SERVERS,
            Registered::Instances => paths::MCP_INSTANCES,
            Registered::Tools => paths::MCP_TOOLS,
            Registered::Connections => paths::CONNECTIONS,
        };
        let raw = self.get(path, &[]).await?;
        let page = read::page(&raw, what.key(), |row| Ok(row.clone()));
        page.map(|page| page.items).map_err(|error| self.odd(&error))
    }

    /// Has an instance validated; the answer whole, also where it says that something is wrong.
    ///
    /// # Errors
    /// When the server refuses to validate.
    pub async fn validate_instance(&self, instance: &str) -> Result<Value, CallError> {
        self.post(&paths::validate_instance(instance), &json!({})).await
    }
}
