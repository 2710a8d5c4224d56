//! Servers: registering them, discovering their tools, and accepting those.

use std::sync::Arc;

use serde_json::Value;

use super::RegistryError;
use super::body::{accepted_tools, slug};
use super::changes::Changes;
use crate::domain::Timestamp;
use crate::server::db::mcp::{ServerRecord, ServerVersion, servers};
use crate::server::engine::{Engine, EngineError};
use crate::server::exec::mcp::{Client, Discovery, ListedTool, check_address};

/// How a server can want to be authenticated with.
const AUTH_MODES: [&str; 3] = ["none", "token", "oauth"];
/// How it wants to be where nothing is said.
const AUTH_MODE: &str = "token";
/// Who runs a server where nothing is said.
const MODE: &str = "third_party";

/// The registry of MCP servers and instances; a cheap handle.
#[derive(Clone, Debug)]
pub struct Registry {
    pub(super) engine: Engine,
    pub(super) client: Arc<Client>,
}

/// A server to register.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewServer {
    /// Its name.
    pub name: String,
    /// Its address.
    pub canonical_url: String,
    /// What it is for.
    pub description: String,
    /// Who runs it; `third_party` where nothing is said.
    pub mode: Option<String>,
    /// `none`, `token` or `oauth`; `token` where nothing is said.
    pub auth_mode: Option<String>,
}

impl NewServer {
    /// What is kept of it; its tools are not known yet.
    pub(super) fn into_record(self, id: String, now: Timestamp) -> ServerRecord {
        ServerRecord {
            id,
            service: slug(&self.name),
            name: self.name,
            canonical_url: self.canonical_url,
            description: self.description,
            mode: self.mode.unwrap_or_else(|| MODE.into()),
            auth_mode: self.auth_mode.unwrap_or_else(|| AUTH_MODE.into()),
            active_version: None,
            discovered: None,
            discovered_at: None,
            last_validation: None,
            created_at: now,
            updated_at: now,
        }
    }
}

/// A version to make of a server's tools.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewVersion {
    /// The tools; those of the last discovery where nothing is said.
    pub tools: Option<Value>,
    /// JSON Schema of what a profile's `config` must be.
    pub config_schema: Option<Value>,
    /// Whether it becomes the one that counts; so does the first one where nothing is said.
    pub activate: Option<bool>,
}

impl Registry {
    /// A registry over the engine's database; servers are talked to through `client`.
    pub fn new(engine: Engine, client: Arc<Client>) -> Self {
        Self { engine, client }
    }

    /// All servers, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn servers(&self) -> Result<Vec<(ServerRecord, Option<ServerVersion>)>, RegistryError> {
        let read = self.engine.read(|db| {
            let with_version = |server: ServerRecord| {
                let version = servers::active_version(db, &server.id)?;
                Ok((server, version))
            };
            servers::list(db)?.into_iter().map(with_version).collect::<Result<_, EngineError>>()
        });
        Ok(read.await?)
    }

    /// A server, and the version that counts.
    ///
    /// # Errors
    /// When it is not there, or the database cannot be read.
    pub async fn server(&self, id: &str) -> Result<(ServerRecord, Option<ServerVersion>), RegistryError> {
        let id = id.to_owned();
        let read = self.engine.read(move |db| {
            let server = find(db, &id)?;
            let version = servers::active_version(db, &id)?;
            Ok::<_, EngineError>((server, version))
        });
        Ok(read.await?)
    }

    /// Registers a server; its tools count once a version of them is active.
    ///
    /// # Errors
    /// When a field cannot be used, the address is registered already, or nothing can be written.
    pub async fn register(&self, new: NewServer) -> Result<ServerRecord, RegistryError> {
        let url =
            check_address(&new.canonical_url).map_err(|error| RegistryError::invalid(error.to_string()))?;
        let auth_mode = new.auth_mode.clone().unwrap_or_else(|| AUTH_MODE.into());
        if !AUTH_MODES.contains(&auth_mode.as_str()) {
            let words = AUTH_MODES.join(", ");
            return Err(RegistryError::invalid(format!("`auth_mode` is {auth_mode:?}: use one of {words}")));
        }
        let written = self.engine.write(move |db, now| {
            let canonical_url = url.to_string();
            if let Some(known) = servers::at_url(db, &canonical_url)? {
                let text =
                    format!("{canonical_url} is registered already, as `{}` ({})", known.name, known.id);
                return Err(EngineError::Conflict(text));
            }
            let new = NewServer { canonical_url, auth_mode: Some(auth_mode), ..new };
            let server = new.into_record(uuid::Uuid::new_v4().to_string(), now);
            servers::put(db, &server)?;
            Ok(server)
        });
        Ok(written.await?)
    }

    /// Asks a server for its tools, over a connection if one is named, and keeps the answer for the
    /// next version.
    ///
    /// # Errors
    /// When it is not there, cannot be reached, or refuses.
    pub async fn discover(
        &self,
        id: &str,
        connection: Option<&str>,
    ) -> Result<(Discovery, Changes, Timestamp), RegistryError> {
        let (server, active) = self.server(id).await?;
        let line =
            self.client.line(&server.canonical_url, connection).await.map_err(RegistryError::Server)?;
        let found = self.client.discover(&line).await.map_err(RegistryError::Server)?;
        let tools: Value = found.tools.iter().map(ListedTool::to_json).collect();
        let changes = Changes::between(active.as_ref().map(|version| &version.tools), &tools);
        let id = id.to_owned();
        let written = self.engine.write(move |db, now| {
            let server = find(db, &id)?;
            let (discovered, discovered_at) = (Some(tools), Some(now));
            servers::put(db, &ServerRecord { discovered, discovered_at, ..server })?;
            Ok(now)
        });
        Ok((found, changes, written.await?))
    }

    /// Makes a version of a server's tools.
    ///
    /// # Errors
    /// When the server is not there or was never discovered, or the tools cannot be read.
    pub async fn add_version(
        &self,
        id: &str,
        new: NewVersion,
    ) -> Result<(ServerVersion, bool), RegistryError> {
        let given = new.tools.as_ref().map(accepted_tools).transpose()?;
        let id = id.to_owned();
        let written = self.engine.write(move |db, now| {
            let server = find(db, &id)?;
            let tools = given.or_else(|| server.discovered.clone()).ok_or_else(|| {
                EngineError::Invalid(format!(
                    "the tools of `{}` are not known yet; discover them first",
                    server.name
                ))
            })?;
            let schema = new.config_schema.unwrap_or_default();
            let version = servers::add_version(db, &id, (tools, schema), now)?;
            let activate = new.activate.unwrap_or(server.active_version.is_none());
            if activate {
                let active_version = Some(version.version);
                servers::put(db, &ServerRecord { active_version, updated_at: now, ..server })?;
            }
            Ok((version, activate))
        });
        Ok(written.await?)
    }

    /// The versions of a server, newest first, and which counts.
    ///
    /// # Errors
    /// When it is not there, or the database cannot be read.
    pub async fn versions(&self, id: &str) -> Result<(Vec<ServerVersion>, Option<u64>), RegistryError> {
        let id = id.to_owned();
        let read = self.engine.read(move |db| {
            let active = find(db, &id)?.active_version;
            Ok::<_, EngineError>((servers::versions(db, &id)?, active))
        });
        Ok(read.await?)
    }
}

pub(super) fn find(db: &rusqlite::Connection, id: &str) -> Result<ServerRecord, EngineError> {
    if let Some(server) = servers::find(db, id)? {
        return Ok(server);
    }
    let known = servers::list(db)?;
    Err(RegistryError::missing("MCP server", id, known.iter().map(|server| server.id.as_str())))
}
