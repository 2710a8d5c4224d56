//! Validating servers and instances: real sessions, real calls.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::changes::Changes;
use super::checks::Examination;
use super::instances::Instance;
use super::servers::Registry;
use super::{RegistryError, instances, servers};
use crate::domain::Timestamp;
use crate::domain::schema::mismatches;
use crate::server::db::mcp::{InstanceRecord, ServerRecord, ServerVersion};
use crate::server::engine::EngineError;
use crate::server::exec::mcp::{ClientError, Discovery, Line, ListedTool, Target};

/// How long a smoke call may take.
const SMOKE_LIMIT: Duration = Duration::from_secs(10);
/// What later checks say when the server could not be reached.
const UNREACHED: &str = "the server could not be reached";
/// What the idempotency key of every smoke call begins with.
const SMOKE_KEY: &str = "smoke";

/// The call to try out; without one, a tool is chosen that only reads and needs no arguments.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Smoke {
    /// The tool. One that is named is called whatever it does.
    pub tool: Option<String>,
    /// Its arguments.
    pub args: Value,
}

impl Registry {
    /// Validates a server, over a connection if one is named: `connection`, `reachability`,
    /// `schema`, `smoke_call`. The answer is kept with the server.
    ///
    /// # Errors
    /// When the server is not there, or the database fails; what is wrong with it is an answer.
    pub async fn validate_server(
        &self,
        id: &str,
        connection: Option<&str>,
        smoke: &Smoke,
    ) -> Result<Value, RegistryError> {
        let (server, active) = self.server(id).await?;
        let mut found = Examination::new();
        let began = Instant::now();
        let line = self.client.line(&server.canonical_url, connection).await;
        if connection.is_some() {
            found.add("connection", began, connected(&line));
        }
        self.talk(&mut found, line, active.as_ref(), smoke).await;
        self.remember_success(connection, &found).await;
        let mut answer = found.to_json(Timestamp::now());
        answer["server_id"] = json!(id);
        answer["connection_id"] = json!(connection);
        let (id, kept) = (id.to_owned(), answer.clone());
        let written = self.engine.write(move |db, _| {
            let server = ServerRecord { last_validation: Some(kept), ..servers::find(db, &id)? };
            Ok::<_, EngineError>(crate::server::db::mcp::servers::put(db, &server)?)
        });
        written.await?;
        Ok(answer)
    }

    /// Validates an instance as its active profile wires it: `profile`, `config`, `connection`,
    /// `reachability`, `schema`, `smoke_call`. The answer is kept with the instance.
    ///
    /// # Errors
    /// When the instance is not there, or the database fails; what is wrong with it is an answer.
    pub async fn validate_instance(&self, id: &str, smoke: &Smoke) -> Result<Value, RegistryError> {
        let instance = self.instance(id).await?;
        let (_, version) = self.server(&instance.server.id).await?;
        let mut found = Examination::new();
        wiring(&mut found, &instance, version.as_ref());
        let began = Instant::now();
        let target = Target { instance_id: Some(id.into()), ..Target::default() };
        let line = self.client.line_to(&target).await;
        let connection = instance.active().and_then(|profile| profile.connection());
        match connection {
            None if !instance.server.needs_connection() => {
                found.skip("connection", "the server wants no connection");
            }
            _ => found.add("connection", began, connected(&line)),
        }
        self.talk(&mut found, line, version.as_ref(), smoke).await;
        self.remember_success(connection, &found).await;
        let mut answer = found.to_json(Timestamp::now());
        answer["instance_id"] = json!(id);
        answer["server_id"] = json!(instance.server.id);
        answer["connection_id"] = json!(connection);
        let (id, kept) = (id.to_owned(), answer.clone());
        let written = self.engine.write(move |db, _| {
            let record = InstanceRecord { last_validation: Some(kept), ..instances::find(db, &id)? };
            Ok::<_, EngineError>(crate::server::db::mcp::instances::put(db, &record)?)
        });
        written.await?;
        Ok(answer)
    }

    /// The checks that need the server itself.
    async fn talk(
        &self,
        found: &mut Examination,
        line: Result<Line, ClientError>,
        accepted: Option<&ServerVersion>,
        smoke: &Smoke,
    ) {
        let began = Instant::now();
        let reached = match &line {
            Ok(line) => self.client.discover(line).await,
            Err(error) => Err(error.clone()),
        };
        let told = reached.as_ref().map(greeting).map_err(ToString::to_string);
        found.add("reachability", began, told);
        let (Ok(line), Ok(discovery)) = (line, reached) else {
            found.skip("schema", UNREACHED);
            return found.skip("smoke_call", UNREACHED);
        };
        let began = Instant::now();
        found.add("schema", began, schema(&discovery, accepted));
        self.smoke(found, &line, &discovery, smoke).await;
    }

    async fn smoke(&self, found: &mut Examination, line: &Line, discovery: &Discovery, smoke: &Smoke) {
        let chosen = match &smoke.tool {
            Some(tool) => Some(tool.as_str()),
            None => discovery.tools.iter().find(|tool| is_harmless(tool)).map(|tool| tool.name.as_str()),
        };
        let Some(tool) = chosen else {
            let why = "no tool says that it only reads and needs no arguments; name one as `smoke_tool`";
            return found.skip("smoke_call", why);
        };
        let began = Instant::now();
        let key = format!("{SMOKE_KEY}/{}", uuid::Uuid::new_v4());
        let called = timeout(SMOKE_LIMIT, self.client.call_on(line, tool, smoke.args.clone(), &key)).await;
        let ended = match called {
            Ok(Ok(_)) => Ok(format!("`{tool}` answered")),
            Ok(Err(error)) => Err(format!("`{tool}`: {error}")),
            Err(_) => Err(format!("`{tool}` gave no answer within {}s", SMOKE_LIMIT.as_secs())),
        };
        found.add("smoke_call", began, ended);
    }

    /// A connection that a call was just made with works. A session alone proves nothing: servers
    /// may list their tools to anybody.
    async fn remember_success(&self, connection: Option<&str>, found: &Examination) {
        if let Some(connection) = connection.filter(|_| found.is_valid() && found.passed("smoke_call")) {
            self.client.credentials().works(connection).await;
        }
    }
}

fn connected(line: &Result<Line, ClientError>) -> Result<String, String> {
    match line {
        Ok(line) => Ok(line.connection().map_or_else(
            || "no connection is needed".to_owned(),
            |connection| format!("`{}` is {}", connection.name, connection.status),
        )),
        Err(error) => Err(error.to_string()),
    }
}

fn greeting(discovery: &Discovery) -> String {
    let tools = discovery.tools.len();
    match &discovery.server {
        Some((name, version)) => format!("`{name}` {version} answered and lists {tools} tools"),
        None => format!("the server answered and lists {tools} tools"),
    }
}

/// What is wrong with the list of tools, by itself and against the accepted one.
fn schema(discovery: &Discovery, accepted: Option<&ServerVersion>) -> Result<String, String> {
    let odd = discovery.tools.iter().find(|tool| tool.input_schema["type"] != "object");
    if let Some(tool) = odd {
        return Err(format!("the input schema of `{}` is not of type object", tool.name));
    }
    let offered: Value = discovery.tools.iter().map(ListedTool::to_json).collect();
    let Some(accepted) = accepted else {
        return Ok("every tool has an input schema; no version of them is active yet".to_owned());
    };
    let changes = Changes::between(Some(&accepted.tools), &offered);
    let version = accepted.version;
    if !changes.removed.is_empty() {
        let gone = changes.removed.join("`, `");
        return Err(format!("the server no longer offers `{gone}`, which version {version} has"));
    }
    if changes.is_empty() {
        return Ok(format!("the tools are those of version {version}"));
    }
    let told = |what: &str, names: &[String]| match names {
        [] => String::new(),
        names => format!("; {what} `{}`", names.join("`, `")),
    };
    let (changed, added) = (told("changed", &changes.changed), told("new", &changes.added));
    Ok(format!(
        "the tools differ from version {version}{changed}{added}; discover them and activate a version"
    ))
}

fn is_harmless(tool: &ListedTool) -> bool {
    let required = tool.input_schema["required"].as_array();
    tool.is_read_only && required.is_none_or(Vec::is_empty)
}

/// The checks that need no server: an active profile, and its settings against the schema.
fn wiring(found: &mut Examination, instance: &Instance, version: Option<&ServerVersion>) {
    let began = Instant::now();
    let Some(profile) = instance.active() else {
        let none = "no config profile is active; set one active".to_owned();
        found.add("profile", began, Err(none));
        return found.skip("config", "no config profile is active");
    };
    found.add("profile", began, Ok(format!("`{}` is active", profile.name)));
    match version.map(|version| &version.config_schema).filter(|schema| schema.is_object()) {
        None => found.skip("config", "the server declares no `config_schema`"),
        Some(schema) => {
            let began = Instant::now();
            let wrong = mismatches(schema, &profile.config, "config");
            let told = wrong.first().map_or_else(
                || Ok("the settings fit the server's schema".to_owned()),
                |mismatch| Err(mismatch.to_string()),
            );
            found.add("config", began, told);
        }
    }
}
