//! `arcc mcp …`

use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::Result;
use serde_json::{Map, Value};

use super::args::{Global, Print};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::output::{columns, show};
use crate::client::Registered;
use crate::domain::text::{nearest, visible};

/// `arcc mcp …`
#[derive(Debug, Subcommand)]
pub(super) enum McpCommand {
    /// List the registered MCP servers
    Servers {
        #[command(flatten)]
        print: Print,
    },
    /// List the instances that steps are bound to
    Instances {
        #[command(flatten)]
        print: Print,
    },
    /// List the tools of all servers
    Tools {
        #[command(flatten)]
        print: Print,
    },
    /// Validate an instance over its real connection; exit 1 when a check fails
    Validate {
        /// The instance, by id or name
        instance: String,
        #[command(flatten)]
        print: Print,
    },
}

pub(super) async fn run(global: &Global, command: McpCommand) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = match command {
        McpCommand::Servers { print } => list(&connected, Registered::Servers, print).await,
        McpCommand::Instances { print } => list(&connected, Registered::Instances, print).await,
        McpCommand::Tools { print } => list(&connected, Registered::Tools, print).await,
        McpCommand::Validate { instance, print } => validate(&connected, &instance, print).await,
    };
    connected.close().await;
    done
}

/// The columns of a list: a title, and the names under which its value may stand.
type Column = (&'static str, &'static [&'static str]);

const SERVERS: &[Column] = &[
    ("SERVER", &["id", "server_id"]),
    ("NAME", &["name", "display_name"]),
    ("STATUS", &["status"]),
    ("AUTH", &["auth_mode"]),
    ("TOOLS", &["tool_count"]),
    ("URL", &["canonical_url", "server_url", "url"]),
];
const INSTANCES: &[Column] = &[
    ("INSTANCE", &["instance_id", "id"]),
    ("NAME", &["name", "display_name"]),
    ("SERVER", &["server_name", "service", "server_id"]),
    ("CONNECTED", &["has_connection"]),
    ("VALIDATED", &["last_validation.status", "validation_status"]),
];
const TOOLS: &[Column] = &[
    ("TOOL", &["name", "tool_name"]),
    ("SERVER", &["server_name", "server_id", "mcp_id"]),
    ("DESCRIPTION", &["description"]),
];

async fn list(connected: &Connected, what: Registered, print: Print) -> Result<ExitCode> {
    let rows = connected.client.registered(what).await?;
    let columns_of = match what {
        Registered::Servers => SERVERS,
        Registered::Instances => INSTANCES,
        Registered::Tools => TOOLS,
    };
    let body = Value::Object(Map::from_iter([(what.key().to_owned(), Value::Array(rows.clone()))]));
    show(print, &body, || {
        let titles: Vec<_> = columns_of.iter().map(|(title, _)| *title).collect();
        let cells: Vec<Vec<_>> =
            rows.iter().map(|row| columns_of.iter().map(|(_, names)| cell(row, names)).collect()).collect();
        columns(&titles, &cells)
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The first line of the first field that is there.
fn cell(row: &Value, names: &[&str]) -> String {
    let find = |name: &&str| name.split('.').try_fold(row, |value, part| value.get(part));
    match names.iter().filter_map(find).find(|value| !value.is_null()) {
        None => String::new(),
        Some(Value::String(text)) => text.lines().next().unwrap_or_default().to_owned(),
        Some(Value::Bool(is_so)) => if *is_so { "yes" } else { "no" }.to_owned(),
        Some(other) => other.to_string(),
    }
}

/// Validates an instance; exit 1 when a check failed.
async fn validate(connected: &Connected, wanted: &str, print: Print) -> Result<ExitCode> {
    // A smoke call is a call.
    connected.need_write()?;
    let instance = find(connected, wanted).await?;
    let answer = connected.client.validate_instance(&instance).await?;
    show(print, &answer, || lines(wanted, &answer))?;
    Ok(if is_valid(&answer) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// The id of an instance that is named by its id or its name.
async fn find(connected: &Connected, wanted: &str) -> Result<String> {
    let rows = connected.client.registered(Registered::Instances).await?;
    let id = |row: &Value| cell(row, &["instance_id", "id"]);
    let name = |row: &Value| cell(row, &["name", "display_name"]);
    let mut found: Vec<_> = rows.iter().filter(|row| id(row) == wanted).collect();
    if found.is_empty() {
        found = rows.iter().filter(|row| name(row) == wanted).collect();
    }
    match found.as_slice() {
        [only] => Ok(id(only)),
        [] => {
            let known: Vec<_> = rows.iter().flat_map(|row| [id(row), name(row)]).collect();
            let near = nearest(wanted, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            Err(Failure::Usage(format!("there is no MCP instance `{wanted}`{hint}")).into())
        }
        _ => {
            let text = format!("several MCP instances are called `{wanted}`; name one by its id");
            Err(Failure::Usage(text).into())
        }
    }
}

/// Platform versions say it with different words.
fn is_valid(answer: &Value) -> bool {
    let flag = ["valid", "ok", "passed"].into_iter().find_map(|name| answer.get(name)?.as_bool());
    let word = || matches!(answer["status"].as_str(), Some("passed" | "valid" | "ok" | "success"));
    flag.unwrap_or_else(word)
}

fn lines(wanted: &str, answer: &Value) -> Vec<String> {
    let verdict = if is_valid(answer) { "valid" } else { "not valid" };
    let mut out = vec![format!("{}: {verdict}", visible(wanted))];
    let checks = ["checks", "results"].into_iter().find_map(|name| answer.get(name)?.as_array());
    let rows: Vec<Vec<_>> = checks
        .into_iter()
        .flatten()
        .map(|check| {
            let took = check.get("duration_ms").map(|took| format!("{took} ms")).unwrap_or_default();
            vec![
                cell(check, &["name", "check"]),
                cell(check, &["status", "passed"]),
                took,
                cell(check, &["message"]),
            ]
        })
        .collect();
    if !rows.is_empty() {
        out.extend(columns(&["CHECK", "STATUS", "TOOK", "MESSAGE"], &rows));
    }
    out
}
