//! MCP instances, profiles, validations, connections, overrides.

use serde_json::Value;

use super::super::fields::{find, text};
use super::{items, need, went_well, words};
use crate::domain::triage::{Connection, Instance, Override, Probe, ProbeCheck, Profile};

/// Statuses of a connection that a person must connect again. The platform publishes no list.
const BROKEN: [&str; 9] = [
    "reconnect",
    "needs_reconnect",
    "reauth_required",
    "needs_reauth",
    "expired",
    "revoked",
    "invalid",
    "error",
    "disconnected",
];

/// Reads instances; rows without an id are left out.
///
/// # Errors
/// When there is no list.
pub fn instances(raw: &Value) -> Result<Vec<Instance>, String> {
    let row = |raw: &Value| {
        let id = text(raw, &["instance_id", "id"])?;
        let profiles = raw.get("profiles").and_then(Value::as_array).into_iter().flatten();
        let active = profiles.filter_map(profile).find(|profile| profile.active);
        let of_profile = active.as_ref().and_then(|profile| profile.connection.clone());
        Some(Instance {
            name: text(raw, &["name", "display_name"]).unwrap_or_else(|| id.clone()),
            id,
            server: text(raw, &["server_id", "server.id", "mcp_server_id"]),
            url: text(raw, &["server_url", "canonical_url", "url", "server.canonical_url"]),
            active_profile: text(raw, &["active_profile_id", "active_profile.id"])
                .or(active.map(|profile| profile.id)),
            has_connection: raw.get("has_connection").and_then(Value::as_bool),
            connection: text(raw, &["connection_id", "active_profile.connection_id", "connection.id"])
                .or(of_profile),
            status: text(raw, &["status", "state"]),
        })
    };
    Ok(need(raw, &["instances", "connections"])?.iter().filter_map(row).collect())
}

/// Reads the config profiles of an instance.
///
/// # Errors
/// When there is no list.
pub fn profiles(raw: &Value) -> Result<Vec<Profile>, String> {
    Ok(need(raw, &["profiles", "config_profiles"])?.iter().filter_map(profile).collect())
}

fn profile(raw: &Value) -> Option<Profile> {
    let id = text(raw, &["profile_id", "id"])?;
    let wiring = ["source_spec", "wiring", "config"]
        .iter()
        .find_map(|name| named(raw.get(*name)?, "connection_id", 4));
    Some(Profile {
        name: text(raw, &["name", "display_name"]).unwrap_or_else(|| id.clone()),
        id,
        active: find(raw, &["is_active", "active", "status"])
            .is_some_and(|value| value == "active" || went_well(value) == Some(true)),
        connection: text(raw, &["connection_id", "connection.id"]).or_else(|| wiring.map(Into::into)),
    })
}

/// The first text of that name within a value, not deeper than `depth`.
fn named<'a>(value: &'a Value, name: &str, depth: usize) -> Option<&'a str> {
    let below: Vec<&Value> = match value {
        _ if depth == 0 => return None,
        Value::Object(fields) => {
            if let Some(found) = fields.get(name).and_then(Value::as_str) {
                return Some(found);
            }
            fields.values().collect()
        }
        Value::Array(items) => items.iter().collect(),
        _ => return None,
    };
    below.into_iter().find_map(|value| named(value, name, depth - 1))
}

/// Reads the result of a validation of a server, an instance or a connection.
///
/// # Errors
/// When it says neither a result nor single checks.
pub fn probe(raw: &Value) -> Result<Probe, String> {
    let overall =
        find(raw, &["valid", "ok", "passed", "success", "status", "validation.valid", "validation.status"]);
    let list =
        items(raw, &["checks", "validation", "steps"]).or_else(|| items(raw.get("validation")?, &["checks"]));
    let check = |raw: &Value| {
        let passed =
            find(raw, &["passed", "ok", "valid", "success", "status", "result"]).and_then(went_well)?;
        Some(ProbeCheck {
            name: text(raw, &["name", "check", "id", "step"])?,
            passed,
            message: text(raw, &["message", "detail", "error", "reason"]).unwrap_or_default(),
        })
    };
    let checks: Vec<ProbeCheck> = list.into_iter().flatten().filter_map(check).collect();
    if overall.is_none() && checks.is_empty() {
        return Err("neither a result nor single checks".into());
    }
    let message = text(raw, &["message", "error", "error.message"]).filter(|_| checks.is_empty());
    let passed = overall.and_then(went_well);
    let alone = message.zip(passed).map(|(message, passed)| ProbeCheck {
        name: "validation".into(),
        passed,
        message,
    });
    Ok(Probe { passed, checks: checks.into_iter().chain(alone).collect() })
}

/// Reads connections; rows without an id are left out.
///
/// # Errors
/// When there is no list.
pub fn connections(raw: &Value) -> Result<Vec<Connection>, String> {
    let row = |raw: &Value| {
        let id = text(raw, &["id", "connection_id"])?;
        let status = text(raw, &["status", "state"]).unwrap_or_default();
        let flag =
            find(raw, &["reconnect_required", "needs_reconnect", "requires_reauth"]).and_then(Value::as_bool);
        Some(Connection {
            name: text(raw, &["name", "display_name"]).unwrap_or_else(|| id.clone()),
            id,
            provider: text(raw, &["provider", "provider.name"]).unwrap_or_default(),
            service: text(raw, &["service"]).unwrap_or_default(),
            needs_reconnect: flag == Some(true) || BROKEN.contains(&status.to_ascii_lowercase().as_str()),
            scopes: words(raw.get("scopes").or_else(|| raw.get("granted_scopes"))),
            status,
        })
    };
    Ok(need(raw, &["connections"])?.iter().filter_map(row).collect())
}

/// Reads a workflow's connection overrides.
///
/// # Errors
/// When there is no list.
pub fn overrides(raw: &Value) -> Result<Vec<Override>, String> {
    let row = |raw: &Value| {
        Some(Override {
            instance: text(raw, &["instance_id", "instance"])?,
            connection: text(raw, &["connection_id", "connection"])?,
        })
    };
    Ok(need(raw, &["overrides", "connection_overrides"])?.iter().filter_map(row).collect())
}

/// Whether Google accounts can be connected.
///
/// # Errors
/// When it does not say.
pub fn google_config(raw: &Value) -> Result<bool, String> {
    find(raw, &["enabled", "configured", "config.enabled"])
        .and_then(went_well)
        .ok_or_else(|| "it does not say whether it is enabled".into())
}

/// The services of a Google account that are enabled.
pub fn google_account(raw: &Value) -> Vec<Box<str>> {
    words(find(raw, &["services", "enabled_services", "account.services", "scopes"]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn an_instance_knows_its_profile_and_connection_wherever_they_stand() {
        let raw = json!({"instances": [
            {"instance_id": "i1", "name": "billing", "server_id": "s1", "has_connection": true,
             "profiles": [{"id": "p0"}, {"id": "p1", "is_active": true, "source_spec": {"auth": {"connection_id": "c1"}}}]},
            {"name": "no id"}]});
        let found = instances(&raw).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!(
            (found[0].active_profile.as_deref(), found[0].connection.as_deref()),
            (Some("p1"), Some("c1"))
        );
        assert!(instances(&json!({"error": "x"})).is_err());
    }

    #[test]
    fn a_connection_needs_a_person_by_its_status_or_by_a_flag() {
        let raw = json!([{"id": "a", "status": "Expired"}, {"id": "b", "status": "active"},
            {"id": "c", "status": "active", "requires_reauth": true}]);
        let broken: Vec<bool> = connections(&raw).unwrap().iter().map(|c| c.needs_reconnect).collect();
        assert_eq!(broken, [true, false, true]);
    }

    #[test]
    fn a_validation_is_read_with_and_without_single_checks() {
        let raw = json!({"valid": false, "checks": [{"name": "reachability", "status": "passed"},
            {"check": "smoke call", "passed": false, "message": "401"}]});
        let found = probe(&raw).unwrap();
        assert_eq!(found.passed, Some(false));
        assert_eq!(found.checks.iter().map(|check| check.passed).collect::<Vec<_>>(), [true, false]);
        assert_eq!(
            probe(&json!({"status": "failed", "message": "no route"})).unwrap().checks[0].message,
            "no route".into()
        );
        assert!(probe(&json!({"id": 1})).is_err());
    }
}
