//! `arcc runs …`

use std::process::ExitCode;
use std::time::Duration;

use color_eyre::Result;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::args::{Global, Print, Proof, RunsCommand};
use super::connect::{Connected, Purpose, connect};
use super::exit::Failure;
use super::guard::{Aimed, check};
use super::order;
use super::output::{Reader, columns, show, show_line};
use super::workflows::find_workflow;
use crate::domain::clock::{age, human};
use crate::domain::text::visible;
use crate::domain::{Run, RunEvent, RunHistory, RunId, RunStatus, StopMode, Timestamp};
use crate::mirror::Detail;
use crate::wire::{Command, StartRun, write};

/// How often a waiting command asks.
const ASK: Duration = Duration::from_millis(500);

pub(super) async fn run(global: &Global, command: RunsCommand) -> Result<ExitCode> {
    let connected = connect(global, Purpose::Command).await?;
    let done = dispatch(&connected, command).await;
    connected.close().await;
    done
}

async fn dispatch(connected: &Connected, command: RunsCommand) -> Result<ExitCode> {
    match command {
        RunsCommand::List { status, workflow, limit, print } => {
            list(connected, status.as_deref(), workflow.as_deref(), limit, print).await?;
        }
        RunsCommand::Show { run, print } => show_run(connected, &run.run, print).await?,
        RunsCommand::Events { run, follow: true, print } => follow(connected, &run.run, print).await?,
        RunsCommand::Events { run, follow: false, print } => events(connected, &run.run, print).await?,
        RunsCommand::Start { workflow, input, run_id, wait, timeout, proof, print } => {
            check(connected, "start", &Aimed::Workflow(&workflow), &proof)?;
            let order = start_order(connected, &workflow, input.as_deref(), run_id).await?;
            let limit = wait.then(|| Duration::from_secs(timeout));
            return start(connected, order, (limit, &proof), print).await;
        }
        RunsCommand::Rerun(arguments) => return super::rerun::run(connected, &arguments).await,
        RunsCommand::Failures(print) => super::rerun::list(connected, print).await?,
        RunsCommand::Pause { run, proof, print } => {
            control(connected, &run.run, (&proof, print), |workflow, run| Command::Pause { workflow, run })
                .await?;
        }
        RunsCommand::Resume { run, proof, print } => {
            control(connected, &run.run, (&proof, print), |workflow, run| Command::Resume { workflow, run })
                .await?;
        }
        RunsCommand::Stop { run, immediate, proof, print } => {
            let mode = if immediate { StopMode::Immediate } else { StopMode::Graceful };
            control(connected, &run.run, (&proof, print), |workflow, run| Command::Stop {
                workflow,
                run,
                mode,
            })
            .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn list(
    connected: &Connected,
    status: Option<&str>,
    workflow: Option<&str>,
    limit: usize,
    print: Print,
) -> Result<()> {
    let client = &connected.client;
    let page = match workflow {
        Some(name) => client.runs_of(&find_workflow(client, name).await?, limit, status).await?,
        None => client.runs(limit, status).await?,
    };
    // A server may not know the filter.
    let fits = |run: &&Run| status.is_none_or(|status| run.status.as_str() == status);
    let runs: Vec<&Run> = page.runs.iter().filter(fits).take(limit).collect();
    let body = json!({"runs": runs.iter().map(|run| write::run(run)).collect::<Vec<_>>(), "unreadable": page.unreadable});
    let now = Timestamp::now();
    Ok(show(print, &body, || {
        let rows: Vec<_> = runs.iter().map(|run| row(run, now)).collect();
        let mut lines = columns(&["RUN", "WORKFLOW", "STATUS", "STEPS", "CODE", "STARTED"], &rows);
        if page.unreadable > 0 {
            lines.push(format!("({} runs could not be read)", page.unreadable));
        }
        lines
    })?)
}

fn row(run: &Run, now: Timestamp) -> Vec<String> {
    let started = run.started_at.map(|at| format!("{} ago", human(age(at, now))));
    vec![
        run.id.to_string(),
        run.title().to_owned(),
        run.status.to_string(),
        format!("{}/{}", run.progress.done, run.progress.total),
        run.failure_code.as_ref().map(ToString::to_string).unwrap_or_default(),
        started.unwrap_or_default(),
    ]
}

async fn show_run(connected: &Connected, id: &str, print: Print) -> Result<()> {
    let run = connected.client.find_run(id).await?;
    let detail = connected.client.detail(&run.workflow_id, &run.id).await?;
    let history = RunHistory::of_run(&detail.run, detail.events.iter().cloned());
    Ok(show(print, &detail_json(&detail, &history), || detail_lines(&detail, &history))?)
}

fn detail_json(detail: &Detail, history: &RunHistory) -> Value {
    let steps: Vec<_> = history
        .steps()
        .map(|(id, step)| {
            json!({
                "step_id": id,
                "status": step.status.word(),
                "attempt": step.attempt,
                "started_at": step.started_at,
                "ended_at": step.ended_at,
                "error": step.error,
                "failure_code": step.failure_code.as_ref().map(ToString::to_string),
                "caused_by_step_id": step.caused_by,
            })
        })
        .collect();
    json!({
        "run": write::run(&detail.run),
        "root_cause_step_id": history.root_cause(),
        "steps": steps,
        "tasks": detail.tasks.iter().flatten().map(write::task).collect::<Vec<_>>(),
    })
}

fn detail_lines(detail: &Detail, history: &RunHistory) -> Vec<String> {
    let run = &detail.run;
    let now = Timestamp::now();
    let mut lines = vec![format!(
        "{}  {}  {}",
        visible(run.title()),
        visible(run.id.as_str()),
        visible(run.status.as_str())
    )];
    if let Some(code) = &run.failure_code {
        lines.push(format!("{}: {}", visible(code.as_str()), code.advice()));
    }
    if let Some(step) = history.root_cause() {
        let error = history.step(step).and_then(|step| step.error.as_deref()).unwrap_or_default();
        lines.push(format!("root cause: {}: {}", visible(step.as_str()), visible(error)));
    }
    for task in detail.tasks.iter().flatten() {
        lines.push(format!(
            "waits for a person: {} ({})",
            visible(task.task_id.as_str()),
            visible(&task.task_type)
        ));
    }
    let rows: Vec<_> = history
        .steps()
        .map(|(id, step)| {
            let took = step.elapsed(now).map(crate::domain::clock::human_fine).unwrap_or_default();
            vec![id.to_string(), step.status.word().to_owned(), step.attempt.to_string(), took]
        })
        .collect();
    lines.push(String::new());
    lines.extend(columns(&["STEP", "STATUS", "ATTEMPT", "TIME"], &rows));
    lines
}

async fn events(connected: &Connected, id: &str, print: Print) -> Result<()> {
    let run = connected.client.find_run(id).await?;
    let events = connected.client.events(&run.workflow_id, &run.id).await?;
    let body = json!({"run_id": run.id, "events": events.iter().map(write::event).collect::<Vec<_>>()});
    Ok(show(print, &body, || events.iter().map(event_line).collect())?)
}

async fn follow(connected: &Connected, id: &str, print: Print) -> Result<()> {
    let run = connected.client.find_run(id).await?;
    let mut following = connected.client.follow(&run.workflow_id, &run.id);
    while let Some(events) = following.next().await? {
        for event in events {
            if show_line(print, &write::event(&event), || event_line(&event))? == Reader::Left {
                return Ok(());
            }
        }
    }
    Ok(())
}

fn event_line(event: &RunEvent) -> String {
    let at = event.at.map(|at| format!("{at:.3}")).unwrap_or_default();
    let step = event.step_id().map(|step| step.to_string()).unwrap_or_default();
    format!(
        "{at:<24}  {:<20}  {:<24}  {}",
        visible(event.kind.as_str()),
        visible(&step),
        visible(&event.data.to_string())
    )
}

async fn start_order(
    connected: &Connected,
    workflow: &str,
    input: Option<&str>,
    run_id: Option<String>,
) -> Result<StartRun> {
    let input = super::workflows::json_argument("--input", input.unwrap_or("{}"))?;
    let workflow = find_workflow(&connected.client, workflow).await?;
    let run_id = run_id.unwrap_or_else(|| uuid::Uuid::new_v4().to_string());
    Ok(StartRun { run_id: Some(run_id.into()), ..StartRun::new(workflow.id, "manual", input) })
}

pub(super) async fn start(
    connected: &Connected,
    start: StartRun,
    (limit, proof): (Option<Duration>, &Proof),
    print: Print,
) -> Result<ExitCode> {
    let workflow = start.workflow.clone();
    let reply = order::send(connected, &Command::Start(start), proof.reason.as_deref()).await?;
    let Some(limit) = limit else {
        show(print, &reply.body, || vec![format!("started {}", visible(reply.run.as_str()))])?;
        return Ok(ExitCode::SUCCESS);
    };
    let run = wait(connected, &workflow, &reply.run, limit).await?;
    show(print, &write::run(&run), || {
        vec![format!("{} {}", visible(run.id.as_str()), visible(run.status.as_str()))]
    })?;
    Ok(if run.status == RunStatus::Completed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

pub(super) async fn wait(
    connected: &Connected,
    workflow: &crate::domain::WorkflowId,
    run: &RunId,
    limit: Duration,
) -> Result<Run> {
    let end = Instant::now() + limit;
    loop {
        let run = connected.client.run(workflow, run).await?;
        if run.status.is_terminal() {
            return Ok(run);
        }
        if Instant::now() >= end {
            let text = format!("{} is still {} after {} s; it goes on", run.id, run.status, limit.as_secs());
            return Err(Failure::WaitOver(text).into());
        }
        sleep(ASK).await;
    }
}

async fn control(
    connected: &Connected,
    id: &str,
    (proof, print): (&Proof, Print),
    command: impl FnOnce(crate::domain::WorkflowId, RunId) -> Command,
) -> Result<()> {
    connected.need_write()?;
    let run = connected.client.find_run(id).await?;
    let command = command(run.workflow_id, run.id.clone());
    check(connected, command.word(), &Aimed::Run(&run.id), proof)?;
    let reply = order::send(connected, &command, proof.reason.as_deref()).await?;
    let status = reply.body.get("status").and_then(Value::as_str).unwrap_or("accepted").to_owned();
    Ok(show(print, &reply.body, || vec![format!("{} {}", visible(reply.run.as_str()), visible(&status))])?)
}
