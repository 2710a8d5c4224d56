//! The registry as the API writes it. Of servers the platform publishes what a registration
//! answers, of tools the older list; the rest is this runtime's own.

use serde_json::{Value, json};

use super::instances::Instance;
use crate::server::db::mcp::{ProfileRecord, ServerRecord, ServerVersion};
use crate::server::exec::ConnectionFacts;

/// A server, with the version that counts.
pub fn server(server: &ServerRecord, active: Option<&ServerVersion>) -> Value {
    json!({
        "id": server.id,
        "name": server.name,
        "service": server.service,
        "canonical_url": server.canonical_url,
        "description": server.description,
        "mode": server.mode,
        "status": server.status().as_str(),
        "auth_mode": server.auth_mode,
        "tool_count": active.and_then(|version| version.tools.as_array()).map_or(0, Vec::len),
        "active_version": server.active_version,
        "discovered_at": server.discovered_at,
        "last_validation": server.last_validation,
        "created_at": server.created_at,
        "updated_at": server.updated_at,
    })
}

/// A version of a server's tools.
pub fn version(version: &ServerVersion, is_active: bool) -> Value {
    json!({
        "server_id": version.server_id,
        "version": version.version,
        "active": is_active,
        "created_at": version.created_at,
        "config_schema": version.config_schema,
        "tools": version.tools,
        "tool_count": version.tools.as_array().map_or(0, Vec::len),
    })
}

/// The accepted tools of a server, each with where it is of. `mcp_id` is the older name of the
/// server's id.
pub fn tools(server: &ServerRecord, active: &ServerVersion) -> Vec<Value> {
    let list = active.tools.as_array().into_iter().flatten();
    let with_server = list.map(|tool| {
        let mut tool = tool.clone();
        tool["mcp_id"] = json!(server.id);
        tool["server_id"] = json!(server.id);
        tool["server_name"] = json!(server.name);
        tool
    });
    with_server.collect()
}

/// A config profile.
pub fn profile(profile: &ProfileRecord) -> Value {
    json!({
        "id": profile.id,
        "instance_id": profile.instance_id,
        "name": profile.name,
        "is_active": profile.is_active,
        "source_spec": profile.source_spec,
        "connection_id": profile.connection(),
        "config": profile.config,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    })
}

/// An instance with its profiles.
pub fn instance(instance: &Instance) -> Value {
    let (record, server, active) = (&instance.record, &instance.server, instance.active());
    json!({
        "id": record.id,
        "instance_id": record.id,
        "name": record.name,
        "server_id": server.id,
        "server_name": server.name,
        "service": server.service,
        "server_url": server.canonical_url,
        "canonical_url": server.canonical_url,
        "auth_mode": server.auth_mode,
        "active_profile_id": active.map(|profile| &profile.id),
        "has_connection": active.and_then(ProfileRecord::connection).is_some(),
        "profiles": instance.profiles.iter().map(profile).collect::<Vec<_>>(),
        "last_validation": record.last_validation,
        "created_at": record.created_at,
        "updated_at": record.updated_at,
    })
}

/// What an instance means for a workflow: the connection that its calls would use, and whether
/// they can be made at all.
pub fn resolution(found: &Instance, overridden: Option<&str>, connection: Option<&ConnectionFacts>) -> Value {
    let profile = found.active();
    let wired = profile.and_then(ProfileRecord::connection);
    let wanted = overridden.or(wired);
    let problem = match (profile, wanted, connection) {
        (None, ..) => Some("no config profile is active; set one active".to_owned()),
        (_, None, _) if found.server.needs_connection() => {
            Some("the active config profile is wired to no connection".to_owned())
        }
        (_, Some(id), None) => Some(format!("there is no connection `{id}`")),
        (_, _, Some(facts)) if !facts.is_active() => {
            Some(format!("the connection `{}` is {}; reconnect it", facts.name, facts.status))
        }
        _ => None,
    };
    json!({
        "instance_id": found.record.id,
        "instance": instance(found),
        "server_url": found.server.canonical_url,
        "profile_id": profile.map(|profile| &profile.id),
        "connection_id": wanted,
        "connection_source": wanted.map(|_| if overridden.is_some() { "override" } else { "profile" }),
        "connection": connection.map(|facts| json!({"id": facts.id, "name": facts.name, "status": facts.status})),
        "ready": problem.is_none(),
        "problem": problem,
    })
}
