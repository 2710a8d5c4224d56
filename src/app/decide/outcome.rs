//! What would come of a decision, in one line. Where the graph is not known, it says less.

use serde_json::Map;

use crate::app::Model;
use crate::domain::consequence::{Consequence, Decided};
use crate::domain::{Progress, RunId, StepId};
use crate::mirror::RunDetail;

/// What follows a decision on a task of a run, as far as the run's graph and log are known.
pub fn consequence(model: &Model, run: &RunId, step: &StepId) -> Option<Consequence> {
    let detail = detail(model, run)?;
    let graph = detail.graph.as_deref()?;
    let decided = Decided { graph, history: &detail.history, context: detail.context.as_ref(), step };
    Some(Consequence::of(decided, &Map::new()))
}

/// What an approval does, in one line; what is not known is not told.
pub fn approval(found: Option<&Consequence>) -> String {
    found.map_or_else(|| "the run goes on".to_owned(), Consequence::approval)
}

/// What a rejection does, in one line.
pub fn rejection(found: Option<&Consequence>) -> String {
    found.map_or_else(|| "the branch stops".to_owned(), Consequence::rejection)
}

/// What a pause does.
pub(super) fn pause(model: &Model, run: &RunId) -> String {
    match progress(model, run).in_flight {
        0 => "nothing new starts".to_owned(),
        count => format!("{} finish{}, nothing new starts", steps(count), if count == 1 { "es" } else { "" }),
    }
}

/// What a resume does.
pub(super) fn resume(model: &Model, run: &RunId) -> String {
    match not_started(&progress(model, run)) {
        None => "the run goes on where it was held".to_owned(),
        Some(count) => format!("the run goes on; {} left to start", steps(count)),
    }
}

/// What a graceful stop does.
pub(super) fn stop_gracefully(model: &Model, run: &RunId) -> String {
    let progress = progress(model, run);
    let finish = match progress.in_flight {
        0 => "no step is in flight".to_owned(),
        1 => "1 step finishes".to_owned(),
        count => format!("{count} steps finish"),
    };
    match not_started(&progress) {
        None => format!("{finish}, nothing new starts"),
        Some(1) => format!("{finish}, 1 never starts"),
        Some(count) => format!("{finish}, {count} never start"),
    }
}

/// What an immediate stop does.
pub(super) fn stop_now(model: &Model, run: &RunId) -> String {
    match progress(model, run).in_flight {
        0 => "no step is in flight; nothing new starts".to_owned(),
        1 => "1 step is cancelled now".to_owned(),
        count => format!("{count} steps are cancelled now"),
    }
}

fn detail<'a>(model: &'a Model, run: &RunId) -> Option<&'a RunDetail> {
    model.mirror.detail(run)
}

/// From the log where it is known, else as the feed lists it.
fn progress(model: &Model, run: &RunId) -> Progress {
    match detail(model, run) {
        Some(detail) if !detail.history.events().is_empty() => {
            detail.history.progress(detail.graph.as_deref())
        }
        _ => model.mirror.run(run).map(|run| run.progress.clone()).unwrap_or_default(),
    }
}

fn not_started(progress: &Progress) -> Option<u32> {
    (progress.total > 0).then(|| progress.total.saturating_sub(progress.done + progress.in_flight))
}

fn steps(count: u32) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}
