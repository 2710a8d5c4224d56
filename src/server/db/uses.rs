//! What a connection is used by.

use std::fmt;

use rusqlite::Connection;

use super::mcp::ProfileRecord;
use super::value::{read_json, rows};
use super::{DbError, agents};

/// Something that is called over a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConnectionUse {
    /// A config profile that is wired to it.
    Profile {
        /// The profile's instance, by name.
        instance: String,
        /// The profile, by name.
        profile: String,
    },
    /// A workflow that uses it in place of an instance's own.
    Override {
        /// The workflow, by name.
        workflow: String,
        /// The instance, by name.
        instance: String,
    },
    /// An agent whose model is asked with its key.
    Agent(String),
}

impl fmt::Display for ConnectionUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Profile { instance, profile } => {
                write!(f, "the config profile `{profile}` of the instance `{instance}`")
            }
            Self::Override { workflow, instance } => {
                write!(f, "the workflow `{workflow}` for the instance `{instance}`")
            }
            Self::Agent(name) => write!(f, "the agent `{name}`"),
        }
    }
}

/// What a connection is used by, but for steps that name it themselves.
///
/// # Errors
/// When the database cannot be read.
pub fn of_connection(db: &Connection, id: &str) -> Result<Vec<ConnectionUse>, DbError> {
    let mut uses = profiles(db, id)?;
    uses.extend(overrides(db, id)?);
    let agents = agents::list(db)?.into_iter().map(|agent| agent.definition);
    let with_key =
        agents.filter(|definition| definition.get("llm_credential_id").is_some_and(|own| own == id));
    uses.extend(with_key.map(|definition| {
        ConnectionUse::Agent(
            definition.get("name").and_then(|name| name.as_str()).unwrap_or_default().to_owned(),
        )
    }));
    Ok(uses)
}

/// Where a `source_spec` names its connection is for [`ProfileRecord`] to know, so all are looked at.
fn profiles(db: &Connection, id: &str) -> Result<Vec<ConnectionUse>, DbError> {
    let select = "SELECT mcp_instances.name AS instance, mcp_profiles.name AS profile, source_spec
        FROM mcp_profiles JOIN mcp_instances ON mcp_instances.id = instance_id ORDER BY 1, 2";
    let all = rows(db, select, [], |row| {
        let used = ConnectionUse::Profile { instance: row.get("instance")?, profile: row.get("profile")? };
        Ok((read_json(row, "source_spec")?, used))
    })?;
    let wired = all.into_iter().filter(|(spec, _)| ProfileRecord::wired_to(spec) == Some(id));
    Ok(wired.map(|(_, used)| used).collect())
}

/// A workflow that is put away starts no more runs, so it uses nothing.
fn overrides(db: &Connection, id: &str) -> Result<Vec<ConnectionUse>, DbError> {
    let select = "SELECT workflows.name AS workflow, mcp_instances.name AS instance FROM connection_overrides
        JOIN workflows ON workflows.id = workflow_id JOIN mcp_instances ON mcp_instances.id = instance_id
        WHERE connection_id = ?1 AND archived = 0 ORDER BY 1, 2";
    rows(db, select, [id], |row| {
        Ok(ConnectionUse::Override { workflow: row.get("workflow")?, instance: row.get("instance")? })
    })
}
