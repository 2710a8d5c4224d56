//! Reports of the client port: folds them, and derives again only what they touched.

use crate::app::panes::{derive_failed, derive_inbox, settle_home, settle_run};
use crate::app::{Effect, Model};
use crate::domain::{EventId, Run, RunClass, RunId, Timestamp};
use crate::mirror::WatchEvent;

/// Folds a report.
pub(super) fn fold(model: &mut Model, event: &WatchEvent, now: Timestamp) -> Vec<Effect> {
    let place = match event {
        WatchEvent::Event { event, .. } => Some(place(model.mirror.run(&event.run_id))),
        _ => None,
    };
    let under = is_open(model, event).then(|| under_cursor(model));
    let change = model.mirror.apply(event);
    let moved = match (event, place) {
        (WatchEvent::Event { event, .. }, Some(before)) => {
            before != self::place(model.mirror.run(&event.run_id))
        }
        _ => change.runs || change.tasks,
    };
    if change.tasks || (change.runs && inbox_shows_runs(model, event)) {
        derive_inbox(model);
    }
    if matches!(event, WatchEvent::Runs { .. }) {
        // Lists come seldom, and a section that seems empty would be a lie.
        derive_failed(model, now);
    }
    model.upkeep.moved |= moved || change.tasks || (change.runs && !model.home.filter.is_empty());
    if change.tasks || moved {
        settle_home(model, now);
    }
    if let Some(under) = under.filter(|_| change.detail) {
        stay_on_event(model, under);
        settle_run(model);
        if let Some(open) = &mut model.run {
            open.diagnosis.touch();
        }
    }
    if change.ask_feed { vec![Effect::Refetch] } else { Vec::new() }
}

/// What decides in which section a run stands, and where.
fn place(run: Option<&Run>) -> Option<(RunClass, Option<Timestamp>, Option<Timestamp>)> {
    let run = run?;
    let class = run.status.class();
    let at = if class == RunClass::Failed { run.over_at() } else { None };
    Some((class, run.started_at, at))
}

/// Whether the inbox's words come from runs or workflows, and not from the tasks alone.
fn inbox_shows_runs(model: &Model, event: &WatchEvent) -> bool {
    let tasks = model.mirror.tasks();
    let listed = !matches!(event, WatchEvent::Event { .. });
    listed
        && !tasks.is_empty()
        && (!model.home.filter.is_empty() || tasks.iter().any(|task| task.workflow_name.is_none()))
}

fn is_open(model: &Model, event: &WatchEvent) -> bool {
    let of: &RunId = match event {
        WatchEvent::Event { event, .. } => &event.run_id,
        WatchEvent::Detail(detail) => &detail.run.id,
        _ => return false,
    };
    model.run.as_ref().is_some_and(|open| open.run == *of)
}

/// The events that the cursor and the open payload are on.
struct Under {
    selected: Option<EventId>,
    payload: Option<EventId>,
}

fn under_cursor(model: &Model) -> Under {
    let open = model.run.as_ref();
    let log = open.and_then(|open| model.mirror.detail(&open.run)).map(|detail| detail.history.events());
    let at = |place: Option<usize>| log?.get(place?).map(|event| event.id.clone());
    Under {
        selected: at(open.map(|open| open.events.index)),
        payload: at(open.and_then(|open| open.events.payload.as_ref()).map(|payload| payload.event)),
    }
}

/// A late event finds its place in the middle of the log; what is looked at stays the same.
fn stay_on_event(model: &mut Model, under: Under) {
    let Some(open) = &mut model.run else { return };
    let Some(detail) = model.mirror.detail(&open.run) else { return };
    let log = detail.history.events();
    let find = |id: Option<EventId>, at: usize| {
        let id = id.filter(|id| !id.as_str().is_empty())?;
        if log.get(at).is_some_and(|event| event.id == id) {
            return Some(at);
        }
        log.iter().position(|event| event.id == id)
    };
    open.events.index = find(under.selected, open.events.index).unwrap_or(open.events.index);
    if let Some(payload) = &mut open.events.payload {
        let named = under.payload.as_ref().is_some_and(|id| !id.as_str().is_empty());
        match find(under.payload, payload.event) {
            Some(place) => payload.event = place,
            // A restored server has lost it; another event's payload would be taken for it.
            None if named => open.events.payload = None,
            None => {}
        }
    }
}
