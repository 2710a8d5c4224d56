//! Models, tokens and memory.

use serde_json::Value;

use super::super::fields::{count, find, text};
use super::{items, need, went_well, words};
use crate::domain::triage::{Extraction, MemoryProbe, ModelSource, TokenInfo};

/// The names of the models of a catalogue, which may be listed by provider.
///
/// # Errors
/// When there is no list.
pub fn models(raw: &Value) -> Result<Vec<Box<str>>, String> {
    let name = |raw: &Value| match raw {
        Value::String(name) => Some(name.as_str().into()),
        other => text(other, &["model", "model_id", "id", "name"]),
    };
    let list = need(raw, &["models", "catalog", "providers", "keys"])?;
    let nested = |item: &Value| items(item, &["models"]).filter(|_| item.is_object()).cloned();
    Ok(list
        .iter()
        .flat_map(|item| nested(item).unwrap_or_else(|| vec![item.clone()]))
        .filter_map(|item| name(&item))
        .collect())
}

/// Which key answers for a model.
pub fn model(raw: &Value) -> ModelSource {
    let flag = find(raw, &["resolved", "found", "available", "ok"]).and_then(went_well);
    let source = text(raw, &["source", "key_source", "credential_source", "scope", "resolution"]);
    ModelSource {
        // A server that names a source has found one.
        resolved: flag
            .or_else(|| source.as_ref().map(|word| !matches!(&**word, "none" | "missing" | "unresolved"))),
        provider: text(raw, &["provider", "provider.name", "provider_name"]),
        source,
    }
}

/// The access tokens of a project; never their values.
///
/// # Errors
/// When there is no list.
pub fn tokens(raw: &Value) -> Result<Vec<TokenInfo>, String> {
    let row = |raw: &Value| TokenInfo {
        name: text(raw, &["display_name", "name", "id"]).unwrap_or_default(),
        scopes: words(raw.get("scopes")),
        is_own: find(raw, &["is_current", "current", "is_self"]).and_then(Value::as_bool) == Some(true),
    };
    Ok(need(raw, &["pats", "tokens"])?.iter().map(row).collect())
}

/// How many hits a search had.
///
/// # Errors
/// When there is neither a list nor a count.
pub fn memory(raw: &Value) -> Result<MemoryProbe, String> {
    let listed = items(raw, &["hits", "memories", "matches", "episodes"]).map(Vec::len);
    let counted = || count(raw, &["total", "count"]).and_then(|count| usize::try_from(count).ok());
    let hits = listed.or_else(counted).ok_or("neither hits nor their count")?;
    Ok(MemoryProbe { hits })
}

/// How an extraction stands.
///
/// # Errors
/// When it does not say.
pub fn extraction(raw: &Value) -> Result<Extraction, String> {
    let status = text(raw, &["status", "state", "job.status"]).ok_or("an extraction without a status")?;
    Ok(Extraction { status })
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn models_are_found_flat_and_by_provider() {
        let names = |raw| models(&raw).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
        assert_eq!(names(json!({"models": ["a", {"id": "b"}]})), ["a", "b"]);
        assert_eq!(names(json!({"providers": [{"name": "p", "models": [{"model": "m"}]}]})), ["m"]);
        assert!(models(&json!({"x": 1})).is_err());
    }

    #[test]
    fn a_model_without_a_key_says_so() {
        assert_eq!(model(&json!({"resolved": false})).resolved, Some(false));
        assert_eq!(model(&json!({"source": "tenant"})).resolved, Some(true));
        assert_eq!(model(&json!({})).resolved, None);
    }

    #[test]
    fn hits_are_counted_or_told() {
        assert_eq!(memory(&json!({"results": []})).unwrap().hits, 0);
        assert_eq!(memory(&json!({"total": 3})).unwrap().hits, 3);
        assert!(memory(&json!({})).is_err());
    }
}
