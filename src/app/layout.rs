//! Where everything stands on the screen. Pure; `update` uses it for scrolling, drawing for drawing.

use ratatui::layout::{Constraint, Layout, Rect};

use super::Model;
use crate::domain::Timestamp;
use crate::domain::drawing::Drawing;
use crate::mirror::Section;

/// The least terminal that anything is drawn in.
pub const MIN: (u16, u16) = (60, 16);

/// From this width on there are two columns.
const TWO_COLUMNS: u16 = 100;

/// Rows of the summary of what is selected.
const SUMMARY: u16 = 2;

/// The least room in which a graph is drawn rather than listed.
const DRAWN: (u16, u16) = (40, 9);

/// The least rows of steps that leave room for a legend.
const TIMELINE_ROWS: u16 = 6;

/// Rows for the selected step on the canvas where there is no side pane, with the line above them.
const DETAILS: u16 = 5;

/// The parts of the Command Center. Every rectangle includes its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HomeLayout {
    /// One line at the top.
    pub header: Rect,
    /// The sections, in the order of [`Section::ALL`].
    pub sections: [Rect; 4],
    /// The preview; missing on narrow terminals.
    pub preview: Option<Rect>,
    /// Two lines on what is selected, where there is no preview but some room.
    pub summary: Option<Rect>,
    /// One line at the bottom.
    pub footer: Rect,
}

/// The parts of the run screen. Every rectangle includes its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RunLayout {
    /// One line at the top.
    pub header: Rect,
    /// The tabs.
    pub tabs: Rect,
    /// The tab's content.
    pub main: Rect,
    /// Details of what is selected; below, or missing, on narrow terminals.
    pub side: Option<Rect>,
    /// One line at the bottom.
    pub footer: Rect,
}

/// The parts of the diagnosis, inside of its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DiagnosisLayout {
    /// What matters most, with a blank line below it.
    pub head: Rect,
    /// The findings.
    pub list: Rect,
    /// What to do; the selected finding, where there is no side pane.
    pub foot: Rect,
    /// Whether there is a side pane for the selected finding.
    pub side: bool,
}

/// The parts of the canvas, inside of its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CanvasLayout {
    /// The drawing, or the list of steps.
    pub steps: Rect,
    /// Which of the two it is.
    pub form: CanvasForm,
    /// One line that counts the states, below a drawing.
    pub legend: Option<Rect>,
    /// The selected step where there is no side pane; its first line is a rule.
    pub details: Option<Rect>,
}

/// The parts of the timeline, inside of its border.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimelineLayout {
    /// The line of times, and the one of the run's own states.
    pub axis: Rect,
    /// A row for each step.
    pub rows: Rect,
    /// One line that explains the bars.
    pub legend: Option<Rect>,
}

/// How the steps of a run are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CanvasForm {
    /// As a graph.
    Drawing,
    /// One below the other.
    List,
}

/// Whether the terminal is too small to draw in.
pub fn too_small((width, height): (u16, u16)) -> bool {
    width < MIN.0 || height < MIN.1
}

/// The parts of the Command Center for the model's size, selection and row counts.
pub fn home(model: &Model, now: Timestamp) -> HomeLayout {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let [header, body, footer] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)]).areas(area);
    let (list, preview) = split_preview(body);
    let (list, summary) = split_summary(list, preview);
    let rows = Section::ALL.map(|section| section_rows(model, section, now));
    HomeLayout { header, sections: stack(list, model.home.section, rows), preview, summary, footer }
}

/// The parts of the run screen for a size.
pub fn run(size: (u16, u16)) -> RunLayout {
    let area = Rect::new(0, 0, size.0, size.1);
    let lines = [Constraint::Length(1), Constraint::Length(1), Constraint::Min(0), Constraint::Length(1)];
    let [header, tabs, body, footer] = Layout::vertical(lines).areas(area);
    if size.0 < TWO_COLUMNS {
        return RunLayout { header, tabs, main: body, side: None, footer };
    }
    let side = (size.0 / 3).clamp(34, 60);
    let [main, side] = Layout::horizontal([Constraint::Min(0), Constraint::Length(side)]).areas(body);
    RunLayout { header, tabs, main, side: Some(side), footer }
}

/// The parts of the canvas for a size; `drawing` when there is one to show.
pub fn canvas(size: (u16, u16), drawing: Option<&Drawing>) -> CanvasLayout {
    let inside = inner(run(size).main);
    let wanted = if size.0 < TWO_COLUMNS { DETAILS } else { 0 };
    let details = wanted.min(inside.height / 3);
    let legend = u16::from(inside.height > details + DRAWN.1 + 1);
    let split = |legend: u16| {
        let rows = [Constraint::Min(0), Constraint::Length(legend), Constraint::Length(details)];
        Layout::vertical(rows).areas::<3>(inside)
    };
    let [steps, line, below] = split(legend);
    let drawn = drawing.is_some_and(|drawing| !drawing.nodes.is_empty());
    let details = (details > 1).then_some(below);
    if drawn && steps.width >= DRAWN.0 && steps.height >= DRAWN.1 {
        let legend = (legend > 0).then_some(line);
        return CanvasLayout { steps, form: CanvasForm::Drawing, legend, details };
    }
    let [steps, ..] = split(0);
    CanvasLayout { steps, form: CanvasForm::List, legend: None, details }
}

/// The parts of the timeline for a size, inside of its border.
pub fn timeline(size: (u16, u16)) -> TimelineLayout {
    let inside = inner(run(size).main);
    let legend = u16::from(inside.height > TIMELINE_ROWS + 3);
    let rows = [Constraint::Length(2), Constraint::Min(0), Constraint::Length(legend)];
    let [axis, rows, legend] = Layout::vertical(rows).areas(inside);
    TimelineLayout { axis, rows, legend: (legend.height > 0).then_some(legend) }
}

/// The parts of the diagnosis for a size.
pub fn diagnosis(size: (u16, u16)) -> DiagnosisLayout {
    let parts = run(size);
    let area = inner(parts.main);
    let inside = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let side = parts.side.is_some();
    let foot = if side { (inside.height / 3).min(9) } else { inside.height / 2 };
    let rows = [Constraint::Length(3), Constraint::Min(0), Constraint::Length(foot)];
    let [head, list, foot] = Layout::vertical(rows).areas(inside);
    DiagnosisLayout { head, list, foot, side }
}

/// Columns of an open payload's text: the content without border, gutter and margins.
pub fn payload_columns(size: (u16, u16)) -> usize {
    usize::from(run(size).main.width.saturating_sub(6))
}

/// Columns of a dialog with its border; wide terminals give payloads more.
pub fn dialog_width(size: (u16, u16)) -> u16 {
    76.max(size.0 * 3 / 5).min(size.0.saturating_sub(4))
}

/// Columns of the text in a dialog's payload: the dialog without border, gutter and margins.
pub fn dialog_columns(size: (u16, u16)) -> usize {
    usize::from(dialog_width(size).saturating_sub(6))
}

/// Rows of a dialog's payload that are seen at least; what stands below it takes the rest.
pub fn dialog_rows(size: (u16, u16)) -> usize {
    // What stands below it is pressed together on terminals of less than 24 rows.
    usize::from(size.1.saturating_sub(if size.1 < 24 { 13 } else { 18 })).max(1)
}

/// Columns and rows of the editor with its border: as much as there is, with the screen still seen.
pub fn editor_size((width, height): (u16, u16)) -> (u16, u16) {
    (width.saturating_sub(6).min(140), height.saturating_sub(4))
}

/// Rows of the text in the editor: below it stand what is wrong with it and the keys.
pub fn editor_rows(size: (u16, u16)) -> usize {
    usize::from(editor_size(size).1.saturating_sub(2 + 3)).max(1)
}

/// What is inside of a border.
pub fn inner(area: Rect) -> Rect {
    Rect::new(area.x + 1, area.y + 1, area.width.saturating_sub(2), area.height.saturating_sub(2))
}

fn split_preview(body: Rect) -> (Rect, Option<Rect>) {
    if body.width >= TWO_COLUMNS {
        let [list, preview] =
            Layout::horizontal([Constraint::Percentage(48), Constraint::Min(0)]).areas(body);
        return (list, Some(preview));
    }
    (body, None)
}

fn split_summary(list: Rect, preview: Option<Rect>) -> (Rect, Option<Rect>) {
    // With header and footer: 22 rows.
    if preview.is_some() || list.height < 20 {
        return (list, None);
    }
    let [list, summary] = Layout::vertical([Constraint::Min(0), Constraint::Length(SUMMARY)]).areas(list);
    (list, Some(summary))
}

fn section_rows(model: &Model, section: Section, now: Timestamp) -> u16 {
    let rows = match section {
        Section::AwaitingApproval => model.home.inbox.len(),
        Section::FailedRecently => model.home.failed.len(),
        other if model.home.filter.is_empty() => model.mirror.len(other, now),
        other => model.home.matches[other as usize - 1].len(),
    };
    u16::try_from(rows).unwrap_or(u16::MAX)
}

/// Gives every section its border and a few rows, and the rest first to the selected one, then to
/// the others in order, as far as they have rows to show.
fn stack(area: Rect, selected: Section, rows: [u16; 4]) -> [Rect; 4] {
    let mut heights = [2_u16; 4];
    let mut left = area.height.saturating_sub(8);
    let mut grow = |heights: &mut [u16; 4], index: usize, upto: u16| {
        let extra = upto.saturating_sub(heights[index] - 2).min(left);
        heights[index] += extra;
        left -= extra;
    };
    for (index, rows) in rows.iter().enumerate() {
        grow(&mut heights, index, (*rows).clamp(1, 3));
    }
    grow(&mut heights, selected as usize, rows[selected as usize].max(1));
    for (index, rows) in rows.iter().enumerate() {
        grow(&mut heights, index, (*rows).max(1));
    }
    heights[selected as usize] += left;
    let mut y = area.y;
    heights.map(|height| {
        let rect = Rect::new(area.x, y, area.width, height.min(area.bottom().saturating_sub(y)));
        y = rect.bottom();
        rect
    })
}
