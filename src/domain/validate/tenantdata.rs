//! The check `tenantdata_upsert`: rows that are written have every column of the upsert.
//!
//! A step that calls `tenantdata_insert` gives `rows`. Where they are objects, their keys are known;
//! where one is a template, it is traced to the script or the mocked result that it reads. Nothing
//! is asked of the database: its schema comes with the request.

use serde_json::Value;

use super::run::Context;
use super::subject::{Node, nearest};
use super::trial::TrialEnd;
use super::{Code, Issue};
use crate::domain::StepKind;
use crate::domain::template::{Segment, parse};

/// The tool that writes rows.
const INSERT: &str = "tenantdata_insert";

/// Everything that keeps an upsert from writing all of its columns.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let is_insert =
        |node: &&Node<'_>| node.kind == StepKind::McpCall && node.text("tool_name") == Some(INSERT);
    let mut issues = Vec::new();
    let mut is_any = false;
    for node in &context.subject.nodes {
        for user in std::iter::once(node).chain(&node.body).filter(is_insert) {
            is_any = true;
            issues.extend(insert(context, node, user));
        }
    }
    if is_any { Ok(issues) } else { Err("the graph writes no tenant data") }
}

/// What an insert does, as far as it is written down.
struct Insert<'c, 'g> {
    context: &'c Context<'g>,
    /// The step of the graph: the insert itself, or the loop around it.
    top: &'c Node<'g>,
    node: &'c Node<'g>,
    columns: Vec<&'c str>,
}

fn insert(context: &Context<'_>, top: &Node<'_>, node: &Node<'_>) -> Vec<Issue> {
    let args = node.fields.get("tool_args").unwrap_or(&Value::Null);
    let place = node.place("tool_args.table");
    let Some(schema) = &context.options.tenantdata_schema else {
        let text = format!("`{}` writes tenant data, and the request gives no `tenantdata_schema`", node.id);
        let advice = "send the published schema as `tenantdata_schema`";
        let issue = Issue::new(Code::TenantdataSchemaUnavailable, place, text).of(node.id);
        return vec![issue.advise(Some(advice.into()))];
    };
    let tables = schema["tables"].as_array().map_or(&[][..], Vec::as_slice);
    let name = args["table"].as_str().unwrap_or_default();
    let Some(table) = tables.iter().find(|table| table["name"] == name) else {
        let text = format!("the schema has no table `{name}`, which `{}` writes", node.id);
        let near = nearest(name, tables.iter().filter_map(|table| table["name"].as_str())).map(str::to_owned);
        return vec![Issue::new(Code::TenantdataSchemaUnavailable, place, text).of(node.id).replace_by(near)];
    };
    let said = |field: &str| args.get(field).or_else(|| table.get(field));
    if said("on_duplicate").and_then(Value::as_str) != Some("upsert") {
        return Vec::new();
    }
    // An empty list in the call does not switch the table's own off.
    let own = args["upsert_columns"].as_array().filter(|list| !list.is_empty());
    let list = own.or_else(|| table["upsert_columns"].as_array()).into_iter().flatten();
    let insert = Insert { context, top, node, columns: list.filter_map(Value::as_str).collect() };
    insert.rows(&args["rows"])
}

impl Insert<'_, '_> {
    /// The columns of all rows together count: a column that one row has is written for all.
    fn rows(&self, rows: &Value) -> Vec<Issue> {
        let items = rows.as_array().map_or(std::slice::from_ref(rows), Vec::as_slice);
        let traced: Vec<_> = items.iter().map(|row| self.keys(row)).collect();
        if let Some(untraced) = traced.iter().position(Option::is_none) {
            let text = format!(
                "where row {untraced} of `{}` comes from cannot be told before it runs",
                self.node.id
            );
            return vec![self.issue(Code::TenantdataRowsUntraced, text)];
        }
        let missing =
            self.columns.iter().filter(|column| !traced.iter().flatten().any(|source| source.sets(column)));
        let told = missing.map(|column| {
            let text =
                format!("`{column}` is a column of the upsert, and no row of `{}` sets it", self.node.id);
            let advice = format!("set `{column}` in every row, or narrow `upsert_columns`");
            self.issue(Code::TenantdataUpsertColumnMissing, text).advise(Some(advice))
        });
        told.collect()
    }

    fn issue(&self, code: Code, text: String) -> Issue {
        Issue::new(code, self.node.place("tool_args.rows"), text).of(self.node.id)
    }

    /// What a row's keys are taken from.
    fn keys(&self, row: &Value) -> Option<Source> {
        if row.is_object() {
            return Some(Source::Row(row.clone()));
        }
        let [Segment::Template(template)] = &parse(row.as_str()?)[..] else { return None };
        let path: Vec<_> = template.paths.first()?.segments().collect();
        let (id, below) = match path.as_slice() {
            ["steps", id, "result", below @ ..]
            | ["body", id, "result", below @ ..]
            | ["body", id, below @ ..] => (*id, below),
            _ => return None,
        };
        let options = self.context.options;
        let tried = options.tried.into_iter().flatten().find_map(|(trial, end)| match end {
            TrialEnd::Returned(result) if trial.step == id && trial.is_fixed => Some(result),
            _ => None,
        });
        let known = options.mock_step_outputs.get(id).or(tried);
        if let Some(row) = known.and_then(|result| first_row(result, below)) {
            return Some(Source::Row(row.clone()));
        }
        let inner = self.top.body.iter().find(|node| node.id == id);
        let script = inner.or_else(|| self.context.subject.node(id))?.text("script")?;
        Some(Source::Script(script.to_owned()))
    }
}

/// Follows a path, and into a list's first item.
fn first_row<'v>(result: &'v Value, below: &[&str]) -> Option<&'v Value> {
    let found = crate::domain::template::walk(result, below)?;
    let row = found.as_array().map_or(Some(found), |items| items.first())?;
    row.is_object().then_some(row)
}

/// Where the keys of a row are written.
enum Source {
    /// In the row itself.
    Row(Value),
    /// In a script that makes it.
    Script(String),
}

impl Source {
    fn sets(&self, column: &str) -> bool {
        match self {
            Self::Row(row) => row.get(column).is_some_and(|value| !value.is_null()),
            Self::Script(script) => assigns(script, column),
        }
    }
}

/// Whether a script assigns a field of that name: `name =`, `["name"] =` or `.name =`.
fn assigns(script: &str, column: &str) -> bool {
    script.match_indices(column).any(|(start, _)| {
        let before = script[..start].chars().next_back();
        let after = script[start + column.len()..].trim_start_matches(['"', '\'', ']', ' ', '\t']);
        let is_whole = !before.is_some_and(|ch| ch.is_alphanumeric() || ch == '_');
        is_whole && after.starts_with('=') && !after.starts_with("==")
    })
}

#[cfg(test)]
mod unit {
    use super::assigns;

    #[test]
    fn assignments_are_found_in_every_spelling() {
        let script = "local row = { email = x, [\"full_name\"]=y }\nrow.title = 'a'\nif id == 1 then end";
        for column in ["email", "full_name", "title"] {
            assert!(assigns(script, column), "{column}");
        }
        for column in ["id", "name", "x"] {
            assert!(!assigns(script, column), "{column}");
        }
    }
}
