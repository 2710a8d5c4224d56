//! The next numbers of the log, remembered so that an event needs no look-up.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::domain::{Timestamp, WorkflowId};
use crate::server::db::{DbError, log};

/// The last numbers given; empty means: look them up.
#[derive(Debug, Default)]
pub(super) struct Numbers {
    gid: Option<u64>,
    places: HashMap<WorkflowId, u64>,
}

impl Numbers {
    /// The next number in the whole log, counted from 1.
    pub(super) fn next_gid(&mut self, db: &Connection) -> Result<u64, DbError> {
        let last = self.gid.map_or_else(|| log::last_gid(db), Ok)?;
        Ok(*self.gid.insert(last + 1))
    }

    /// The next place in a workflow's stream, counted from 1.
    pub(super) fn next_place(&mut self, db: &Connection, workflow: &WorkflowId) -> Result<u64, DbError> {
        if let Some(place) = self.places.get_mut(workflow) {
            *place += 1;
            return Ok(*place);
        }
        let place = log::last_place(db, workflow)? + 1;
        self.places.insert(workflow.clone(), place);
        Ok(place)
    }

    /// Forgets all, because what they were given to was not recorded.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }
}

/// Instants for the log: whole microseconds, as the database keeps them, never going back.
#[derive(Debug, Default)]
pub(super) struct LogClock {
    last: Timestamp,
}

impl LogClock {
    /// Now, or the last instant told if the clock was set back.
    pub(super) fn now(&mut self) -> Timestamp {
        let now = Timestamp::from_microsecond(Timestamp::now().as_microsecond()).unwrap_or(self.last);
        self.last = self.last.max(now);
        self.last
    }
}
