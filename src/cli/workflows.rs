//! `arcc workflows …`

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Subcommand;
use color_eyre::Result;
use color_eyre::eyre::WrapErr;
use serde_json::{Value, json};

use super::args::{Global, Print, Proof};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::guard::{Aimed, check};
use super::import;
use super::order::change;
use super::output::{columns, show};
use super::publish::{self, Ask};
use super::validate;
use crate::client::Client;
use crate::domain::text::visible;
use crate::domain::{Graph, Workflow};
use crate::runtime::orders::Change;

/// `arcc workflows …`
#[derive(Debug, Subcommand)]
pub(super) enum WorkflowsCommand {
    /// List workflows
    List {
        #[command(flatten)]
        print: Print,
    },
    /// Create a workflow from a file, or change the one of the same name
    Apply {
        /// A JSON file with `name` and `graph`, or `-` for standard input
        file: PathBuf,
        /// Publish it as well
        #[arg(long)]
        publish: bool,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
    /// Create a workflow from an export of the platform, or change the one of the same name
    Import(import::Arguments),
    /// Check a graph without running it; exit 0 when it is ready, 1 when it is blocked, 2 when it
    /// cannot be read
    Validate {
        /// A JSON file with a graph, `-` for standard input, or a workflow's id or name, for its draft
        #[arg(value_name = "FILE|WORKFLOW")]
        target: String,
        #[command(flatten)]
        print: Print,
    },
    /// Show what publishing a workflow's draft would change; exit 1 when it changes something
    Diff {
        /// The workflow, by id or name
        workflow: String,
        #[command(flatten)]
        print: Print,
    },
    /// Publish a workflow's draft as its next version; on a terminal, after showing what that changes
    /// and asking
    Publish {
        /// The workflow, by id or name
        workflow: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
        /// What changed
        #[arg(long, default_value = "")]
        changelog: String,
        #[command(flatten)]
        proof: Proof,
        #[command(flatten)]
        print: Print,
    },
}

/// A workflow file larger than this is not one.
const MAX_FILE: u64 = 16 * 1024 * 1024;

pub(super) async fn run(global: &Global, command: WorkflowsCommand) -> Result<ExitCode> {
    if let WorkflowsCommand::Validate { target, print } = &command {
        return validate::run(global, target, *print).await;
    }
    if let WorkflowsCommand::Import(arguments) = command {
        return super::import::run(global, arguments).await;
    }
    // A file that cannot be read is told of before anything is started.
    let draft = match &command {
        WorkflowsCommand::Apply { file, .. } => Some(read_workflow(file)?),
        WorkflowsCommand::List { .. }
        | WorkflowsCommand::Diff { .. }
        | WorkflowsCommand::Publish { .. }
        | WorkflowsCommand::Import(_)
        | WorkflowsCommand::Validate { .. } => None,
    };
    let connected = connect(global, Purpose::Command).await?;
    let done = match command {
        WorkflowsCommand::List { print } => list(&connected, print).await,
        WorkflowsCommand::Apply { publish, proof, print, .. } => {
            apply(&connected, draft.unwrap_or_default(), publish, (&proof, print)).await
        }
        WorkflowsCommand::Diff { workflow, print } => {
            let differs = publish::diff(&connected, &workflow, print).await;
            connected.close().await;
            return differs.map(|differs| ExitCode::from(u8::from(differs)));
        }
        WorkflowsCommand::Publish { workflow, yes, changelog, proof, print } => {
            let ask = if yes { Ask::No } else { Ask::OnTerminal };
            publish::publish(&connected, (&workflow, &changelog), ask, (&proof, print)).await
        }
        // Answered above, without a connection where they need none.
        WorkflowsCommand::Validate { .. } | WorkflowsCommand::Import(_) => Ok(()),
    };
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

async fn list(connected: &Connected, print: Print) -> Result<()> {
    let workflows = connected.client.workflows().await?;
    let body: Vec<_> = workflows.iter().map(json_of).collect();
    Ok(show(print, &json!({ "workflows": body }), || {
        let rows: Vec<_> = workflows.iter().map(row).collect();
        columns(&["WORKFLOW", "NAME", "STATUS", "VERSION", "DESCRIPTION"], &rows)
    })?)
}

fn row(workflow: &Workflow) -> Vec<String> {
    vec![
        workflow.id.to_string(),
        workflow.name.to_string(),
        workflow.status.to_string(),
        workflow.latest_version.map(|version| version.to_string()).unwrap_or_default(),
        workflow.description.to_string(),
    ]
}

fn json_of(workflow: &Workflow) -> Value {
    json!({
        "id": workflow.id,
        "name": workflow.name,
        "description": workflow.description,
        "status": workflow.status,
        "latest_version": workflow.latest_version,
        "updated_at": workflow.updated_at,
    })
}

async fn apply(
    connected: &Connected,
    draft: Value,
    publish: bool,
    (proof, print): (&Proof, Print),
) -> Result<()> {
    let (body, line) = put(connected, &draft, publish, proof).await?;
    Ok(show(print, &body, || vec![line])?)
}

/// Creates a workflow or changes the one of the same name, and publishes it if wanted; what came of
/// it as JSON and as a line.
pub(super) async fn put(
    connected: &Connected,
    draft: &Value,
    publish: bool,
    proof: &Proof,
) -> Result<(Value, String)> {
    let client = &connected.client;
    let reason = proof.reason.as_deref();
    let name = draft["name"].as_str().unwrap_or_default();
    check(connected, "apply", &Aimed::Workflow(name), proof)?;
    if publish {
        check(connected, "publish", &Aimed::Workflow(name), proof)?;
    }
    let known = client.workflows().await?.into_iter().find(|workflow| &*workflow.name == name);
    let (workflow, word) = match known {
        Some(known) => {
            let patch = client.patch_workflow(&known.id, draft);
            (change(connected, Change { word: "apply", subject: name }, reason, patch).await?, "changed")
        }
        None => (create(connected, name, draft, reason).await?, "created"),
    };
    let mut body = json!({"workflow": json_of(&workflow), "outcome": word});
    let mut line = format!("{word} {} ({})", visible(&workflow.name), visible(workflow.id.as_str()));
    if publish {
        validate::warn(&draft["graph"]);
        let publish = client.publish(&workflow.id, "");
        let version = change(connected, Change { word: "publish", subject: name }, reason, publish).await?;
        body["version"] = json!(version.version);
        line.push_str(&format!(", published as version {}", version.version));
    }
    Ok((body, line))
}

/// Creates a workflow; saved defaults can only be given to one that exists.
async fn create(connected: &Connected, name: &str, draft: &Value, reason: Option<&str>) -> Result<Workflow> {
    let apply = Change { word: "apply", subject: name };
    let made = change(connected, apply, reason, connected.client.create_workflow(draft)).await?;
    if let Some(setup) = draft.get("run_setup") {
        let setup = json!({"run_setup": setup});
        let kept = change(connected, apply, reason, connected.client.patch_workflow(&made.id, &setup)).await;
        let id = made.id.clone();
        kept.wrap_err_with(|| format!("created {id} as a draft, but its example input was not kept"))?;
    }
    Ok(made)
}

/// Finds a workflow by id or by name.
pub(super) async fn find_workflow(client: &Client, wanted: &str) -> Result<Workflow> {
    let workflows = client.workflows().await?;
    let mut found: Vec<_> =
        workflows.iter().filter(|w| w.id.as_str() == wanted || &*w.name == wanted).collect();
    match (found.pop(), found.len()) {
        (Some(only), 0) => Ok(only.clone()),
        (Some(_), _) => {
            Err(Failure::Usage(format!("several workflows are called `{wanted}`; name one by its id")).into())
        }
        (None, _) => {
            let nearest = workflows
                .iter()
                .max_by(|a, b| strsim::jaro(&a.name, wanted).total_cmp(&strsim::jaro(&b.name, wanted)));
            let hint = nearest.map_or(String::new(), |near| format!("; the nearest is `{}`", near.name));
            Err(Failure::Operation(format!("there is no workflow `{wanted}`{hint}")).into())
        }
    }
}

/// Reads a workflow file: `{name, graph}`, or a bare graph, which is named after its file.
fn read_workflow(file: &Path) -> Result<Value> {
    let shown = file.display();
    let text = read_file(file)?;
    let raw: Value = serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{shown} is not valid JSON: {error}")))?;
    let graph = raw.get("graph").or_else(|| raw.get("definition")).unwrap_or(&raw);
    let parsed = Graph::parse(graph)
        .map_err(|problem| Failure::Usage(format!("{shown} is not a workflow: {problem}")))?;
    if let Some(problem) = parsed.problems().first() {
        return Err(Failure::Usage(format!("{shown} would not run: {problem}")).into());
    }
    let stem = file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("workflow");
    let name = raw.get("name").and_then(Value::as_str).unwrap_or(stem);
    let description = raw.get("description").and_then(Value::as_str).unwrap_or_default();
    Ok(json!({"name": name, "description": description, "graph": graph}))
}

pub(super) fn read_file(file: &Path) -> Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().take(MAX_FILE).read_to_string(&mut text).wrap_err("cannot read standard input")?;
        return Ok(text);
    }
    let unreadable = |error| Failure::Usage(format!("cannot read {}: {error}", file.display()));
    let opened = std::fs::File::open(file).map_err(unreadable)?;
    opened.take(MAX_FILE).read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

/// Reads a JSON argument: the text itself, `@FILE`, or `-` for standard input.
pub(super) fn json_argument(flag: &str, raw: &str) -> Result<Value> {
    let text = match raw.strip_prefix('@') {
        Some(file) => read_file(Path::new(file))?,
        None if raw == "-" => read_file(Path::new("-"))?,
        None => raw.to_owned(),
    };
    Ok(serde_json::from_str(&text)
        .map_err(|error| Failure::Usage(format!("{flag} is not valid JSON: {error}")))?)
}
