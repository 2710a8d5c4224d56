//! Requests about workflows.

use super::batch::Batch;
use crate::domain::{Graph, WorkflowId};
use crate::server::db::{dry_runs, workflows};
use crate::server::engine::{
    DryRun, EngineError, NewWorkflow, VersionRecord, WorkflowPatch, WorkflowRecord, WorkflowStatus,
};

impl Batch<'_> {
    pub(super) fn create(&mut self, new: NewWorkflow) -> Result<WorkflowRecord, EngineError> {
        let record = WorkflowRecord {
            id: WorkflowId::from(uuid::Uuid::new_v4().to_string()),
            name: new.name,
            description: new.description,
            status: WorkflowStatus::Draft,
            graph: new.graph,
            run_setup: None,
            latest_version: None,
            created_at: self.now,
            updated_at: self.now,
        };
        workflows::put(self.db, &record)?;
        Ok(record)
    }

    pub(super) fn patch(
        &mut self,
        id: &WorkflowId,
        patch: WorkflowPatch,
    ) -> Result<WorkflowRecord, EngineError> {
        let mut record = self.open_workflow(id)?;
        record.name = patch.name.unwrap_or(record.name);
        record.description = patch.description.unwrap_or(record.description);
        record.graph = patch.graph.unwrap_or(record.graph);
        if let Some(setup) = patch.run_setup {
            record.run_setup = (!setup.is_null()).then_some(setup);
        }
        record.updated_at = self.now;
        workflows::put(self.db, &record)?;
        Ok(record)
    }

    pub(super) fn archive(&mut self, id: &WorkflowId) -> Result<(), EngineError> {
        let mut record = self.workflow(id)?;
        if record.status != WorkflowStatus::Archived {
            record.status = WorkflowStatus::Archived;
            record.updated_at = self.now;
            workflows::put(self.db, &record)?;
        }
        Ok(())
    }

    pub(super) fn publish(&mut self, id: &WorkflowId, changelog: &str) -> Result<VersionRecord, EngineError> {
        let record = self.open_workflow(id)?;
        let graph = Graph::parse(&record.graph).map_err(|problem| unfit(id, &problem.to_string()))?;
        let problems: Vec<_> = graph.problems().iter().map(ToString::to_string).collect();
        if !problems.is_empty() {
            return Err(unfit(id, &problems.join("; ")));
        }
        Ok(workflows::publish(self.db, &record, changelog, self.now)?)
    }

    pub(super) fn keep_dry_run(&mut self, dry_run: &DryRun) -> Result<(), EngineError> {
        self.workflow(&dry_run.workflow_id)?;
        Ok(dry_runs::keep(self.db, dry_run)?)
    }

    fn workflow(&self, id: &WorkflowId) -> Result<WorkflowRecord, EngineError> {
        workflows::find(self.db, id)?.ok_or_else(|| EngineError::missing("workflow", id))
    }

    fn open_workflow(&self, id: &WorkflowId) -> Result<WorkflowRecord, EngineError> {
        let record = self.workflow(id)?;
        if record.status == WorkflowStatus::Archived {
            return Err(archived(id));
        }
        Ok(record)
    }
}

/// What a caller is told who wants something of an archived workflow.
pub(super) fn archived(id: &WorkflowId) -> EngineError {
    EngineError::Conflict(format!("the workflow `{id}` is archived; create a new one from its graph"))
}

fn unfit(id: &WorkflowId, problems: &str) -> EngineError {
    EngineError::Invalid(format!(
        "the draft of `{id}` cannot be published: {problems}; correct the graph and publish again"
    ))
}
