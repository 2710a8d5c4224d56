//! The preview: enough about the selected row to decide without opening it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::columns::code;
use super::facts::{root_cause, said, waits, why};
use super::{chain, group};
use crate::app::Action;
use crate::app::decide::{approval, consequence, rejection};
use crate::app::panes::{RowKey, case};
use crate::domain::clock::{age, human};
use crate::domain::triage::{Facts, headline};
use crate::domain::{PendingTask, Progress, Run, RunClass};
use crate::ui::consequence::{ROWS, draw as draw_next, told};
use crate::ui::draw::Scene;
use crate::ui::entry;
use crate::ui::pane::{Focus, frame};
use crate::ui::run::diagnosis::one_line;
use crate::ui::run::page::Page;
use crate::ui::status::of_run;
use crate::ui::strip::Strip;

/// Draws the preview.
pub(super) fn draw(scene: Scene<'_>, area: Rect, buf: &mut Buffer) {
    let key = scene.model.home.selected();
    let Some((key, run)) = key.and_then(|key| Some((key, scene.model.mirror.run(key.run())?))) else {
        return nothing(scene, area, buf);
    };
    let theme = scene.theme;
    let mark = of_run(run, waits(scene, run), theme);
    let title = Strip::new()
        .add(scene.model.mirror.workflow_name(run), theme.title)
        .gap(2)
        .add(run.id.short(), theme.accent)
        .right(format!("{} {}", mark.glyph, mark.word), mark.style)
        .right(since(scene, run), theme.muted);
    let inside = frame(area, &title, Focus::Elsewhere, theme, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let mut page = Page::new(scene, inside, buf);
    group::draw(scene, key, &mut page);
    steps(scene, run, &mut page);
    match task(scene, key) {
        Some(task) => about_task(scene, run, task, &mut page),
        None => about_run(scene, run, &mut page),
    }
}

fn nothing(scene: Scene<'_>, area: Rect, buf: &mut Buffer) {
    let inside = frame(area, &Strip::new(), Focus::Elsewhere, scene.theme, buf);
    let text = match scene.model.home.selected() {
        Some(key) => format!("loading {}…", key.run().short()),
        None => "nothing selected".into(),
    };
    let middle = Rect { y: inside.y + inside.height / 2, height: inside.height.min(1), ..inside };
    let pad = inside.width.saturating_sub(text.len() as u16) / 2;
    Strip::new().gap(pad).add(text, scene.theme.muted).paint(middle, buf);
}

fn since(scene: Scene<'_>, run: &Run) -> String {
    let task = scene.model.mirror.tasks_of(&run.id).filter_map(|task| task.created_at).min();
    let at = if run.status.is_terminal() { run.over_at() } else { task.or(run.started_at) };
    let word = if run.status.is_terminal() { " ago" } else { "" };
    at.map_or_else(String::new, |at| format!("  {}{word}", human(age(at, scene.now))))
}

/// The selected task, or the first of the selected run.
pub(super) fn task<'a>(scene: Scene<'a>, key: &'a RowKey) -> Option<&'a PendingTask> {
    let RowKey::Task(run, id, at) = key else { return scene.model.mirror.tasks_of(key.run()).next() };
    scene.model.mirror.tasks_of(run).find(|task| task.task_id == *id && task.created_at == *at)
}

fn steps(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    let detail = scene.model.mirror.detail(&run.id);
    match detail.and_then(|detail| Some((detail, detail.graph.as_deref()?))) {
        Some((detail, graph)) => {
            let room = page.left() * 2 / 5;
            page.draw(room.max(1), |area, buf| chain::draw(scene, run, (detail, graph), area, buf));
        }
        None if detail.is_some() => page.text("The graph of this run is not available.", scene.theme.muted),
        None => page.text("loading its steps…", scene.theme.muted),
    }
    page.blank();
}

fn about_task(scene: Scene<'_>, run: &Run, task: &PendingTask, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    page.line(
        &Strip::new()
            .add(task.step_id.as_str(), theme.strong)
            .add(" · ", theme.muted)
            .add(&*task.task_type, theme.waiting),
    );
    let found = consequence(scene.model, &run.id, &task.step_id);
    let next = found.as_ref().and_then(told);
    // The outcome and the reason for waiting always stay in sight, and of the next call what fits.
    let keep = 5 + if next.is_some() { (ROWS + 1).min(page.left() / 3) } else { 0 };
    page.payload(task, keep);
    page.blank();
    let approve = approval(found.as_ref());
    page.named("If you approve", approve.strip_prefix("then ").unwrap_or(&approve), theme.success);
    page.named("If you reject", &rejection(found.as_ref()), theme.failed);
    page.blank();
    if let Some(next) = next.filter(|_| page.left() > 4) {
        draw_next(scene, next, page);
        page.blank();
    }
    page.text(why(scene, run), theme.muted);
}

/// What happens to a run that waits for nobody: why it failed, the facts, the newest of its log.
fn about_run(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    if run.status.class() == RunClass::Failed {
        failure(scene, run, page);
    }
    if run.status.class() != RunClass::Failed {
        found(scene, run, page);
    }
    facts(scene, run, page);
    page.blank();
    let why = why(scene, run);
    if !why.is_empty() {
        page.text(why, scene.theme.muted);
        page.blank();
    }
    newest(scene, run, page);
}

/// The top finding in one line, and the key that tells the rest.
fn found(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    let facts = Facts::default();
    let Some(case) = case(scene.model, &run.id, &facts, scene.now) else { return };
    let Some(finding) = headline(&case) else { return };
    let theme = scene.theme;
    let strip = one_line(scene, &finding).right(Action::Diagnose.entry().keys[0].to_string(), theme.key);
    page.line(&strip.right(" diagnoses", theme.muted));
    page.blank();
}

/// The newest events, as many as fit, the newest last.
fn newest(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let events = scene.model.mirror.detail(&run.id).map_or(&[][..], |detail| detail.history.events());
    let room = usize::from(page.left().saturating_sub(1));
    if events.is_empty() || room == 0 {
        return;
    }
    let first = events.len().saturating_sub(room);
    let title = Strip::new().add("events", theme.muted).add("  UTC", theme.muted);
    page.line(&if first > 0 { title.right(format!("… {first} before"), theme.muted) } else { title });
    for event in &events[first..] {
        page.draw(1, |area, buf| {
            entry::brief(event, area.width, theme).paint(area, buf);
            1
        });
    }
}

fn facts(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    if let Some(step) = &run.progress.current {
        page.named("step", step.as_str(), theme.running);
    }
    if let Some(text) = ended(scene, run).or_else(|| under_way(&run.progress)) {
        page.named("steps", &text, theme.text);
    }
    if let Some(phase) = &run.phase {
        page.named("phase", phase, theme.text);
    }
    if let Some(start) = run.started_at {
        page.named("started", &format!("{} UTC", start.strftime("%Y-%m-%d %H:%M:%S")), theme.text);
    }
    if let Some(trigger) = &run.trigger {
        page.named("trigger", trigger, theme.text);
    }
    if let Some(parent) = &run.parent {
        page.named("called by", &format!("{} of {}", parent.step_id, parent.run_id.short()), theme.text);
    }
    if let Some(version) = run.version {
        page.named("version", &version.to_string(), theme.text);
    }
    if let Some(request) = &run.request_id {
        page.named("trace id", request, theme.muted);
    }
}

/// How the steps of a run that is over ended: `4 success, 1 failed, 2 skipped (blocked)`.
fn ended(scene: Scene<'_>, run: &Run) -> Option<String> {
    let history = &scene.model.mirror.detail(&run.id).filter(|_| run.status.is_terminal())?.history;
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for (_, step) in history.steps().filter(|(id, _)| id.parent().is_none()) {
        let word = step.status.word();
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let told: Vec<_> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    (!told.is_empty()).then(|| told.join(", "))
}

fn under_way(progress: &Progress) -> Option<String> {
    let Progress { done, total, in_flight, .. } = progress;
    let total = if *total > 0 { format!(" of {total}") } else { String::new() };
    let flight = if *in_flight > 0 { format!(", {in_flight} in flight") } else { String::new() };
    (*done > 0 || !total.is_empty()).then(|| format!("{done}{total} ended{flight}"))
}

/// Where it failed, what was said, and what to do about it.
fn failure(scene: Scene<'_>, run: &Run, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let mut strip = Strip::new().add(code(run), theme.failed);
    if let Some(step) = root_cause(scene, run) {
        strip = strip.add(" at ", theme.muted).add(step.as_str(), theme.strong);
    }
    page.line(&strip);
    if let Some(error) = said(scene, run) {
        page.foreign_text(error, 6);
    }
    page.blank();
    if let Some(code) = &run.failure_code {
        page.text(code.advice(), theme.text);
    }
    let (key, word) = ("R", " starts a new run; this one never resumes.");
    let strip = Strip::new().add(key, theme.key).add(word, theme.muted);
    page.line(
        &strip
            .right(Action::Diagnose.entry().keys[0].to_string(), theme.key)
            .right(" diagnoses", theme.muted),
    );
    page.blank();
}
