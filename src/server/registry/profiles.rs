//! Config profiles: how an instance is wired. Exactly one is active, where there is any.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::RegistryError;
use super::instances::find as find_instance;
use super::servers::Registry;
use crate::domain::Timestamp;
use crate::server::db::mcp::{ProfileRecord, profiles};
use crate::server::engine::EngineError;
use crate::server::exec::ConnectionFacts;

/// A profile to add.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NewProfile {
    /// Its name, once per instance.
    pub name: String,
    /// Where credentials come from.
    pub source_spec: Option<Value>,
    /// Settings.
    pub config: Option<Value>,
    /// Whether it becomes the one that counts; the first one does anyway.
    pub activate: bool,
}

/// What to change about a profile; `None` leaves a field as it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProfilePatch {
    /// Its name.
    pub name: Option<String>,
    /// Where credentials come from.
    pub source_spec: Option<Value>,
    /// Settings.
    pub config: Option<Value>,
}

impl Registry {
    /// Adds a profile to an instance.
    ///
    /// # Errors
    /// When the instance or the connection is not there, or the name is taken.
    pub async fn add_profile(&self, instance: &str, new: NewProfile) -> Result<ProfileRecord, RegistryError> {
        let source_spec = new.source_spec.unwrap_or_else(|| json!({}));
        self.check_wiring(&source_spec).await?;
        let instance = instance.to_owned();
        let written = self.engine.write(move |db, now| {
            find_instance(db, &instance)?;
            let known = profiles::list(db, &instance)?;
            need_free_name(&known, &new.name, None)?;
            let profile = ProfileRecord {
                id: uuid::Uuid::new_v4().to_string(),
                instance_id: instance,
                name: new.name,
                is_active: false,
                source_spec,
                config: new.config.unwrap_or_else(|| json!({})),
                created_at: now,
                updated_at: now,
            };
            profiles::put(db, &profile)?;
            if new.activate || known.is_empty() { activate(db, &profile, now) } else { Ok(profile) }
        });
        Ok(written.await?)
    }

    /// Changes a profile.
    ///
    /// # Errors
    /// When the profile or the connection is not there, or the name is taken.
    pub async fn patch_profile(
        &self,
        (instance, profile): (&str, &str),
        patch: ProfilePatch,
    ) -> Result<ProfileRecord, RegistryError> {
        if let Some(spec) = &patch.source_spec {
            self.check_wiring(spec).await?;
        }
        let (instance, id) = (instance.to_owned(), profile.to_owned());
        let written = self.engine.write(move |db, now| {
            let mut profile = find(db, &instance, &id)?;
            if let Some(name) = patch.name {
                need_free_name(&profiles::list(db, &instance)?, &name, Some(&id))?;
                profile.name = name;
            }
            profile.source_spec = patch.source_spec.unwrap_or(profile.source_spec);
            profile.config = patch.config.unwrap_or(profile.config);
            profile.updated_at = now;
            profiles::put(db, &profile)?;
            Ok(profile)
        });
        Ok(written.await?)
    }

    /// Makes a profile the one that counts.
    ///
    /// # Errors
    /// When it is not there.
    pub async fn activate_profile(
        &self,
        instance: &str,
        profile: &str,
    ) -> Result<ProfileRecord, RegistryError> {
        let (instance, id) = (instance.to_owned(), profile.to_owned());
        Ok(self.engine.write(move |db, now| activate(db, &find(db, &instance, &id)?, now)).await?)
    }

    /// Refuses wiring to a connection that is not there.
    pub(super) async fn check_wiring(&self, source_spec: &Value) -> Result<(), RegistryError> {
        if !source_spec.is_object() {
            return Err(RegistryError::invalid(
                "`source_spec` must be an object, such as {\"connection_id\": \"…\"}",
            ));
        }
        match ProfileRecord::wired_to(source_spec) {
            Some(connection) => self.need_connection(connection).await,
            None => Ok(()),
        }
    }

    /// What may be told of a connection.
    ///
    /// # Errors
    /// When connections cannot be read.
    pub async fn connection(&self, id: &str) -> Result<Option<ConnectionFacts>, RegistryError> {
        Ok(self.client.credentials().find(id).await?)
    }

    /// Refuses a connection that is not there.
    pub(super) async fn need_connection(&self, connection: &str) -> Result<(), RegistryError> {
        match self.client.credentials().find(connection).await? {
            Some(_) => Ok(()),
            None => Err(RegistryError::invalid(format!(
                "there is no connection `{connection}`; create it first, with POST /v1/connections"
            ))),
        }
    }
}

fn activate(db: &Connection, profile: &ProfileRecord, now: Timestamp) -> Result<ProfileRecord, EngineError> {
    profiles::set_active(db, &profile.instance_id, &profile.id)?;
    let active = ProfileRecord { is_active: true, updated_at: now, ..profile.clone() };
    profiles::put(db, &active)?;
    Ok(active)
}

fn need_free_name(known: &[ProfileRecord], name: &str, own: Option<&str>) -> Result<(), EngineError> {
    let taken = known.iter().any(|profile| profile.name == name && Some(profile.id.as_str()) != own);
    if taken {
        return Err(EngineError::Conflict(format!(
            "the instance has a profile `{name}` already; use another name"
        )));
    }
    Ok(())
}

fn find(db: &Connection, instance: &str, id: &str) -> Result<ProfileRecord, EngineError> {
    find_instance(db, instance)?;
    if let Some(profile) = profiles::find(db, instance, id)? {
        return Ok(profile);
    }
    let known = profiles::list(db, instance)?;
    Err(RegistryError::missing("config profile", id, known.iter().map(|profile| profile.id.as_str())))
}
