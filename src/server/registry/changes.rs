//! What changed between the tools that were accepted and those that a server offers now.

use std::collections::BTreeMap;

use serde_json::{Value, json};

/// Names of tools, by what became of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Offered now, and not accepted yet.
    pub added: Vec<String>,
    /// Accepted, and no longer offered.
    pub removed: Vec<String>,
    /// With another input schema than the accepted one.
    pub changed: Vec<String>,
}

impl Changes {
    /// Compares two lists of tools; without accepted ones, nothing has changed.
    pub(super) fn between(accepted: Option<&Value>, offered: &Value) -> Self {
        let Some(accepted) = accepted else { return Self::default() };
        let (before, now) = (schemas(accepted), schemas(offered));
        let names = |list: &mut dyn Iterator<Item = &&str>| list.map(|name| (*name).to_owned()).collect();
        Self {
            added: names(&mut now.keys().filter(|name| !before.contains_key(*name))),
            removed: names(&mut before.keys().filter(|name| !now.contains_key(*name))),
            changed: names(
                &mut before
                    .iter()
                    .filter(|(name, old)| now.get(*name).is_some_and(|new| new != *old))
                    .map(|(n, _)| n),
            ),
        }
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.changed.is_empty()
    }

    /// As the API writes it.
    pub fn to_json(&self) -> Value {
        json!({"added": self.added, "removed": self.removed, "changed": self.changed})
    }
}

fn schemas(tools: &Value) -> BTreeMap<&str, &Value> {
    let list = tools.as_array().into_iter().flatten();
    list.filter_map(|tool| Some((tool["name"].as_str()?, &tool["input_schema"]))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn tools_that_come_go_and_change_are_told_apart() {
        let tool = |name: &str, kind: &str| json!({"name": name, "input_schema": {"type": kind}});
        let before = json!([tool("a", "object"), tool("b", "object"), tool("c", "object")]);
        let now = json!([tool("b", "object"), tool("c", "string"), tool("d", "object")]);
        let changes = Changes::between(Some(&before), &now);
        assert_eq!(changes.to_json(), json!({"added": ["d"], "removed": ["a"], "changed": ["c"]}));
        assert!(Changes::between(None, &now).is_empty());
    }
}
