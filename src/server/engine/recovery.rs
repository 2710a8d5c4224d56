//! Taking up what the last process left: the log is folded, and calls whose end nobody saw are
//! looked at.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use rusqlite::Connection;

use super::EngineError;
use super::fleet::{Fleet, Live};
use super::guard::guarded;
use super::request::Report;
use crate::domain::{Graph, Run, RunId, StepId, Timestamp, WorkflowId};
use crate::machine::{Input, Machine, Order, Work};
use crate::server::db::{self, DbError, log, runs, workflows};
use crate::server::exec::Executor;

/// How long a tool may take to say whether it is repeatable; one that does not say is not.
const PATIENCE: Duration = Duration::from_secs(5);

/// What was found on the disk.
pub(super) struct Found {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) epoch: String,
    pub(super) notices: Vec<String>,
    /// The runs that have not ended.
    pub(super) fleet: Fleet,
    /// Where each workflow's stream stands.
    pub(super) places: Vec<(WorkflowId, u64)>,
}

/// Opens the database and rebuilds the machines of live runs, on a blocking thread.
pub(super) async fn open(dir: PathBuf) -> Result<Found, EngineError> {
    let work = tokio::task::spawn_blocking(move || find(&dir));
    let found = work.await.map_err(|error| unstarted(std::io::Error::other(error)))?;
    Ok(found?)
}

/// The engine's own threads could not work.
pub(super) fn unstarted(source: std::io::Error) -> DbError {
    DbError::Prepare { path: PathBuf::from(db::open::FILE), source }
}

fn find(dir: &std::path::Path) -> Result<Found, DbError> {
    let db::Opened { connection, path, epoch, mut notices } = db::open(dir, Timestamp::now())?;
    let mut fleet = Fleet::default();
    for run in runs::live(&connection)? {
        let id = run.id.clone();
        // One run that cannot be rebuilt must not keep the others from going on.
        if let Err(error) = fleet.rebuild(&connection, run) {
            notices.push(format!("run `{id}` could not be taken up again: {error}"));
        }
    }
    let places = workflows::list(&connection)?
        .into_iter()
        .map(|workflow| Ok((workflow.id.clone(), log::last_place(&connection, &workflow.id)?)))
        .collect::<Result<_, DbError>>()?;
    Ok(Found { connection, path, epoch, notices, fleet, places })
}

/// What to tell each live run: that the host came back, and which calls may be repeated.
pub(super) async fn reports(fleet: &Fleet, executor: &dyn Executor) -> Vec<Report> {
    let calls: Vec<_> = fleet.iter().map(|live| (live.run.id.clone(), in_question(live))).collect();
    let tools: HashMap<_, _> =
        calls.iter().flat_map(|(_, calls)| calls).map(|(_, work)| (tool(work), work.clone())).collect();
    // Each tool is asked about once, however many calls of it were in flight.
    let asked = tools.into_iter().map(|(tool, work)| async move {
        let answer = tokio::time::timeout(PATIENCE, executor.repeatable(work)).await;
        answer.unwrap_or(false).then_some(tool)
    });
    let safe: HashSet<_> = join_all(asked).await.into_iter().flatten().collect();
    let report = |(run, calls): (RunId, Vec<(StepId, Work)>)| {
        let safe_calls = calls.into_iter().filter(|(_, work)| safe.contains(&tool(work)));
        Report { run, input: Input::Recover { repeatable: safe_calls.map(|(step, _)| step).collect() } }
    };
    calls.into_iter().map(report).collect()
}

/// What names a call's tool: server, instance, tool; an agent by its id, without a tool.
fn tool(work: &Work) -> [Option<Box<str>>; 3] {
    match work {
        Work::Mcp { server_url, instance_id, tool, .. } => {
            [server_url.clone(), instance_id.clone(), Some(tool.clone())]
        }
        Work::Agent(work) => [None, Some(work.agent_id.clone()), None],
        Work::Lua { .. } | Work::Llm { .. } => [None, None, None],
    }
}

/// The calls of tools and agents in flight: those that a copy of the machine would repeat if it might repeat all.
fn in_question(live: &Live) -> Vec<(StepId, Work)> {
    let repeatable = live.machine.under_way();
    let ask = || live.machine.clone().handle(Input::Recover { repeatable }, Timestamp::now()).ok();
    let orders = guarded(ask).flatten().map(|reaction| reaction.orders).unwrap_or_default();
    let calls = orders.into_iter().filter_map(|order| match order {
        Order::Execute(call) if matches!(call.work, Work::Mcp { .. } | Work::Agent(_)) => {
            Some((call.step, call.work))
        }
        _ => None,
    });
    calls.collect()
}

/// The graph of a published version.
pub(super) fn graph(db: &Connection, workflow: &WorkflowId, version: u64) -> Result<Arc<Graph>, DbError> {
    let raw = workflows::graph(db, workflow, version)?;
    let graph = Graph::parse(&raw).map_err(|problem| DbError::Unreadable {
        what: "graph",
        owner: format!("{workflow} version {version}"),
        detail: problem.to_string(),
    })?;
    Ok(Arc::new(graph))
}

/// The machine that a run's log describes.
pub(super) fn replay(db: &Connection, run: &Run) -> Result<Machine, DbError> {
    let graph = graph(db, &run.workflow_id, run.version.unwrap_or(0))?;
    replay_with(db, &run.id, graph)
}

/// The machine that a run's log describes, its graph at hand.
pub(super) fn replay_with(db: &Connection, run: &RunId, graph: Arc<Graph>) -> Result<Machine, DbError> {
    let events = log::of_run(db, run, 0, u32::MAX)?;
    guarded(|| Machine::replay(graph, &events)).ok_or_else(|| DbError::Unreadable {
        what: "log",
        owner: run.to_string(),
        detail: "the runtime broke off while it replayed it".into(),
    })
}
