//! The four sections. Only rows that are seen are built.

use std::ops::Range;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::Columns;
use super::{empty, rows};
use crate::app::panes::{FailedRow, InboxRow, RowKey};
use crate::domain::tree::Fold;
use crate::domain::{PendingTask, Run, RunId};
use crate::mirror::Section;
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::strip::Strip;

/// Draws the sections into their areas.
pub(super) fn draw(scene: Scene<'_>, areas: &[Rect; 4], buf: &mut Buffer) {
    for (section, area) in Section::ALL.into_iter().zip(areas) {
        one(scene, section, *area, buf);
    }
}

fn one(scene: Scene<'_>, section: Section, area: Rect, buf: &mut Buffer) {
    let here = scene.model.home.section == section;
    let focus = if here { Focus::Here } else { Focus::Elsewhere };
    let inside = frame(area, &title(scene, section, here), focus, scene.theme, buf);
    let count = count(scene, section);
    if count == 0 {
        empty::draw(scene, section, inside, buf);
        return;
    }
    let cursor = scene.model.home.cursor(section);
    let index = if here { cursor.index.min(count - 1) } else { cursor.offset };
    let first = first_row(cursor.offset, index, inside.height, count);
    let key = if here { cursor.key.as_ref() } else { None };
    let places = first..count.min(first + usize::from(inside.height));
    let columns = columns(scene, section, places.clone(), inside.width.saturating_sub(2));
    for (line, place) in places.enumerate() {
        let area = row(inside, line as u16);
        let strip = match section {
            Section::AwaitingApproval => inbox_row(scene, place, key, (area, columns), buf),
            Section::FailedRecently => failed_row(scene, place, key, (area, columns), buf),
            Section::StoppingGracefully | Section::RunningNow => {
                run_row(scene, (section, place), key, (area, columns), buf)
            }
        };
        if let Some(strip) = strip {
            strip.paint(Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }, buf);
        }
    }
}

/// The columns that the rows which are seen need.
fn columns(scene: Scene<'_>, section: Section, places: Range<usize>, width: u16) -> Columns {
    let runs = places.clone().filter_map(|place| run_at(scene, section, place));
    match section {
        Section::AwaitingApproval => {
            let tasks = places.filter_map(|place| task_at(scene, place));
            Columns::of_tasks(tasks, width)
        }
        Section::StoppingGracefully => Columns::of_draining(scene, runs, width),
        Section::RunningNow => Columns::of_running(scene, runs, width),
        Section::FailedRecently => Columns::of_failed(scene, runs, width),
    }
}

fn task_at<'a>(scene: Scene<'a>, place: usize) -> Option<&'a PendingTask> {
    match scene.model.home.inbox.get(place)? {
        InboxRow::Group(_) => None,
        InboxRow::Task(task) => scene.model.mirror.tasks().get(*task),
    }
}

fn title(scene: Scene<'_>, section: Section, here: bool) -> Strip<'static> {
    let theme = scene.theme;
    let total = scene.model.mirror.len(section, scene.now);
    let shown = match section {
        Section::AwaitingApproval if scene.model.home.filter.is_empty() => total,
        Section::AwaitingApproval => {
            scene.model.home.inbox.iter().filter(|row| matches!(row, InboxRow::Task(_))).count()
        }
        Section::FailedRecently => scene.model.home.failed.iter().map(failures).sum(),
        _ => count(scene, section),
    };
    let style = if here { theme.accent } else { theme.title };
    let strip = Strip::new().add(section.title(), style);
    let strip = if section == Section::FailedRecently { strip.add(" (24 h)", theme.muted) } else { strip };
    if scene.model.home.filter.is_empty() {
        return strip.right(total.to_string(), if total == 0 { theme.muted } else { style });
    }
    strip.right(format!("{shown} of {total}"), style)
}

/// How many rows the section has, group rows included.
fn count(scene: Scene<'_>, section: Section) -> usize {
    let home = &scene.model.home;
    match section {
        Section::AwaitingApproval => home.inbox.len(),
        Section::FailedRecently => home.failed.len(),
        _ if home.filter.is_empty() => scene.model.mirror.len(section, scene.now),
        _ => home.matches[section as usize - 1].len(),
    }
}

fn inbox_row<'a>(
    scene: Scene<'a>,
    place: usize,
    selected: Option<&RowKey>,
    (area, columns): (Rect, Columns),
    buf: &mut Buffer,
) -> Option<Strip<'a>> {
    match scene.model.home.inbox.get(place)? {
        InboxRow::Group(name) => Some(Strip::new().add(&**name, scene.theme.title)),
        InboxRow::Task(_) => {
            let task = task_at(scene, place)?;
            let key = |key: &RowKey| {
                matches!(key, RowKey::Task(run, id, at)
                    if *run == task.run_id && *id == task.task_id && *at == task.created_at)
            };
            select(scene, selected.is_some_and(key), area, buf);
            Some(rows::task(scene, task, columns))
        }
    }
}

/// How many failures a row stands for that no other row does.
fn failures(row: &FailedRow) -> usize {
    match row {
        FailedRow::Group { runs, fold: Fold::Closed, .. } => runs.len(),
        FailedRow::Group { fold: Fold::Open, .. } => 0,
        FailedRow::Run(_) => 1,
    }
}

fn failed_row<'a>(
    scene: Scene<'a>,
    place: usize,
    selected: Option<&RowKey>,
    (area, columns): (Rect, Columns),
    buf: &mut Buffer,
) -> Option<Strip<'a>> {
    let row = scene.model.home.failed.get(place)?;
    let run = scene.model.mirror.run(match row {
        FailedRow::Group { runs, .. } => runs.first()?,
        FailedRow::Run(run) => run,
    })?;
    match row {
        FailedRow::Group { signature, runs, fold } => {
            let here = matches!(selected, Some(RowKey::Failures(own, _)) if own == signature);
            select(scene, here, area, buf);
            Some(rows::failures(scene, run, (runs.len(), *fold), columns))
        }
        FailedRow::Run(id) => {
            select(scene, matches!(selected, Some(RowKey::Run(own)) if own == id), area, buf);
            Some(rows::failed(scene, run, columns))
        }
    }
}

fn run_row<'a>(
    scene: Scene<'a>,
    (section, place): (Section, usize),
    selected: Option<&RowKey>,
    (area, columns): (Rect, Columns),
    buf: &mut Buffer,
) -> Option<Strip<'a>> {
    let run = run_at(scene, section, place)?;
    let selected = matches!(selected, Some(RowKey::Run(id)) if *id == run.id);
    select(scene, selected, area, buf);
    Some(match section {
        Section::StoppingGracefully => rows::draining(scene, run, columns),
        _ => rows::running(scene, run, columns),
    })
}

fn run_at<'a>(scene: Scene<'a>, section: Section, place: usize) -> Option<&'a Run> {
    let mirror = &scene.model.mirror;
    if section == Section::FailedRecently {
        return match scene.model.home.failed.get(place)? {
            FailedRow::Group { runs, .. } => mirror.run(runs.first()?),
            FailedRow::Run(run) => mirror.run(run),
        };
    }
    if scene.model.home.filter.is_empty() {
        return mirror.run_at(section, place);
    }
    let matches: &[RunId] = &scene.model.home.matches[section as usize - 1];
    matches.get(place).and_then(|id| mirror.run(id))
}

/// Marks the selected row with a bar and its own paper.
fn select(scene: Scene<'_>, selected: bool, area: Rect, buf: &mut Buffer) {
    if selected {
        buf.set_style(area, scene.theme.selection);
        Strip::new().add("▌", scene.theme.accent).paint(area, buf);
    }
}
