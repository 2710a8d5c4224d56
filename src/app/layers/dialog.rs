//! A decision that asks before it is made. Its target is frozen when it opens: later events
//! never move it to another run.

use serde_json::Value;

use crate::app::Action;
use crate::domain::{StepId, Timestamp};
use crate::wire::Command;

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogKind {
    /// Approve a task.
    Approve,
    /// Reject a task; a reason may be typed.
    Reject,
    /// Pause a run.
    Pause,
    /// Resume a run.
    Resume,
    /// Stop a run: gracefully or at once.
    Stop,
    /// Start a new run with the same input.
    RunAgain,
}

impl DialogKind {
    /// The action that opens it.
    pub fn action(self) -> Action {
        match self {
            Self::Approve => Action::Approve,
            Self::Reject => Action::Reject,
            Self::Pause => Action::Pause,
            Self::Resume => Action::Resume,
            Self::Stop => Action::Stop,
            Self::RunAgain => Action::RunAgain,
        }
    }

    /// The word for it while it is under way: `approving`, …
    pub fn doing(self) -> &'static str {
        match self {
            Self::Approve => "approving",
            Self::Reject => "rejecting",
            Self::Pause => "pausing",
            Self::Resume => "resuming",
            Self::Stop => "stopping",
            Self::RunAgain => "starting again",
        }
    }

    /// What cannot be taken back once it is sent, where that needs saying.
    pub fn warning(self) -> Option<&'static str> {
        (self == Self::Stop).then_some("A stopped run cannot be resumed.")
    }
}

/// One way to answer a dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The key that takes it: `enter` for the only one, `g` and `i` for stop.
    pub key: super::super::key::Key,
    /// The verb: `approve`, `gracefully`, …
    pub label: &'static str,
    /// What will happen, in one line.
    pub outcome: String,
    /// What is sent.
    pub command: Command,
}

/// An open decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialog {
    /// What is being decided.
    pub kind: DialogKind,
    /// What it is aimed at, as the operator reads it: workflow name, short run id.
    pub target: String,
    /// The step, for tasks.
    pub step: Option<StepId>,
    /// What the person is shown, for tasks; foreign content.
    pub payload: Option<Value>,
    /// The ways to answer.
    pub choices: Vec<Choice>,
    /// What was typed as reason, for rejections.
    pub reason: String,
    /// The first payload line that is seen.
    pub offset: usize,
    /// When it was opened: keys that were typed before are not answers.
    pub opened_at: Timestamp,
}
