//! What it takes to run a run again.

use futures_util::join;

use super::Client;
use crate::domain::{RunHistory, RunId, WorkflowId, WorkflowVersion};
use crate::wire::{Again, CallError, StartRun};

impl Client {
    /// A run as it would be started again, and what its input would be held against: the schema of the
    /// latest version, which is the one that a new run takes. None where the server does not say what
    /// the run was started with.
    ///
    /// # Errors
    /// When the run's log cannot be had. Without its context or the versions, what they tell is missing.
    pub async fn again(&self, workflow: &WorkflowId, run: &RunId) -> Result<Option<Again>, CallError> {
        let (events, context, versions) =
            join!(self.events(workflow, run), self.context(workflow, run), self.versions(workflow));
        let history = RunHistory::from_events(events?);
        let of = (workflow.clone(), run.clone());
        let Some(start) = StartRun::again(of, &history, context.ok().as_ref()) else { return Ok(None) };
        let latest = versions.ok().and_then(WorkflowVersion::latest);
        let graph = latest.as_ref().and_then(|latest| latest.graph.as_ref());
        let schema = graph.and_then(|graph| graph.input_schema.clone());
        Ok(Some(Again { start, version: latest.map(|latest| latest.version), schema }))
    }
}
