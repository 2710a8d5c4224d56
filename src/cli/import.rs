//! `arcc workflows import`: a workflow that the platform exported.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use color_eyre::Result;
use serde_json::{Value, json};

use super::args::{Global, Print, Proof};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::output::{remark, show};
use super::workflows::{find_workflow, put, read_file};
use crate::domain::import::{CHILD, Import, Mapping, Placeholder};
use crate::domain::text::visible;

/// Flags of `workflows import`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The exported JSON file, or `-` for standard input
    pub(super) file: PathBuf,
    /// What stands for a placeholder of the file; for REPLACE_CHILD_…, a workflow's id or name
    #[arg(long, value_name = "REPLACE_X=VALUE")]
    pub(super) map: Vec<String>,
    /// Publish it as well
    #[arg(long)]
    pub(super) publish: bool,
    #[command(flatten)]
    pub(super) proof: Proof,
    #[command(flatten)]
    pub(super) print: Print,
}

pub(super) async fn run(global: &Global, arguments: Arguments) -> Result<ExitCode> {
    let import = read(&arguments.file)?;
    let mapping = mapping(&arguments.map)?;
    // Told before anything is started: a file that is not whole changes nothing.
    import.clone().mapped(&mapping).map_err(|error| unfit(&arguments.file, &error))?;
    let missing: Vec<_> =
        import.placeholders().into_iter().filter(|found| !mapping.contains_key(&found.name)).collect();
    if !missing.is_empty() {
        return tell_missing(&missing, &arguments);
    }
    let connected = connect(global, Purpose::Command).await?;
    let done = apply(&connected, import, mapping, &arguments).await;
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

fn unfit(file: &Path, error: &impl std::fmt::Display) -> color_eyre::Report {
    Failure::Usage(format!("{} cannot be imported: {error}", file.display())).into()
}

fn read(file: &Path) -> Result<Import> {
    let raw: Value = serde_json::from_str(&read_file(file)?)
        .map_err(|error| Failure::Usage(format!("{} is not valid JSON: {error}", file.display())))?;
    let mut import = Import::read(&raw).map_err(|error| unfit(file, &error))?;
    if import.name.trim().is_empty() {
        file.file_stem().and_then(|stem| stem.to_str()).unwrap_or("workflow").clone_into(&mut import.name);
    }
    Ok(import)
}

fn mapping(pairs: &[String]) -> Result<Mapping> {
    let pairs = pairs.iter().map(|pair| {
        let split = pair.split_once('=').filter(|(name, value)| !name.is_empty() && !value.is_empty());
        let wrong =
            || Failure::Usage(format!("`--map {pair}` must be NAME=VALUE, as in REPLACE_INSTANCE=mail"));
        split.map(|(name, value)| (name.to_owned(), value.to_owned())).ok_or_else(wrong)
    });
    Ok(pairs.collect::<Result<_, _>>()?)
}

/// Lists what is still to be mapped; exit 2, as for any wrong use.
fn tell_missing(missing: &[Placeholder], arguments: &Arguments) -> Result<ExitCode> {
    let list: Vec<_> =
        missing.iter().map(|found| json!({"name": found.name, "places": found.places})).collect();
    show(arguments.print, &json!({"unmapped": list}), || {
        let mut lines =
            vec!["nothing was imported; give a value to each placeholder with --map NAME=VALUE:".to_owned()];
        lines.extend(
            missing.iter().map(|found| format!("{}  {}", found.name, visible(&found.places.join(", ")))),
        );
        lines
    })?;
    Ok(ExitCode::from(2))
}

/// The mapping with the ids of the child workflows that it names.
async fn children(connected: &Connected, mut mapping: Mapping) -> Result<Mapping> {
    for (_, value) in mapping.iter_mut().filter(|(name, _)| name.starts_with(CHILD)) {
        let child = find_workflow(&connected.client, value).await?;
        child.id.as_str().clone_into(value);
    }
    Ok(mapping)
}

async fn apply(connected: &Connected, import: Import, mapping: Mapping, arguments: &Arguments) -> Result<()> {
    let mapping = children(connected, mapping).await?;
    let import = import.mapped(&mapping).map_err(|error| unfit(&arguments.file, &error))?;
    import.notes.iter().for_each(|note| remark(note));
    let mut draft = json!({"name": import.name, "description": import.description, "graph": import.graph});
    if let Some(example) = &import.example {
        draft["run_setup"] = json!({"trigger_payload": example});
    }
    let (mut body, line) = put(connected, &draft, arguments.publish, &arguments.proof).await?;
    body["notes"] = json!(import.notes);
    Ok(show(arguments.print, &body, || vec![line])?)
}
