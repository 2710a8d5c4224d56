//! The four sections of the Command Center, kept in order as runs change.

use std::cmp::Reverse;

use crate::domain::failures::RECENT;
use crate::domain::{Run, RunClass, RunId, Timestamp};

/// A section of the Command Center, in the platform's order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Section {
    /// Tasks that wait for a person.
    AwaitingApproval,
    /// Draining runs.
    StoppingGracefully,
    /// Runs that are accepted, running or paused.
    RunningNow,
    /// Runs that failed or were stopped within the last 24 h.
    FailedRecently,
}

impl Section {
    /// All of them, in order.
    pub const ALL: [Self; 4] =
        [Self::AwaitingApproval, Self::StoppingGracefully, Self::RunningNow, Self::FailedRecently];

    /// The platform's name for it.
    pub fn title(self) -> &'static str {
        match self {
            Self::AwaitingApproval => "Awaiting approval",
            Self::StoppingGracefully => "Stopping gracefully",
            Self::RunningNow => "Running now",
            Self::FailedRecently => "Failed recently",
        }
    }
}

/// Newest first, then by id, so that equal instants have one order.
type Key = (Reverse<Option<Timestamp>>, RunId);

/// The run sections as sorted lists.
#[derive(Clone, Debug, Default)]
pub(super) struct Sections {
    draining: Vec<Key>,
    running: Vec<Key>,
    failed: Vec<Key>,
}

impl Sections {
    pub(super) fn insert(&mut self, run: &Run) {
        let key = key(run);
        if let Some(list) = self.list_mut(run)
            && let Err(place) = list.binary_search(&key)
        {
            list.insert(place, key);
        }
    }

    /// Takes out a run; it must be the very state that was inserted.
    pub(super) fn remove(&mut self, run: &Run) {
        let key = key(run);
        if let Some(list) = self.list_mut(run)
            && let Ok(place) = list.binary_search(&key)
        {
            list.remove(place);
        }
    }

    /// Replaces everything at once; cheaper than inserting one by one.
    pub(super) fn rebuild<'a>(&mut self, runs: impl Iterator<Item = &'a Run>) {
        *self = Self::default();
        for run in runs {
            let key = key(run);
            if let Some(list) = self.list_mut(run) {
                list.push(key);
            }
        }
        self.draining.sort_unstable();
        self.running.sort_unstable();
        self.failed.sort_unstable();
    }

    pub(super) fn len(&self, section: Section, now: Timestamp) -> usize {
        match section {
            Section::AwaitingApproval => 0,
            Section::StoppingGracefully => self.draining.len(),
            Section::RunningNow => self.running.len(),
            Section::FailedRecently => {
                let edge = now.checked_sub(RECENT).unwrap_or(Timestamp::MIN);
                self.failed.partition_point(|(Reverse(at), _)| at.is_none_or(|at| at >= edge))
            }
        }
    }

    pub(super) fn get(&self, section: Section, index: usize) -> Option<&RunId> {
        self.list(section).get(index).map(|(_, id)| id)
    }

    pub(super) fn place(&self, section: Section, run: &Run) -> Option<usize> {
        self.list(section).binary_search(&key(run)).ok()
    }

    fn list(&self, section: Section) -> &[Key] {
        match section {
            Section::AwaitingApproval => &[],
            Section::StoppingGracefully => &self.draining,
            Section::RunningNow => &self.running,
            Section::FailedRecently => &self.failed,
        }
    }

    fn list_mut(&mut self, run: &Run) -> Option<&mut Vec<Key>> {
        match run.status.class() {
            RunClass::Draining => Some(&mut self.draining),
            RunClass::Waiting | RunClass::Active | RunClass::Held => Some(&mut self.running),
            RunClass::Failed => Some(&mut self.failed),
            RunClass::Succeeded => None,
        }
    }
}

fn key(run: &Run) -> Key {
    let at = match run.status.class() {
        RunClass::Failed => run.over_at().or(run.started_at),
        _ => run.started_at,
    };
    (Reverse(at), run.id.clone())
}
