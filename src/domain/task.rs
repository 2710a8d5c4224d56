//! Human tasks that wait for a decision.

use serde_json::Value;

use super::{RunId, StepId, TaskId, Timestamp, WorkflowId};

/// A task in the inbox.
///
/// A task's id can equal its step's, and a later task of the same run may reuse it: a decision
/// names run, task and creation time together.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingTask {
    /// The run that waits.
    pub run_id: RunId,
    /// The task.
    pub task_id: TaskId,
    /// The run's workflow.
    pub workflow_id: WorkflowId,
    /// The workflow's name, if the inbox carries it.
    pub workflow_name: Option<Box<str>>,
    /// The step that asks.
    pub step_id: StepId,
    /// `approval`, `edit`, … as the graph says.
    pub task_type: Box<str>,
    /// When the task was created.
    pub created_at: Option<Timestamp>,
    /// What the person is shown; foreign content.
    pub payload: Value,
}
