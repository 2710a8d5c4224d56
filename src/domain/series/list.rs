//! The order of a series.

use std::collections::HashMap;

use super::{Item, Stage};
use crate::domain::{RunClass, RunId, RunStatus, WorkflowId};

/// Runs that run again one after the other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    items: Vec<Item>,
    ending: Option<Ending>,
}

/// Why a series starts nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// All of its runs ran again and completed.
    Completed,
    /// One failed again.
    FailedAgain,
    /// One could not be started.
    NotStarted,
    /// An operator ended it.
    Ended,
}

impl Ending {
    /// The word in `--json`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Completed => "completed",
            Self::FailedAgain => "failed_again",
            Self::NotStarted => "not_started",
            Self::Ended => "ended",
        }
    }
}

/// How many runs of a series are where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Their new runs completed.
    pub completed: usize,
    /// Their turn has come and is not over: one at most.
    pub under_way: usize,
    /// Their turn has not come.
    pub waiting: usize,
    /// All of them.
    pub total: usize,
}

/// Why one of a series runs again, for the journal: what its operator said, and its place among all.
pub fn reason(said: &str, (place, total): (usize, usize)) -> String {
    match said {
        "" => format!("run again, {place} of {total}"),
        said => format!("{said} (run again, {place} of {total})"),
    }
}

impl Series {
    /// A series of failed runs, in the order in which they run again.
    pub fn new(runs: impl IntoIterator<Item = (WorkflowId, RunId)>) -> Self {
        let item = |(workflow, run)| Item { workflow, run, stage: Stage::Waiting };
        Self { items: runs.into_iter().map(item).collect(), ending: None }
    }

    /// What of some failures, newest first, a series would be about, oldest first: those that nothing
    /// has run in place of yet. `again` tells by a failed run which one was started in its place; that
    /// one stands for it, also where it failed as well.
    pub fn about(failures: &[RunId], again: &HashMap<RunId, RunId>) -> Vec<RunId> {
        failures.iter().rev().filter(|run| !again.contains_key(*run)).cloned().collect()
    }

    /// Its runs, in order.
    pub fn items(&self) -> &[Item] {
        &self.items
    }

    /// Why it starts nothing more; none while it may.
    pub fn ending(&self) -> Option<Ending> {
        self.ending
    }

    /// The run whose turn it is.
    pub fn current(&self) -> Option<&Item> {
        self.items.iter().find(|item| item.stage.is_under_way())
    }

    /// The run that ended the series: it failed again, or could not be started.
    pub fn stopped_at(&self) -> Option<&Item> {
        self.items.iter().find(|item| matches!(item.stage, Stage::FailedAgain(_) | Stage::NotStarted(_)))
    }

    /// Whether nothing more will happen to it: it has ended, and no run of it is under way.
    pub fn is_over(&self) -> bool {
        self.ending.is_some() && self.current().is_none()
    }

    /// How many runs are where.
    pub fn tally(&self) -> Tally {
        let count = |fits: fn(&Stage) -> bool| self.items.iter().filter(|item| fits(&item.stage)).count();
        Tally {
            completed: count(|stage| matches!(stage, Stage::Completed(_))),
            under_way: count(Stage::is_under_way),
            waiting: count(|stage| *stage == Stage::Waiting),
            total: self.items.len(),
        }
    }

    /// Gives the turn to the next run, if none has it: what that run was started with is to be asked
    /// for now. None while one is under way, and when the series has ended.
    pub fn take_turn(&mut self) -> Option<&Item> {
        if self.ending.is_some() || self.current().is_some() {
            return None;
        }
        let Some(place) = self.items.iter().position(|item| item.stage == Stage::Waiting) else {
            self.ending = Some(Ending::Completed);
            return None;
        };
        self.items[place].stage = Stage::Preparing;
        self.items.get(place)
    }

    /// The start of a new run is on its way. `false` when nothing is prepared, as when the series was
    /// ended meanwhile: then it must not be sent.
    pub fn starting(&mut self, of: &RunId, new: RunId) -> bool {
        let prepared = self.change(|item| item.run == *of && item.stage == Stage::Preparing);
        prepared.map(|item| item.stage = Stage::Starting(new)).is_some()
    }

    /// The server took the start, of a run that it may have given another id.
    pub fn started(&mut self, new: RunId) {
        if let Some(item) = self.change(|item| matches!(item.stage, Stage::Starting(_))) {
            item.stage = Stage::Running(new);
        }
    }

    /// The run whose turn it is cannot be started: nothing after it is.
    pub fn refused(&mut self, why: impl Into<Box<str>>) {
        if let Some(item) = self.change(|item| matches!(item.stage, Stage::Preparing | Stage::Starting(_))) {
            item.stage = Stage::NotStarted(why.into());
            self.ending.get_or_insert(Ending::NotStarted);
        }
    }

    /// How the new run stands, as the server says. Its end is the end of its turn; any end but
    /// completion is the end of the series.
    pub fn observe(&mut self, status: &RunStatus) {
        let Some(item) = self.change(|item| matches!(item.stage, Stage::Running(_))) else { return };
        let Some(new) = item.stage.new_run().cloned() else { return };
        match status.class() {
            RunClass::Succeeded => item.stage = Stage::Completed(new),
            RunClass::Failed => {
                item.stage = Stage::FailedAgain(new);
                self.ending.get_or_insert(Ending::FailedAgain);
            }
            RunClass::Waiting | RunClass::Active | RunClass::Held | RunClass::Draining => {}
        }
        if self.ending.is_none() && self.items.iter().all(|item| matches!(item.stage, Stage::Completed(_))) {
            self.ending = Some(Ending::Completed);
        }
    }

    /// Starts nothing more. A new run that has begun goes on, and a start that is on its way stays so.
    pub fn end(&mut self) {
        if self.ending.is_some() {
            return;
        }
        self.ending = Some(Ending::Ended);
        if let Some(item) = self.change(|item| item.stage == Stage::Preparing) {
            item.stage = Stage::Waiting;
        }
    }

    fn change(&mut self, which: impl Fn(&Item) -> bool) -> Option<&mut Item> {
        self.items.iter_mut().find(|item| which(item))
    }
}
