//! What is selected in two lines, for terminals without room for a preview.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::code;
use super::facts::{doing, root_cause, said, waits, why};
use super::preview::task;
use crate::app::decide::{approval, consequence, rejection};
use crate::domain::document::start_of;
use crate::domain::{PendingTask, Run, RunClass};
use crate::ui::draw::Scene;
use crate::ui::entry;
use crate::ui::pane::row;
use crate::ui::status::of_run;
use crate::ui::strip::Strip;

/// The most bytes that are read of a payload.
const BYTES: usize = 400;

/// Draws the two lines.
pub(super) fn draw(scene: Scene<'_>, area: Rect, buf: &mut Buffer) {
    let Some(key) = scene.model.home.selected() else { return };
    let Some(run) = scene.model.mirror.run(key.run()) else { return };
    let lines = match task(scene, key) {
        Some(task) => of_task(scene, run, task),
        None if run.status.class() == RunClass::Failed => of_failure(scene, run),
        None => of_live(scene, run, area.width),
    };
    for (index, line) in lines.iter().enumerate() {
        let row = row(area, index as u16);
        line.paint(Rect { x: row.x + 2, width: row.width.saturating_sub(4), ..row }, buf);
    }
}

fn of_task<'a>(scene: Scene<'a>, run: &Run, task: &'a PendingTask) -> [Strip<'a>; 2] {
    let theme = scene.theme;
    let found = consequence(scene.model, &run.id, &task.step_id);
    let (approve, reject) = (approval(found.as_ref()), rejection(found.as_ref()));
    let first = Strip::new()
        .add("approve ", theme.muted)
        .add(approve.strip_prefix("then ").unwrap_or(&approve).to_owned(), theme.success)
        .add("   reject ", theme.muted)
        .add(reject, theme.failed);
    let title =
        ["title", "summary", "description"].iter().find_map(|field| task.payload.get(field)?.as_str());
    let text = title.map_or_else(|| start_of(&task.payload, BYTES), str::to_owned);
    [Strip::new().add("│ ", theme.gutter).add(text, theme.foreign), first]
}

fn of_failure<'a>(scene: Scene<'a>, run: &'a Run) -> [Strip<'a>; 2] {
    let theme = scene.theme;
    let mut first = Strip::new().add(code(run), theme.failed);
    if let Some(step) = root_cause(scene, run) {
        first = first.add(" at ", theme.muted).add(step.as_str(), theme.strong);
    }
    if let Some(code) = &run.failure_code {
        first = first.gap(2).add(code.advice(), theme.muted);
    }
    let Some(error) = said(scene, run) else { return [first, Strip::new()] };
    [first, Strip::new().add("│ ", theme.gutter).add(error, theme.foreign)]
}

fn of_live<'a>(scene: Scene<'a>, run: &'a Run, width: u16) -> [Strip<'a>; 2] {
    let theme = scene.theme;
    let mark = of_run(run, waits(scene, run), theme);
    let what = doing(scene, run, width);
    let mut first = Strip::new().add(format!("{} {}", mark.glyph, mark.word), mark.style);
    if what != mark.word {
        first = first.add(" · ", theme.muted).add(what, theme.text);
    }
    let progress = &run.progress;
    let total = if progress.total > 0 { format!(" of {}", progress.total) } else { String::new() };
    let steps = format!("  {}{total} done, {} in flight", progress.done, progress.in_flight);
    let first = first.add(steps, theme.muted);
    let why = why(scene, run);
    if !why.is_empty() {
        return [first, Strip::new().add(why, theme.muted)];
    }
    let detail = scene.model.mirror.detail(&run.id);
    let newest = detail.and_then(|detail| detail.history.events().last());
    [first, newest.map_or_else(Strip::new, |event| entry::brief(event, width, theme))]
}
