//! Human tasks that wait for a decision.

use std::sync::Arc;

use serde_json::Value;

use super::{Digest, RunId, StepId, TaskId, Timestamp, WorkflowId};

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
    /// The server's own text of the payload, where a value cannot hold all that it says.
    pub verbatim: Option<Verbatim>,
}

/// A payload as the server wrote it, and what about it a value would hide.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verbatim {
    /// The text, JSON; foreign content.
    pub text: Arc<str>,
    /// What is odd about it, one sentence each: digits that would be lost, fields that stand twice.
    pub flaws: Arc<[Box<str>]>,
}

impl PendingTask {
    /// Names what the person is shown: another payload has another fingerprint.
    pub fn fingerprint(&self) -> Digest {
        match &self.verbatim {
            Some(verbatim) => Digest::of(&Value::String(verbatim.text.as_ref().into())),
            None => Digest::of(&self.payload),
        }
    }
}
