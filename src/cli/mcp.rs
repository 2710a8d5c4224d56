//! `arcc mcp …`

use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::Result;
use serde_json::{Map, Value, json};

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
    /// List the connections, the accounts that tools are called with
    Connections {
        #[command(flatten)]
        print: Print,
    },
    /// Print the address at which an account is connected again in a browser
    Reconnect {
        /// The connection, by id or name
        connection: String,
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
        McpCommand::Connections { print } => list(&connected, Registered::Connections, print).await,
        McpCommand::Reconnect { connection, print } => reconnect(&connected, &connection, print).await,
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
const CONNECTIONS: &[Column] = &[
    ("CONNECTION", &["id", "connection_id"]),
    ("NAME", &["display_name", "name"]),
    ("PROVIDER", &["provider"]),
    ("SERVICE", &["service"]),
    ("STATUS", &["status"]),
    ("NEEDS RECONNECT", &["needs_reconnect"]),
];
const TOOLS: &[Column] = &[
    ("TOOL", &["name", "tool_name"]),
    ("SERVER", &["server_name", "server_id", "mcp_id"]),
    ("DESCRIPTION", &["description"]),
];

fn columns_of(what: Registered) -> &'static [Column] {
    match what {
        Registered::Servers => SERVERS,
        Registered::Instances => INSTANCES,
        Registered::Tools => TOOLS,
        Registered::Connections => CONNECTIONS,
    }
}

fn noun(what: Registered) -> &'static str {
    match what {
        Registered::Servers => "MCP server",
        Registered::Instances => "MCP instance",
        Registered::Tools => "tool",
        Registered::Connections => "connection",
    }
}

async fn list(connected: &Connected, what: Registered, print: Print) -> Result<ExitCode> {
    let rows = connected.client.registered(what).await?;
    let columns_of = columns_of(what);
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
    let instance = find(connected, Registered::Instances, wanted).await?;
    let answer = connected.client.validate_instance(&cell(&instance, INSTANCES[0].1)).await?;
    show(print, &answer, || lines(wanted, &answer))?;
    Ok(if is_valid(&answer) { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Prints where an account is connected again. The server keeps what comes of it; `connections` shows it.
async fn reconnect(connected: &Connected, wanted: &str, print: Print) -> Result<ExitCode> {
    connected.need_write()?;
    let connection = find(connected, Registered::Connections, wanted).await?;
    let (id, provider) = (cell(&connection, CONNECTIONS[0].1), cell(&connection, &["provider"]));
    let url = connected.client.reconnect_url(&id, &provider).await?;
    show(print, &json!({"connection_id": id, "url": url}), || vec![visible(&url).into_owned()])?;
    Ok(ExitCode::SUCCESS)
}

/// The row of a list that is named by its id or its name, the first two columns.
async fn find(connected: &Connected, what: Registered, wanted: &str) -> Result<Value> {
    let rows = connected.client.registered(what).await?;
    let (noun, columns) = (noun(what), columns_of(what));
    let id = |row: &Value| cell(row, columns[0].1);
    let name = |row: &Value| cell(row, columns[1].1);
    let mut found: Vec<_> = rows.iter().filter(|row| id(row) == wanted).collect();
    if found.is_empty() {
        found = rows.iter().filter(|row| name(row) == wanted).collect();
    }
    match found.as_slice() {
        [only] => Ok((*only).clone()),
        [] => {
            let known: Vec<_> = rows.iter().flat_map(|row| [id(row), name(row)]).collect();
            let near = nearest(wanted, known.iter().map(String::as_str));
            let hint = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
            Err(Failure::Usage(format!("there is no {noun} `{wanted}`{hint}")).into())
        }
        _ => {
            let text = format!("more than one {noun} is called `{wanted}`; name one by its id");
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
