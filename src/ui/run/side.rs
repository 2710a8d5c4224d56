//! Details of the selected step or event.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::page::Page;
use crate::app::Action;
use crate::app::decide::consequence;
use crate::app::panes::{RunScreen, Tab};
use crate::domain::clock::human_fine;
use crate::domain::context::value_of;
use crate::domain::drawing::label;
use crate::domain::triage::Part;
use crate::domain::{StepId, StepSpec, StepState};
use crate::mirror::RunDetail;
use crate::ui::consequence::{ROWS, draw as draw_next, told};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// Draws the pane beside the tab.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let detail = scene.model.mirror.detail(&screen.run);
    let Some(detail) = detail else {
        frame(area, &Strip::new(), Focus::Elsewhere, theme, buf);
        return;
    };
    match screen.tab {
        Tab::Events => event(scene, screen, detail, area, buf),
        Tab::Canvas => selected(scene, screen, screen.canvas.selected.as_ref(), area, buf),
        Tab::Timeline => {
            let key = screen.timeline.selected.as_ref();
            selected(scene, screen, key.map(|key| &key.step), area, buf);
        }
        Tab::Context => super::context::side(scene, screen, detail, area, buf),
        Tab::Diagnosis => super::finding::side(scene, &screen.diagnosis, area, buf),
    }
}

/// The selected step.
fn selected(scene: Scene<'_>, screen: &RunScreen, id: Option<&StepId>, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let detail = scene.model.mirror.detail(&screen.run);
    let (Some(id), Some(detail)) = (id, detail) else {
        let inside = frame(area, &Strip::new().add("Step", theme.title), Focus::Elsewhere, theme, buf);
        return Page::new(scene, pad(inside), buf).text("no step is selected", theme.muted);
    };
    let spec = detail.graph.as_ref().and_then(|graph| graph.step(id));
    let title = Strip::new().add(spec.map_or(id.as_str(), label), theme.title);
    let inside = frame(area, &title, Focus::Elsewhere, theme, buf);
    step(scene, screen, detail, (id, spec), &mut Page::new(scene, pad(inside), buf));
}

pub(super) fn pad(area: Rect) -> Rect {
    Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area }
}

/// The selected step in a few lines, for narrow screens.
pub(super) fn essentials(
    scene: Scene<'_>,
    screen: &RunScreen,
    detail: &RunDetail,
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = scene.theme;
    let mut page = Page::new(scene, area, buf);
    let Some(id) = &screen.canvas.selected else { return page.text("no step is selected", theme.muted) };
    let spec = detail.graph.as_ref().and_then(|graph| graph.step(id));
    let pending = StepState::default();
    let state = screen.history(detail).step(id).unwrap_or(&pending);
    let chain = super::chain(scene, screen, detail);
    let mark = of_step(&chain.status(screen.history(detail), id), theme);
    page.line(
        &Strip::new()
            .add(spec.map_or(id.as_str(), label), theme.strong)
            .gap(2)
            .add(mark.glyph, mark.style)
            .gap(1)
            .add(mark.word, mark.style)
            .gap(2)
            .add(spec.map_or("", |spec| spec.kind.as_str()), theme.muted)
            .right(times(scene, state), theme.muted),
    );
    if let Some(issue) = screen.canvas.issues.iter().find(|issue| issue.step == *id) {
        page.text(&format!("! {}", issue.title), theme.draining);
    }
    if let Some(error) = &state.error {
        page.foreign(&serde_json::Value::String(error.to_string()), 0);
    } else if let Some(task) = scene.model.mirror.tasks_of(&screen.run).find(|task| task.step_id == *id) {
        page.payload(task, 0);
    } else if let Some(result) = &state.result {
        page.foreign(result, 0);
    } else if let Some(spec) = spec.filter(|spec| !spec.depends_on.is_empty()) {
        page.named("waits for", &names(&spec.depends_on), theme.text);
    }
}

fn times(scene: Scene<'_>, state: &StepState) -> String {
    let attempt = if state.attempt > 1 { format!("attempt {}  ", state.attempt) } else { String::new() };
    format!("{attempt}{}", state.elapsed(scene.now).map(human_fine).unwrap_or_default())
}

fn names(steps: &[StepId]) -> String {
    steps.iter().map(StepId::as_str).collect::<Vec<_>>().join(", ")
}

fn step(
    scene: Scene<'_>,
    screen: &RunScreen,
    detail: &RunDetail,
    (id, spec): (&StepId, Option<&StepSpec>),
    page: &mut Page<'_, '_>,
) {
    let theme = scene.theme;
    let pending = StepState::default();
    let state = screen.history(detail).step(id).unwrap_or(&pending);
    let chain = super::chain(scene, screen, detail);
    let mark = of_step(&chain.status(screen.history(detail), id), theme);
    let strip = Strip::new().add(format!("{} {}", mark.glyph, mark.word), mark.style);
    page.line(&match chain.part(id) {
        Some(Part::Root) => strip.right("root cause", theme.failed),
        Some(Part::Cancelled) => strip.right("no fix needed", theme.muted),
        Some(Part::Blocked) => strip.right("runs on a new run", theme.muted),
        Some(Part::AlsoFailed | Part::Unended) | None => strip,
    });
    page.blank();
    for issue in screen.canvas.issues.iter().filter(|issue| issue.step == *id) {
        page.text(&format!("! {}", issue.title), theme.draining);
        page.blank();
    }
    if let Some(spec) = spec {
        about(spec, scene, page);
    }
    if state.attempt > 0 {
        let of = spec.map_or(0, |spec| spec.retry_count + 1).max(state.attempt);
        page.named("attempt", &format!("{} of {of}", state.attempt), theme.text);
    }
    if let Some(at) = state.started_at {
        page.named("started", &at.strftime("%H:%M:%S UTC").to_string(), theme.text);
    }
    if let Some(elapsed) = state.elapsed(scene.now) {
        let word = if state.ended_at.is_some() { "took" } else { "for" };
        page.named(word, &human_fine(elapsed), theme.text);
    }
    if let Some(child) = &state.child {
        page.named("child run", child.run_id.as_str(), theme.text);
        let key = Action::OpenChild.entry().keys[0].to_string();
        page.line(&Strip::new().right(key, theme.key).right(" opens it", theme.muted));
    }
    if let Some(cause) = &state.caused_by {
        page.named("because of", cause.as_str(), theme.cancelled);
    }
    page.blank();
    outcome(scene, screen, detail, (id, state), page);
}

fn about(spec: &StepSpec, scene: Scene<'_>, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    page.named("type", spec.kind.as_str(), theme.text);
    for field in ["tool_name", "model", "task_type", "agent_id", "workflow_id", "instance_id"] {
        if let Some(value) = spec.text(field) {
            page.named(field, value, theme.text);
        }
    }
    if !spec.depends_on.is_empty() {
        page.named("waits for", &names(&spec.depends_on), theme.text);
    }
    if let Some(timeout) = spec.timeout {
        page.named("timeout", &crate::domain::clock::human(timeout), theme.text);
    }
}

fn outcome(
    scene: Scene<'_>,
    screen: &RunScreen,
    detail: &RunDetail,
    (id, state): (&StepId, &StepState),
    page: &mut Page<'_, '_>,
) {
    let theme = scene.theme;
    if let Some(code) = &state.failure_code {
        page.line(&Strip::new().add(code.as_str(), theme.failed));
        page.text(code.advice(), theme.muted);
        page.blank();
    }
    if let Some(error) = &state.error {
        page.quote("error", error, 8);
        page.blank();
    }
    let of_run = scene.model.mirror.tasks_of(&screen.run).filter(|_| screen.moment.is_none());
    if let Some(task) = of_run.into_iter().find(|task| task.step_id == *id) {
        page.line(&Strip::new().add("asks a person", theme.waiting).right(&*task.task_type, theme.muted));
        let found = consequence(scene.model, &screen.run, id);
        let next = found.as_ref().and_then(told);
        page.payload(task, if next.is_some() { (ROWS + 4).min(page.left() / 2) } else { 3 });
        page.blank();
        if let Some(next) = next {
            page.text("If you approve", theme.muted);
            draw_next(scene, next, page);
            page.blank();
        }
    }
    // What was fetched is of the present.
    let fetched = detail.context.as_ref().filter(|_| screen.moment.is_none());
    for name in ["result", "input"] {
        if let Some(value) = value_of(screen.history(detail), fetched, id, name) {
            page.line(&Strip::new().add(name, theme.muted));
            let keep = if name == "result" { page.left() / 3 } else { 0 };
            page.foreign(value, keep);
            page.blank();
        }
    }
}

fn event(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let events = screen.history(detail).events();
    let Some(event) = events.get(screen.events.index.min(events.len().saturating_sub(1))) else {
        frame(area, &Strip::new(), Focus::Elsewhere, theme, buf);
        return;
    };
    let title = Strip::new().add(event.kind.as_str(), theme.title);
    let title = match event.sequence {
        Some(sequence) => title.right(format!("#{sequence}"), theme.muted),
        None => title,
    };
    let inside = frame(area, &title, Focus::Elsewhere, theme, buf);
    let mut page = Page::new(scene, pad(inside), buf);
    if let Some(step) = event.step_id() {
        page.named("step", step.as_str(), theme.text);
    }
    if let Some(at) = event.at {
        page.named("at (UTC)", &at.strftime("%Y-%m-%d %H:%M:%S%.3f").to_string(), theme.text);
    }
    page.named("id", event.id.as_str(), theme.muted);
    page.blank();
    page.foreign(&event.data, 0);
}
