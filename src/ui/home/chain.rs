//! The steps of a run in a few lines: a chain, a small drawing, or a flow of names.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::domain::drawing::{Drawing, label};
use crate::domain::triage::CauseChain;
use crate::domain::{Graph, Run, StepId, StepStatus};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::row;
use crate::ui::run::dag;
use crate::ui::status::of_step;
use crate::ui::strip::{Strip, columns};

/// Up to this many steps a drawing is made for the preview.
const SMALL: usize = 40;

/// The most lines of names.
const FLOW: u16 = 4;

/// Draws the steps into at most the rows of `area`; answers with the rows used.
pub(super) fn draw(
    scene: Scene<'_>,
    run: &Run,
    (detail, graph): (&RunDetail, &Graph),
    area: Rect,
    buf: &mut Buffer,
) -> u16 {
    let chain = CauseChain::read(&detail.history, Some(graph), Some(run));
    let status = |id: &StepId| chain.status(&detail.history, id);
    if is_chain(graph) {
        return flow(scene, graph, &status, " ─▶ ", (area, buf));
    }
    if graph.steps.len() <= SMALL && area.height > 2 {
        let drawing = Drawing::of(graph);
        if drawing.width <= area.width && drawing.height <= area.height && drawing.height > 0 {
            let place = Rect { height: drawing.height, ..area };
            let view = dag::View {
                drawing: &drawing,
                history: &detail.history,
                chain: &chain,
                issues: &[],
                pan: (0, 0),
                selected: None,
            };
            dag::draw(scene, &view, place, buf);
            return drawing.height;
        }
    }
    flow(scene, graph, &status, "  ", (area, buf))
}

/// Whether every step waits for the one before it and for nothing else.
fn is_chain(graph: &Graph) -> bool {
    let before = std::iter::once(None).chain(graph.steps.iter().map(|step| Some(&step.id)));
    graph.steps.iter().zip(before).all(|(step, before)| step.depends_on.iter().eq(before))
}

/// Steps one after the other over several lines, beginning shortly before the first open one.
fn flow(
    scene: Scene<'_>,
    graph: &Graph,
    status: &dyn Fn(&StepId) -> StepStatus,
    between: &'static str,
    (area, buf): (Rect, &mut Buffer),
) -> u16 {
    let steps = &graph.steps;
    let open = steps.iter().position(|step| !status(&step.id).is_terminal()).unwrap_or(0);
    let begin = if steps.len() > 16 { open.saturating_sub(2) } else { 0 };
    let mut strip = Strip::new();
    let mut used = 0;
    if begin > 0 {
        strip = strip.add(format!("… {begin} before"), scene.theme.muted);
    }
    for step in &steps[begin..] {
        let name = label(step);
        let used_columns = strip.left_columns();
        let fits = used_columns + columns(between) + 2 + columns(name) <= area.width;
        // At the end of a line what stands between goes without its blanks.
        let tie = if fits { between } else { between.trim_end() };
        if used_columns > 0 && used_columns + columns(tie) <= area.width {
            strip = strip.add(tie, scene.theme.edge);
        }
        if used_columns > 0 && !fits {
            strip.paint(row(area, used), buf);
            used += 1;
            strip = Strip::new();
            if used >= area.height.min(FLOW) {
                return used;
            }
        }
        strip = piece(scene, strip, &status(&step.id), name);
    }
    strip.paint(row(area, used), buf);
    used + 1
}

fn piece<'a>(scene: Scene<'_>, strip: Strip<'a>, status: &StepStatus, name: &'a str) -> Strip<'a> {
    let mark = of_step(status, scene.theme);
    let ink =
        if status.is_in_flight() || *status == StepStatus::Failed { mark.style } else { scene.theme.text };
    strip.add(mark.glyph, mark.style).gap(1).add(name, ink)
}
