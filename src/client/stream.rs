//! One workflow's event stream as a state machine: Subscribing → Live → Waiting → Subscribing.
//!
//! A stream is a hint and the lists are the truth: whenever it may have missed something, it asks
//! for a relist. Where the server publishes places and its epoch, that is known at once; elsewhere
//! the caller reconciles in turns.

use std::time::Duration;

use super::backoff::Backoff;
use crate::domain::{RunEvent, Timestamp, clock};
use crate::mirror::LinkState;
use crate::wire::{CallError, Frame};

/// How slowly a refusal is asked about again.
pub(super) const REFUSED: Duration = Duration::from_secs(60);
/// How often unreadable frames may cause a relist; the next list may hold the same poison.
const GARBAGE: Duration = Duration::from_secs(30);
/// Oversized frames within this time count together.
const OVERSIZE_WINDOW: Duration = Duration::from_mins(10);
/// After so many of them the stream is left alone for as long as the window.
const OVERSIZE_LIMIT: usize = 3;

/// What the socket of a stream tells.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Heard {
    /// It stands.
    Opened,
    /// A frame came.
    Frame(Frame),
    /// A frame came that cannot be read.
    Garbled,
    /// A frame came that is no text: no server of this API sends any.
    Binary,
    /// A frame came that is larger than any may be; the socket is gone.
    Oversize,
    /// It could not be opened, or is gone.
    Lost(CallError),
}

/// What a stream wants done.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Act {
    /// Open a socket.
    Dial,
    /// Tell of its state.
    Link(LinkState),
    /// Pass an event on.
    Event(RunEvent),
    /// Something may have been missed: read the lists again.
    Relist,
    /// So many frames were passed over so far.
    Skipped(u64),
}

#[derive(Clone, Debug, PartialEq)]
enum Phase {
    Subscribing,
    Live,
    Waiting { until: Timestamp },
}

/// The stream of one workflow.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Stream {
    phase: Phase,
    backoff: Backoff,
    epoch: Option<Box<str>>,
    place: Option<u64>,
    garbage_at: Option<Timestamp>,
    oversize: Vec<Timestamp>,
    /// Frames that could not be read or were no text, over all its sockets.
    skipped: u64,
}

impl Stream {
    /// A stream that wants its socket.
    pub(super) fn open() -> (Self, Vec<Act>) {
        let stream = Self {
            phase: Phase::Subscribing,
            backoff: Backoff::default(),
            epoch: None,
            place: None,
            garbage_at: None,
            oversize: Vec::new(),
            skipped: 0,
        };
        (stream, vec![Act::Link(LinkState::Connecting), Act::Dial])
    }

    /// Takes in what the socket tells; `random` is from 0 to 1.
    pub(super) fn hear(&mut self, heard: Heard, now: Timestamp, random: f64) -> Vec<Act> {
        match heard {
            Heard::Opened => {
                self.phase = Phase::Live;
                self.place = None;
                self.backoff.healthy(now);
                vec![Act::Link(LinkState::Live), Act::Relist]
            }
            Heard::Frame(Frame::Position { epoch, last }) => self.position(epoch, last),
            Heard::Frame(Frame::Event { place, event }) => self.event(place, event),
            Heard::Frame(Frame::Unknown(_)) => Vec::new(),
            Heard::Garbled => self.garbled(now),
            Heard::Binary => vec![self.skip()],
            Heard::Oversize => self.oversize(now, random),
            Heard::Lost(error) => self.lost(error, now, random),
        }
    }

    /// Dials again when the wait is over.
    pub(super) fn tick(&mut self, now: Timestamp) -> Vec<Act> {
        match self.phase {
            Phase::Waiting { until } if until <= now => {
                self.phase = Phase::Subscribing;
                vec![Act::Link(LinkState::Connecting), Act::Dial]
            }
            Phase::Waiting { .. } | Phase::Subscribing | Phase::Live => Vec::new(),
        }
    }

    /// Ends a wait at once.
    pub(super) fn nudge(&mut self, now: Timestamp) {
        if let Phase::Waiting { until } = &mut self.phase {
            *until = now;
        }
    }

    /// When to call [`Stream::tick`].
    pub(super) fn due(&self) -> Option<Timestamp> {
        match self.phase {
            Phase::Waiting { until } => Some(until),
            Phase::Subscribing | Phase::Live => None,
        }
    }

    /// Whether the socket stands.
    pub(super) fn is_live(&self) -> bool {
        self.phase == Phase::Live
    }

    /// Whether whatever it misses would be noticed.
    pub(super) fn tells_gaps(&self) -> bool {
        self.is_live() && self.place.is_some()
    }

    fn position(&mut self, epoch: Box<str>, last: u64) -> Vec<Act> {
        let restored = self.epoch.as_ref().is_some_and(|known| *known != epoch);
        let missed = self.place.is_some_and(|place| place != last);
        self.epoch = Some(epoch);
        self.place = Some(last);
        if restored || missed { vec![Act::Relist] } else { Vec::new() }
    }

    fn event(&mut self, place: Option<u64>, event: RunEvent) -> Vec<Act> {
        let mut acts = vec![Act::Event(event)];
        if let Some(place) = place {
            // One that is late or known already is passed on too: the mirror knows it by its id.
            if self.place.is_some_and(|known| place > known + 1) {
                acts.push(Act::Relist);
            }
            self.place = self.place.max(Some(place));
        }
        acts
    }

    fn garbled(&mut self, now: Timestamp) -> Vec<Act> {
        let mut acts = vec![self.skip()];
        if self.garbage_at.is_none_or(|at| clock::age(at, now) >= GARBAGE) {
            self.garbage_at = Some(now);
            acts.push(Act::Relist);
        }
        acts
    }

    fn skip(&mut self) -> Act {
        self.skipped += 1;
        Act::Skipped(self.skipped)
    }

    fn oversize(&mut self, now: Timestamp, random: f64) -> Vec<Act> {
        self.oversize.retain(|at| clock::age(*at, now) < OVERSIZE_WINDOW);
        self.oversize.push(now);
        let error = CallError::NotTheApi {
            host: "the event stream".into(),
            reason: "a frame larger than any of its frames".into(),
        };
        if self.oversize.len() >= OVERSIZE_LIMIT {
            self.wait(now, OVERSIZE_WINDOW);
            return vec![Act::Link(LinkState::Refused(error))];
        }
        self.retry(error, Duration::ZERO, now, random)
    }

    fn lost(&mut self, error: CallError, now: Timestamp, random: f64) -> Vec<Act> {
        if is_refusal(&error) || error.is_not_found() {
            self.wait(now, REFUSED);
            return vec![Act::Link(LinkState::Refused(error))];
        }
        let asked = asked_wait(&error).unwrap_or_default();
        self.retry(error, asked, now, random)
    }

    fn retry(&mut self, error: CallError, at_least: Duration, now: Timestamp, random: f64) -> Vec<Act> {
        let delay = self.backoff.failed(now, random).max(at_least);
        let next = self.wait(now, delay);
        vec![Act::Link(LinkState::Retrying { error, next, attempt: self.backoff.failures() })]
    }

    fn wait(&mut self, now: Timestamp, delay: Duration) -> Timestamp {
        let until = clock::later(now, delay);
        self.phase = Phase::Waiting { until };
        until
    }
}

/// Whether another try with the same identity is of no use.
pub(super) fn is_refusal(error: &CallError) -> bool {
    matches!(error, CallError::Unauthorized(_) | CallError::Forbidden(_))
}

/// How long the server asks to be left alone.
pub(super) fn asked_wait(error: &CallError) -> Option<Duration> {
    match error {
        CallError::Rejected { retry_after, .. } => *retry_after,
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EventKind;
    use pretty_assertions::assert_eq;
    use serde_json::Value;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    fn event(id: &str) -> RunEvent {
        RunEvent {
            id: id.into(),
            run_id: "r".into(),
            workflow_id: None,
            sequence: None,
            kind: EventKind::StepStarted,
            at: None,
            data: Value::Null,
        }
    }

    fn placed(place: u64, id: &str) -> Heard {
        Heard::Frame(Frame::Event { place: Some(place), event: event(id) })
    }

    fn position(epoch: &str, last: u64) -> Heard {
        Heard::Frame(Frame::Position { epoch: epoch.into(), last })
    }

    fn live() -> Stream {
        let (mut stream, _) = Stream::open();
        stream.hear(Heard::Opened, at(0), 1.0);
        stream
    }

    fn gone() -> CallError {
        CallError::Unreachable { host: "h".into(), reason: "reset".into() }
    }

    #[test]
    fn a_dropped_stream_waits_then_dials_and_relists() {
        let (mut stream, first) = Stream::open();
        assert_eq!(first, [Act::Link(LinkState::Connecting), Act::Dial]);
        let opened = [Act::Link(LinkState::Live), Act::Relist];
        assert_eq!(stream.hear(Heard::Opened, at(0), 1.0), opened);
        let next = clock::later(at(5), Duration::from_millis(500));
        let retrying = LinkState::Retrying { error: gone(), next, attempt: 1 };
        assert_eq!(stream.hear(Heard::Lost(gone()), at(5), 1.0), [Act::Link(retrying)]);
        assert_eq!((stream.tick(at(5)), stream.due()), (vec![], Some(next)));
        assert_eq!(stream.tick(at(6)), [Act::Link(LinkState::Connecting), Act::Dial]);
        assert_eq!(stream.hear(Heard::Opened, at(6), 1.0), opened);
    }

    #[test]
    fn a_missing_place_relists_at_once_and_a_known_one_does_not() {
        let mut stream = live();
        assert_eq!(stream.hear(position("a", 4), at(1), 1.0), []);
        assert_eq!(stream.hear(placed(5, "e5"), at(1), 1.0), [Act::Event(event("e5"))]);
        assert_eq!(stream.hear(placed(7, "e7"), at(1), 1.0), [Act::Event(event("e7")), Act::Relist]);
        assert_eq!(stream.hear(placed(6, "e6"), at(1), 1.0), [Act::Event(event("e6"))]);
        assert_eq!(stream.hear(position("a", 7), at(2), 1.0), []);
        assert_eq!(stream.hear(position("a", 9), at(3), 1.0), [Act::Relist]);
        assert_eq!(stream.hear(position("a", 9), at(4), 1.0), []);
    }

    #[test]
    fn another_epoch_relists_even_across_a_reconnect() {
        let mut stream = live();
        stream.hear(position("a", 4), at(1), 1.0);
        assert_eq!(stream.hear(position("b", 4), at(2), 1.0), [Act::Relist]);
        stream.hear(Heard::Lost(gone()), at(3), 1.0);
        stream.hear(Heard::Opened, at(4), 1.0);
        assert_eq!(stream.hear(position("c", 0), at(4), 1.0), [Act::Relist]);
    }

    #[test]
    fn a_refusal_is_asked_about_slowly_unless_nudged() {
        let refused = CallError::Unauthorized("revoked".into());
        let mut stream = live();
        let acts = stream.hear(Heard::Lost(refused.clone()), at(0), 1.0);
        assert_eq!(acts, [Act::Link(LinkState::Refused(refused))]);
        assert_eq!(stream.tick(at(59)), []);
        stream.nudge(at(59));
        assert_eq!(stream.tick(at(59)), [Act::Link(LinkState::Connecting), Act::Dial]);
    }

    #[test]
    fn the_server_may_ask_for_a_longer_wait() {
        let busy = CallError::Rejected {
            status: 429,
            code: None,
            message: "slow down".into(),
            retry_after: Some(Duration::from_secs(20)),
            details: None,
        };
        let mut stream = live();
        stream.hear(Heard::Lost(busy), at(0), 1.0);
        assert_eq!(stream.due(), Some(at(20)));
    }

    #[test]
    fn poison_frames_relist_at_most_every_half_minute() {
        let mut stream = live();
        let acts: Vec<_> = [0, 1, 29, 30].map(|second| stream.hear(Heard::Garbled, at(second), 1.0)).into();
        let skipped = Act::Skipped;
        assert_eq!(
            acts,
            [
                vec![skipped(1), Act::Relist],
                vec![skipped(2)],
                vec![skipped(3)],
                vec![skipped(4), Act::Relist]
            ]
        );
    }

    #[test]
    fn binary_frames_are_counted_across_reconnects_and_never_relist() {
        let mut stream = live();
        assert_eq!(stream.hear(Heard::Binary, at(1), 1.0), [Act::Skipped(1)]);
        stream.hear(Heard::Lost(gone()), at(2), 1.0);
        stream.hear(Heard::Opened, at(3), 1.0);
        assert_eq!(stream.hear(Heard::Binary, at(4), 1.0), [Act::Skipped(2)]);
    }

    #[test]
    fn the_third_oversized_frame_ends_the_loop() {
        let mut stream = live();
        for second in [0, 60] {
            stream.hear(Heard::Oversize, at(second), 1.0);
            stream.hear(Heard::Opened, at(second + 1), 1.0);
        }
        let acts = stream.hear(Heard::Oversize, at(120), 1.0);
        assert!(matches!(acts.as_slice(), [Act::Link(LinkState::Refused(_))]), "{acts:?}");
        assert_eq!(stream.due(), Some(at(720)));
    }
}
