//! A moment of a run's past: the log up to one event, and everything as it was then.

use super::{RunScreen, Tab};
use crate::app::Action;
use crate::domain::{EventId, RunEvent, RunHistory, Timestamp};
use crate::mirror::RunDetail;

/// What is shown instead of the present.
#[derive(Clone, Debug, PartialEq)]
pub struct Moment {
    /// How many events had happened; at least one.
    pub shown: usize,
    /// The last of them.
    last: EventId,
    /// The log up to that event, folded.
    pub history: RunHistory,
}

impl Moment {
    /// The moment right after the event at `shown - 1`; none for the present, and in an empty log.
    fn at(shown: usize, log: &[RunEvent]) -> Option<Box<Self>> {
        let last = log.get(shown.checked_sub(1)?).filter(|_| shown < log.len())?;
        let history = RunHistory::from_events(log[..shown].iter().cloned());
        Some(Box::new(Self { shown, last: last.id.clone(), history }))
    }

    /// When its last event happened.
    pub fn time(&self) -> Option<Timestamp> {
        self.history.events().last().and_then(|event| event.at)
    }
}

impl RunScreen {
    /// The history that is shown: as far as the moment that is looked at, else all of it.
    pub fn history<'a>(&'a self, detail: &'a RunDetail) -> &'a RunHistory {
        self.moment.as_ref().map_or(&detail.history, |moment| &moment.history)
    }
}

/// Goes one event back or forward; `false` at the beginning and in the present.
pub(super) fn step(open: &mut RunScreen, detail: &RunDetail, action: Action) -> bool {
    let log = detail.history.events();
    let shown = match &open.moment {
        Some(moment) => moment.shown,
        // What is selected in the log is where one looks from.
        None if open.tab == Tab::Events && !open.events.follow => open.events.index + 2,
        None => log.len(),
    };
    let shown = shown.min(log.len());
    match (action, &mut open.moment) {
        (Action::Later, None) => return false,
        (Action::Later, Some(moment)) if shown + 1 < log.len() => {
            // The next event is all that is new.
            let event = log[shown].clone();
            moment.last = event.id.clone();
            moment.history.apply(event);
            moment.shown = shown + 1;
        }
        (Action::Later, moment) => *moment = None,
        (_, _) if shown <= 1 => return false,
        (_, moment) => *moment = Moment::at(shown - 1, log),
    }
    look_at_the_end(open);
    true
}

/// Returns to the present; `false` when that is what is shown.
pub(super) fn leave(open: &mut RunScreen) -> bool {
    let left = open.moment.take().is_some();
    if left {
        look_at_the_end(open);
    }
    left
}

/// Keeps to the same moment when late events found their place before it, or the log is another.
pub(super) fn settle(open: &mut RunScreen, log: &[RunEvent]) {
    let Some(moment) = &open.moment else { return };
    if log.get(moment.shown - 1).is_some_and(|event| event.id == moment.last) && moment.shown < log.len() {
        return;
    }
    let place = log.iter().rposition(|event| event.id == moment.last);
    open.moment = place.and_then(|place| Moment::at(place + 1, log));
}

/// Canvas and log show what has just happened.
fn look_at_the_end(open: &mut RunScreen) {
    open.events.follow = true;
    open.events.payload = None;
    open.canvas.follow = true;
    open.timeline.selected = None;
}
