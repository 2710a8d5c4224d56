//! What the Command Center remembers.

use std::collections::HashSet;
use std::sync::Arc;

use crate::domain::failures::Signature;
use crate::domain::tree::Fold;
use crate::domain::{RunId, TaskId, Timestamp};
use crate::mirror::Section;

/// Identifies a row for as long as it exists, however the list around it changes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum RowKey {
    /// A run.
    Run(RunId),
    /// A task of a run; its creation time tells it from a later task of the same id.
    Task(RunId, TaskId, Option<Timestamp>),
    /// Failures of one cause, and the newest of their runs, which stands for all of them.
    Failures(Arc<Signature>, RunId),
}

impl RowKey {
    /// The run the row is about.
    pub fn run(&self) -> &RunId {
        match self {
            Self::Run(run) | Self::Task(run, ..) | Self::Failures(_, run) => run,
        }
    }
}

/// A row of the inbox as drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InboxRow {
    /// The name of the workflow that the next tasks belong to; cannot be selected.
    Group(Box<str>),
    /// The task at this place of [`Mirror::tasks`](crate::mirror::Mirror::tasks).
    Task(usize),
}

/// A row of "Failed recently".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FailedRow {
    /// Failures of one cause.
    Group {
        /// What they have in common.
        signature: Arc<Signature>,
        /// The runs, newest first; at least two.
        runs: Arc<[RunId]>,
        /// Whether they have rows of their own below this one.
        fold: Fold,
    },
    /// A failure of its own kind, or one of the unfolded group above.
    Run(RunId),
}

/// What is selected in a list, and what part of the list is seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cursor {
    /// The selected row's identity.
    pub key: Option<RowKey>,
    /// Its place among the rows.
    pub index: usize,
    /// The first row that is seen.
    pub offset: usize,
}

/// The Command Center's state.
#[derive(Clone, Debug)]
pub struct Home {
    /// The section that has the selection.
    pub section: Section,
    /// A cursor for each of [`Section::ALL`].
    pub cursors: [Cursor; 4],
    /// The inbox as rows, derived when tasks or the filter change.
    pub inbox: Vec<InboxRow>,
    /// The filter's text; empty shows all.
    pub filter: String,
    /// With a filter: the matching runs of draining and running, derived on change.
    pub matches: [Vec<RunId>; 2],
    /// The failures as rows, folded by cause; derived when they or the filter change.
    pub failed: Vec<FailedRow>,
    /// How many failures there were when the rows were derived.
    pub failures: usize,
    /// The causes whose failures have rows of their own.
    pub unfolded: HashSet<Arc<Signature>>,
    /// Whether a key was pressed here; until then the selection goes to the first section with rows.
    pub touched: bool,
}

impl Default for Home {
    fn default() -> Self {
        Self {
            section: Section::AwaitingApproval,
            cursors: Default::default(),
            inbox: Vec::new(),
            filter: String::new(),
            matches: Default::default(),
            failed: Vec::new(),
            failures: 0,
            unfolded: HashSet::new(),
            touched: false,
        }
    }
}

impl Home {
    /// The cursor of a section.
    pub fn cursor(&self, section: Section) -> &Cursor {
        &self.cursors[section as usize]
    }

    /// The selected row of the section that has the selection.
    pub fn selected(&self) -> Option<&RowKey> {
        self.cursor(self.section).key.as_ref()
    }
}
