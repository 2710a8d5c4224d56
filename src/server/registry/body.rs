//! Reading what callers give: lists of tools, names.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::RegistryError;

/// A list of tools in the API's form. Schemas are read under the protocol's name too.
///
/// # Errors
/// When it is no list, or a tool has no name, the name of another one, or no schema.
pub(super) fn accepted_tools(raw: &Value) -> Result<Value, RegistryError> {
    let list = raw.as_array().ok_or_else(|| RegistryError::invalid("`tools` must be a list"))?;
    let mut seen = HashSet::new();
    let tools = list.iter().enumerate().map(|(place, tool)| {
        let name = tool["name"].as_str().filter(|name| !name.is_empty());
        let name = name.ok_or_else(|| RegistryError::invalid(format!("`tools[{place}]` has no `name`")))?;
        if !seen.insert(name) {
            return Err(RegistryError::invalid(format!("`tools` holds `{name}` twice")));
        }
        let schema = tool.get("input_schema").or_else(|| tool.get("inputSchema"));
        let schema = schema.filter(|schema| schema.is_object()).ok_or_else(|| {
            RegistryError::invalid(format!(
                "the tool `{name}` has no `input_schema`, which must be an object"
            ))
        })?;
        let mut accepted = tool.clone();
        accepted["input_schema"] = schema.clone();
        if let Some(fields) = accepted.as_object_mut() {
            fields.shift_remove("inputSchema");
            fields.entry("description").or_insert(json!(null));
        }
        Ok(accepted)
    });
    tools.collect()
}

/// A name as a slug: `Acme CRM` as `acme_crm`.
pub(super) fn slug(name: &str) -> String {
    let words = name.split(|ch: char| !ch.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect::<Vec<_>>().join("_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn tools_are_read_in_either_spelling_and_mistakes_are_named() {
        let schema = json!({"type": "object"});
        let tools = accepted_tools(&json!([{"name": "a", "inputSchema": schema}])).unwrap();
        assert_eq!(tools, json!([{"name": "a", "input_schema": schema, "description": null}]));
        let wrong = |raw: Value| accepted_tools(&raw).unwrap_err().to_string();
        assert_eq!(wrong(json!({})), "`tools` must be a list");
        assert_eq!(wrong(json!([{}])), "`tools[0]` has no `name`");
        assert_eq!(
            wrong(json!([{"name": "a"}])),
            "the tool `a` has no `input_schema`, which must be an object"
        );
        let twice = json!([{"name": "a", "input_schema": {}}, {"name": "a", "input_schema": {}}]);
        assert_eq!(wrong(twice), "`tools` holds `a` twice");
    }

    #[test]
    fn slugs_are_plain() {
        assert_eq!(slug(" Acme CRM (EU) "), "acme_crm_eu");
    }
}
