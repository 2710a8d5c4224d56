//! The order book and the connections: files that a person may edit while the runtime runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ToolsError;

const FIRST_ORDERS: &str = include_str!("../../../assets/desk/orders.json");
const FIRST_CONNECTIONS: &str = include_str!("../../../assets/desk/connections.json");

/// The desk's readable files.
#[derive(Debug)]
pub(super) struct Files {
    orders: PathBuf,
    connections: PathBuf,
}

impl Files {
    /// The files in `dir`; those that are missing are created with their first content.
    pub(super) fn open(dir: &Path) -> Result<Self, ToolsError> {
        let orders = dir.join("orders.json");
        let connections = dir.join("connections.json");
        for (path, first) in [(&orders, FIRST_ORDERS), (&connections, FIRST_CONNECTIONS)] {
            if !path.exists() {
                let failed = |source| ToolsError::File { path: path.clone(), doing: "written", source };
                fs::write(path, first).map_err(failed)?;
            }
        }
        Ok(Self { orders, connections })
    }

    /// Orders of a status, or all, in the file's order.
    pub(super) fn orders(&self, status: Option<&str>) -> Result<Vec<Value>, ToolsError> {
        let Value::Array(mut orders) = read(&self.orders)? else { return Ok(Vec::new()) };
        orders.retain(|order| status.is_none_or(|status| order["status"] == status));
        Ok(orders)
    }

    /// The order of that id.
    pub(super) fn order(&self, id: &str) -> Result<Option<Value>, ToolsError> {
        Ok(self.orders(None)?.into_iter().find(|order| order["order_id"] == id))
    }

    /// Why nothing can be sent over a connection, in the words its service would use.
    pub(super) fn refusal(&self, connection: &str) -> Result<Option<String>, ToolsError> {
        let connections = read(&self.connections)?;
        let connection_record = &connections[connection];
        Ok(match connection_record["status"].as_str() {
            Some("active") => None,
            Some(_) => {
                let reason = connection_record["reason"].as_str().unwrap_or("401 Unauthorized");
                Some(format!("{reason}; reconnect `{connection}`"))
            }
            None => Some(format!("there is no connection `{connection}`; add it to connections.json")),
        })
    }
}

fn read(path: &Path) -> Result<Value, ToolsError> {
    let text = fs::read_to_string(path).map_err(|source| ToolsError::File {
        path: path.to_owned(),
        doing: "read",
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| ToolsError::Content { path: path.to_owned(), source })
}
