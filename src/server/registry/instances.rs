//! Instances: making them, listing them, and telling what one means.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::RegistryError;
use super::servers::{Registry, find as find_server};
use crate::domain::text::nearest;
use crate::domain::{Timestamp, WorkflowId};
use crate::server::db::mcp::{
    InstanceRecord, ProfileRecord, ServerRecord, instances, overrides, profiles, servers,
};
use crate::server::engine::EngineError;

/// The name of the profile that an instance is made with.
const FIRST_PROFILE: &str = "default";

/// An instance to make.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewInstance {
    /// Its server.
    pub server_id: String,
    /// Its name; the server's where nothing is said.
    pub name: Option<String>,
    /// How its first profile is wired.
    pub source_spec: Option<Value>,
    /// The settings of its first profile.
    pub config: Option<Value>,
}

/// An instance with what belongs to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Instance {
    /// The instance.
    pub record: InstanceRecord,
    /// Its server.
    pub server: ServerRecord,
    /// Its profiles, by name.
    pub profiles: Vec<ProfileRecord>,
}

impl Instance {
    /// The profile that counts.
    pub fn active(&self) -> Option<&ProfileRecord> {
        self.profiles.iter().find(|profile| profile.is_active)
    }
}

/// What to look an instance up by; the first that is there counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Its id.
    pub instance_id: Option<String>,
    /// Its server's id.
    pub server_id: Option<String>,
    /// Its server's address.
    pub server_url: Option<String>,
    /// Its server's slug, or a name.
    pub name: Option<String>,
    /// The workflow that would call it.
    pub workflow: Option<WorkflowId>,
}

impl Registry {
    /// All instances, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn instances(&self) -> Result<Vec<Instance>, RegistryError> {
        let read = self.engine.read(|db| {
            let all = instances::list(db)?.into_iter().map(|record| with_parts(db, record));
            all.collect::<Result<_, EngineError>>()
        });
        Ok(read.await?)
    }

    /// An instance.
    ///
    /// # Errors
    /// When it is not there, or the database cannot be read.
    pub async fn instance(&self, id: &str) -> Result<Instance, RegistryError> {
        let id = id.to_owned();
        Ok(self.engine.read(move |db| with_parts(db, find(db, &id)?)).await?)
    }

    /// Makes an instance of a server, with a profile that is active.
    ///
    /// # Errors
    /// When the server is not there, or the profile's connection is not.
    pub async fn create_instance(&self, new: NewInstance) -> Result<Instance, RegistryError> {
        let source_spec = new.source_spec.unwrap_or_else(|| json!({}));
        self.check_wiring(&source_spec).await?;
        let written = self.engine.write(move |db, now| {
            let server = find_server(db, &new.server_id)?;
            let record = InstanceRecord {
                id: uuid::Uuid::new_v4().to_string(),
                server_id: server.id.clone(),
                name: new.name.unwrap_or_else(|| server.name.clone()),
                last_validation: None,
                created_at: now,
                updated_at: now,
            };
            add(db, &record, source_spec, new.config.unwrap_or_else(|| json!({})), now)?;
            with_parts(db, record)
        });
        Ok(written.await?)
    }

    /// The instance that something means, and the connection that a workflow would use.
    ///
    /// # Errors
    /// When there is none, or the database cannot be read.
    pub async fn resolve(&self, wanted: Wanted) -> Result<(Instance, Option<String>), RegistryError> {
        let read = self.engine.read(move |db| {
            let all = instances::list(db)?.into_iter().map(|record| with_parts(db, record));
            let all = all.collect::<Result<Vec<_>, EngineError>>()?;
            let found = all.iter().find(|instance| wanted.means(instance)).cloned();
            let instance = found.ok_or_else(|| wanted.missing(&all))?;
            let id = &instance.record.id;
            let overridden =
                wanted.workflow.as_ref().map(|workflow| overrides::of_instance(db, workflow, id));
            Ok::<_, EngineError>((instance, overridden.transpose()?.flatten()))
        });
        Ok(read.await?)
    }
}

impl Wanted {
    fn means(&self, instance: &Instance) -> bool {
        let (record, server) = (&instance.record, &instance.server);
        if let Some(id) = &self.instance_id {
            return record.id == *id;
        }
        if let Some(id) = &self.server_id {
            return server.id == *id || server.service == *id;
        }
        if let Some(url) = &self.server_url {
            return server.canonical_url.trim_end_matches('/') == url.trim_end_matches('/');
        }
        self.name.as_ref().is_some_and(|name| record.name == *name || server.service == *name)
    }

    fn missing(&self, known: &[Instance]) -> EngineError {
        let asked = [&self.instance_id, &self.server_id, &self.server_url, &self.name];
        let asked = asked.into_iter().flatten().next().cloned().unwrap_or_default();
        let names = known.iter().flat_map(|instance| {
            [
                &instance.record.id,
                &instance.record.name,
                &instance.server.canonical_url,
                &instance.server.service,
            ]
        });
        match nearest(&asked, names.map(String::as_str)) {
            Some(near) => RegistryError::missing("MCP instance", &asked, [near]),
            None => EngineError::missing("MCP instance", &asked),
        }
    }
}

/// Adds an instance with its first profile.
pub(super) fn add(
    db: &Connection,
    record: &InstanceRecord,
    source_spec: Value,
    config: Value,
    now: Timestamp,
) -> Result<(), EngineError> {
    instances::put(db, record)?;
    let profile = ProfileRecord {
        id: uuid::Uuid::new_v4().to_string(),
        instance_id: record.id.clone(),
        name: FIRST_PROFILE.to_owned(),
        is_active: true,
        source_spec,
        config,
        created_at: now,
        updated_at: now,
    };
    Ok(profiles::put(db, &profile)?)
}

pub(super) fn find(db: &Connection, id: &str) -> Result<InstanceRecord, EngineError> {
    if let Some(instance) = instances::find(db, id)? {
        return Ok(instance);
    }
    let known = instances::list(db)?;
    Err(RegistryError::missing("MCP instance", id, known.iter().map(|instance| instance.id.as_str())))
}

fn with_parts(db: &Connection, record: InstanceRecord) -> Result<Instance, EngineError> {
    let server = servers::find(db, &record.server_id)?;
    let server = server.ok_or_else(|| EngineError::missing("MCP server", &record.server_id))?;
    Ok(Instance { profiles: profiles::list(db, &record.id)?, server, record })
}
