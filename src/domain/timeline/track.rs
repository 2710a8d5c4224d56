//! What is drawn in one row.

use std::time::Duration;

use super::{Bar, Doing};
use crate::domain::clock::age;
use crate::domain::{StepId, Timestamp};

/// What a track is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TrackKind {
    /// A step of the graph.
    Step,
    /// An inner step of a loop, all of its iterations.
    Inner,
    /// What an agent did: a round, a phase, its limit.
    Round,
}

/// One row over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Track {
    /// The step; of an agent's round, the step that runs the agent.
    pub step: StepId,
    /// What it is about.
    pub kind: TrackKind,
    /// What an agent's round is called; foreign text, empty for steps.
    pub label: Box<str>,
    /// What it was at, oldest first.
    pub bars: Vec<Bar>,
}

impl Track {
    /// When it began.
    pub fn from(&self) -> Option<Timestamp> {
        self.bars.first().map(|bar| bar.from)
    }

    /// When it ended; none while any bar lasts.
    pub fn to(&self) -> Option<Timestamp> {
        let ends: Option<Vec<Timestamp>> = self.bars.iter().map(|bar| bar.to).collect();
        ends?.into_iter().max()
    }

    /// From its beginning to its end, or to `now`; none before it began.
    pub fn length(&self, now: Timestamp) -> Option<Duration> {
        self.from().map(|from| age(from, self.to().unwrap_or(now)))
    }

    /// What it came to, or is at.
    pub fn doing(&self) -> Option<Doing> {
        let failed = self.bars.iter().rev().find(|bar| bar.to.is_none() || bar.doing == Doing::Failed);
        match self.kind {
            // Of many iterations the one that failed matters, or one that still runs.
            TrackKind::Inner => failed.or(self.bars.last()).map(|bar| bar.doing),
            TrackKind::Step | TrackKind::Round => self.bars.last().map(|bar| bar.doing),
        }
    }

    /// How many iterations it has been through; 0 outside of loops.
    pub fn iterations(&self) -> usize {
        let mut seen: Vec<u64> = self.bars.iter().filter_map(|bar| bar.iteration).collect();
        seen.sort_unstable();
        seen.dedup();
        seen.len()
    }
}
