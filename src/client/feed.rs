//! When to ask for which list.

use std::time::Duration;

use super::backoff::Backoff;
use super::stream::{REFUSED, asked_wait, is_refusal};
use crate::domain::{Timestamp, clock};
use crate::mirror::LinkState;
use crate::wire::CallError;

/// How often the newest runs and the tasks are asked for while something is going on.
const BUSY: Duration = Duration::from_secs(3);
/// How often otherwise, and how often all runs are.
const IDLE: Duration = Duration::from_secs(30);
/// How often the workflows are.
const WORKFLOWS: Duration = Duration::from_secs(60);
/// How often the credits are.
const CREDITS: Duration = Duration::from_secs(60);
/// The same list is asked for no more often than this, whoever wants it.
const SPACING: Duration = Duration::from_secs(1);
/// However long a list takes: it may be the machine that slept, and not the server that was slow.
const SLOWEST: Duration = Duration::from_secs(60);
/// How long to leave a throttling server alone that does not say.
const THROTTLED: Duration = Duration::from_secs(5);

/// A list of the feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum List {
    /// The first page of the runs.
    Newest,
    /// All runs.
    Whole,
    /// The inbox.
    Tasks,
    /// The workflows.
    Workflows,
    /// What is left of the credits.
    Credits,
}

impl List {
    /// In the order of asking: what waits for a person comes first.
    const ALL: [Self; 5] = [Self::Tasks, Self::Newest, Self::Whole, Self::Workflows, Self::Credits];

    /// Whether the feed is well without it: names, drafts and credits may be out of reach.
    fn is_optional(self) -> bool {
        matches!(self, Self::Workflows | Self::Credits)
    }
}

/// One list's turn.
#[derive(Clone, Debug, PartialEq)]
struct Turn {
    list: List,
    due: Timestamp,
    asked_at: Option<Timestamp>,
    spacing: Duration,
    flying: bool,
    /// Wanted again while it is being asked for.
    again: Option<Timestamp>,
    backoff: Backoff,
    error: Option<CallError>,
}

/// The turns of all lists.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Feed {
    turns: Vec<Turn>,
    busy: bool,
    /// Nothing is asked before this: the server throttles.
    hold: Option<Timestamp>,
    live: bool,
}

impl Feed {
    /// All lists are due at once.
    pub(super) fn new(now: Timestamp) -> Self {
        let turn = |list| Turn {
            list,
            due: now,
            asked_at: None,
            spacing: SPACING,
            flying: false,
            again: None,
            backoff: Backoff::default(),
            error: None,
        };
        Self { turns: List::ALL.map(turn).into(), busy: false, hold: None, live: false }
    }

    /// Whether something is going on that a person waits for.
    pub(super) fn set_busy(&mut self, busy: bool) {
        if busy == self.busy {
            return;
        }
        self.busy = busy;
        if !busy {
            return;
        }
        for turn in self.turns.iter_mut().filter(|turn| turn.error.is_none()) {
            if let (List::Newest | List::Tasks, Some(asked)) = (turn.list, turn.asked_at) {
                turn.due = turn.due.min(clock::later(asked, BUSY));
            }
        }
    }

    /// The person wants the feed now; a refusal is asked about again.
    pub(super) fn refetch(&mut self, now: Timestamp) {
        for turn in &mut self.turns {
            if matches!(turn.list, List::Newest | List::Tasks) || turn.error.is_some() {
                turn.want(now);
            }
        }
    }

    /// The clock leapt: how long lists took cannot be told from it.
    pub(super) fn woke(&mut self) {
        for turn in &mut self.turns {
            turn.spacing = SPACING;
        }
    }

    /// Something may have been missed. Lists that fail keep their wait.
    pub(super) fn relist(&mut self, now: Timestamp) {
        for turn in self.turns.iter_mut().filter(|turn| turn.error.is_none()) {
            if matches!(turn.list, List::Whole | List::Tasks) {
                turn.want(now);
            }
        }
    }

    /// The lists to ask for now; the caller then must.
    pub(super) fn asks(&mut self, now: Timestamp) -> Vec<List> {
        if self.hold.is_some_and(|hold| hold > now) {
            return Vec::new();
        }
        self.hold = None;
        let due = self.turns.iter_mut().filter(|turn| !turn.flying && turn.due <= now);
        due.map(|turn| {
            turn.flying = true;
            turn.asked_at = Some(now);
            turn.list
        })
        .collect()
    }

    /// When to call [`Feed::asks`].
    pub(super) fn due(&self) -> Option<Timestamp> {
        let due = self.turns.iter().filter(|turn| !turn.flying).map(|turn| turn.due).min()?;
        Some(self.hold.map_or(due, |hold| due.max(hold)))
    }

    /// Takes in how a list was answered; tells of a change of the feed's state.
    pub(super) fn answered(
        &mut self,
        list: List,
        error: Option<CallError>,
        now: Timestamp,
        random: f64,
    ) -> Option<LinkState> {
        let busy = self.busy;
        let turn = self.turns.iter_mut().find(|turn| turn.list == list)?;
        turn.flying = false;
        // A list of many pages must not keep the server busy all the time.
        let took = turn.asked_at.map_or(Duration::ZERO, |asked| clock::age(asked, now));
        turn.spacing = (took * 3).clamp(SPACING, SLOWEST);
        let Some(error) = error else {
            turn.succeeded(busy, now);
            return self.healed();
        };
        let delay = turn.backoff.failed(now, random);
        let attempt = turn.backoff.failures();
        turn.error = Some(error.clone());
        let state = if is_refusal(&error) {
            self.refused(list, &error, now);
            LinkState::Refused(error)
        } else {
            let next = self.postponed(list, &error, delay, now);
            LinkState::Retrying { error, next, attempt }
        };
        if list.is_optional() {
            return None;
        }
        self.live = false;
        Some(state)
    }

    fn healed(&mut self) -> Option<LinkState> {
        let counts = |turn: &&Turn| !turn.list.is_optional();
        let first = !self.live && self.turns.iter().filter(counts).all(|turn| turn.error.is_none());
        self.live |= first;
        first.then_some(LinkState::Live)
    }

    /// An unknown identity is refused everywhere, a missing right only here.
    fn refused(&mut self, list: List, error: &CallError, now: Timestamp) {
        let until = clock::later(now, REFUSED);
        let everywhere = matches!(error, CallError::Unauthorized(_));
        for turn in self.turns.iter_mut().filter(|turn| everywhere || turn.list == list) {
            // What was wanted while the refused question was on its way is still wanted.
            turn.due = turn.again.take().unwrap_or_else(|| turn.due.max(until));
        }
    }

    fn postponed(&mut self, list: List, error: &CallError, delay: Duration, now: Timestamp) -> Timestamp {
        let throttled = matches!(error, CallError::Rejected { status: 429, .. });
        let asked = asked_wait(error).or(throttled.then_some(THROTTLED));
        // What a server does not have, it does not get in a second either.
        let lacks = !throttled
            && list.is_optional()
            && matches!(error, CallError::Rejected { status: 400..=499, .. });
        let rest = if lacks { REFUSED } else { Duration::ZERO };
        let next = clock::later(now, delay.max(asked.unwrap_or_default()).max(rest));
        if throttled {
            self.hold = self.hold.max(Some(next));
        }
        for turn in self.turns.iter_mut().filter(|turn| turn.list == list) {
            turn.due = next;
            turn.again = None;
        }
        next
    }
}

impl Turn {
    fn want(&mut self, now: Timestamp) {
        let soon = self.asked_at.map_or(now, |asked| now.max(clock::later(asked, self.spacing)));
        if self.flying {
            self.again = Some(soon);
        } else {
            self.due = soon;
        }
    }

    fn succeeded(&mut self, busy: bool, now: Timestamp) {
        self.error = None;
        self.backoff.healthy(now);
        let interval = match self.list {
            List::Newest | List::Tasks if busy => BUSY,
            List::Newest | List::Tasks => IDLE,
            List::Whole => IDLE.max(self.spacing * 3),
            List::Workflows => WORKFLOWS,
            List::Credits => CREDITS,
        };
        let again = self.again.take().zip(self.asked_at);
        self.due = match again {
            Some((wanted, asked)) => wanted.max(clock::later(asked, self.spacing)),
            None => clock::later(now, interval),
        };
    }
}
