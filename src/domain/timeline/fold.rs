//! From events to tracks.

use std::collections::HashMap;

use serde_json::Value;

use super::{Bar, Doing, Track, TrackKind};
use crate::domain::{EventId, EventKind, RunEvent, StepId, StepStatus, Timestamp};

/// One step, in one iteration of the loop around it.
type Key = (StepId, Option<u64>);

/// A run over time, as far as its events go.
///
/// The fold is total: events without an instant say nothing about time and are passed over, an end
/// without a beginning is a bar without length, a beginning without an end lasts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Timeline {
    tracks: Vec<Track>,
    places: HashMap<StepId, usize>,
    /// The bar that lasts, as its track and its place in it.
    open: HashMap<Key, (usize, usize)>,
    /// The agent's activity that lasts, by its step.
    active: HashMap<StepId, usize>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// When the run ended.
    ended: Option<Timestamp>,
    folded: usize,
    last: Option<EventId>,
}

impl Timeline {
    /// Brings the timeline to what a log says: folds what is new at its end, and everything anew
    /// where the log has changed before that.
    pub fn follow(&mut self, events: &[RunEvent]) {
        let known = self.folded.checked_sub(1).and_then(|last| events.get(last));
        let grown = self.folded == 0 || known.is_some_and(|event| Some(&event.id) == self.last.as_ref());
        if !grown {
            *self = Self::default();
        }
        for event in &events[self.folded.min(events.len())..] {
            self.fold(event);
        }
        self.folded = events.len();
        self.last = events.last().map(|event| event.id.clone());
    }

    /// The tracks: each step in order of first mention, followed by what belongs inside of it.
    pub fn tracks(&self) -> &[Track] {
        &self.tracks
    }

    /// The track of a step.
    pub fn track(&self, step: &StepId) -> Option<&Track> {
        self.places.get(step).map(|place| &self.tracks[*place])
    }

    /// The first instant of the log.
    pub fn from(&self) -> Option<Timestamp> {
        self.from
    }

    /// The last instant of the log.
    pub fn to(&self) -> Option<Timestamp> {
        self.to
    }

    /// Ends what lasts with the run, where the log itself does not say when that ended. It stays open
    /// for a late event that tells how.
    pub fn leave(&mut self, at: Timestamp) {
        self.ended = Some(at);
        let activities = self.active.drain().filter_map(|(_, place)| {
            let last = self.tracks[place].bars.len().checked_sub(1)?;
            Some((place, last))
        });
        for (track, bar) in activities.chain(self.open.values().copied()).collect::<Vec<_>>() {
            let bar = &mut self.tracks[track].bars[bar];
            bar.to = Some(at.max(bar.from));
            bar.doing = Doing::Unended;
        }
    }

    fn fold(&mut self, event: &RunEvent) {
        let Some(at) = event.at else { return };
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
        self.to = Some(self.to.map_or(at, |to| to.max(at)));
        if event.ends_run() {
            return self.leave(at);
        }
        let Some(step) = event.step_id() else { return };
        match &event.kind {
            EventKind::AgentTurnStatus => self.activity(step, at, phase(event), Doing::Running),
            EventKind::AgentTurnToolRound => self.activity(step, at, round(event), Doing::Running),
            EventKind::AgentTurnLimitReached => self.activity(step, at, limit(event), Doing::Limit),
            _ => self.step(step, event, at),
        }
        if let Some(end) = self.ended {
            self.leave(end);
        }
    }

    fn step(&mut self, step: StepId, event: &RunEvent, at: Timestamp) {
        let Some(status) = event.step_status() else { return };
        let key = (step, event.data.get("iteration").and_then(Value::as_u64));
        match status {
            StepStatus::Running => self.turn(&key, at, Doing::Running),
            StepStatus::Waiting => self.turn(&key, at, Doing::Waiting),
            StepStatus::Retrying => {
                self.end(&key, at, Doing::Failed);
                self.turn(&key, at, Doing::BetweenAttempts);
            }
            StepStatus::Completed => self.end(&key, at, Doing::Succeeded),
            StepStatus::Failed => self.end(&key, at, Doing::Failed),
            StepStatus::Cancelled => self.end(&key, at, Doing::Cancelled),
            StepStatus::Skipped(_) => self.end(&key, at, Doing::Skipped),
            StepStatus::Pending | StepStatus::Unended => {}
        }
    }

    /// What the step was at is over, something else begins.
    fn turn(&mut self, key: &Key, at: Timestamp, doing: Doing) {
        if let Some((track, bar)) = self.open.remove(key) {
            let bar = &mut self.tracks[track].bars[bar];
            bar.to = Some(at);
            // A person's answer, or the next attempt, ends it; it came to nothing of its own.
            if bar.doing == Doing::Running && doing == Doing::Running {
                bar.doing = Doing::Failed;
            }
        }
        let track = self.place(&key.0);
        let bars = &mut self.tracks[track].bars;
        bars.push(Bar { from: at, to: None, doing, iteration: key.1 });
        self.open.insert(key.clone(), (track, bars.len() - 1));
    }

    fn end(&mut self, key: &Key, at: Timestamp, doing: Doing) {
        self.rest(&key.0, at);
        match self.open.remove(key) {
            Some((track, bar)) => {
                let bar = &mut self.tracks[track].bars[bar];
                bar.to = Some(at);
                if matches!(bar.doing, Doing::Running | Doing::Unended) || doing != Doing::Succeeded {
                    bar.doing = doing;
                }
            }
            None => {
                let track = self.place(&key.0);
                self.tracks[track].bars.push(Bar { from: at, to: Some(at), doing, iteration: key.1 });
            }
        }
    }

    /// An agent's activity lasts until its next one.
    fn activity(&mut self, step: StepId, at: Timestamp, label: Box<str>, doing: Doing) {
        self.place(&step);
        self.rest(&step, at);
        let bar = Bar { from: at, to: None, doing, iteration: None };
        let place = self.insert(Track { step: step.clone(), kind: TrackKind::Round, label, bars: vec![bar] });
        self.active.insert(step, place);
    }

    /// Ends the activity of a step's agent.
    fn rest(&mut self, step: &StepId, at: Timestamp) {
        let Some(place) = self.active.remove(step) else { return };
        if let Some(bar) = self.tracks[place].bars.last_mut() {
            bar.to = Some(at);
            if bar.doing == Doing::Running {
                bar.doing = Doing::Succeeded;
            }
        }
    }

    /// The track of a step, which it gets when it is first mentioned.
    fn place(&mut self, step: &StepId) -> usize {
        if let Some(place) = self.places.get(step) {
            return *place;
        }
        let kind = if step.parent().is_some() { TrackKind::Inner } else { TrackKind::Step };
        let place = self.insert(Track { step: step.clone(), kind, label: "".into(), bars: Vec::new() });
        self.places.insert(step.clone(), place);
        place
    }

    /// Puts a track behind what belongs to the same step, and moves the places after it.
    fn insert(&mut self, track: Track) -> usize {
        let family = root(&track.step);
        let last = self.tracks.iter().rposition(|known| root(&known.step) == family);
        let place = match track.kind {
            TrackKind::Step => self.tracks.len(),
            TrackKind::Round => {
                let own = self.tracks.iter().rposition(|known| known.step == track.step);
                own.or(last).map_or(self.tracks.len(), |at| at + 1)
            }
            TrackKind::Inner => last.map_or(self.tracks.len(), |at| at + 1),
        };
        self.tracks.insert(place, track);
        if place + 1 < self.tracks.len() {
            let moved = |known: &mut usize| *known += usize::from(*known >= place);
            self.places.values_mut().for_each(moved);
            self.active.values_mut().for_each(moved);
            self.open.values_mut().for_each(|(known, _)| moved(known));
        }
        place
    }
}

/// The step of the graph that a step belongs to.
fn root(step: &StepId) -> &str {
    step.as_str().split_once('#').map_or(step.as_str(), |(parent, _)| parent)
}

fn text<'e>(event: &'e RunEvent, fields: &[&str]) -> Option<&'e str> {
    fields.iter().find_map(|field| event.text(field)).filter(|text| !text.is_empty())
}

fn phase(event: &RunEvent) -> Box<str> {
    match (text(event, &["phase"]), text(event, &["message"])) {
        (Some(phase), Some(message)) => format!("{phase}: {message}").into(),
        (Some(only), None) | (None, Some(only)) => only.into(),
        (None, None) => "at work".into(),
    }
}

fn round(event: &RunEvent) -> Box<str> {
    let number = event.data.get("round").and_then(Value::as_u64);
    let number = number.map_or_else(|| "Round".to_owned(), |number| format!("Round {number}"));
    match text(event, &["tool", "tool_name"]) {
        Some(tool) => format!("{number} · {tool}").into(),
        None => number.into(),
    }
}

fn limit(event: &RunEvent) -> Box<str> {
    text(event, &["message"]).unwrap_or("round limit reached").into()
}
