//! The machines of the runs that are at work, and how their runs look from outside.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use rusqlite::Connection;

use super::recovery;
use crate::domain::{Graph, PendingTask, Run, RunId, Timestamp, WorkflowId};
use crate::machine::{Machine, Reaction};
use crate::server::db::{DbError, runs};

/// A run in memory: its machine, and what the tables say of it.
#[derive(Clone, Debug)]
pub(super) struct Live {
    pub(super) machine: Machine,
    pub(super) run: Run,
    /// The pending tasks that the tables know.
    pub(super) tasks: Vec<PendingTask>,
    /// Whether the tables lag behind the machine.
    pub(super) is_stale: bool,
    /// What the run that called it was told last: whether it has ended, and whether it waits for a
    /// person.
    told: (bool, bool),
}

impl Live {
    /// A run whose machine is at the end of its log.
    pub(super) fn new(machine: Machine, run: Run) -> Self {
        let tasks = machine.pending_tasks();
        let told = told(&machine);
        Self { machine, run, tasks, is_stale: false, told }
    }

    /// A run whose machine has just begun; the tables know nothing of it yet.
    pub(super) fn begun(machine: Machine, run: Run) -> Self {
        Self { machine, run, tasks: Vec::new(), is_stale: false, told: (false, false) }
    }

    /// Whether the run that called it, if any, has something new to be told.
    pub(super) fn is_news_to_parent(&mut self) -> bool {
        let before = std::mem::replace(&mut self.told, told(&self.machine));
        self.machine.caller().is_some() && before != self.told
    }

    /// Lets the run look like its machine after a reaction; tells the sequence before its events.
    pub(super) fn follow(&mut self, reaction: &Reaction, at: Timestamp) -> u64 {
        let before = self.run.last_sequence.unwrap_or(0);
        if reaction.events.is_empty() {
            return before;
        }
        self.is_stale = true;
        let (run, machine) = (&mut self.run, &self.machine);
        run.status = machine.status().clone();
        run.phase = machine.phase().map(Into::into);
        run.progress = machine.progress();
        let failure = machine.failure();
        run.failure_code = failure.map(|failure| failure.code.clone());
        run.error = failure.map(|failure| failure.error.as_str().into());
        run.error_details = failure.and_then(|failure| failure.details.clone().map(Box::new));
        run.failed_step = failure.and_then(|failure| failure.step.clone());
        run.drain = machine.drain();
        run.ended_at = run.status.is_terminal().then_some(at);
        run.updated_at = Some(at);
        run.last_sequence = Some(before + reaction.events.len() as u64);
        before
    }

    /// The pending tasks, if they are others than the tables know.
    pub(super) fn changed_tasks(&mut self) -> Option<&[PendingTask]> {
        let tasks = self.machine.pending_tasks();
        if tasks == self.tasks {
            return None;
        }
        self.tasks = tasks;
        Some(&self.tasks)
    }
}

fn told(machine: &Machine) -> (bool, bool) {
    (machine.status().is_terminal(), machine.phase().is_some())
}

/// The runs in memory. One that is not here is rebuilt from the log when something happens to it.
#[derive(Debug, Default)]
pub(super) struct Fleet {
    live: HashMap<RunId, Live>,
    graphs: HashMap<(WorkflowId, u64), Arc<Graph>>,
}

impl Fleet {
    /// Takes a run into memory.
    pub(super) fn insert(&mut self, live: Live) -> &mut Live {
        match self.live.entry(live.run.id.clone()) {
            Entry::Occupied(mut place) => {
                place.insert(live);
                place.into_mut()
            }
            Entry::Vacant(place) => place.insert(live),
        }
    }

    /// A run in memory.
    pub(super) fn get(&mut self, run: &RunId) -> Option<&mut Live> {
        self.live.get_mut(run)
    }

    /// The runs in memory.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Live> {
        self.live.values()
    }

    /// A run, rebuilt from the log if it is not in memory; `None` when there is no such run.
    pub(super) fn load(&mut self, db: &Connection, run: &RunId) -> Result<Option<&mut Live>, DbError> {
        if !self.live.contains_key(run) {
            let Some(found) = runs::find(db, run)? else { return Ok(None) };
            self.rebuild(db, found)?;
        }
        Ok(self.live.get_mut(run))
    }

    /// Takes a run into memory as its log describes it.
    pub(super) fn rebuild(&mut self, db: &Connection, run: Run) -> Result<&mut Live, DbError> {
        let graph = self.graph(db, &run.workflow_id, run.version.unwrap_or(0))?;
        let machine = recovery::replay_with(db, &run.id, graph)?;
        Ok(self.insert(Live::new(machine, run)))
    }

    /// The graph of a published version.
    pub(super) fn graph(
        &mut self,
        db: &Connection,
        workflow: &WorkflowId,
        version: u64,
    ) -> Result<Arc<Graph>, DbError> {
        match self.graphs.entry((workflow.clone(), version)) {
            Entry::Occupied(known) => Ok(known.get().clone()),
            Entry::Vacant(place) => Ok(place.insert(recovery::graph(db, workflow, version)?).clone()),
        }
    }

    /// Forgets a run; the log keeps it.
    pub(super) fn forget(&mut self, run: &RunId) {
        self.live.remove(run);
    }
}
