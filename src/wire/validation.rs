//! The request and the answer of `validate`.

use serde_json::{Map, Value, json};

use crate::domain::validate::{Check, Issue, Options, Report};
use crate::domain::{StepId, Timestamp};

/// What a validation was made of; whoever reads it later can tell whether it still holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// SHA-256 of the graph's canonical JSON, where the program can make one.
    pub graph_hash: Option<String>,
    /// SHA-256 of the schema that the graph was held against, where the program can make one.
    pub workflow_graph_schema_hash: Option<String>,
    /// When it was validated.
    pub validated_at: Timestamp,
}

/// Writes the answer.
pub fn write(report: &Report, evidence: &Evidence) -> Value {
    let performed: Vec<_> = report.performed().map(Check::as_str).collect();
    let results: Map<_, _> =
        report.checks.iter().map(|(check, result)| (check.as_str().into(), result.as_str().into())).collect();
    let reasons: Map<_, _> = report
        .checks
        .iter()
        .filter_map(|(check, result)| Some((check.as_str().into(), result.reason()?.into())))
        .collect();
    json!({
        "valid": report.is_valid(),
        "readiness": report.readiness().as_str(),
        "blockers": report.blockers().map(issue).collect::<Vec<_>>(),
        "checks_performed": performed,
        "check_results": results,
        "check_reasons": reasons,
        "issues": report.issues.iter().map(issue).collect::<Vec<_>>(),
        "topological_order": report.topological_order,
        "validation_evidence": {
            "graph_hash": evidence.graph_hash,
            "workflow_graph_schema_hash": evidence.workflow_graph_schema_hash,
            "validated_at": evidence.validated_at,
            "readiness": report.readiness().as_str(),
            "checks_performed": performed,
        },
    })
}

fn issue(issue: &Issue) -> Value {
    let mut fields = json!({
        "severity": issue.severity().as_str(),
        "code": issue.code.as_str(),
        "step_id": issue.step_id,
        "message": issue.message,
        "json_path": issue.json_path,
        "fixable": issue.fixable,
    });
    if let Some(suggestion) = &issue.suggestion {
        fields["suggestion"] = json!(suggestion);
    }
    fields
}

/// Reads what a request wants checked, from its `params` or else from its top level.
///
/// # Errors
/// When a field is of the wrong type or names a check that does not exist, in words.
pub fn options(body: &Map<String, Value>) -> Result<Options<'static>, String> {
    let empty = Map::new();
    let params = match body.get("params") {
        None | Some(Value::Null) => &empty,
        Some(Value::Object(params)) => params,
        Some(_) => return Err("`params` must be an object".into()),
    };
    let field = |name: &str| params.get(name).or_else(|| body.get(name)).filter(|value| !value.is_null());
    let object = |name: &str| match field(name) {
        None => Ok(Map::new()),
        Some(Value::Object(fields)) => Ok(fields.clone()),
        Some(_) => Err(format!("`{name}` must be an object")),
    };
    let steps = texts("step_ids", field("step_ids"))?;
    Ok(Options {
        trigger_payload: field("trigger_payload").or_else(|| field("payload")).cloned(),
        mock_step_outputs: object("mock_step_outputs")?,
        mock_lua_scopes: object("mock_lua_scopes")?,
        mapper_fixtures: fixtures(field("mapper_fixtures"))?,
        tenantdata_schema: schema(field("tenantdata_schema"))?,
        assume_placeholder_outputs: match field("assume_placeholder_outputs") {
            None => false,
            Some(Value::Bool(is_on)) => *is_on,
            Some(_) => return Err("`assume_placeholder_outputs` must be true or false".into()),
        },
        directory: None,
        tried: None,
        checks: checks("checks", field("checks"))?,
        skip_checks: checks("skip_checks", field("skip_checks"))?.unwrap_or_default(),
        step_ids: steps.map(|ids| ids.into_iter().map(StepId::new).collect()),
        callees: None,
        agents: None,
        lua: None,
    })
}

fn fixtures(list: Option<&Value>) -> Result<Vec<Value>, String> {
    let Some(list) = list else { return Ok(Vec::new()) };
    let wrong = || "`mapper_fixtures` must be a list of objects with a `step_id`".to_owned();
    let items = list.as_array().ok_or_else(wrong)?;
    let is_named = |item: &Value| item["step_id"].is_string();
    if items.iter().all(is_named) { Ok(items.clone()) } else { Err(wrong()) }
}

fn schema(given: Option<&Value>) -> Result<Option<Value>, String> {
    match given {
        None => Ok(None),
        Some(schema) if schema["tables"].is_array() => Ok(Some(schema.clone())),
        Some(_) => Err("`tenantdata_schema` must be an object with a list of `tables`".into()),
    }
}

fn checks(name: &str, list: Option<&Value>) -> Result<Option<Vec<Check>>, String> {
    let Some(words) = texts(name, list)? else { return Ok(None) };
    let known = || Check::ALL.map(Check::as_str).join(", ");
    let read = |word: &str| {
        Check::parse(word).ok_or_else(|| format!("`{name}` names `{word}`; the checks are {}", known()))
    };
    words.into_iter().map(read).collect::<Result<_, _>>().map(Some)
}

fn texts<'v>(name: &str, list: Option<&'v Value>) -> Result<Option<Vec<&'v str>>, String> {
    let Some(list) = list else { return Ok(None) };
    let wrong = || format!("`{name}` must be a list of texts");
    let items = list.as_array().ok_or_else(wrong)?;
    items.iter().map(|item| item.as_str().ok_or_else(wrong)).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn read(body: Value) -> Result<Options<'static>, String> {
        let Value::Object(body) = body else { panic!("an object") };
        options(&body)
    }

    #[test]
    fn params_are_read_from_either_place_and_mistakes_are_named() {
        let found =
            read(json!({"params": {"checks": ["graph"], "step_ids": ["a"]}, "skip_checks": ["templates"]}));
        let found = found.unwrap_or_default();
        assert_eq!(found.checks, Some(vec![Check::Graph]));
        assert_eq!((found.skip_checks, found.step_ids), (vec![Check::Templates], Some(vec!["a".into()])));
        let wrong = |body| read(body).err().unwrap_or_default();
        assert_eq!(wrong(json!({"params": 1})), "`params` must be an object");
        assert_eq!(wrong(json!({"step_ids": [1]})), "`step_ids` must be a list of texts");
        assert!(
            wrong(json!({"checks": ["grpah"]})).starts_with("`checks` names `grpah`; the checks are graph,")
        );
    }
}
