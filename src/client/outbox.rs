//! What waits for the application to take it.
//!
//! The sockets are read whatever the application does, so that pings are answered. What it does
//! not take waits here: stream events up to a limit, of everything else only the newest.

use std::collections::VecDeque;
use std::mem::discriminant;

use crate::mirror::{Extent, WatchEvent};

/// How many stream events wait at most.
pub(super) const LIMIT: usize = 4_096;

/// Whether all that was put in is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    /// It is.
    All,
    /// The waiting stream events were dropped: the lists must be read again.
    Dropped,
}

/// Reports in order.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    queue: VecDeque<WatchEvent>,
    events: usize,
}

impl Outbox {
    /// Puts in a report.
    pub(super) fn push(&mut self, report: WatchEvent) -> Kept {
        if matches!(report, WatchEvent::Event { .. }) {
            return self.push_event(report);
        }
        self.queue.retain(|waiting| !replaces(&report, waiting));
        self.queue.push_back(report);
        Kept::All
    }

    /// Takes out the oldest report.
    pub(super) fn pop(&mut self) -> Option<WatchEvent> {
        let report = self.queue.pop_front()?;
        if matches!(report, WatchEvent::Event { .. }) {
            self.events -= 1;
        }
        Some(report)
    }

    /// Whether nothing waits.
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    fn push_event(&mut self, event: WatchEvent) -> Kept {
        if self.events >= LIMIT {
            self.queue.retain(|waiting| !matches!(waiting, WatchEvent::Event { .. }));
            self.events = 0;
            return Kept::Dropped;
        }
        self.events += 1;
        self.queue.push_back(event);
        Kept::All
    }
}

/// Whether the newer report makes a waiting one pointless.
fn replaces(newer: &WatchEvent, waiting: &WatchEvent) -> bool {
    match (newer, waiting) {
        // The newest page says nothing about the rest of a whole list.
        (WatchEvent::Runs { extent: newer, .. }, WatchEvent::Runs { extent: waiting, .. }) => {
            *newer == Extent::Whole || *waiting == Extent::Newest
        }
        (WatchEvent::Detail(newer), WatchEvent::Detail(waiting)) => newer.run.id == waiting.run.id,
        (WatchEvent::Link { source: newer, .. }, WatchEvent::Link { source: waiting, .. }) => {
            newer == waiting
        }
        (WatchEvent::Skipped { workflow: newer, .. }, WatchEvent::Skipped { workflow: waiting, .. }) => {
            newer == waiting
        }
        (WatchEvent::Event { .. }, _) | (_, WatchEvent::Event { .. }) => false,
        (newer, waiting) => discriminant(newer) == discriminant(waiting),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EventKind, RunEvent, Timestamp};
    use crate::mirror::{LinkState, Source};
    use pretty_assertions::assert_eq;
    use serde_json::Value;

    const AT: Timestamp = Timestamp::UNIX_EPOCH;

    fn event(id: usize) -> WatchEvent {
        let event = RunEvent {
            id: id.to_string().into(),
            run_id: "r".into(),
            workflow_id: None,
            sequence: None,
            kind: EventKind::StepStarted,
            at: None,
            data: Value::Null,
        };
        WatchEvent::Event { workflow: "w".into(), event, at: AT }
    }

    fn link(state: LinkState) -> WatchEvent {
        WatchEvent::Link { source: Source::Feed, state, at: AT }
    }

    fn runs(extent: Extent, unreadable: usize) -> WatchEvent {
        WatchEvent::Runs { runs: Vec::new(), unreadable, extent, asked_at: AT }
    }

    fn drain(mut outbox: Outbox) -> Vec<WatchEvent> {
        std::iter::from_fn(|| outbox.pop()).collect()
    }

    #[test]
    fn of_states_and_lists_only_the_newest_waits() {
        let mut outbox = Outbox::default();
        let put = [
            link(LinkState::Connecting),
            runs(Extent::Whole, 1),
            event(1),
            runs(Extent::Newest, 2),
            link(LinkState::Live),
            runs(Extent::Newest, 3),
        ];
        for report in put {
            assert_eq!(outbox.push(report), Kept::All);
        }
        let want = [runs(Extent::Whole, 1), event(1), link(LinkState::Live), runs(Extent::Newest, 3)];
        assert_eq!(drain(outbox), want);
    }

    #[test]
    fn too_many_events_are_dropped_and_said_so() {
        let mut outbox = Outbox::default();
        outbox.push(link(LinkState::Live));
        for id in 0..LIMIT {
            assert_eq!(outbox.push(event(id)), Kept::All);
        }
        assert_eq!(outbox.push(event(LIMIT)), Kept::Dropped);
        assert_eq!(drain(outbox), [link(LinkState::Live)]);
    }
}
