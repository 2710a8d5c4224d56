//! One finding at length: what it rests on, what it means, what can be done.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::diagnosis::mark;
use super::page::Page;
use crate::app::Action;
use crate::app::panes::Diagnosis;
use crate::domain::clock::{age, human, human_fine};
use crate::domain::comparison::Comparison;
use crate::domain::triage::{Act, Finding};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame};
use crate::ui::strip::Strip;

/// So many rows below a table of steps are left for what stands there.
const DURATIONS_KEEP: u16 = 6;

/// Draws the pane beside the findings.
pub(super) fn side(scene: Scene<'_>, diagnosis: &Diagnosis, area: Rect, buf: &mut Buffer) {
    let title = diagnosis.current().and_then(Finding::playbook).map_or("Finding", |book| &book.title);
    let inside = frame(area, &Strip::new().add(title, scene.theme.title), Focus::Elsewhere, scene.theme, buf);
    let inside = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    draw(scene, diagnosis, &mut Page::new(scene, inside, buf));
}

/// Fills a page with the selected finding.
pub(super) fn draw(scene: Scene<'_>, diagnosis: &Diagnosis, page: &mut Page<'_, '_>) {
    let Some(finding) = diagnosis.current() else { return };
    head(scene, finding, page);
    offers(scene, diagnosis, finding, page);
    evidence(scene, finding, page);
    if let Some(found) = diagnosis.comparison.as_ref().filter(|_| finding.id == "last-good-run") {
        durations(scene, found, page);
    }
    meaning(scene, finding, page);
}

/// Fills a page with a finding about which nothing can be done by a key.
pub(in crate::ui) fn alone(scene: Scene<'_>, finding: &Finding, page: &mut Page<'_, '_>) {
    head(scene, finding, page);
    evidence(scene, finding, page);
    meaning(scene, finding, page);
    for (index, step) in finding.playbook().into_iter().flat_map(|book| &book.steps).enumerate() {
        page.numbered(index + 1, step);
    }
}

/// What was found, and what was said.
fn head(scene: Scene<'_>, finding: &Finding, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let (glyph, style) = mark(scene, finding.verdict);
    let verdict = Strip::new().add(format!("{glyph} {}", finding.verdict), style);
    page.line(&match &finding.step {
        Some(step) => verdict.right(step.as_str(), theme.muted),
        None => verdict,
    });
    page.text(&finding.title, theme.text);
    if let Some(quote) = &finding.quote {
        page.foreign_text(quote, 5);
    }
    page.blank();
}

/// What it means, and what to do in one line.
fn meaning(scene: Scene<'_>, finding: &Finding, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    if let Some(book) = finding.playbook() {
        page.text(&book.explanation, theme.muted);
        page.text(&book.advice, theme.text);
    }
}

/// What was asked, what came of it, and when.
fn evidence(scene: Scene<'_>, finding: &Finding, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    if finding.evidence.is_empty() {
        return;
    }
    for piece in &finding.evidence {
        let ago = piece.at.map(|at| format!("  {} ago", human(age(at, scene.now)))).unwrap_or_default();
        let strip = Strip::new().add(&*piece.source, theme.muted);
        let whole = Strip::new().add(&*piece.source, theme.muted).add(" │ ", theme.gutter);
        let whole = whole.add(&*piece.found, theme.foreign).right(ago.clone(), theme.muted);
        // What is short stands beside what was asked; the rest below it.
        if whole.left_columns() + whole.right_columns() <= page.width() && !piece.found.contains('\n') {
            page.line(&whole);
            continue;
        }
        page.line(&strip.right(ago, theme.muted));
        page.foreign_text(&piece.found, 3);
    }
    page.blank();
}

/// How long each step took, here and in the run that went well.
fn durations(scene: Scene<'_>, found: &Comparison, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    let time = |time: Option<Duration>| time.map_or_else(|| "–".to_owned(), human_fine);
    let figures = |strip: Strip<'static>, here: String, there: String, times: String, ink: Style| {
        // From the right: the times stand in columns of their own.
        strip
            .right(format!("{here:>8}"), ink)
            .right(format!("{there:>8}"), theme.muted)
            .right(format!("{times:>8}"), ink)
    };
    let head = figures(
        Strip::new().add("step", theme.muted),
        "here".into(),
        "there".into(),
        "times".into(),
        theme.muted,
    );
    page.line(&head);
    for pace in found.paces.iter().take(usize::from(page.left().saturating_sub(DURATIONS_KEEP))) {
        let ink = if pace.is_slower() { theme.draining } else { theme.text };
        let first = found.first.as_ref().is_some_and(|first| first.step == pace.step);
        let name =
            Strip::new().add(if first { "▶ " } else { "  " }, theme.accent).add(pace.step.to_string(), ink);
        let times = pace.ratio().map(|ratio| format!("{ratio:.1}×")).unwrap_or_default();
        page.line(&figures(name, time(pace.here), time(pace.there), times, ink));
    }
    page.line(&Strip::new().add("▶ ", theme.accent).add("the first that differs", theme.muted));
    page.blank();
}

/// What can be done, the one that enter does first marked.
fn offers(scene: Scene<'_>, diagnosis: &Diagnosis, finding: &Finding, page: &mut Page<'_, '_>) {
    let theme = scene.theme;
    for (index, offer) in finding.offers.iter().enumerate() {
        let here = index == diagnosis.offer;
        let key = if here { "enter".to_owned() } else { own_key(&offer.act) };
        let key = if key.is_empty() { "l".to_owned() } else { key };
        let ink = if here { theme.accent } else { theme.text };
        page.line(&Strip::new().cell(key, 6, theme.key).add(&*offer.label, ink));
    }
    if !finding.offers.is_empty() {
        page.blank();
    }
}

/// The key that does the same from anywhere on the run, if there is one.
fn own_key(act: &Act) -> String {
    let action = match act {
        Act::Decide => Action::RunMenu,
        Act::Pause => Action::Pause,
        Act::Resume => Action::Resume,
        Act::Stop => Action::Stop,
        Act::RunAgain => Action::RunAgain,
        Act::Refetch => Action::Refetch,
        Act::Validate => Action::Validate,
        Act::ShowEvents => Action::TabEvents,
        Act::ShowStep(_)
        | Act::OpenRun { .. }
        | Act::Reconnect { .. }
        | Act::Activate(_)
        | Act::Publish(_)
        | Act::Console(_)
        | Act::Copy(_)
        | Act::Command(_) => return String::new(),
    };
    action.entry().keys[0].to_string()
}
