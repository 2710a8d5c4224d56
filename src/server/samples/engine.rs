//! What the samples need of the engine.

use std::future::Future;

use crate::domain::{Run, RunId, RunStatus, StopMode, Timestamp, WorkflowId};
use crate::server::engine::{Engine, EngineError, NewWorkflow, RunQuery, WorkflowRecord};
use crate::wire::StartRun;

/// How runs of the driver say how they were started.
const TRIGGER: &str = "sample";
/// How many runs of one status are looked at; more than the driver ever lets live.
const GLANCE: u32 = 50;
/// The statuses of a run that has not ended.
const LIVE: [RunStatus; 6] = [
    RunStatus::Pending,
    RunStatus::Queued,
    RunStatus::Starting,
    RunStatus::Running,
    RunStatus::Paused,
    RunStatus::Draining,
];

/// A run that the driver started, as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SampleRun {
    /// The run.
    pub id: RunId,
    /// Its workflow.
    pub workflow: WorkflowId,
    /// Where it stands.
    pub status: RunStatus,
    /// How many of its steps are in flight.
    pub in_flight: u32,
    /// When it began.
    pub started_at: Timestamp,
}

/// The engine as the samples use it. The real one implements it; a test may stand in.
pub trait SampleEngine: Send + Sync {
    /// All workflows, archived ones too.
    fn known(&self) -> impl Future<Output = Result<Vec<WorkflowRecord>, EngineError>> + Send;
    /// Adds a workflow, as a draft.
    fn add(&self, new: NewWorkflow) -> impl Future<Output = Result<WorkflowRecord, EngineError>> + Send;
    /// Publishes a workflow's draft.
    fn release(&self, workflow: &WorkflowId) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// The driver's runs that have not ended, and those that began after `since` and have.
    fn sample_runs(
        &self,
        since: Timestamp,
    ) -> impl Future<Output = Result<Vec<SampleRun>, EngineError>> + Send;
    /// How many tasks wait for a person, whoever's they are.
    fn waiting(&self) -> impl Future<Output = Result<usize, EngineError>> + Send;
    /// Starts a run.
    fn begin(
        &self,
        workflow: &WorkflowId,
        input: serde_json::Value,
    ) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Holds a run.
    fn hold(&self, run: &SampleRun) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Lets a run go on.
    fn let_go(&self, run: &SampleRun) -> impl Future<Output = Result<(), EngineError>> + Send;
    /// Stops a run gracefully.
    fn drain(&self, run: &SampleRun) -> impl Future<Output = Result<(), EngineError>> + Send;
}

impl SampleEngine for Engine {
    async fn known(&self) -> Result<Vec<WorkflowRecord>, EngineError> {
        self.workflows().await
    }

    async fn add(&self, new: NewWorkflow) -> Result<WorkflowRecord, EngineError> {
        self.create_workflow(new).await
    }

    async fn release(&self, workflow: &WorkflowId) -> Result<(), EngineError> {
        self.publish(workflow, "As shipped").await.map(drop)
    }

    async fn sample_runs(&self, since: Timestamp) -> Result<Vec<SampleRun>, EngineError> {
        let newest = RunQuery { limit: 2 * GLANCE, ..RunQuery::default() };
        let mut found: Vec<Run> = self.runs(newest).await?.0;
        found.retain(|run| run.started_at.is_some_and(|began| began >= since));
        for status in LIVE {
            let query =
                RunQuery { status: Some(status.as_str().to_owned()), limit: GLANCE, ..RunQuery::default() };
            let live = self.runs(query).await?.0;
            found.extend(live);
        }
        // A run may be in both lists; the later look counts.
        let mut seen = std::collections::HashSet::new();
        let newest_look = found.into_iter().rev().filter(|run| seen.insert(run.id.clone()));
        Ok(newest_look.filter_map(sample_run).collect())
    }

    async fn waiting(&self) -> Result<usize, EngineError> {
        Ok(self.tasks(None).await?.len())
    }

    async fn begin(&self, workflow: &WorkflowId, input: serde_json::Value) -> Result<(), EngineError> {
        let start = StartRun {
            workflow: workflow.clone(),
            run_id: None,
            input,
            trigger_type: TRIGGER.into(),
            excluded: Vec::new(),
            trigger_steps: Default::default(),
            principal: Default::default(),
            in_place_of: None,
        };
        self.start(start).await.map(drop)
    }

    async fn hold(&self, run: &SampleRun) -> Result<(), EngineError> {
        self.pause(&run.workflow, &run.id).await.map(drop)
    }

    async fn let_go(&self, run: &SampleRun) -> Result<(), EngineError> {
        self.resume(&run.workflow, &run.id).await.map(drop)
    }

    async fn drain(&self, run: &SampleRun) -> Result<(), EngineError> {
        self.stop(&run.workflow, &run.id, StopMode::Graceful).await.map(drop)
    }
}

fn sample_run(run: Run) -> Option<SampleRun> {
    (run.trigger.as_deref() == Some(TRIGGER)).then_some(SampleRun {
        id: run.id,
        workflow: run.workflow_id,
        status: run.status,
        in_flight: run.progress.in_flight,
        started_at: run.started_at?,
    })
}
