//! The event log: moving, searching, the open payload.

use super::super::{keep_seen, moved};
use super::{EventList, Payload, Reader, RunScreen, Search, Tab};
use crate::app::Action;
use crate::domain::document::json_lines;
use crate::domain::{EventKind, RunEvent};

/// Whether an event holds the text, without regard to case: in its type, its step or its details.
pub fn matches(event: &RunEvent, text: &str) -> bool {
    let text = text.to_lowercase();
    let holds = |part: &str| part.to_lowercase().contains(&text);
    holds(event.kind.as_str())
        || event.step_id().is_some_and(|step| holds(step.as_str()))
        || holds(&event.data.to_string())
}

/// Searches the log for a text, from the selected event on; an empty text ends the search.
pub(super) fn search(list: &mut EventList, events: &[RunEvent], text: &str) {
    list.search = (!text.is_empty()).then(|| Search { text: text.to_owned() });
    let from = list.index.min(events.len().saturating_sub(1));
    let around = (from..events.len()).chain(0..from);
    let mut fits = around.filter(|place| !text.is_empty() && matches(&events[*place], text));
    if let Some(place) = fits.next() {
        list.index = place;
        list.follow = false;
    }
}

/// Goes to the next or previous match; without a search, to an event that tells of a problem.
/// `false` when there is none.
pub(super) fn seek(list: &mut EventList, events: &[RunEvent], action: Action) -> bool {
    let count = events.len();
    let fits = |event: &RunEvent| match &list.search {
        Some(search) => matches(event, &search.text),
        None => is_problem(event),
    };
    let place = |turn: usize| match action {
        Action::PreviousMatch => (list.index + count - turn) % count,
        _ => (list.index + turn) % count,
    };
    let Some(found) = (1..=count).map(place).find(|place| fits(&events[*place])) else { return false };
    list.index = found;
    list.follow = false;
    true
}

/// Moves the selected event.
pub(super) fn motion(list: &mut EventList, action: Action, count: usize, page: usize) {
    let last = count.saturating_sub(1);
    list.index = moved(list.index, action, last, page).unwrap_or(list.index);
    list.follow = false;
}

/// Scrolls the open payload; `false` when none is open, or the action is none of its own.
pub(super) fn in_payload(open: &mut RunScreen, action: Action, page: usize) -> bool {
    let tab = open.tab;
    let Some(payload) = open.events.payload.as_mut().filter(|_| tab == Tab::Events) else { return false };
    match action {
        Action::Back | Action::Open => open.events.payload = None,
        action if payload.text.perform(action, page) => {}
        Action::Left | Action::Right | Action::NextMatch | Action::PreviousMatch | Action::Find => {}
        _ => return false,
    }
    true
}

/// Opens the payload of the selected event.
pub(super) fn open_payload(list: &mut EventList, events: &[RunEvent], columns: usize) {
    list.payload = events.get(list.index).map(|event| Payload {
        event: list.index,
        text: Reader::new(json_lines(&event.data, columns), event.data.to_string().len()),
    });
    list.follow &= list.payload.is_none();
}

/// Keeps the selection within the log and in sight.
pub(super) fn settle(list: &mut EventList, count: usize, height: usize) {
    let last = count.saturating_sub(1);
    list.index = if list.follow { last } else { list.index.min(last) };
    list.offset = keep_seen(list.index, list.offset, height, count);
    if let Some(payload) = &mut list.payload {
        payload.text.settle(height);
    }
}

fn is_problem(event: &RunEvent) -> bool {
    matches!(
        event.kind,
        EventKind::StepFailed
            | EventKind::StepCancelled
            | EventKind::StepRetrying
            | EventKind::StepUncertain
            | EventKind::HumanTaskCreated
            | EventKind::RunFailed
            | EventKind::RunStopped
            | EventKind::RunCancelled
            | EventKind::RunRejected
    ) || event.text("reason") == Some("blocked")
}
