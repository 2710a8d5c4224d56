//! Validating with what only the local runtime has: the Lua compiler and hashes.

use serde_json::Value;

use super::exec::lua;
use crate::domain::Timestamp;
use crate::domain::digest::{canonical_json, sha256};
use crate::domain::validate::{Options, Unusable, schema_text, validate};
use crate::wire::validation::{Evidence, write};

/// Validates a graph; the hash of the graph, and the answer as the API gives it.
///
/// # Errors
/// When there is nothing to validate.
pub fn validate_graph(
    graph: &Value,
    options: Options<'_>,
    now: Timestamp,
) -> Result<(String, Value), Unusable> {
    let report = validate(graph, &Options { lua: Some(&lua::compile), ..options })?;
    let graph_hash = sha256(&canonical_json(graph));
    let evidence = Evidence {
        graph_hash: Some(graph_hash.clone()),
        workflow_graph_schema_hash: Some(sha256(&schema_text())),
        validated_at: now,
    };
    Ok((graph_hash, write(&report, &evidence)))
}
