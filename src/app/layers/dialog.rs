//! A decision that asks before it is made. Its target is frozen when it opens: later events
//! never move it to another run.

use std::sync::Arc;

use serde_json::Value;

use super::TextInput;
use crate::app::{Action, layout};
use crate::domain::document::{FieldLine, field_lines, key_columns};
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
    /// The same as lines for the dialog's width, made when it opens: a frame costs what it shows.
    pub lines: Arc<[FieldLine]>,
    /// Columns of the names of the payload's fields.
    pub names: u16,
    /// The ways to answer.
    pub choices: Vec<Choice>,
    /// What was typed as reason, for rejections.
    pub reason: TextInput,
    /// The first payload line that is seen.
    pub offset: usize,
    /// When it was opened: keys that were typed before are not answers.
    pub opened_at: Timestamp,
}

impl Dialog {
    /// Breaks the payload's lines for a terminal of that size, and keeps what is seen within them.
    pub(crate) fn fit(&mut self, size: (u16, u16)) {
        let columns = layout::dialog_columns(size);
        let lines = self.payload.as_ref().map_or_else(Vec::new, |payload| field_lines(payload, columns));
        self.lines = lines.into();
        self.names = self.payload.as_ref().map_or(0, key_columns) as u16;
        self.scroll_to(self.offset, size);
    }

    /// Shows the payload from a line on, or from the last one that leaves no room empty.
    pub(super) fn scroll_to(&mut self, line: usize, size: (u16, u16)) {
        self.offset = line.min(self.lines.len().saturating_sub(layout::dialog_rows(size)));
    }
}
