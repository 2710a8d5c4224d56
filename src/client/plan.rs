//! The watch as one pure machine: what comes in, at what time, gives orders.

use std::collections::BTreeMap;

use super::feed::{Feed, List};
use super::focus::{Focus, Report};
use super::stream::{Act, Heard, Stream};
use super::watch::Interest;
use super::{Listed, RunsPage};
use crate::domain::{PendingTask, RunEvent, RunId, Timestamp, Usage, Workflow, WorkflowId};
use crate::mirror::{Detail, Extent, LinkState, Source, WatchEvent};
use crate::wire::CallError;

/// How many streams are open at once.
const STREAMS: usize = 16;

/// What happened.
#[derive(Debug)]
pub(super) enum Input {
    /// The application wants something else.
    Interest(Interest),
    /// The person wants feed and focus now.
    Refetch,
    /// Time has passed.
    Tick,
    /// The machine slept, or its clock was set.
    Woke,
    /// Reports were dropped on the way to the application.
    Overflow,
    /// A socket tells.
    Heard(WorkflowId, Heard),
    /// A list was answered.
    Listed {
        /// When it was asked for.
        asked_at: Timestamp,
        /// What it was, and the answer.
        answer: ListAnswer,
    },
    /// A run was fetched.
    Fetched(RunId, Result<Box<Detail>, CallError>),
}

/// The answer to the question for a list.
#[derive(Debug)]
pub(super) enum ListAnswer {
    /// The first page of the runs.
    Newest(Result<RunsPage, CallError>),
    /// All runs.
    Whole(Result<RunsPage, CallError>),
    /// The inbox.
    Tasks(Result<Listed<PendingTask>, CallError>),
    /// The workflows.
    Workflows(Result<Vec<Workflow>, CallError>),
    /// What is left of the credits.
    Credits(Result<Usage, CallError>),
}

/// What to do.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Order {
    /// Open the stream of a workflow.
    Dial(WorkflowId),
    /// Close it.
    Hang(WorkflowId),
    /// Ask for a list.
    Ask(List),
    /// Fetch a run, whole.
    Fetch(WorkflowId, RunId),
    /// Tell the application.
    Report(WatchEvent),
}

/// The whole watch.
#[derive(Debug)]
pub(super) struct Plan {
    feed: Feed,
    streams: BTreeMap<WorkflowId, Stream>,
    focus: Option<Focus>,
    orders: Vec<Order>,
}

impl Plan {
    /// A watch that has nothing yet.
    pub(super) fn new(now: Timestamp) -> Self {
        let mut plan =
            Self { feed: Feed::new(now), streams: BTreeMap::new(), focus: None, orders: Vec::new() };
        plan.link(Source::Feed, LinkState::Connecting, now);
        plan
    }

    /// Takes in what happened and tells what to do; `random` is from 0 to 1.
    pub(super) fn handle(&mut self, input: Input, now: Timestamp, random: f64) -> Vec<Order> {
        match input {
            Input::Interest(interest) => self.interest(interest, now),
            Input::Refetch => self.refetch(now),
            Input::Tick => {}
            Input::Woke => self.woke(now),
            Input::Overflow => self.relist_all(now),
            Input::Heard(workflow, heard) => self.heard(&workflow, heard, now, random),
            Input::Listed { asked_at, answer } => self.listed(asked_at, answer, now, random),
            Input::Fetched(run, result) => self.fetched(&run, result, now, random),
        }
        self.take_turns(now);
        std::mem::take(&mut self.orders)
    }

    /// When to come back with [`Input::Tick`] at the latest.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let streams = self.streams.values().filter_map(Stream::due);
        let focus = self.focus.as_ref().and_then(Focus::due);
        streams.chain(focus).chain(self.feed.due()).min()
    }

    fn take_turns(&mut self, now: Timestamp) {
        let mut acts = Vec::new();
        for (workflow, stream) in &mut self.streams {
            acts.push((workflow.clone(), stream.tick(now)));
        }
        for (workflow, acts) in acts {
            self.act(&workflow, acts, now);
        }
        if let Some(focus) = &mut self.focus {
            focus.reconcile(self.streams.get(&focus.workflow).is_some_and(Stream::tells_gaps));
            if focus.fetch(now) {
                self.orders.push(Order::Fetch(focus.workflow.clone(), focus.run.clone()));
            }
        }
        self.orders.extend(self.feed.asks(now).into_iter().map(Order::Ask));
    }

    fn interest(&mut self, interest: Interest, now: Timestamp) {
        self.feed.set_busy(interest.busy);
        self.want_streams(&interest, now);
        let same = |focus: &Focus, (workflow, run): &(WorkflowId, RunId)| {
            focus.run == *run && focus.workflow == *workflow
        };
        match (&self.focus, interest.focus) {
            (Some(focus), Some(wanted)) if same(focus, &wanted) => {}
            (_, wanted) => self.look_at(wanted, now),
        }
    }

    fn look_at(&mut self, wanted: Option<(WorkflowId, RunId)>, now: Timestamp) {
        if let Some(left) = self.focus.take() {
            self.link(Source::Detail(left.run), LinkState::Closed, now);
        }
        if let Some((workflow, run)) = wanted {
            let stream = self.streams.get(&workflow).is_some_and(Stream::is_live);
            self.link(Source::Detail(run.clone()), LinkState::Connecting, now);
            self.focus = Some(Focus::new(workflow, run, stream, now));
        }
    }

    fn want_streams(&mut self, interest: &Interest, now: Timestamp) {
        let focus = interest.focus.iter().map(|(workflow, _)| workflow);
        let mut wanted: Vec<WorkflowId> = Vec::new();
        for workflow in focus.chain(&interest.streams) {
            if wanted.len() < STREAMS && !workflow.as_str().is_empty() && !wanted.contains(workflow) {
                wanted.push(workflow.clone());
            }
        }
        let unwanted: Vec<_> = self.streams.keys().filter(|id| !wanted.contains(id)).cloned().collect();
        for workflow in unwanted {
            self.streams.remove(&workflow);
            self.orders.push(Order::Hang(workflow.clone()));
            self.link(Source::Stream(workflow), LinkState::Closed, now);
        }
        for workflow in wanted {
            if !self.streams.contains_key(&workflow) {
                let (stream, acts) = Stream::open();
                self.streams.insert(workflow.clone(), stream);
                self.act(&workflow, acts, now);
            }
        }
    }

    fn refetch(&mut self, now: Timestamp) {
        self.feed.refetch(now);
        if let Some(focus) = &mut self.focus {
            focus.refetch(now);
        }
        for stream in self.streams.values_mut() {
            stream.nudge(now);
        }
    }

    fn woke(&mut self, now: Timestamp) {
        self.feed.woke();
        if let Some(focus) = &mut self.focus {
            focus.woke();
        }
        self.relist_all(now);
    }

    fn relist_all(&mut self, now: Timestamp) {
        self.feed.relist(now);
        if let Some(focus) = &mut self.focus {
            focus.relist(now);
        }
        for stream in self.streams.values_mut() {
            stream.nudge(now);
        }
    }

    fn heard(&mut self, workflow: &WorkflowId, heard: Heard, now: Timestamp, random: f64) {
        // A stream that is no longer wanted may still have something on the way.
        let Some(stream) = self.streams.get_mut(workflow) else { return };
        let acts = stream.hear(heard, now, random);
        self.act(workflow, acts, now);
    }

    fn act(&mut self, workflow: &WorkflowId, acts: Vec<Act>, now: Timestamp) {
        for act in acts {
            match act {
                Act::Dial => self.orders.push(Order::Dial(workflow.clone())),
                Act::Link(state) => self.link(Source::Stream(workflow.clone()), state, now),
                Act::Event(event) => self.event(workflow, event, now),
                Act::Relist => self.relist(workflow, now),
                Act::Skipped(frames) => {
                    let workflow = workflow.clone();
                    self.orders.push(Order::Report(WatchEvent::Skipped { workflow, frames }));
                }
            }
        }
    }

    fn event(&mut self, workflow: &WorkflowId, event: RunEvent, now: Timestamp) {
        let passed = match &mut self.focus {
            Some(focus) if focus.run == event.run_id => focus.event(event, now),
            Some(_) | None => Some(event),
        };
        if let Some(event) = passed {
            self.report_event(workflow.clone(), event, now);
        }
    }

    fn relist(&mut self, workflow: &WorkflowId, now: Timestamp) {
        self.feed.relist(now);
        if let Some(focus) = self.focus.as_mut().filter(|focus| focus.workflow == *workflow) {
            focus.relist(now);
        }
    }

    fn listed(&mut self, asked_at: Timestamp, answer: ListAnswer, now: Timestamp, random: f64) {
        let (list, result) = match answer {
            ListAnswer::Newest(page) => (List::Newest, page.map(|page| runs(page, Extent::Newest, asked_at))),
            ListAnswer::Whole(page) => (List::Whole, page.map(|page| runs(page, Extent::Whole, asked_at))),
            ListAnswer::Tasks(tasks) => (List::Tasks, tasks.map(|listed| tasks_of(listed, asked_at))),
            ListAnswer::Workflows(workflows) => (List::Workflows, workflows.map(WatchEvent::Workflows)),
            ListAnswer::Credits(usage) => (List::Credits, usage.map(WatchEvent::Credits)),
        };
        let (report, error) = match result {
            Ok(report) => (Some(report), None),
            Err(error) => (None, Some(error)),
        };
        if let Some(state) = self.feed.answered(list, error, now, random) {
            self.link(Source::Feed, state, now);
        }
        self.orders.extend(report.map(Order::Report));
    }

    fn fetched(&mut self, run: &RunId, result: Result<Box<Detail>, CallError>, now: Timestamp, random: f64) {
        let Some(focus) = self.focus.as_mut().filter(|focus| focus.run == *run) else { return };
        let workflow = focus.workflow.clone();
        if result.as_ref().is_err_and(CallError::is_not_found) {
            // It took its row and its tasks along.
            self.feed.relist(now);
        }
        for report in focus.fetched(result.map(|detail| *detail), now, random) {
            match report {
                Report::Link(state) => self.link(Source::Detail(run.clone()), state, now),
                Report::Detail(detail) => self.orders.push(Order::Report(WatchEvent::Detail(detail))),
                Report::Event(event, at) => self.report_event(workflow.clone(), event, at),
            }
        }
    }

    fn report_event(&mut self, workflow: WorkflowId, event: RunEvent, at: Timestamp) {
        self.orders.push(Order::Report(WatchEvent::Event { workflow, event, at }));
    }

    fn link(&mut self, source: Source, state: LinkState, at: Timestamp) {
        self.orders.push(Order::Report(WatchEvent::Link { source, state, at }));
    }
}

fn runs(page: RunsPage, asked: Extent, asked_at: Timestamp) -> WatchEvent {
    let RunsPage { runs, unreadable, complete } = page;
    // A list that was cut off does not tell which runs are gone.
    let extent = if complete { asked } else { Extent::Newest };
    WatchEvent::Runs { runs, unreadable, extent, asked_at }
}

fn tasks_of(listed: Listed<PendingTask>, asked_at: Timestamp) -> WatchEvent {
    WatchEvent::Tasks { tasks: listed.items, unreadable: listed.unreadable, asked_at }
}

#[cfg(test)]
#[path = "plan/simulation/mod.rs"]
mod simulation;
#[cfg(test)]
#[path = "plan/tests.rs"]
mod tests;
