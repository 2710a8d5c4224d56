//! The steps as a list: where there is no room, or no graph, to draw.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::RunScreen;
use crate::domain::clock::human_fine;
use crate::domain::drawing::label;
use crate::domain::triage::{CauseChain, Part};
use crate::domain::{StepState, StepStatus};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::{first_row, row};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// Draws the steps that fit, the selected one among them.
pub(super) fn draw(
    scene: Scene<'_>,
    screen: &RunScreen,
    (detail, chain): (&RunDetail, &CauseChain),
    area: Rect,
    buf: &mut Buffer,
) {
    let steps = &screen.canvas.steps;
    if steps.is_empty() {
        let text = "no step has been reported yet";
        return Strip::new().gap(1).add(text, scene.theme.muted).paint(row(area, 0), buf);
    }
    let selected = screen.canvas.selected.as_ref();
    let index = steps.iter().position(|id| Some(id) == selected);
    let first =
        first_row(screen.canvas.offset, index.unwrap_or(screen.canvas.offset), area.height, steps.len());
    for (line, id) in steps[first..].iter().take(usize::from(area.height)).enumerate() {
        let area = row(area, line as u16);
        if selected == Some(id) {
            buf.set_style(area, scene.theme.selection);
            Strip::new().add("▌", scene.theme.accent).paint(area, buf);
        }
        let place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        let spec = detail.graph.as_ref().and_then(|graph| graph.step(id));
        let history = screen.history(detail);
        let pending = StepState::default();
        let state = history.step(id).unwrap_or(&pending);
        let issues = screen.canvas.issues.iter().filter(|issue| issue.step == *id).count();
        let shown = Shown { status: chain.status(history, id), part: chain.part(id), issues };
        strip(scene, &shown, state, spec.map_or(id.as_str(), label), place.width).paint(place, buf);
    }
}

/// How a step is shown, beyond what its log says.
struct Shown {
    status: StepStatus,
    part: Option<Part>,
    issues: usize,
}

fn strip<'a>(scene: Scene<'_>, shown: &Shown, step: &StepState, name: &'a str, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let mark = of_step(&shown.status, theme);
    let rest = width.saturating_sub(2 + 22 + 8);
    let time = step.elapsed(scene.now).map(human_fine).unwrap_or_default();
    let note = match (shown.issues, shown.part) {
        (0, Some(Part::Root)) => "root cause  ".to_owned(),
        (0, _) if step.attempt > 1 => format!("attempt {}  ", step.attempt),
        (0, _) => String::new(),
        (1, _) => "! 1 issue  ".to_owned(),
        (issues, _) => format!("! {issues} issues  "),
    };
    let ink = if shown.part == Some(Part::Root) { theme.failed } else { theme.draining };
    let text = if shown.part == Some(Part::Blocked) { theme.muted } else { theme.text };
    Strip::new()
        .cell(mark.glyph, 2, mark.style)
        .cell(name, rest, text)
        .cell(mark.word, 22, mark.style)
        .right(note, ink)
        .right(time, theme.muted)
}
