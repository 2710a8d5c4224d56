//! The steps as a list: where there is no room, or no graph, to draw.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::RunScreen;
use crate::domain::StepState;
use crate::domain::clock::human_fine;
use crate::domain::drawing::label;
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::{first_row, row};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// Draws the steps that fit, the selected one among them.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail, area: Rect, buf: &mut Buffer) {
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
        strip(scene, screen.history(detail).step(id), spec.map_or(id.as_str(), label), place.width)
            .paint(place, buf);
    }
}

fn strip<'a>(scene: Scene<'_>, step: Option<&StepState>, name: &'a str, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let pending = StepState::default();
    let step = step.unwrap_or(&pending);
    let mark = of_step(&step.status, theme);
    let rest = width.saturating_sub(2 + 22 + 8);
    let time = step.elapsed(scene.now).map(human_fine).unwrap_or_default();
    let attempt = if step.attempt > 1 { format!("attempt {}  ", step.attempt) } else { String::new() };
    Strip::new()
        .cell(mark.glyph, 2, mark.style)
        .cell(name, rest, theme.text)
        .cell(mark.word, 22, mark.style)
        .right(attempt, theme.draining)
        .right(time, theme.muted)
}
