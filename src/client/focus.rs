//! The run that is looked at: when to fetch it, and what to do with events meanwhile.
//!
//! Subscribe first, buffer, fetch, report the detail, then the buffered events. The mirror knows
//! an event that comes twice.

use std::time::Duration;

use super::backoff::Backoff;
use super::stream::{REFUSED, asked_wait, is_refusal};
use crate::domain::{EventKind, RunEvent, RunId, Timestamp, WorkflowId, clock};
use crate::mirror::{Detail, LinkState};
use crate::wire::CallError;

/// How long the first fetch waits for the stream to stand.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long a burst of step ends may gather.
const GATHER: Duration = Duration::from_millis(200);
/// Two fetches begin no closer than this.
const SPACING: Duration = Duration::from_secs(1);
/// However long a fetch takes: it may be the machine that slept, and not the server that was slow.
const SLOWEST: Duration = Duration::from_secs(60);
/// How often a run is fetched whose stream would not tell what it missed.
const RECONCILE: Duration = Duration::from_secs(30);
/// How many events are held back at most.
const BUFFER: usize = 4_096;

/// What to report.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Report {
    /// The state of the fetching.
    Link(LinkState),
    /// The run, whole.
    Detail(Box<Detail>),
    /// An event that was held back, with its arrival.
    Event(RunEvent, Timestamp),
}

/// The run that is looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Focus {
    pub(super) workflow: WorkflowId,
    pub(super) run: RunId,
    due: Option<Timestamp>,
    flying: Option<Timestamp>,
    asked_at: Option<Timestamp>,
    spacing: Duration,
    backoff: Backoff,
    freshness: Freshness,
    /// Whether the last fetch, if any, was answered.
    answered: bool,
    ended: bool,
    buffer: Vec<(RunEvent, Timestamp)>,
}

/// How the last reported detail stands to the stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Freshness {
    /// Nothing was reported yet, or events may lack: a fetch holds events back.
    Lacking,
    /// Events alone keep it current; a fetch is for what they do not carry.
    Shown,
}

impl Focus {
    /// Begins to look at a run; `stream` tells whether its stream stands.
    pub(super) fn new(workflow: WorkflowId, run: RunId, stream: bool, now: Timestamp) -> Self {
        let due = if stream { now } else { clock::later(now, PATIENCE) };
        Self {
            workflow,
            run,
            due: Some(due),
            flying: None,
            asked_at: None,
            spacing: SPACING,
            backoff: Backoff::default(),
            freshness: Freshness::Lacking,
            answered: false,
            ended: false,
            buffer: Vec::new(),
        }
    }

    /// Something may have been missed.
    pub(super) fn relist(&mut self, now: Timestamp) {
        // A fetch under way may be too old; the next one follows, and events need not wait for it.
        if self.flying.is_none() {
            self.freshness = Freshness::Lacking;
        }
        self.due = Some(self.earliest(now));
    }

    /// The clock leapt: how long a fetch took cannot be told from it.
    pub(super) fn woke(&mut self) {
        self.spacing = SPACING;
    }

    /// The person wants it again.
    pub(super) fn refetch(&mut self, now: Timestamp) {
        self.due = Some(self.earliest(now));
    }

    /// Takes in an event of this run; gives it back unless it must wait for the detail.
    pub(super) fn event(&mut self, event: RunEvent, now: Timestamp) -> Option<RunEvent> {
        if changes_context(&event.kind) {
            let due = self.earliest(clock::later(now, GATHER));
            self.due = Some(self.due.map_or(due, |known| known.min(due)));
        }
        let holds = self.flying.is_some() && self.freshness == Freshness::Lacking;
        if !holds {
            return Some(event);
        }
        if self.buffer.len() >= BUFFER {
            self.buffer.clear();
            self.relist(now);
        }
        self.buffer.push((event, now));
        None
    }

    /// Sees to it that a run whose stream cannot tell gaps is fetched in turns.
    pub(super) fn reconcile(&mut self, stream_tells_gaps: bool) {
        if !stream_tells_gaps && !self.ended && self.due.is_none() && self.flying.is_none() {
            self.due = self.asked_at.map(|asked| clock::later(asked, RECONCILE));
        }
    }

    /// Whether to fetch now; the caller then must.
    pub(super) fn fetch(&mut self, now: Timestamp) -> bool {
        if self.flying.is_some() || self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = None;
        self.flying = Some(now);
        self.asked_at = Some(now);
        true
    }

    /// When to call [`Focus::fetch`].
    pub(super) fn due(&self) -> Option<Timestamp> {
        if self.flying.is_some() { None } else { self.due }
    }

    /// Takes in what a fetch brought; `random` is from 0 to 1.
    pub(super) fn fetched(
        &mut self,
        result: Result<Detail, CallError>,
        now: Timestamp,
        random: f64,
    ) -> Vec<Report> {
        if let Some(began) = self.flying.take() {
            // A long log must not be fetched back to back.
            self.spacing = (clock::age(began, now) * 4).clamp(SPACING, SLOWEST);
        }
        let mut reports = match result {
            Ok(detail) => self.succeeded(detail, now),
            Err(error) => vec![Report::Link(self.failed(error, now, random))],
        };
        reports.extend(self.buffer.drain(..).map(|(event, at)| Report::Event(event, at)));
        reports
    }

    fn succeeded(&mut self, detail: Detail, now: Timestamp) -> Vec<Report> {
        self.backoff.healthy(now);
        self.ended = detail.run.status.is_terminal();
        self.freshness = Freshness::Shown;
        let mut reports = Vec::new();
        if !std::mem::replace(&mut self.answered, true) {
            reports.push(Report::Link(LinkState::Live));
        }
        reports.push(Report::Detail(Box::new(detail)));
        reports
    }

    fn failed(&mut self, error: CallError, now: Timestamp, random: f64) -> LinkState {
        self.answered = false;
        let delay = self.backoff.failed(now, random);
        if is_refusal(&error) || error.is_not_found() {
            self.due = Some(clock::later(now, REFUSED));
            return LinkState::Refused(error);
        }
        let next = clock::later(now, delay.max(asked_wait(&error).unwrap_or_default()));
        self.due = Some(next);
        LinkState::Retrying { error, next, attempt: self.backoff.failures() }
    }

    fn earliest(&self, wanted: Timestamp) -> Timestamp {
        self.asked_at.map_or(wanted, |asked| wanted.max(clock::later(asked, self.spacing)))
    }
}

/// Whether an event of this kind changes what only a fetch can tell: context, tasks, summary.
fn changes_context(kind: &EventKind) -> bool {
    match kind {
        EventKind::StepCompleted
        | EventKind::StepFailed
        | EventKind::StepCancelled
        | EventKind::StepUncertain
        | EventKind::GraphUpdated
        | EventKind::ChildWaiting
        | EventKind::HumanTaskCreated
        | EventKind::HumanTaskCompleted
        | EventKind::StateChanged
        | EventKind::RunCompleted
        | EventKind::RunFailed
        | EventKind::RunPaused
        | EventKind::RunStopped
        | EventKind::RunCancelled
        | EventKind::RunRejected => true,
        EventKind::RunStarted
        | EventKind::StepStarted
        | EventKind::StepRetrying
        | EventKind::AgentTurnStatus
        | EventKind::AgentTurnToolRound
        | EventKind::AgentTurnLimitReached
        | EventKind::Unknown(_) => false,
    }
}
