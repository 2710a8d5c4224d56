//! The steps of a run in a few lines: a chain, a small drawing, or a flow of names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::drawing::{Drawing, label};
use crate::domain::{Graph, StepId, StepStatus};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::row;
use crate::ui::run::dag;
use crate::ui::status::of_step;
use crate::ui::strip::{Strip, columns};

/// Up to this many steps a drawing is made for the preview.
const SMALL: usize = 40;

/// Draws the steps into at most the rows of `area`; answers with the rows used.
pub(super) fn draw(scene: Scene<'_>, detail: &RunDetail, graph: &Graph, area: Rect, buf: &mut Buffer) -> u16 {
    if let Some(chain) = chain(scene, detail, graph)
        && chain.left_columns() <= area.width
    {
        chain.paint(area, buf);
        return area.height.min(1);
    }
    if graph.steps.len() <= SMALL {
        let drawing = Drawing::of(graph);
        if drawing.width <= area.width && drawing.height <= area.height && drawing.height > 0 {
            let place = Rect { height: drawing.height, ..area };
            let view = dag::View { drawing: &drawing, history: &detail.history, pan: (0, 0), selected: None };
            dag::draw(scene, &view, place, buf);
            return drawing.height;
        }
    }
    flow(scene, detail, graph, area, buf)
}

/// Steps that follow one another, on one line.
fn chain<'a>(scene: Scene<'_>, detail: &RunDetail, graph: &'a Graph) -> Option<Strip<'a>> {
    let mut strip = Strip::new();
    let mut before: Option<&StepId> = None;
    for step in &graph.steps {
        let id = &step.id;
        if step.depends_on.iter().collect::<Vec<_>>() != before.into_iter().collect::<Vec<_>>() {
            return None;
        }
        if before.is_some() {
            strip = strip.add(" ─▶ ", scene.theme.edge);
        }
        strip = piece(scene, strip, detail, id, label(step));
        before = Some(id);
    }
    before.map(|_| strip)
}

/// Names one after the other over several lines, beginning shortly before the first open step.
fn flow(scene: Scene<'_>, detail: &RunDetail, graph: &Graph, area: Rect, buf: &mut Buffer) -> u16 {
    let steps = &graph.steps;
    let rows = area.height.min(4);
    let open = steps.iter().position(|step| !status(detail, &step.id).is_terminal()).unwrap_or(0);
    let begin = if steps.len() > 16 { open.saturating_sub(2) } else { 0 };
    let mut strip = Strip::new();
    let mut used = 0;
    if begin > 0 {
        strip = strip.add(format!("… {begin} before  "), scene.theme.muted);
    }
    for step in &steps[begin..] {
        let name = label(step);
        if strip.left_columns() + columns(name) + 2 > area.width && strip.left_columns() > 0 {
            strip.paint(row(area, used), buf);
            used += 1;
            strip = Strip::new();
            if used >= rows {
                return used;
            }
        }
        strip = piece(scene, strip, detail, &step.id, name).gap(2);
    }
    strip.paint(row(area, used), buf);
    used + 1
}

fn piece<'a>(
    scene: Scene<'_>,
    strip: Strip<'a>,
    detail: &RunDetail,
    id: &StepId,
    name: &'a str,
) -> Strip<'a> {
    let status = status(detail, id);
    let mark = of_step(&status, scene.theme);
    let ink =
        if status.is_in_flight() || status == StepStatus::Failed { mark.style } else { scene.theme.text };
    strip.add(mark.glyph, mark.style).gap(1).add(name, ink)
}

fn status(detail: &RunDetail, id: &StepId) -> StepStatus {
    detail.history.step(id).map_or(StepStatus::Pending, |step| step.status.clone())
}
