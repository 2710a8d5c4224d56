//! What can be asked of the API.

use std::sync::{Arc, PoisonError};

use futures_util::join;
use http::Method;
use serde_json::{Value, json};

use super::http::Request;
use super::paging::{Listing, Next, PAGE};
use super::{Client, Listed, RunsPage};
use crate::domain::{
    Graph, PendingTask, Run, RunEvent, RunId, RunStatus, Timestamp, Workflow, WorkflowId, WorkflowVersion,
};
use crate::mirror::Detail;
use crate::wire::{CallError, paths, read};

/// How many events of a run are read at most.
const EVENTS: usize = 100_000;
/// How many rows of any other list are read at most.
const ROWS: usize = 10_000;
/// How many runs of a workflow are searched for one whose own resource is missing.
const SEARCHED: usize = 500;
/// How many published graphs are kept.
const GRAPHS: usize = 64;

impl Client {
    /// The newest `limit` runs of the project, over as many pages as it takes.
    ///
    /// # Errors
    /// When a page cannot be had or is no list.
    pub async fn runs(&self, limit: usize, status: Option<&str>) -> Result<RunsPage, CallError> {
        self.runs_at(paths::RUNS, limit, status).await
    }

    /// The newest `limit` runs of a workflow.
    ///
    /// # Errors
    /// When a page cannot be had or is no list.
    pub async fn runs_of(
        &self,
        workflow: &Workflow,
        limit: usize,
        status: Option<&str>,
    ) -> Result<RunsPage, CallError> {
        let mut page = self.runs_at(&paths::runs(&workflow.id), limit, status).await?;
        for run in &mut page.runs {
            // A row of its own workflow's list need not say whose it is.
            run.workflow_id = workflow.id.clone();
            run.workflow_name.get_or_insert_with(|| workflow.name.clone());
        }
        Ok(page)
    }

    /// The newest `limit` runs of a workflow of which only the id is known.
    pub(super) async fn runs_by_id(
        &self,
        workflow: &WorkflowId,
        limit: usize,
        status: Option<&str>,
    ) -> Result<Vec<Run>, CallError> {
        Ok(self.runs_at(&paths::runs(workflow), limit, status).await?.runs)
    }

    async fn runs_at(&self, path: &str, limit: usize, status: Option<&str>) -> Result<RunsPage, CallError> {
        let filter = status.map(|status| ("status", status.to_owned()));
        let listed = self.list(runs_listing(path, limit, filter, &|_| false)).await?;
        let Listed { items: runs, unreadable, complete } = listed;
        Ok(RunsPage { runs, unreadable, complete })
    }

    /// Runs among which are those whose id begins with `wanted`. Servers that know the filter send
    /// no others; of the rest, pages are read until one holds that very id.
    pub(super) async fn runs_named(&self, wanted: &str, limit: usize) -> Result<Vec<Run>, CallError> {
        let filter = (!wanted.is_empty()).then(|| ("run_id", wanted.to_owned()));
        let is_it = |run: &Run| run.id.as_str() == wanted;
        Ok(self.list(runs_listing(paths::RUNS, limit, filter, &is_it)).await?.items)
    }

    /// A run, as its summary says; as its workflow's list says where there is no summary, or one
    /// without a status.
    ///
    /// # Errors
    /// When neither knows the run, or the server cannot be asked.
    pub async fn run(&self, workflow: &WorkflowId, run: &RunId) -> Result<Run, CallError> {
        let summary = match self.get(&paths::summary(workflow, run), &[]).await {
            Ok(raw) => Some(summarized(raw, workflow, run)),
            Err(error) if error.is_not_found() => None,
            Err(error) => return Err(error),
        };
        match summary.flatten() {
            Some(summary) if summary.status != RunStatus::Unknown("unknown".into()) => Ok(summary),
            summary => match self.run_in_list(workflow, run).await? {
                Some(listed) => {
                    let phase = summary.and_then(|summary| summary.phase);
                    Ok(Run { phase: phase.or(listed.phase.clone()), ..listed })
                }
                None => summary.ok_or_else(|| not_found(format!("no run {run} of workflow {workflow}"))),
            },
        }
    }

    async fn run_in_list(&self, workflow: &WorkflowId, run: &RunId) -> Result<Option<Run>, CallError> {
        let listed = self.runs_at(&paths::runs(workflow), SEARCHED, None).await?;
        let found = listed.runs.into_iter().find(|listed| listed.id == *run);
        Ok(found.map(|found| Run { workflow_id: workflow.clone(), ..found }))
    }

    /// The whole log of a run.
    ///
    /// # Errors
    /// When a page cannot be had or is no list.
    pub async fn events(&self, workflow: &WorkflowId, run: &RunId) -> Result<Vec<RunEvent>, CallError> {
        let path = paths::events(workflow, run);
        let row = |raw: &Value| read::event(raw, Some(run));
        let id = |event: &RunEvent| event.id.to_string();
        let listing = Listing {
            path: &path,
            query: Vec::new(),
            key: "events",
            row: &row,
            verbatim: None,
            id: &id,
            next: Next::Never,
            until: &|_| false,
            cap: EVENTS,
        };
        Ok(self.list(listing).await?.items)
    }

    /// The input and the results of a run; foreign content.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn context(&self, workflow: &WorkflowId, run: &RunId) -> Result<Value, CallError> {
        self.get(&paths::context(workflow, run), &[]).await
    }

    /// All tasks of the project that wait for a person.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn tasks(&self) -> Result<Listed<PendingTask>, CallError> {
        self.tasks_at(paths::TASKS_PENDING, None).await
    }

    /// The tasks of a run that wait for a person.
    ///
    /// # Errors
    /// When they cannot be had; the platform asks for a contributor here.
    pub async fn run_tasks(&self, workflow: &WorkflowId, run: &RunId) -> Result<Vec<PendingTask>, CallError> {
        let listed = self.tasks_at(&paths::run_tasks(workflow, run), Some((workflow, run))).await?;
        Ok(listed.items.into_iter().filter(|task| task.run_id == *run).collect())
    }

    async fn tasks_at(
        &self,
        path: &str,
        asked: Option<(&WorkflowId, &RunId)>,
    ) -> Result<Listed<PendingTask>, CallError> {
        let row =
            |raw: &Value| read::task(raw, asked.map(|(workflow, _)| workflow), asked.map(|(_, run)| run));
        // A task is its run, its id and its instant together.
        let id = |task: &PendingTask| format!("{}\n{}\n{:?}", task.run_id, task.task_id, task.created_at);
        let (query, next) = (Vec::new(), Next::Never);
        self.list(Listing {
            path,
            query,
            key: "tasks",
            row: &row,
            verbatim: Some(|task, verbatim| task.verbatim = Some(verbatim)),
            id: &id,
            next,
            until: &|_| false,
            cap: ROWS,
        })
        .await
    }

    /// All workflows of the project.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn workflows(&self) -> Result<Vec<Workflow>, CallError> {
        let (row, id) = (&read::workflow, &|workflow: &Workflow| workflow.id.to_string());
        let (path, query, next) = (paths::WORKFLOWS, Vec::new(), Next::Never);
        Ok(self
            .list(Listing {
                path,
                query,
                key: "workflows",
                row,
                verbatim: None,
                id,
                next,
                until: &|_| false,
                cap: ROWS,
            })
            .await?
            .items)
    }

    /// One workflow, with its draft graph.
    ///
    /// # Errors
    /// When it cannot be had.
    pub async fn workflow(&self, id: &WorkflowId) -> Result<Workflow, CallError> {
        let raw = self.get(&paths::workflow(id), &[]).await?;
        read::workflow(&raw).map_err(|error| self.odd(&error))
    }

    /// The published versions of a workflow.
    ///
    /// # Errors
    /// When they cannot be had.
    pub async fn versions(&self, id: &WorkflowId) -> Result<Vec<WorkflowVersion>, CallError> {
        let path = paths::versions(id);
        let row = |raw: &Value| read::version(raw, id);
        let number = |version: &WorkflowVersion| version.version.to_string();
        let (query, next) = (Vec::new(), Next::Never);
        let listing = Listing {
            path: &path,
            query,
            key: "versions",
            row: &row,
            verbatim: None,
            id: &number,
            next,
            until: &|_| false,
            cap: ROWS,
        };
        Ok(self.list(listing).await?.items)
    }

    /// The graph of a version, else the workflow's draft; none where neither can be had.
    pub async fn graph(&self, workflow: &WorkflowId, version: Option<u64>) -> Option<Arc<Graph>> {
        if let Some(graph) = version.and_then(|version| self.kept_graph(workflow, version)) {
            return Some(graph);
        }
        if let Some(version) = version
            && let Some(graph) = self.published_graph(workflow, version).await
        {
            self.keep_graph(workflow, version, &graph);
            return Some(graph);
        }
        self.workflow(workflow).await.ok()?.graph
    }

    async fn published_graph(&self, workflow: &WorkflowId, version: u64) -> Option<Arc<Graph>> {
        let versions = self.versions(workflow).await.ok()?;
        versions.into_iter().find(|published| published.version == version)?.graph
    }

    fn kept_graph(&self, workflow: &WorkflowId, version: u64) -> Option<Arc<Graph>> {
        let graphs = self.inner.graphs.lock().unwrap_or_else(PoisonError::into_inner);
        graphs.get(&(workflow.clone(), version)).cloned()
    }

    fn keep_graph(&self, workflow: &WorkflowId, version: u64, graph: &Arc<Graph>) {
        let mut graphs = self.inner.graphs.lock().unwrap_or_else(PoisonError::into_inner);
        if graphs.len() >= GRAPHS {
            graphs.clear();
        }
        graphs.insert((workflow.clone(), version), Arc::clone(graph));
    }

    /// Creates a draft.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn create_workflow(&self, body: &Value) -> Result<Workflow, CallError> {
        let raw = self.post(paths::WORKFLOWS, body).await?;
        read::workflow(&raw).map_err(|error| self.odd(&error))
    }

    /// Changes a draft.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn patch_workflow(&self, id: &WorkflowId, body: &Value) -> Result<Workflow, CallError> {
        let path = paths::workflow(id);
        let request = Request { method: Method::PATCH, path: &path, query: &[], body: Some(body) };
        let raw = self.request(request).await?;
        read::workflow(&raw).map_err(|error| self.odd(&error))
    }

    /// Publishes the draft as the next version.
    ///
    /// # Errors
    /// When the server refuses it. Sent once: an unanswered call may have taken effect.
    pub async fn publish(&self, id: &WorkflowId, changelog: &str) -> Result<WorkflowVersion, CallError> {
        let raw = self.post(&paths::versions(id), &json!({"changelog": changelog})).await?;
        read::version(&raw, id).map_err(|error| self.odd(&error))
    }

    /// A workflow's draft graph as its author wrote it, whether or not it can be read as one.
    ///
    /// # Errors
    /// When the workflow cannot be had, or comes without a graph.
    pub async fn draft(&self, id: &WorkflowId) -> Result<Value, CallError> {
        let mut raw = self.get(&paths::workflow(id), &[]).await?;
        let graph = ["graph", "definition", "graph_snapshot"]
            .into_iter()
            .find_map(|name| raw.get_mut(name).filter(|graph| !graph.is_null()).map(Value::take));
        graph.ok_or_else(|| self.odd(&"the workflow has no graph"))
    }

    /// Has a graph validated; the answer whole. One that is not valid is an answer as well, even
    /// where the server gives it with status 422.
    ///
    /// # Errors
    /// When the server refuses to validate, or answers without a verdict.
    pub async fn validate(&self, id: &WorkflowId, graph: &Value) -> Result<Value, CallError> {
        let answer = match self.post(&paths::validate(id), &json!({ "graph": graph })).await {
            Err(CallError::Rejected { status: 422, details: Some(details), .. })
                if details.get("valid").is_some() =>
            {
                *details
            }
            other => other?,
        };
        if answer.get("valid").is_some_and(Value::is_boolean) {
            Ok(answer)
        } else {
            Err(self.odd(&"a validation without `valid`"))
        }
    }

    /// Everything about one run, asked for at once. Only the run and its log must be had.
    ///
    /// # Errors
    /// When the run or its log cannot be had.
    pub async fn detail(&self, workflow: &WorkflowId, run: &RunId) -> Result<Detail, CallError> {
        self.detail_at(workflow, run, Timestamp::now()).await
    }

    /// The same, with the instant of asking given.
    pub(super) async fn detail_at(
        &self,
        workflow: &WorkflowId,
        run: &RunId,
        asked_at: Timestamp,
    ) -> Result<Detail, CallError> {
        let run_and_graph = async {
            let found = self.run(workflow, run).await?;
            let graph = self.graph(workflow, found.version).await;
            Ok::<_, CallError>((found, graph))
        };
        let (found, events, context, tasks) = join!(
            run_and_graph,
            self.events(workflow, run),
            self.context(workflow, run),
            self.run_tasks(workflow, run)
        );
        let (run, graph) = found?;
        let context = context.ok().filter(|context| !context.is_null());
        Ok(Detail { run, events: events?, context, graph, tasks: tasks.ok(), asked_at })
    }

    /// An answer that lacks what it is about.
    pub(super) fn odd(&self, reason: &dyn std::fmt::Display) -> CallError {
        CallError::NotTheApi { host: self.host().into(), reason: reason.to_string().into() }
    }
}

fn runs_listing<'a>(
    path: &'a str,
    cap: usize,
    filter: Option<(&'a str, String)>,
    until: &'a (dyn Fn(&Run) -> bool + Sync),
) -> Listing<'a, Run> {
    let mut query = vec![("limit", cap.min(PAGE).to_string())];
    query.extend(filter);
    let id = &|run: &Run| run.id.to_string();
    Listing { path, query, key: "runs", row: &read::run, verbatim: None, id, next: Next::Offset, until, cap }
}

/// Reads a summary, which may leave out what was asked with.
fn summarized(mut raw: Value, workflow: &WorkflowId, run: &RunId) -> Option<Run> {
    if let Some(inner) = raw.get_mut("run").filter(|inner| inner.is_object()) {
        raw = inner.take();
    }
    let fields = raw.as_object_mut()?;
    // The platform's summary calls its own row `id` or leaves it out.
    fields.insert("run_id".into(), json!(run));
    fields.insert("workflow_id".into(), json!(workflow));
    read::run(&raw).ok()
}

pub(super) fn not_found(message: String) -> CallError {
    CallError::Rejected {
        status: 404,
        code: Some("not_found".into()),
        message: message.into(),
        retry_after: None,
        details: None,
    }
}
