//! The fold itself.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::fold::{fold_into_run, keep_unlisted, outranks, tells_of_tasks};
use super::inbox::Inbox;
use super::recent::Recent;
use super::sections::Sections;
use super::signatures::Signatures;
use super::{Detail, Extent, Link, LinkState, RunDetail, Section, Source, WatchEvent};
use crate::domain::failures::Signature;
use crate::domain::{
    EventKind, PendingTask, Run, RunEvent, RunId, RunStatus, Timestamp, Usage, Workflow, WorkflowId,
};

/// How many looked-at runs are kept whole.
const DETAILS: usize = 32;
/// Clocks that are no more seconds apart than this count as equal.
const SKEW: u64 = 60;

/// What an event touched, so that only what shows it is derived again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Runs, or their order.
    pub runs: bool,
    /// The inbox.
    pub tasks: bool,
    /// The detail of some run.
    pub detail: bool,
    /// A connection.
    pub link: bool,
    /// What is left of the credits.
    pub credits: bool,
    /// A stream told of a run that the feed has not listed yet, or of a task: ask the feed.
    pub ask_feed: bool,
}

/// The local picture of the server.
#[derive(Clone, Debug, Default)]
pub struct Mirror {
    runs: HashMap<RunId, Run>,
    /// As of when each run is known: the instant of asking, or of an event's arrival.
    known_at: HashMap<RunId, Timestamp>,
    /// What those of them that failed have in common with others.
    signatures: Signatures,
    sections: Sections,
    inbox: Inbox,
    recent: Recent,
    workflows: BTreeMap<WorkflowId, Workflow>,
    details: Vec<(RunId, RunDetail)>,
    links: BTreeMap<Source, Link>,
    skew_seconds: i64,
    unreadable: usize,
    /// Frames that were passed over, by workflow.
    skipped: BTreeMap<WorkflowId, u64>,
    credits: Option<Usage>,
}

impl Mirror {
    /// Folds one report.
    pub fn apply(&mut self, event: &WatchEvent) -> Change {
        match event {
            WatchEvent::Runs { runs, unreadable, extent, asked_at } => {
                // The newest page alone says nothing about the rest.
                let floor = if *extent == Extent::Whole { 0 } else { self.unreadable };
                self.unreadable = floor.max(*unreadable);
                self.list_runs(runs, *extent, *asked_at);
                self.data_arrived(&Source::Feed, *asked_at);
                Change { runs: true, ..Change::default() }
            }
            WatchEvent::Tasks { tasks, asked_at, .. } => self.list_tasks(tasks, *asked_at),
            WatchEvent::Workflows(workflows) => {
                self.workflows = workflows.iter().map(|w| (w.id.clone(), w.clone())).collect();
                Change { runs: true, ..Change::default() }
            }
            WatchEvent::Credits(usage) => {
                let credits = self.credits.replace(*usage) != Some(*usage);
                Change { credits, ..Change::default() }
            }
            WatchEvent::Detail(detail) => self.put_detail(detail),
            WatchEvent::Event { workflow, event, at } => self.stream_event(workflow, event, *at),
            WatchEvent::Skew { seconds } => {
                self.skew_seconds = *seconds;
                Change { link: true, ..Change::default() }
            }
            WatchEvent::Skipped { workflow, frames } => {
                self.skipped.insert(workflow.clone(), *frames);
                Change { link: true, ..Change::default() }
            }
            WatchEvent::Link { source, state, at } => self.link_changed(source, state, *at),
        }
    }

    /// A run.
    pub fn run(&self, id: &RunId) -> Option<&Run> {
        self.runs.get(id)
    }

    /// How many runs are loaded.
    pub fn run_count(&self) -> usize {
        self.runs.len()
    }

    /// All loaded runs, in no order.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.values()
    }

    /// How many rows a section has at `now`.
    pub fn len(&self, section: Section, now: Timestamp) -> usize {
        match section {
            Section::AwaitingApproval => self.inbox.tasks().len(),
            other => self.sections.len(other, now),
        }
    }

    /// The run at a place of a section other than the inbox.
    pub fn run_at(&self, section: Section, index: usize) -> Option<&Run> {
        self.sections.get(section, index).and_then(|id| self.runs.get(id))
    }

    /// The runs of "Failed recently" with their signatures, newest first.
    pub fn failures(&self, now: Timestamp) -> impl Iterator<Item = (&Run, &Signature)> {
        let section = Section::FailedRecently;
        (0..self.len(section, now)).filter_map(move |index| {
            let run = self.run_at(section, index)?;
            Some((run, self.signatures.get(&run.id)?))
        })
    }

    /// The place of a run in a section other than the inbox.
    pub fn place(&self, section: Section, run: &RunId) -> Option<usize> {
        self.runs.get(run).and_then(|run| self.sections.place(section, run))
    }

    /// The inbox: grouped by workflow, then run, oldest first.
    pub fn tasks(&self) -> &[PendingTask] {
        self.inbox.tasks()
    }

    /// The tasks of a run that wait for a person.
    pub fn tasks_of<'a>(&'a self, run: &'a RunId) -> impl Iterator<Item = &'a PendingTask> {
        self.inbox.tasks().iter().filter(move |task| task.run_id == *run)
    }

    /// Everything known of a run that was looked at.
    pub fn detail(&self, run: &RunId) -> Option<&RunDetail> {
        self.details.iter().find(|(id, _)| id == run).map(|(_, detail)| detail)
    }

    /// The workflows, by id.
    pub fn workflows(&self) -> impl Iterator<Item = &Workflow> {
        self.workflows.values()
    }

    /// What a run's workflow is called.
    pub fn workflow_name<'a>(&'a self, run: &'a Run) -> &'a str {
        let listed = || self.workflows.get(&run.workflow_id).map(|workflow| &*workflow.name);
        run.workflow_name.as_deref().or_else(listed).unwrap_or(run.workflow_id.as_str())
    }

    /// The state of a source.
    pub fn link(&self, source: &Source) -> Option<&Link> {
        self.links.get(source)
    }

    /// All sources with their states.
    pub fn links(&self) -> impl Iterator<Item = (&Source, &Link)> {
        self.links.iter()
    }

    /// How many seconds this machine's clock is ahead of the server's, where the two are more than a
    /// minute apart: ages and times of day are then not what they seem.
    pub fn clock_skew_seconds(&self) -> Option<i64> {
        Some(self.skew_seconds).filter(|seconds| seconds.unsigned_abs() > SKEW)
    }

    /// How many rows of the last lists could not be read.
    pub fn unreadable(&self) -> usize {
        self.unreadable
    }

    /// How many frames the open streams carried that mean nothing here: binary ones, and texts that
    /// cannot be read.
    pub fn skipped_frames(&self) -> u64 {
        self.skipped.values().sum()
    }

    /// What is left of the credits, if the server tells.
    pub fn credits(&self) -> Option<&Usage> {
        self.credits.as_ref()
    }

    /// When the feed last answered.
    pub fn feed_at(&self) -> Option<Timestamp> {
        self.links.get(&Source::Feed).and_then(|link| link.data_at)
    }

    fn list_runs(&mut self, runs: &[Run], extent: Extent, asked_at: Timestamp) {
        if extent == Extent::Whole {
            let listed: HashSet<&RunId> = runs.iter().map(|run| &run.id).collect();
            let known_at = &self.known_at;
            self.runs
                .retain(|id, _| listed.contains(id) || known_at.get(id).is_some_and(|at| *at >= asked_at));
            self.known_at.retain(|id, _| self.runs.contains_key(id));
            self.signatures.retain(|id| self.runs.contains_key(id));
        }
        for run in runs {
            self.merge_run(run, asked_at);
        }
        self.sections.rebuild(self.runs.values());
        for (id, detail) in &mut self.details {
            if let Some(run) = self.runs.get(id) {
                detail.follow(run);
            }
        }
    }

    /// Takes a listed run unless something newer is known of it.
    fn merge_run(&mut self, listed: &Run, asked_at: Timestamp) {
        let known = self.runs.get(&listed.id).zip(self.known_at.get(&listed.id));
        if known.is_some_and(|(known, at)| outranks(known, *at, listed, asked_at)) {
            return;
        }
        let mut taken = listed.clone();
        if let Some(known) = self.runs.remove(&listed.id) {
            keep_unlisted(&mut taken, known);
        }
        self.signatures.note(&taken);
        self.runs.insert(listed.id.clone(), taken);
        let at = self.known_at.entry(listed.id.clone()).or_insert(asked_at);
        *at = asked_at.max(*at);
    }

    fn list_tasks(&mut self, tasks: &[PendingTask], asked_at: Timestamp) -> Change {
        self.data_arrived(&Source::Feed, asked_at);
        let taken = self.inbox.list(tasks, asked_at);
        // A list that was overtaken by a decision must be asked for again.
        Change { tasks: taken, ask_feed: !taken, ..Change::default() }
    }

    fn put_detail(&mut self, detail: &Detail) -> Change {
        let id = &detail.run.id;
        let mut fresh = RunDetail::new(detail);
        if let Some(place) = self.details.iter().position(|(known, _)| known == id) {
            if self.details[place].1.fetched_at > detail.asked_at {
                // Answers may overtake each other.
                return Change::default();
            }
            let (_, older) = self.details.remove(place);
            fresh.keep_newer(older);
        }
        self.details.push((id.clone(), fresh));
        if self.details.len() > DETAILS {
            self.details.remove(0);
        }
        self.replace_run(id, |mirror| mirror.merge_run(&detail.run, detail.asked_at));
        self.data_arrived(&Source::Detail(id.clone()), detail.asked_at);
        let tasks = detail.tasks.as_ref().is_some_and(|tasks| self.inbox.put(id, tasks, detail.asked_at));
        Change { runs: true, detail: true, tasks, ..Change::default() }
    }

    /// Changes a run and keeps its section in order.
    fn replace_run(&mut self, id: &RunId, change: impl FnOnce(&mut Self)) {
        if let Some(before) = self.runs.get(id) {
            self.sections.remove(before);
        }
        change(self);
        if let Some(after) = self.runs.get(id) {
            self.sections.insert(after);
            self.signatures.note(after);
        }
    }

    fn stream_event(&mut self, workflow: &WorkflowId, event: &RunEvent, at: Timestamp) -> Change {
        self.data_arrived(&Source::Stream(workflow.clone()), at);
        let id = &event.run_id;
        let mut change = Change { ask_feed: !self.runs.contains_key(id), ..Change::default() };
        if let Some((_, detail)) = self.details.iter_mut().find(|(known, _)| known == id) {
            change.detail = detail.apply(event, at);
        }
        let stale = self
            .runs
            .get(id)
            .is_some_and(|run| matches!((run.last_sequence, event.sequence), (Some(a), Some(b)) if a >= b));
        if stale || !self.recent.is_new(&event.id) {
            // The row is further than this, but the inbox may not be.
            change.ask_feed |= tells_of_tasks(&event.kind);
            return change;
        }
        change.runs = true;
        self.known_at.insert(id.clone(), at);
        self.replace_run(id, |mirror| {
            let run = mirror
                .runs
                .entry(id.clone())
                .or_insert_with(|| Run::new(id.clone(), workflow.clone(), RunStatus::Running));
            fold_into_run(run, event);
        });
        change.ask_feed |= event.kind == EventKind::HumanTaskCreated;
        change.tasks = self.inbox.fold(event, at);
        change
    }

    fn link_changed(&mut self, source: &Source, state: &LinkState, at: Timestamp) -> Change {
        if *state == LinkState::Closed {
            self.links.remove(source);
            if let Source::Stream(workflow) = source {
                self.skipped.remove(workflow);
            }
        } else {
            let link = self.links.entry(source.clone()).or_insert_with(|| Link {
                state: state.clone(),
                since: at,
                data_at: None,
            });
            link.state = state.clone();
            link.since = at;
            if *state == LinkState::Live {
                link.data_at = Some(at);
            }
        }
        Change { link: true, ..Change::default() }
    }

    fn data_arrived(&mut self, source: &Source, at: Timestamp) {
        if let Some(link) = self.links.get_mut(source) {
            link.data_at = link.data_at.max(Some(at));
        }
    }
}

#[cfg(test)]
#[path = "store/tests.rs"]
mod tests;
