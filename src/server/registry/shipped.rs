//! The server that ships with the runtime, installed from the first start on.

use serde_json::{Value, json};

use super::RegistryError;
use super::changes::Changes;
use super::instances::add;
use super::servers::{NewServer, Registry};
use crate::domain::Timestamp;
use crate::server::db::mcp::{InstanceRecord, ServerRecord, instances, servers};
use crate::server::engine::EngineError;
use crate::server::exec::mcp::ListedTool;
use crate::server::tools::DESK;

/// The shipped server as it is registered.
fn shipped() -> NewServer {
    NewServer {
        name: "Desk".into(),
        canonical_url: DESK.into(),
        description:
            "Orders, a ledger and an outbox in this runtime's data folder, to try workflows out with.".into(),
        mode: Some("platform".into()),
        auth_mode: Some("none".into()),
    }
}

/// What the platform's catalogue says of the shipped server.
pub fn catalog_entry() -> Value {
    let desk = shipped().into_record(DESK.into(), Timestamp::UNIX_EPOCH);
    json!({
        "id": desk.id,
        "name": desk.name,
        "service": desk.service,
        "canonical_url": desk.canonical_url,
        "description": desk.description,
        "mode": desk.mode,
        "auth_mode": desk.auth_mode,
    })
}

impl Registry {
    /// Registers the shipped server with an instance of the same id, accepts its tools, and accepts
    /// them anew where another program version has changed them.
    ///
    /// # Errors
    /// When the server cannot be reached, or nothing can be written.
    pub async fn install_shipped(&self) -> Result<(), RegistryError> {
        let line = self.client.line(DESK, None).await.map_err(RegistryError::Server)?;
        let found = self.client.discover(&line).await.map_err(RegistryError::Server)?;
        let tools: Value = found.tools.iter().map(ListedTool::to_json).collect();
        Ok(self.engine.write(move |db, now| install(db, tools, now)).await?)
    }
}

fn install(db: &rusqlite::Connection, tools: Value, now: Timestamp) -> Result<(), EngineError> {
    let server = match servers::find(db, DESK)? {
        Some(known) => known,
        None => {
            let desk = shipped().into_record(DESK.into(), now);
            servers::put(db, &desk)?;
            desk
        }
    };
    let accepted = servers::active_version(db, DESK)?;
    let is_same = accepted.is_some_and(|version| {
        version.tools == tools && Changes::between(Some(&version.tools), &tools).is_empty()
    });
    if !is_same {
        let version = servers::add_version(db, DESK, (tools.clone(), Value::Null), now)?;
        let (discovered, discovered_at) = (Some(tools), Some(now));
        let active_version = Some(version.version);
        let changed = ServerRecord { active_version, discovered, discovered_at, updated_at: now, ..server };
        servers::put(db, &changed)?;
    }
    if instances::find(db, DESK)?.is_none() {
        let record = InstanceRecord {
            id: DESK.to_owned(),
            server_id: DESK.to_owned(),
            name: shipped().name,
            last_validation: None,
            created_at: now,
            updated_at: now,
        };
        add(db, &record, json!({}), json!({}), now)?;
    }
    Ok(())
}
