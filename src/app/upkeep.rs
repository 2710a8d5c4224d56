//! What follows every message: what shall be watched, and when to wake up.
//!
//! A stream may bring far more events than a person can see, so what costs a walk over all runs
//! (the filter's matches, the workflows worth a stream) is put off to at most ten times a second.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::time::Duration;

use super::effect::Wanted;
use super::freshness::{is_busy, tells_at, turns_stale_at};
use super::model::Screen;
use super::panes::{Tab, derive_failed, derive_matches, follow_up, settle_home};
use super::{Effect, Model, decide, reruns};
use crate::domain::clock::later;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::mirror::Section;

/// How many workflows are watched at most; each costs a socket.
const STREAMS: usize = 16;
/// The least time between two walks over all runs.
const PAUSE: Duration = Duration::from_millis(100);
/// Ages on the screen change this often.
const AGES: Duration = Duration::from_secs(1);

/// What was put off, and what was asked for already.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upkeep {
    /// Runs came, went or changed their section since the last walk over all of them.
    pub(super) moved: bool,
    /// There was a walk since the watched set was made.
    pub(super) walked: bool,
    /// When the last walk was.
    pub(super) walked_at: Option<Timestamp>,
    /// The workflows that it found worth a stream, most wanted first.
    pub(super) live: Vec<WorkflowId>,
    /// The wake-up that is on its way.
    pub(super) wake: Option<Timestamp>,
    /// When quitting was asked for with decisions not sent: asked again, it quits.
    pub(super) quit_asked_at: Option<Timestamp>,
}

/// Does what follows a message, and adds the orders that come of it.
pub(super) fn after(model: &mut Model, now: Timestamp, effects: &mut Vec<Effect>) {
    model.drop_old_toasts(now);
    // Failures leave their section by themselves, a day later.
    model.upkeep.moved |= model.home.failures != model.mirror.len(Section::FailedRecently, now);
    walk_if_due(model, now);
    effects.extend(reruns::follow_up(model, now));
    let focus = focus(model);
    let busy = is_busy(model, now) || model.reruns.is_going();
    let unheard = model.reruns.workflow().is_some_and(|workflow| !model.watching.streams.contains(workflow));
    if model.upkeep.walked || unheard || focus != model.watching.focus || busy != model.watching.busy {
        model.upkeep.walked = false;
        let first = focus.as_ref().map(|(workflow, _)| workflow).into_iter().chain(model.reruns.workflow());
        let streams = streams(&model.upkeep.live, first);
        watch(model, Wanted { streams, focus, busy }, effects);
    }
    if diagnoses(model) {
        effects.extend(follow_up(model, now));
    }
    wake(model, now, effects);
}

/// Whether the diagnosis of a run is on the screen.
fn diagnoses(model: &Model) -> bool {
    model.screen == Screen::Run && model.run.as_ref().is_some_and(|open| open.tab == Tab::Diagnosis)
}

/// When its findings are to be derived again; those of a run whose log has not come are when it comes.
fn diagnosed_at(model: &Model) -> Option<Timestamp> {
    let open = model.run.as_ref().filter(|_| diagnoses(model))?;
    model.mirror.detail(&open.run)?;
    let live = model.mirror.run(&open.run).is_some_and(|run| !run.status.is_terminal());
    open.diagnosis.due(live)
}

fn watch(model: &mut Model, wanted: Wanted, effects: &mut Vec<Effect>) {
    if wanted != model.watching {
        model.watching = wanted.clone();
        effects.push(Effect::Watch(wanted));
    }
}

fn walk_if_due(model: &mut Model, now: Timestamp) {
    let rested = model.upkeep.walked_at.is_none_or(|at| later(at, PAUSE) <= now || at > now);
    if !model.upkeep.moved || !rested {
        return;
    }
    model.upkeep.moved = false;
    model.upkeep.walked = true;
    model.upkeep.walked_at = Some(now);
    model.upkeep.live = live(model, now);
    derive_failed(model, now);
    if !model.home.filter.is_empty() {
        derive_matches(model, now);
    }
    settle_home(model, now);
}

/// The workflows of draining runs, then of running ones, then of tasks; what room is left goes to
/// quiet ones, so that a run that starts there shows at once and not with the next slow poll.
fn live(model: &Model, now: Timestamp) -> Vec<WorkflowId> {
    let mirror = &model.mirror;
    let runs = [Section::StoppingGracefully, Section::RunningNow].into_iter().flat_map(|section| {
        (0..mirror.len(section, now)).filter_map(move |place| mirror.run_at(section, place))
    });
    let workflows = runs
        .map(|run| &run.workflow_id)
        .chain(mirror.tasks().iter().map(|task| &task.workflow_id))
        .chain(quiet(model))
        .filter(|workflow| !workflow.as_str().is_empty());
    let mut seen = HashSet::new();
    workflows.filter(|workflow| seen.insert((*workflow).clone())).take(STREAMS).cloned().collect()
}

/// The workflows that can start a run, the one that changed last first.
fn quiet(model: &Model) -> impl Iterator<Item = &WorkflowId> {
    let mut workflows: Vec<_> =
        model.mirror.workflows().filter(|workflow| &*workflow.status != "archived").collect();
    workflows.sort_by_key(|workflow| Reverse(workflow.updated_at));
    workflows.into_iter().map(|workflow| &workflow.id)
}

fn streams<'a>(live: &'a [WorkflowId], first: impl Iterator<Item = &'a WorkflowId>) -> Vec<WorkflowId> {
    let mut seen = HashSet::new();
    first.chain(live).filter(|workflow| seen.insert(*workflow)).take(STREAMS).cloned().collect()
}

/// The run that is looked at: the open one, or the selected one.
fn focus(model: &Model) -> Option<(WorkflowId, RunId)> {
    match model.screen {
        Screen::Run => model.run.as_ref().map(|open| (open.workflow.clone(), open.run.clone())),
        Screen::Home => {
            let run = model.home.selected()?.run();
            Some((decide::workflow_of(model, run)?, run.clone()))
        }
    }
}

/// Asks for the next wake-up, unless one that is as early is on its way.
fn wake(model: &mut Model, now: Timestamp, effects: &mut Vec<Effect>) {
    let toast = model.toasts.iter().map(|toast| toast.until).min();
    let walk = model.upkeep.walked_at.filter(|_| model.upkeep.moved).map(|at| later(at, PAUSE));
    let alive = is_busy(model, now) || model.pending.iter().next().is_some();
    let ages = alive.then(|| later(now, AGES));
    let stale = turns_stale_at(model, now);
    let times =
        [toast, walk, ages, model.pending.next_due(), stale, tells_at(model, now), diagnosed_at(model)];
    let Some(next) = times.into_iter().flatten().min() else { return };
    if model.upkeep.wake.is_none_or(|asked| asked <= now || next < asked) {
        model.upkeep.wake = Some(next);
        effects.push(Effect::Wake(next));
    }
}
