//! What would come of a decision, in one line. Where the graph is not known, it says less.

use super::Aim;
use crate::app::Model;
use crate::domain::{Graph, Progress, RunId, StepId, StepKind, StepSpec, StepStatus};
use crate::mirror::RunDetail;

/// How many steps are named before the rest is counted.
const NAMED: usize = 3;

/// What comes next when the task is approved.
pub(super) fn approve(model: &Model, aim: &Aim<'_>) -> String {
    let (Some(task), Some(graph)) = (aim.task, graph(model, aim.run)) else {
        return "the run goes on".to_owned();
    };
    let dependants = graph.dependants();
    let next = dependants.get(&task.step_id).map_or(&[][..], Vec::as_slice);
    let mut words: Vec<String> = next.iter().filter_map(|id| graph.step(id)).take(NAMED).map(does).collect();
    match next.len().checked_sub(NAMED) {
        _ if next.is_empty() => return "the step ends; no step waits for it".to_owned(),
        None | Some(0) => {}
        Some(more) => words.push(format!("{more} more")),
    }
    format!("then {}", words.join(", "))
}

/// What never runs when the task is rejected.
pub(super) fn reject(model: &Model, aim: &Aim<'_>) -> String {
    let (Some(task), Some(graph)) = (aim.task, graph(model, aim.run)) else {
        return "the branch stops".to_owned();
    };
    let ended = |id: &StepId| status(model, aim.run, id).is_some_and(StepStatus::is_terminal);
    let lost: Vec<StepId> = graph.downstream(&task.step_id).into_iter().filter(|id| !ended(id)).collect();
    match lost.as_slice() {
        [] => "the branch stops; no step follows it".to_owned(),
        [only] => format!("the branch stops; {only} never runs"),
        more => format!("the branch stops; {} steps never run", more.len()),
    }
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

fn does(step: &StepSpec) -> String {
    let tool = step.text("tool_name").filter(|_| step.kind == StepKind::McpCall);
    format!("{} → {}", step.id, tool.unwrap_or_else(|| step.kind.as_str()))
}

fn detail<'a>(model: &'a Model, run: &RunId) -> Option<&'a RunDetail> {
    model.mirror.detail(run)
}

fn graph<'a>(model: &'a Model, run: &RunId) -> Option<&'a Graph> {
    detail(model, run)?.graph.as_deref()
}

fn status<'a>(model: &'a Model, run: &RunId, step: &StepId) -> Option<&'a StepStatus> {
    detail(model, run)?.history.step(step).map(|state| &state.status)
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
