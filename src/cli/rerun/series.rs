//! Running all failures of one cause again, one at a time.

use std::collections::HashMap;
use std::process::ExitCode;
use std::time::Duration;

use color_eyre::Result;
use color_eyre::eyre::Report;
use serde_json::{Value, json};

use super::failures::Failures;
use super::{RerunArgs, started_with};
use crate::cli::connect::Connected;
use crate::cli::exit::Failure;
use crate::cli::guard::{Aimed, check};
use crate::cli::output::{show, show_line};
use crate::cli::{order, runs};
use crate::domain::series::{Ending, Item, Series, Stage, reason};
use crate::domain::text::visible;
use crate::domain::{RunId, WorkflowId};
use crate::wire::{Again, Command, StartRun};

pub(super) async fn run(connected: &Connected, arguments: &RerunArgs) -> Result<ExitCode> {
    let failures = Failures::ask(connected).await?;
    let group = match (&arguments.signature, &arguments.like) {
        (Some(signature), _) => failures.of_signature(signature)?,
        (None, like) => {
            let run = connected.client.find_run(like.as_deref().unwrap_or_default()).await?;
            failures.like(&run.id)?
        }
    };
    let signature = group.signature.id();
    let again: HashMap<RunId, RunId> = connected.orders().ran_again().await.into_iter().collect();
    let mut about = Series::about(&group.runs, &again);
    about.truncate(arguments.limit.unwrap_or(usize::MAX));
    let targets = about.iter().filter_map(|id| Some((failures.run(id)?.workflow_id.clone(), id.clone())));
    let mut series = Series::new(targets);
    if arguments.dry_run || series.items().is_empty() {
        print(&signature, &series, arguments)?;
        return Ok(ExitCode::SUCCESS);
    }
    guard(connected, &about, arguments)?;
    let done = go(connected, &mut series, arguments).await;
    if arguments.print.json {
        print(&signature, &series, arguments)?;
    }
    done?;
    Ok(if series.ending() == Some(Ending::Completed) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What guardrails ask for all of them together, before the first.
fn guard(connected: &Connected, about: &[RunId], arguments: &RerunArgs) -> Result<()> {
    let profile = &connected.session.profile;
    let most = connected.session.guards.of("start").max_bulk.unwrap_or(usize::MAX);
    if about.len() > most && most > 0 {
        let text = format!(
            "a guardrail of profile {profile} lets {most} at once start, and these are {}: say --limit {most}; \
             nothing was sent",
            about.len()
        );
        return Err(Failure::Refused(text).into());
    }
    let newest = about.last().ok_or_else(|| Failure::Operation("nothing to run again".into()))?;
    check(connected, "start", &Aimed::Run(newest), &arguments.proof)
}

/// Goes through the series; a line is printed for each run that ran again.
async fn go(connected: &Connected, series: &mut Series, arguments: &RerunArgs) -> Result<()> {
    let total = series.items().len();
    let mut place = 0;
    while let Some((workflow, run)) = series.take_turn().map(|item| (item.workflow.clone(), item.run.clone()))
    {
        place += 1;
        let turn = one(connected, series, (&workflow, &run), (place, total), arguments).await;
        if let Err(report) = &turn {
            series.refused(report.to_string());
        }
        if !arguments.print.json
            && let Some(item) = series.items().get(place - 1)
        {
            show_line(arguments.print, &Value::Null, || format!("{place} of {total}  {}", line(item)))?;
        }
        turn?;
    }
    if let (false, Some(ending)) = (arguments.print.json, series.ending()) {
        show_line(arguments.print, &Value::Null, || told(series, ending))?;
    }
    Ok(())
}

/// Starts one run once, and waits for its end.
async fn one(
    connected: &Connected,
    series: &mut Series,
    (workflow, run): (&WorkflowId, &RunId),
    place: (usize, usize),
    arguments: &RerunArgs,
) -> Result<(), Report> {
    let Again { start, .. } = started_with(connected, workflow, run).await?;
    let new = RunId::new(uuid::Uuid::new_v4().to_string());
    let start = StartRun { run_id: Some(new.clone()), ..start };
    series.starting(run, new);
    let reason = reason(arguments.proof.reason.as_deref().unwrap_or_default(), place);
    let reply = order::send(connected, &Command::Start(start), Some(&reason)).await?;
    series.started(reply.run.clone());
    let limit = Duration::from_secs(arguments.timeout);
    let ended = runs::wait(connected, workflow, &reply.run, limit).await?;
    series.observe(&ended.status);
    Ok(())
}

fn print(signature: &str, series: &Series, arguments: &RerunArgs) -> Result<()> {
    let tally = series.tally();
    let outcome = if arguments.dry_run { None } else { series.ending().map(Ending::as_str) };
    let body = json!({
        "signature": signature,
        "outcome": outcome,
        "completed": tally.completed,
        "left": tally.waiting,
        "runs": series.items().iter().map(item_json).collect::<Vec<_>>(),
    });
    Ok(show(arguments.print, &body, || {
        if series.items().is_empty() {
            return vec!["nothing is left to run again: another run stands in for each of these".into()];
        }
        series.items().iter().map(line).collect()
    })?)
}

fn item_json(item: &Item) -> Value {
    let why = match &item.stage {
        Stage::NotStarted(why) => Some(why),
        _ => None,
    };
    json!({
        "run_id": item.run,
        "workflow_id": item.workflow,
        "stage": item.stage.word().replace(' ', "_"),
        "new_run_id": item.stage.new_run(),
        "detail": why,
    })
}

fn line(item: &Item) -> String {
    let new = item.stage.new_run().map(|new| format!(" → {}", visible(new.as_str()))).unwrap_or_default();
    let why = match &item.stage {
        Stage::NotStarted(why) => format!(": {}", visible(why)),
        _ => String::new(),
    };
    format!("{}{new}  {}{why}", visible(item.run.as_str()), item.stage.word())
}

fn told(series: &Series, ending: Ending) -> String {
    let tally = series.tally();
    match ending {
        Ending::Completed => format!("all {} ran again and completed", tally.total),
        Ending::FailedAgain => format!("stopped at the one that failed again; {} left", tally.waiting),
        Ending::NotStarted | Ending::Ended => format!("stopped; {} left", tally.waiting),
    }
}
