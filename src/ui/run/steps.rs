//! The steps as a list: where there is no room, or no graph, to draw.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::RunScreen;
use crate::domain::clock::human_fine;
use crate::domain::drawing::label;
use crate::domain::{Graph, StepId, StepState};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::{first_row, row};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// The most steps that are put into order.
const SORTED: usize = 200;

/// Draws the steps that fit, the selected one among them.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail, area: Rect, buf: &mut Buffer) {
    let steps: Vec<(&StepId, &str)> = match &detail.graph {
        Some(graph) => ordered(graph),
        None => {
            let top = detail.history.steps().filter(|(id, _)| id.parent().is_none());
            top.map(|(id, _)| (id, id.as_str())).collect()
        }
    };
    if steps.is_empty() {
        let text = "no step has been reported yet";
        return Strip::new().gap(1).add(text, scene.theme.muted).paint(row(area, 0), buf);
    }
    let selected = screen.canvas.selected.as_ref();
    let index = steps.iter().position(|(id, _)| Some(*id) == selected);
    let first =
        first_row(screen.canvas.offset, index.unwrap_or(screen.canvas.offset), area.height, steps.len());
    for (line, (id, name)) in steps[first..].iter().take(usize::from(area.height)).enumerate() {
        let area = row(area, line as u16);
        if selected == Some(*id) {
            buf.set_style(area, scene.theme.selection);
            Strip::new().add("▌", scene.theme.accent).paint(area, buf);
        }
        let place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        strip(scene, detail.history.step(id), name, place.width).paint(place, buf);
    }
}

/// The steps as they follow one another. Sorting large graphs for every frame would take too long.
fn ordered(graph: &Graph) -> Vec<(&StepId, &str)> {
    let mut steps: Vec<_> = graph.steps.iter().map(|step| (&step.id, label(step))).collect();
    if steps.len() <= SORTED {
        let order = graph.topological_order();
        steps.sort_by_key(|(id, _)| order.iter().position(|known| known == *id).unwrap_or(usize::MAX));
    }
    steps
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
