//! The rows of the four sections, with and without a filter.

use std::sync::Arc;

use super::{FailedRow, InboxRow, RowKey, failed};
use crate::app::Model;
use crate::domain::failures::group;
use crate::domain::{PendingTask, Run, RunId, Timestamp};
use crate::mirror::{Mirror, Section};

/// How many rows a section shows; in the inbox the headings count too.
pub(super) fn count(model: &Model, section: Section, now: Timestamp) -> usize {
    match section {
        Section::AwaitingApproval => model.home.inbox.len(),
        Section::FailedRecently => model.home.failed.len(),
        other if model.home.filter.is_empty() => model.mirror.len(other, now),
        other => model.home.matches[other as usize - 1].len(),
    }
}

/// The identity of the row at a place; none for headings and behind the end.
pub(super) fn key_at(model: &Model, section: Section, index: usize, now: Timestamp) -> Option<RowKey> {
    if index >= count(model, section, now) {
        return None;
    }
    match section {
        Section::AwaitingApproval => match model.home.inbox.get(index)? {
            InboxRow::Group(_) => None,
            InboxRow::Task(place) => model.mirror.tasks().get(*place).map(task_key),
        },
        Section::FailedRecently => model.home.failed.get(index).map(failed_key),
        other if model.home.filter.is_empty() => {
            model.mirror.run_at(other, index).map(|run| RowKey::Run(run.id.clone()))
        }
        other => model.home.matches[other as usize - 1].get(index).cloned().map(RowKey::Run),
    }
}

/// The place of a row, if the section still shows it.
pub(super) fn place_of(model: &Model, section: Section, key: &RowKey, now: Timestamp) -> Option<usize> {
    match (section, key) {
        (Section::AwaitingApproval, RowKey::Task(run, ..)) => {
            let tasks = model.mirror.tasks();
            let find = |fits: &dyn Fn(&PendingTask) -> bool| {
                let row =
                    |row: &InboxRow| matches!(row, InboxRow::Task(at) if tasks.get(*at).is_some_and(fits));
                model.home.inbox.iter().position(row)
            };
            // A decided task makes room for the next question of its run.
            find(&|task| is(task, key)).or_else(|| find(&|task| task.run_id == *run))
        }
        (Section::AwaitingApproval, RowKey::Run(_) | RowKey::Failures(..)) => None,
        (Section::FailedRecently, key) => failed::place(&model.home.failed, key),
        (other, _) if model.home.filter.is_empty() => {
            model.mirror.place(other, key.run()).filter(|place| *place < model.mirror.len(other, now))
        }
        (other, _) => model.home.matches[other as usize - 1].iter().position(|run| run == key.run()),
    }
}

/// Makes the inbox's rows anew: a heading for each workflow, its tasks below.
pub(crate) fn derive_inbox(model: &mut Model) {
    let mut inbox = Vec::with_capacity(model.mirror.tasks().len() + 8);
    let mut heading: Option<Box<str>> = None;
    for (place, task) in model.mirror.tasks().iter().enumerate() {
        let name = workflow_name(&model.mirror, task);
        if !task_fits(&model.mirror, task, name, &model.home.filter) {
            continue;
        }
        if heading.as_deref() != Some(name) {
            heading = Some(name.into());
            inbox.push(InboxRow::Group(name.into()));
        }
        inbox.push(InboxRow::Task(place));
    }
    model.home.inbox = inbox;
}

/// With a filter, finds the matching runs of the other three sections anew.
pub(crate) fn derive_matches(model: &mut Model, now: Timestamp) {
    let filter = model.home.filter.to_lowercase();
    let found = |section: Section| -> Vec<RunId> {
        if filter.is_empty() {
            return Vec::new();
        }
        let rows =
            (0..model.mirror.len(section, now)).filter_map(|place| model.mirror.run_at(section, place));
        rows.filter(|run| run_fits(&model.mirror, run, &filter)).map(|run| run.id.clone()).collect()
    };
    model.home.matches = [Section::StoppingGracefully, Section::RunningNow].map(found);
}

/// Makes the rows of the failures anew, folded by cause; with a filter, of those that match.
pub(crate) fn derive_failed(model: &mut Model, now: Timestamp) {
    let filter = model.home.filter.to_lowercase();
    let fits = |run: &Run| filter.is_empty() || run_fits(&model.mirror, run, &filter);
    let groups = group(model.mirror.failures(now).filter(|(run, _)| fits(run)));
    model.home.failed = failed::rows(groups, &model.home.unfolded);
    model.home.failures = model.mirror.len(Section::FailedRecently, now);
}

fn failed_key(row: &FailedRow) -> RowKey {
    match row {
        FailedRow::Group { signature, runs, .. } => RowKey::Failures(Arc::clone(signature), runs[0].clone()),
        FailedRow::Run(run) => RowKey::Run(run.clone()),
    }
}

fn task_key(task: &PendingTask) -> RowKey {
    RowKey::Task(task.run_id.clone(), task.task_id.clone(), task.created_at)
}

fn is(task: &PendingTask, key: &RowKey) -> bool {
    matches!(key, RowKey::Task(run, id, at)
        if task.run_id == *run && task.task_id == *id && task.created_at == *at)
}

fn workflow_name<'a>(mirror: &'a Mirror, task: &'a PendingTask) -> &'a str {
    let of_run = || mirror.run(&task.run_id).map(|run| mirror.workflow_name(run));
    let listed =
        || mirror.workflows().find(|workflow| workflow.id == task.workflow_id).map(|found| &*found.name);
    task.workflow_name.as_deref().or_else(listed).or_else(of_run).unwrap_or(task.workflow_id.as_str())
}

fn task_fits(mirror: &Mirror, task: &PendingTask, name: &str, filter: &str) -> bool {
    if filter.is_empty() {
        return true;
    }
    let filter = filter.to_lowercase();
    let words = [name, task.run_id.as_str(), task.step_id.as_str(), &task.task_type];
    holds(&words, &filter) || mirror.run(&task.run_id).is_some_and(|run| run_fits(mirror, run, &filter))
}

/// `filter` is in lower case.
fn run_fits(mirror: &Mirror, run: &Run, filter: &str) -> bool {
    let step = run.progress.current.as_ref().map_or("", |step| step.as_str());
    let code = run.failure_code.as_ref().map_or("", |code| code.as_str());
    holds(&[mirror.workflow_name(run), run.id.as_str(), run.status.as_str(), step, code], filter)
}

fn holds(words: &[&str], filter: &str) -> bool {
    words.iter().any(|word| word.to_lowercase().contains(filter))
}
