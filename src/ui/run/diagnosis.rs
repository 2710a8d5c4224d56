//! The Diagnosis tab: why this run failed or is stuck, finding by finding, and what to do.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use super::finding;
use super::page::Page;
use crate::app::layout;
use crate::app::panes::{Diagnosis, RunScreen, evidence_age, is_checking};
use crate::domain::RunClass;
use crate::domain::clock::human;
use crate::domain::triage::{Finding, Verdict, remedy};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::strip::Strip;

/// Draws the tab.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let diagnosis = &screen.diagnosis;
    let inside = frame(area, &title(scene, screen), Focus::Here, scene.theme, buf);
    if scene.model.mirror.detail(&screen.run).is_none() {
        return super::canvas::loading(scene, screen, inside, buf);
    }
    let parts = layout::diagnosis(scene.model.size);
    let place = |area: Rect| area.intersection(buf.area);
    let (head, list, foot) = (place(parts.head), place(parts.list), place(parts.foot));
    headline(scene, diagnosis, head, buf);
    findings(scene, diagnosis, list, buf);
    match parts.side {
        true => to_do(scene, diagnosis, foot, buf),
        false => details(scene, diagnosis, foot, buf),
    }
}

fn title(scene: Scene<'_>, screen: &RunScreen) -> Strip<'static> {
    let theme = scene.theme;
    let run = scene.model.mirror.run(&screen.run);
    let text = match run.map(|run| run.status.class()) {
        Some(RunClass::Failed) => "Why this run failed",
        Some(RunClass::Succeeded) => "This run succeeded",
        Some(RunClass::Waiting | RunClass::Active | RunClass::Held | RunClass::Draining) => {
            "What this run does now"
        }
        None => "Diagnosis",
    };
    let diagnosis = &screen.diagnosis;
    let strip = Strip::new().add(text, theme.title);
    let asking = diagnosis.facts.asking().len();
    if asking > 0 {
        let word = if is_checking(diagnosis) { "checking" } else { "asking" };
        return strip.right(format!("{word} {asking}…"), theme.waiting);
    }
    match evidence_age(diagnosis, scene.now) {
        Some(age) if age.as_secs() < 2 => strip.right("checked just now", theme.muted),
        Some(age) => strip.right(format!("checked {} ago", human(age)), theme.muted),
        None => strip,
    }
}

/// The finding that matters most, and what was said word for word.
fn headline(scene: Scene<'_>, diagnosis: &Diagnosis, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let mut page = Page::new(scene, area, buf);
    let coded = diagnosis
        .findings
        .iter()
        .find(|finding| finding.verdict == Verdict::Cause && finding.id != "root-cause");
    let Some(first) = coded.or(diagnosis.findings.first()) else {
        return page.text("Nothing was found: no failure, nothing waiting, nothing slow.", theme.muted);
    };
    let (_, style) = mark(scene, first.verdict);
    let place = first.step.as_ref().filter(|step| !first.title.contains(step.as_str()));
    let at = place.map(|step| format!(" (at {step})")).unwrap_or_default();
    page.line(&Strip::new().add(format!("{}{at}", first.title), style));
    if let Some(quote) = diagnosis
        .findings
        .iter()
        .filter(|finding| finding.verdict == Verdict::Cause)
        .find_map(|finding| finding.quote.as_deref())
    {
        page.foreign_text(quote, 1);
    }
}

/// The findings from top to bottom, one line each, the selected one marked.
fn findings(scene: Scene<'_>, diagnosis: &Diagnosis, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let count = diagnosis.findings.len();
    let first = first_row(diagnosis.offset, diagnosis.selected, area.height, count);
    for (line, finding) in diagnosis.findings.iter().skip(first).take(usize::from(area.height)).enumerate() {
        let place = row(area, line as u16);
        let selected = first + line == diagnosis.selected;
        if selected {
            buf.set_style(place, theme.selection);
            Strip::new().add("▌", theme.accent).paint(place, buf);
        }
        let (glyph, style) = mark(scene, finding.verdict);
        let ink = if matches!(finding.verdict, Verdict::Cause | Verdict::Contributing) {
            theme.text
        } else {
            theme.muted
        };
        let inset = Rect { x: place.x + 1, width: place.width.saturating_sub(2), ..place };
        let strip = Strip::new().add(glyph, style).gap(1).add(&*finding.title, ink);
        let offer = finding.offers.get(if selected { diagnosis.offer } else { 0 });
        let room = usize::from(inset.width) * 2 / 5;
        let strip = match offer.filter(|offer| selected && offer.label.chars().count() + 9 <= room) {
            Some(offer) => strip.right("  enter ", theme.key).right(&*offer.label, theme.accent),
            None => strip,
        };
        strip.paint(inset, buf);
    }
}

/// What to do about the whole, by the playbook.
fn to_do(scene: Scene<'_>, diagnosis: &Diagnosis, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let Some(book) = remedy(&diagnosis.findings) else { return };
    let mut page = Page::new(scene, area, buf);
    page.line(&Strip::new().add("What to do", theme.title));
    if book.steps.is_empty() {
        return page.text(&book.advice, theme.text);
    }
    for (index, step) in book.steps.iter().enumerate() {
        page.numbered(index + 1, step);
    }
}

/// The selected finding, where there is no side pane.
fn details(scene: Scene<'_>, diagnosis: &Diagnosis, area: Rect, buf: &mut Buffer) {
    let rule = "─".repeat(usize::from(area.width));
    Strip::new().add(rule, scene.theme.border).paint(row(area, 0), buf);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    finding::draw(scene, diagnosis, &mut Page::new(scene, below, buf));
}

/// How a verdict is shown.
pub(in crate::ui) fn mark(scene: Scene<'_>, verdict: Verdict) -> (&'static str, Style) {
    let theme = scene.theme;
    match verdict {
        Verdict::Cause => ("✖", theme.failed),
        Verdict::Contributing => ("!", theme.draining),
        Verdict::Unchecked => ("?", theme.pending),
        Verdict::ByDesign => ("–", theme.skipped),
        Verdict::Ok => ("✔", theme.success),
    }
}

/// The finding that one line has room for.
pub(in crate::ui) fn one_line<'a>(scene: Scene<'_>, finding: &'a Finding) -> Strip<'a> {
    let (glyph, style) = mark(scene, finding.verdict);
    Strip::new().add(glyph, style).gap(1).add(&*finding.title, scene.theme.text)
}
