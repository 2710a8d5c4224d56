//! The Canvas tab: the graph with every step's state, or a list of steps where it would not fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::{dag, side, steps};
use crate::app::layout::{self, CanvasForm, CanvasLayout};
use crate::app::panes::RunScreen;
use crate::domain::triage::CauseChain;
use crate::domain::{RunHistory, SkipReason, StepStatus};
use crate::mirror::{LinkState, RunDetail, Source};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame, row};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// Draws the tab.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let detail = scene.model.mirror.detail(&screen.run);
    let inside = frame(area, &title(scene, screen, detail), Focus::Here, scene.theme, buf);
    let Some(detail) = detail else { return loading(scene, screen, inside, buf) };
    let drawing = screen.canvas.drawing.as_deref();
    let parts = layout::canvas(scene.model.size, drawing);
    let place = |area: Rect| area.intersection(buf.area);
    let (steps, legend, details) = (place(parts.steps), parts.legend.map(place), parts.details.map(place));
    let chain = super::chain(scene, screen, detail);
    match drawing.filter(|_| parts.form == CanvasForm::Drawing) {
        Some(drawing) => {
            let canvas = &screen.canvas;
            let view = dag::View {
                drawing,
                history: screen.history(detail),
                chain: &chain,
                issues: &canvas.issues,
                pan: canvas.pan,
                selected: canvas.selected.as_ref(),
            };
            dag::draw(scene, &view, steps, buf);
        }
        None => steps::draw(scene, screen, (detail, &chain), steps, buf),
    }
    if let Some(area) = legend {
        self::legend(scene, screen, (detail, &chain), area, buf);
    }
    if let Some(area) = details {
        selected(scene, screen, detail, area, buf);
    }
}

/// The selected step below a line.
fn selected(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail, area: Rect, buf: &mut Buffer) {
    let rule = "─".repeat(usize::from(area.width));
    Strip::new().add(rule, scene.theme.border).paint(row(area, 0), buf);
    let place = Rect {
        x: area.x + 1,
        width: area.width.saturating_sub(2),
        y: area.y + 1,
        height: area.height.saturating_sub(1),
    };
    side::essentials(scene, screen, detail, place, buf);
}

fn title(scene: Scene<'_>, screen: &RunScreen, detail: Option<&RunDetail>) -> Strip<'static> {
    let theme = scene.theme;
    let strip = Strip::new().add("Canvas", theme.title);
    let Some(detail) = detail else { return strip };
    let progress = screen.history(detail).progress(detail.graph.as_deref());
    let total = if progress.total > 0 { format!("/{}", progress.total) } else { String::new() };
    let strip = strip.right(format!("{}{total} steps ended", progress.done), theme.muted);
    let Some(drawing) = &screen.canvas.drawing else { return strip };
    let CanvasLayout { steps: room, form, .. } = layout::canvas(scene.model.size, Some(drawing));
    if form == CanvasForm::List {
        return strip;
    }
    let larger = drawing.width > room.width || drawing.height > room.height;
    if larger { strip.right("  larger than the pane", theme.muted) } else { strip }
}

/// What is shown before the run's log has come.
pub(super) fn loading(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let (text, style) =
        match scene.model.mirror.link(&Source::Detail(screen.run.clone())).map(|link| &link.state) {
            Some(LinkState::Retrying { error, .. } | LinkState::Refused(error)) => {
                (error.to_string(), theme.failed)
            }
            _ => (format!("loading run {}…", screen.run.short()), theme.muted),
        };
    let mut page = super::page::Page::new(
        scene,
        Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area },
        buf,
    );
    page.text(&text, style);
}

/// How many steps stand in which state, and what that means where something failed: in as many words
/// as there is room for.
fn legend(
    scene: Scene<'_>,
    screen: &RunScreen,
    (detail, chain): (&RunDetail, &CauseChain),
    area: Rect,
    buf: &mut Buffer,
) {
    let steps = detail.graph.as_ref().map_or(0, |graph| graph.steps.len());
    let hidden = screen.canvas.drawing.as_ref().map_or(0, |drawing| drawing.hidden);
    let tally = tally(screen.history(detail), chain, steps);
    let line = |telling: bool| {
        let mut strip = Strip::new().gap(1);
        for (status, count) in &tally {
            let mark = of_step(status, scene.theme);
            let word = telling.then(|| meaning(status)).flatten().unwrap_or(mark.word);
            strip = strip.add(mark.glyph, mark.style).add(format!(" {count} {word}   "), scene.theme.muted);
        }
        if hidden > 0 {
            strip = strip.right(format!("{hidden} edges not drawn "), scene.theme.draining);
        }
        strip
    };
    let telling = line(chain.root.is_some());
    let fits = telling.left_columns() + telling.right_columns() <= area.width;
    if fits { telling } else { line(false) }.paint(area, buf);
}

/// What a state means to who looks for what to mend.
fn meaning(status: &StepStatus) -> Option<&'static str> {
    match status {
        StepStatus::Cancelled => Some("cancelled: no fix needed"),
        StepStatus::Skipped(SkipReason::Blocked) => Some("never ran: runs on a new run"),
        _ => None,
    }
}

fn tally(history: &RunHistory, chain: &CauseChain, total: usize) -> Vec<(StepStatus, usize)> {
    let mut counts: Vec<(StepStatus, usize)> = Vec::new();
    let logged = history.steps().map(|(id, _)| id).filter(|id| id.parent().is_none());
    let silent = chain.blocked.iter().filter(|id| id.parent().is_none() && history.step(id).is_none());
    let mut seen = 0;
    for status in logged.chain(silent).map(|id| chain.status(history, id)) {
        if status == StepStatus::Pending {
            continue;
        }
        seen += 1;
        match counts.iter_mut().find(|(known, _)| *known == status) {
            Some((_, count)) => *count += 1,
            None => counts.push((status, 1)),
        }
    }
    if total > seen {
        counts.push((StepStatus::Pending, total - seen));
    }
    counts
}
