//! The connections that a run's tools are called over, as its templates and scripts see them.

use rusqlite::Connection;
use serde_json::{Map, Value, json};

use crate::domain::{Graph, WorkflowId};
use crate::server::db::{DbError, connections, mcp};

/// What stands below `connection`: `primary_instance_id`, `by_instance.<id>.*`, and on its own level
/// the fields of the primary instance's connection, which is the one of the first step that names
/// an instance. Never a secret; nothing where no step's instance has a connection.
///
/// # Errors
/// When the database cannot be read.
pub(super) fn bound(
    db: &Connection,
    workflow: &WorkflowId,
    graph: &Graph,
) -> Result<Map<String, Value>, DbError> {
    let mut by_instance = Map::new();
    for instance in instances(graph) {
        if by_instance.contains_key(instance) {
            continue;
        }
        if let Some(fields) = fields(db, workflow, instance)? {
            by_instance.insert(instance.to_owned(), fields);
        }
    }
    let Some((primary, fields)) = by_instance.iter().next() else { return Ok(Map::new()) };
    let mut scope = fields.as_object().cloned().unwrap_or_default();
    scope.insert("primary_instance_id".into(), primary.as_str().into());
    scope.insert("by_instance".into(), Value::Object(by_instance));
    Ok(scope)
}

fn fields(db: &Connection, workflow: &WorkflowId, instance: &str) -> Result<Option<Value>, DbError> {
    let own = mcp::overrides::of_instance(db, workflow, instance)?;
    let wired = || {
        Ok::<_, DbError>(
            mcp::profiles::active(db, instance)?.and_then(|profile| profile.connection().map(str::to_owned)),
        )
    };
    let Some(id) = own.map_or_else(wired, |own| Ok(Some(own)))? else { return Ok(None) };
    let found = connections::find(db, &id)?;
    Ok(found.map(|found| json!({
        "connection_id": found.id, "name": found.name, "provider": found.provider, "service": found.service,
    })))
}

/// The instances that steps name, those of loops' bodies too, in the author's order.
fn instances(graph: &Graph) -> impl Iterator<Item = &str> {
    graph.steps.iter().flat_map(|step| named(&step.fields))
}

fn named(fields: &Map<String, Value>) -> Vec<&str> {
    let own = fields.get("instance_id").and_then(Value::as_str);
    let bodies = ["for_each_body_steps", "while_body_steps"].into_iter();
    let inner = bodies.filter_map(|body| fields.get(body)?.as_array()).flatten();
    let inner = inner.filter_map(|step| step.get("instance_id")?.as_str());
    own.into_iter().chain(inner).filter(|id| !id.contains("{{")).collect()
}
