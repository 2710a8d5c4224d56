//! Questions that take several requests.

use futures_util::future::join_all;
use futures_util::join;
use serde_json::json;

use super::ask::{Asked, odd};
use crate::client::Client;
use crate::domain::comparison::GraphDiff;
use crate::domain::triage::{Answer, DryRun, Earlier, Failures, GoodRun, LastGood, Need, Published, Trouble};
use crate::domain::{Graph, RunHistory, RunId, RunStatus, StepId, Timestamp, WorkflowId, WorkflowVersion};
use crate::mirror::Detail;
use crate::wire::{CallError, paths, read};

/// Among so many newest runs earlier ones are looked for.
const SEARCHED: usize = 20;
/// Among so many newest runs one that went well is looked for, where the server does not filter.
const SEARCHED_GOOD: usize = 100;
/// So many of the newest failed runs are compared by their cause.
const FAILURES: usize = 200;
/// The logs of so many earlier runs are read.
const LOGS: usize = 5;
/// The window of what used credits, in words, in the API's word, and in seconds.
const WINDOW: (&str, &str, u64) = ("7 days", "week", 7 * 24 * 3_600);

/// What is asked, as a person reads it.
pub(super) fn name(need: &Need) -> Box<str> {
    match need {
        Need::Published(workflow) => format!("GET {} and its versions", paths::workflow(workflow)),
        Need::DryRun { workflow, .. } => format!("POST {}", paths::validate(workflow)),
        Need::Earlier { workflow, .. } => {
            format!("GET {} and the events of up to {LOGS}", paths::runs(workflow))
        }
        Need::LastGood { workflow, .. } => {
            format!("GET {}?status=completed and the events, graph and data of one", paths::runs(workflow))
        }
        Need::Failures => format!("GET {}?status=failed", paths::RUNS),
        Need::Spend => format!("GET {} and {}", paths::CREDITS_CONSUMED, paths::BILLING_HISTORY),
        single => single.to_string(),
    }
    .into()
}

pub(super) async fn ask(client: &Client, need: &Need) -> Asked {
    let answer = match need {
        Need::Published(workflow) => published(client, workflow).await.map(Answer::Published),
        Need::DryRun { workflow, version } => dry_run(client, workflow, *version).await.map(Answer::DryRun),
        Need::Earlier { workflow, except } => earlier(client, workflow, except).await.map(Answer::Earlier),
        Need::LastGood { workflow, except, before } => {
            last_good(client, workflow, except, *before).await.map(Answer::LastGood)
        }
        Need::Failures => failures(client).await.map(Answer::Failures),
        Need::Spend => spend(client).await,
        _ => Err(odd("one request answers this")),
    };
    (name(need), answer)
}

/// The draft against the highest version.
async fn published(client: &Client, workflow: &WorkflowId) -> Result<Published, Trouble> {
    let (draft, versions) = join!(client.draft(workflow), client.versions(workflow));
    let latest = WorkflowVersion::latest(versions?);
    let draft = match draft {
        Ok(draft) => Some(draft),
        // A server that gives no draft has still told which versions there are.
        Err(CallError::NotTheApi { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let graphs = draft
        .as_ref()
        .and_then(|raw| Graph::parse(raw).ok())
        .zip(latest.as_ref().and_then(|version| version.graph.clone()));
    let changed = graphs.map(|(draft, published)| changed(&draft, &published));
    let (latest, graph) = latest.map(|latest| (latest.version, latest.graph)).unzip();
    Ok(Published { latest, changed, draft, graph: graph.flatten() })
}

/// The steps that differ, in the draft's order, then those that it drops.
fn changed(draft: &Graph, published: &Graph) -> Vec<StepId> {
    GraphDiff::between(published, draft).steps.into_iter().map(|(step, _)| step).collect()
}

/// The dry run of the graph that a run executes. One that is not valid may come with status 422.
async fn dry_run(client: &Client, workflow: &WorkflowId, version: Option<u64>) -> Result<DryRun, Trouble> {
    let graph = client.graph(workflow, version).await.map(|graph| graph.to_value());
    let graph = match graph {
        Some(graph) => graph,
        // What cannot be read as a graph is what a dry run is for.
        None => client.draft(workflow).await?,
    };
    let raw = match client.post(&paths::validate(workflow), &json!({ "graph": graph })).await {
        Err(CallError::Rejected { status: 422, details: Some(details), .. }) => *details,
        answer => answer?,
    };
    read::facts::dry_run(&raw).map_err(|reason| odd(&reason))
}

/// How long the steps took in the newest runs that completed.
async fn earlier(client: &Client, workflow: &WorkflowId, except: &RunId) -> Result<Earlier, Trouble> {
    let listed = client.runs_by_id(workflow, SEARCHED, None).await?;
    let done =
        listed.into_iter().filter(|run| run.id != *except && run.status == RunStatus::Completed).take(LOGS);
    let ids: Vec<RunId> = done.map(|run| run.id).collect();
    let logs = join_all(ids.iter().map(|run| client.events(workflow, run))).await;
    let histories: Vec<RunHistory> =
        logs.into_iter().filter_map(Result::ok).map(RunHistory::from_events).collect();
    Ok(Earlier::of(&histories))
}

/// The last run that went well, whole.
async fn last_good(
    client: &Client,
    workflow: &WorkflowId,
    except: &RunId,
    before: Option<Timestamp>,
) -> Result<LastGood, Trouble> {
    let listed = client.runs_by_id(workflow, SEARCHED_GOOD, Some("completed")).await?;
    let Some(good) = LastGood::pick(&listed, except, before) else {
        return Ok(LastGood { listed: listed.len(), run: None });
    };
    let Detail { run, events, context, graph, .. } = client.detail(workflow, &good.id).await?;
    let history = RunHistory::of_run(&run, events);
    Ok(LastGood { listed: listed.len(), run: Some(Box::new(GoodRun { run, history, graph, context })) })
}

/// The newest failed runs of the project.
async fn failures(client: &Client) -> Result<Failures, Trouble> {
    let page = client.runs(FAILURES, Some("failed")).await?;
    Ok(Failures { runs: page.runs, more: !page.complete })
}

/// What used credits, from the analytics and from the usage history.
async fn spend(client: &Client) -> Result<Answer, Trouble> {
    let (words, window, seconds) = WINDOW;
    let query = [("window", window.to_owned())];
    let (consumed, history) =
        join!(client.get(paths::CREDITS_CONSUMED, &query), client.get(paths::BILLING_HISTORY, &[]));
    let found = read::facts::spend(consumed.as_ref().ok(), history.as_ref().ok(), words, seconds);
    match (found, consumed, history) {
        (Some(spend), ..) => Ok(Answer::Spend(spend)),
        (None, Err(error), Err(_)) => Err(error.into()),
        (None, ..) => Err(odd("it tells no amount")),
    }
}
