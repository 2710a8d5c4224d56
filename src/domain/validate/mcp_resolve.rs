//! The check `mcp_resolve`: instances and tools exist, and literal arguments fit the tools.

use serde_json::{Map, Value};

use super::directory::KnownServer;
use super::run::Context;
use super::subject::{Node, nearest};
use super::{Code, Directory, Issue};
use crate::domain::StepKind;
use crate::domain::schema::{Mismatch, Problem, is_template, mismatches};

/// The field of the arguments.
const ARGS: &str = "tool_args";

/// Everything that a tool call would fail with, as far as the registry tells.
pub(super) fn check(context: &Context<'_>) -> Result<Vec<Issue>, &'static str> {
    let directory = context.options.directory.ok_or("there is no registry of MCP instances here")?;
    let mut calls = context.subject.all().filter(|node| node.kind == StepKind::McpCall).peekable();
    calls.peek().ok_or("the graph has no `mcp_call` steps")?;
    Ok(calls.flat_map(|node| call(directory, node)).collect())
}

fn call(directory: &Directory, node: &Node<'_>) -> Vec<Issue> {
    let mut issues = Vec::new();
    let Some(server) = server(directory, node, &mut issues) else { return issues };
    let Some(tool) = node.text("tool_name").filter(|tool| !is_late(tool)) else { return issues };
    if server.tools.is_none() {
        let text =
            format!("the tools of `{}` are not known yet, so `{}` cannot be checked", server.name, node.id);
        issues.push(unavailable(
            node,
            "tool_name",
            text,
            "discover the server's tools and activate a version",
        ));
        return issues;
    }
    match server.schema(tool) {
        Some(schema) => issues.extend(arguments(node, tool, schema)),
        None => {
            let text = format!("`{}` offers no tool `{tool}`", server.name);
            let near = nearest(tool, server.names()).map(str::to_owned);
            let issue = Issue::new(Code::McpToolUnknown, node.place("tool_name"), text).of(node.id);
            issues.push(issue.replace_by(near));
        }
    }
    issues
}

/// Whether a text is known only when the step runs, or is a placeholder, which another check tells.
fn is_late(text: &str) -> bool {
    text.contains("{{") || text.starts_with("REPLACE_")
}

/// The server of a call; `None` where it cannot be told, with the reason among the issues.
fn server<'d>(directory: &'d Directory, node: &Node<'_>, issues: &mut Vec<Issue>) -> Option<&'d KnownServer> {
    let url = node.text("server_url").filter(|url| !is_late(url));
    let by_url = url.and_then(|url| directory.server_at(url));
    let Some(instance) = node.text("instance_id") else {
        if let Some(url) = url.filter(|_| by_url.is_none()) {
            let text = format!(
                "the server at {url} is not registered, so what `{}` sends cannot be checked",
                node.id
            );
            let advice = "register it with POST /v1/mcp/servers, discover its tools and activate a version";
            issues.push(unavailable(node, "server_url", text, advice));
        }
        return by_url;
    };
    if is_late(instance) {
        return None;
    }
    let known = directory.instances.iter().find(|known| known.id == instance);
    let Some(known) = known else {
        // A step that names its server as well is called there.
        let is_named = directory.servers.iter().find(|server| server.url == instance).or(by_url);
        if is_named.is_none() {
            issues.push(unresolved(directory, node, instance));
        }
        return is_named;
    };
    if let Some(problem) = &known.problem {
        let text = format!("the instance `{}` cannot be called now: {problem}", known.name);
        issues.push(Issue::new(Code::McpInstanceNotReady, node.place("instance_id"), text).of(node.id));
    }
    directory.server(&known.server_id)
}

fn unresolved(directory: &Directory, node: &Node<'_>, instance: &str) -> Issue {
    let text = format!("instance not resolved: `{instance}` is not installed in this runtime");
    let issue = Issue::new(Code::McpInstanceUnresolved, node.place("instance_id"), text).of(node.id);
    let by_name =
        directory.instances.iter().find(|known| known.name == instance).map(|known| known.id.as_str());
    let near =
        by_name.or_else(|| nearest(instance, directory.instances.iter().map(|known| known.id.as_str())));
    match near {
        Some(near) => issue.replace_by(Some(near.to_owned())),
        None => issue
            .advise(Some("install it with POST /v1/mcp/instances, or give the step a `server_url`".into())),
    }
}

fn unavailable(node: &Node<'_>, field: &str, text: String, advice: &str) -> Issue {
    let issue = Issue::new(Code::McpToolInputSchemaUnavailable, node.place(field), text).of(node.id);
    issue.advise(Some(advice.to_owned()))
}

fn arguments(node: &Node<'_>, tool: &str, schema: &Value) -> Vec<Issue> {
    let nothing = Value::Object(Map::new());
    let args = node.fields.get(ARGS).filter(|args| !args.is_null()).unwrap_or(&nothing);
    let mut issues: Vec<_> =
        mismatches(schema, args, ARGS).iter().filter_map(|wrong| misfit(node, tool, schema, wrong)).collect();
    issues.extend(undeclared(node, tool, schema, args));
    issues.extend(deferred(node, args));
    issues
}

fn misfit(node: &Node<'_>, tool: &str, schema: &Value, wrong: &Mismatch) -> Option<Issue> {
    let at = node.place(&wrong.at);
    let issue = |code, text: String| Issue::new(code, &at, text).of(node.id);
    match &wrong.problem {
        // The runtime fills defaults in when it calls.
        Problem::Missing { name }
            if wrong.at == ARGS && schema["properties"][name].get("default").is_some() =>
        {
            None
        }
        Problem::Missing { name } => {
            let text = format!("`{tool}` needs the argument `{name}`, and `{}` does not give it", wrong.at);
            Some(issue(Code::McpToolArgMissing, text).advise(Some(format!("add `{name}` to `{}`", wrong.at))))
        }
        Problem::Unknown { name, known } => {
            let text = format!("`{tool}` takes no argument `{name}`");
            let near = nearest(name, known.iter().map(String::as_str)).map(str::to_owned);
            Some(issue(Code::McpToolArgInvalid, text).replace_by(near))
        }
        Problem::Type { .. } | Problem::Value { .. } => {
            Some(issue(Code::McpToolArgInvalid, format!("`{tool}`: {wrong}")))
        }
    }
}

/// Arguments that the schema does not declare though it does not forbid them; nearly always a typo.
fn undeclared(node: &Node<'_>, tool: &str, schema: &Value, args: &Value) -> Vec<Issue> {
    let declared = schema["properties"].as_object().filter(|_| schema.get("additionalProperties").is_none());
    let (Some(declared), Some(args)) = (declared, args.as_object()) else { return Vec::new() };
    let unknown = args.keys().filter(|name| !declared.contains_key(*name));
    let issues = unknown.map(|name| {
        let text = format!("`{tool}` declares no argument `{name}`");
        let near = nearest(name, declared.keys().map(String::as_str)).map(str::to_owned);
        let place = node.place(&format!("{ARGS}.{name}"));
        Issue::new(Code::McpToolArgUnknown, place, text).of(node.id).replace_by(near)
    });
    issues.collect()
}

/// Arguments with templates are held against the schema when the tool is called.
fn deferred(node: &Node<'_>, args: &Value) -> Option<Issue> {
    let names: Vec<_> = match args {
        Value::Object(fields) => fields
            .iter()
            .filter(|(_, value)| holds_template(value))
            .map(|(name, _)| format!("`{name}`"))
            .collect(),
        other if is_template(other) => vec![format!("`{ARGS}`")],
        _ => Vec::new(),
    };
    (!names.is_empty()).then(|| {
        let text =
            format!("{} of `{}` are only known when it runs, and checked then", names.join(", "), node.id);
        Issue::new(Code::McpToolArgDeferred, node.place(ARGS), text).of(node.id)
    })
}

fn holds_template(value: &Value) -> bool {
    match value {
        Value::Array(items) => items.iter().any(holds_template),
        Value::Object(fields) => fields.values().any(holds_template),
        scalar => is_template(scalar),
    }
}
