//! What can lie over the screen.

use super::{Dialog, Editor, TextInput};
use crate::domain::triage::Finding;
use crate::domain::{RunId, WorkflowId};

/// One overlay.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    /// What the keys do here.
    Help {
        /// The first line that is seen.
        offset: usize,
    },
    /// Actions by name.
    Palette {
        /// What is typed.
        input: TextInput,
        /// The selected match.
        index: usize,
    },
    /// All that can be done to a run.
    RunMenu {
        /// The run's workflow, frozen.
        workflow: WorkflowId,
        /// The run, frozen.
        run: RunId,
        /// The selected action.
        index: usize,
    },
    /// A text is typed: the filter of the Command Center, or a search.
    Find {
        /// What is typed.
        input: TextInput,
    },
    /// A decision with its frozen target.
    Dialog(Box<Dialog>),
    /// The input of a run, edited before it runs again.
    Editor(Box<Editor>),
    /// Why the server let a command not through, and what to do.
    Refused(Box<Refused>),
    /// The runs that run again, one at a time.
    Series {
        /// The selected one.
        index: usize,
    },
}

/// A command that was refused for who sent it (401 or 403).
#[derive(Clone, Debug, PartialEq)]
pub struct Refused {
    /// What it was: `approving order-confirmation 7c9e6679 review`.
    pub what: String,
    /// Which of header, session, token, role, scope and context it is, what matters most first.
    pub findings: Vec<Finding>,
}
