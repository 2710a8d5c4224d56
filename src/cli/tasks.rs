//! `arcc tasks …`

use std::process::ExitCode;

use color_eyre::Result;
use serde_json::{Map, Value, json};
use unicode_width::UnicodeWidthStr;

use super::args::{Global, Print, Proof, TaskArg, TasksCommand};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::guard::{Aimed, check};
use super::order;
use super::output::{columns, show};
use crate::domain::clock::{age, human};
use crate::domain::consequence::{Consequence, Decided};
use crate::domain::document::{FieldLine, field_lines, key_columns};
use crate::domain::text::visible;
use crate::domain::{PendingTask, RunHistory, Timestamp};
use crate::wire::{Command, Decision, write};

pub(super) async fn run(global: &Global, command: TasksCommand) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = match command {
        TasksCommand::List { print } => list(&connected, print).await,
        TasksCommand::Show { task, print } => show_task(&connected, &task, print).await,
        TasksCommand::Approve { task, result, proof, print } => match result_argument(result.as_deref()) {
            Ok(result) => decide(&connected, &task, (true, result), &proof, print).await,
            Err(report) => Err(report),
        },
        TasksCommand::Reject { task, proof, print } => {
            let reason = proof.reason.iter().map(|reason| ("reason".to_owned(), reason.as_str().into()));
            decide(&connected, &task, (false, reason.collect()), &proof, print).await
        }
    };
    connected.close().await;
    done.map(|()| ExitCode::SUCCESS)
}

pub(super) async fn list(connected: &Connected, print: Print) -> Result<()> {
    let tasks = connected.client.tasks().await?.items;
    let body = json!({"tasks": tasks.iter().map(write::task).collect::<Vec<_>>()});
    let now = Timestamp::now();
    Ok(show(print, &body, || {
        if tasks.is_empty() {
            return vec!["nothing waits for a person".into()];
        }
        let rows: Vec<_> = tasks.iter().map(|task| row(task, now)).collect();
        columns(&["RUN", "TASK", "WORKFLOW", "TYPE", "WAITS"], &rows)
    })?)
}

fn row(task: &PendingTask, now: Timestamp) -> Vec<String> {
    vec![
        task.run_id.to_string(),
        task.task_id.to_string(),
        task.workflow_name.as_deref().unwrap_or(task.workflow_id.as_str()).to_owned(),
        task.task_type.to_string(),
        task.created_at.map(|at| human(age(at, now))).unwrap_or_default(),
    ]
}

/// A task, and what follows a decision on it.
async fn show_task(connected: &Connected, target: &TaskArg, print: Print) -> Result<()> {
    let client = &connected.client;
    let run = client.find_run(&target.run).await?;
    let detail = client.detail(&run.workflow_id, &run.id).await?;
    let listed = client.run_tasks(&run.workflow_id, &run.id).await?;
    let task = pick(&listed, target)?;
    let history = RunHistory::of_run(&detail.run, detail.events.iter().cloned());
    let (context, step) = (detail.context.as_ref(), &task.step_id);
    let found = detail
        .graph
        .as_deref()
        .map(|graph| Consequence::of(Decided { graph, history: &history, context, step }, &Map::new()));
    let mut body = json!({"task": write::task(task), "on_approve": null, "on_reject": null});
    if let (Some(fields), Some(Value::Object(known))) =
        (body.as_object_mut(), found.as_ref().map(write::consequence))
    {
        fields.extend(known);
    }
    Ok(show(print, &body, || task_lines(task, found.as_ref()))?)
}

fn task_lines(task: &PendingTask, found: Option<&Consequence>) -> Vec<String> {
    let head =
        [task.run_id.as_str(), task.step_id.as_str(), &task.task_type].map(|text| visible(text).into_owned());
    let mut lines = vec![head.join("  "), String::new()];
    lines.extend(fields(&task.payload));
    let Some(found) = found else {
        lines
            .extend([String::new(), "the graph of this run is not known, so neither is what follows".into()]);
        return lines;
    };
    lines.extend([String::new(), format!("approve: {}", visible(&found.approval()))]);
    for next in found.next.iter().filter(|next| next.has_arguments()) {
        lines.push(format!("{} gets", visible(next.step.as_str())));
        lines.extend(fields(&next.arguments));
        let open = next.open.iter().map(|open| format!("{}: {}", open.at, open.why));
        lines.extend(open.map(|text| format!("  {}", visible(&text))));
    }
    lines.push(format!("reject:  {}", visible(&found.rejection())));
    lines
}

/// A value field by field behind a gutter, 80 columns wide.
fn fields(value: &Value) -> Vec<String> {
    let names = key_columns(value);
    let line = |line: FieldLine| {
        let key = line.key.unwrap_or_default();
        format!("  {key}{} | {}", " ".repeat(names.saturating_sub(key.width())), line.text)
    };
    field_lines(value, 76).into_iter().map(line).collect()
}

fn result_argument(raw: Option<&str>) -> Result<Map<String, Value>> {
    let Some(raw) = raw else { return Ok(Map::new()) };
    match super::workflows::json_argument("--result", raw)? {
        Value::Object(fields) => Ok(fields),
        other => Err(Failure::Usage(format!("--result must be a JSON object, not {other}")).into()),
    }
}

async fn decide(
    connected: &Connected,
    target: &TaskArg,
    (approved, result): (bool, Map<String, Value>),
    proof: &Proof,
    print: Print,
) -> Result<()> {
    connected.need_write()?;
    let run = connected.client.find_run(&target.run).await?;
    check(connected, if approved { "approve" } else { "reject" }, &Aimed::Run(&run.id), proof)?;
    let tasks = connected.client.run_tasks(&run.workflow_id, &run.id).await?;
    let task = pick(&tasks, target)?;
    let command = Command::Decide(Decision {
        workflow: run.workflow_id,
        run: run.id,
        task: task.task_id.clone(),
        created_at: task.created_at,
        shown: Some(task.fingerprint()),
        approved,
        result,
    });
    let reply = order::send(connected, &command, proof.reason.as_deref()).await?;
    let word = if approved { "approved" } else { "rejected" };
    Ok(show(print, &reply.body, || {
        vec![format!("{word} {} of {}", visible(task.task_id.as_str()), visible(reply.run.as_str()))]
    })?)
}

fn pick<'a>(tasks: &'a [PendingTask], target: &TaskArg) -> Result<&'a PendingTask> {
    let names = || tasks.iter().map(|task| task.task_id.as_str()).collect::<Vec<_>>().join(", ");
    match (&target.task, tasks) {
        (_, []) => Err(conflict(format!(
            "run {} has no task that waits: it was decided, or never asked",
            target.run
        ))),
        (None, [only]) => Ok(only),
        (None, _) => {
            Err(Failure::Usage(format!("run {} has several tasks, name one of: {}", target.run, names()))
                .into())
        }
        (Some(wanted), _) => tasks
            .iter()
            .find(|task| task.task_id.as_str() == wanted)
            .ok_or_else(|| conflict(format!("task {wanted} does not wait any more; waiting: {}", names()))),
    }
}

fn conflict(message: String) -> color_eyre::Report {
    Failure::Conflict(message).into()
}
