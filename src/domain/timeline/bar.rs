//! A stretch of time in which a step did one thing.

use std::time::Duration;

use crate::domain::Timestamp;
use crate::domain::clock::age;

/// What went on during a bar, or what it came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    /// An attempt is under way, or an agent's round.
    Running,
    /// A person is asked.
    Waiting,
    /// An attempt failed, the next one is due later.
    BetweenAttempts,
    /// It ended well.
    Succeeded,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It never ran.
    Skipped,
    /// An agent used up its rounds.
    Limit,
    /// The log has no end for it, and its run has one.
    Unended,
}

/// A stretch of time of a track.
#[derive(Clone, Debug, PartialEq)]
pub struct Bar {
    /// When it began.
    pub from: Timestamp,
    /// When it ended; none while it lasts.
    pub to: Option<Timestamp>,
    /// What went on, or what it came to.
    pub doing: Doing,
    /// Of an inner step of a loop, the iteration, counted from 0.
    pub iteration: Option<u64>,
}

impl Bar {
    /// How long it took, or has lasted at `now`.
    pub fn length(&self, now: Timestamp) -> Duration {
        age(self.from, self.to.unwrap_or(now))
    }
}
