//! `arcc workflows validate`: a file is checked here, a workflow's draft by its server.

use std::path::Path;
use std::process::ExitCode;

use color_eyre::Result;
use serde_json::Value;

use super::args::{Global, Print};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::output::{remark, show};
use super::workflows::{find_workflow, read_file};
use crate::domain::Timestamp;
use crate::domain::text::visible;
use crate::domain::validate::{Options, Unusable};

/// Checks a file or a draft, and prints what is wrong with it.
pub(super) async fn run(global: &Global, target: &str, print: Print) -> Result<ExitCode> {
    let answer = if is_file(target) {
        let graph = read_graph(Path::new(target))?;
        local(&graph)
            .map_err(|unusable| Failure::Usage(format!("{target} cannot be validated: {unusable}")))?
    } else {
        let connected = connect(global, Purpose::Command).await?;
        let answer = of_draft(&connected, target).await;
        connected.close().await;
        answer?
    };
    show(print, &answer, || lines(target, &answer))?;
    let is_ready = answer["readiness"] == "ready" && answer["valid"] == true;
    Ok(if is_ready { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Says on standard error that a graph which is about to be published is not valid.
pub(super) fn warn(graph: &Value) {
    let Ok(answer) = local(graph) else { return };
    let errors = count(&answer, "error");
    if errors > 0 {
        remark(&format!(
            "the graph has {}, and is published all the same; `arcc workflows validate` lists them",
            counted(errors, "error")
        ));
    }
}

/// What looks like a file is one, even where it does not exist.
fn is_file(target: &str) -> bool {
    target == "-" || target.ends_with(".json") || Path::new(target).is_file()
}

fn read_graph(file: &Path) -> Result<Value> {
    let raw: Value = serde_json::from_str(&read_file(file)?)
        .map_err(|error| Failure::Usage(format!("{} is not valid JSON: {error}", file.display())))?;
    Ok(raw.get("graph").or_else(|| raw.get("definition")).unwrap_or(&raw).clone())
}

#[cfg(feature = "server")]
fn local(graph: &Value) -> Result<Value, Unusable> {
    let checked = crate::server::validation::validate_graph(graph, Options::default(), Timestamp::now());
    checked.map(|(_, answer)| answer)
}

#[cfg(not(feature = "server"))]
fn local(graph: &Value) -> Result<Value, Unusable> {
    use crate::wire::validation::{Evidence, write};
    let report = crate::domain::validate::validate(graph, &Options::default())?;
    let evidence =
        Evidence { graph_hash: None, workflow_graph_schema_hash: None, validated_at: Timestamp::now() };
    Ok(write(&report, &evidence))
}

async fn of_draft(connected: &Connected, wanted: &str) -> Result<Value> {
    let client = &connected.client;
    // Exit 1 means that a graph is blocked, so one that does not exist must not end with it.
    let workflow =
        find_workflow(client, wanted).await.map_err(|report| match report.downcast::<Failure>() {
            Ok(failure) => Failure::Usage(failure.to_string()).into(),
            Err(report) => report,
        })?;
    let draft = client.draft(&workflow.id).await?;
    Ok(client.validate(&workflow.id, &draft).await?)
}

fn lines(target: &str, answer: &Value) -> Vec<String> {
    let word = |value: &Value| visible(value.as_str().unwrap_or_default()).into_owned();
    let (errors, warnings) = (count(answer, "error"), count(answer, "warning"));
    let mut out = vec![format!(
        "{}: {}, {}, {}",
        visible(target),
        word(&answer["readiness"]),
        counted(errors, "error"),
        counted(warnings, "warning")
    )];
    for issue in answer["issues"].as_array().into_iter().flatten() {
        let step =
            issue["step_id"].as_str().map(|step| format!(" step {}", visible(step))).unwrap_or_default();
        out.push(format!(
            "{} {}{step}: {}",
            word(&issue["severity"]),
            word(&issue["code"]),
            word(&issue["message"])
        ));
        if let Some(place) = issue["json_path"].as_str() {
            out.push(format!("    at  {}", visible(place)));
        }
        if let Some(suggestion) = issue["suggestion"].as_str() {
            out.push(format!("    try {}", visible(suggestion)));
        }
    }
    out
}

fn count(answer: &Value, severity: &str) -> usize {
    answer["issues"].as_array().into_iter().flatten().filter(|issue| issue["severity"] == severity).count()
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}
