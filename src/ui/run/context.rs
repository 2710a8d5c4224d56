//! The Context tab: the run's data as a tree that folds.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::page::Page;
use super::side::pad;
use super::{events, reader};
use crate::app::panes::RunScreen;
use crate::domain::tree::{Fold, Part, Shape, TreeRow};
use crate::domain::{RunHistory, StepId};
use crate::mirror::RunDetail;
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::status::of_step;
use crate::ui::strip::Strip;

/// The most columns a row is indented.
const INDENT: usize = 24;

/// Draws the tab: the tree, or the value that is open.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let view = &screen.context;
    if let Some((path, text)) = &view.open {
        let title = Strip::new().add(path.to_string(), theme.title);
        return reader::draw(scene, title, (text, view.search.as_ref()), area, buf);
    }
    let title = Strip::new().add("Context", theme.title);
    let title = match &view.search {
        Some(search) => title.right(format!("/{}  ", search.text), theme.accent),
        None => title,
    };
    let place = if view.rows.is_empty() { 0 } else { view.index + 1 };
    let title = title.right(format!("{place} of {}", view.rows.len()), theme.muted);
    let inside = frame(area, &title, Focus::Here, theme, buf);
    let Some(detail) = scene.model.mirror.detail(&screen.run) else {
        return super::canvas::loading(scene, screen, inside, buf);
    };
    if view.rows.is_empty() {
        return Strip::new().gap(1).add("no data yet", theme.muted).paint(row(inside, 0), buf);
    }
    let first = first_row(view.offset, view.index, inside.height, view.rows.len());
    for (line, of) in view.rows[first..].iter().take(usize::from(inside.height)).enumerate() {
        let area = row(inside, line as u16);
        if first + line == view.index {
            buf.set_style(area, theme.selection);
            Strip::new().add("▌", theme.accent).paint(area, buf);
        }
        let place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        strip(scene, of, screen.history(detail)).paint(place, buf);
        if let Some(search) = &view.search {
            events::highlight(scene, &search.text, place, buf);
        }
    }
}

fn strip<'a>(scene: Scene<'_>, of: &'a TreeRow, history: &RunHistory) -> Strip<'a> {
    let theme = scene.theme;
    let strip = Strip::new().gap((of.depth * 2).min(INDENT) as u16);
    let key = of.path.parts().last().map(ToString::to_string).unwrap_or_default();
    let shown = match &of.shape {
        Shape::More(more) => {
            return strip
                .gap(2)
                .add(format!("… {more} more: enter on what they stand in reads all"), theme.muted);
        }
        Shape::Leaf(text) => {
            let strip = strip.gap(2).add(key, theme.text);
            return strip.gap(1).add("│ ", theme.gutter).add(first_line(text), theme.foreign);
        }
        Shape::Branch { fold, children, start } => (fold, children, start),
    };
    let (fold, children, start) = shown;
    let strip = strip.add(if *fold == Fold::Open { "▾ " } else { "▸ " }, theme.muted);
    let strip = match step(of).and_then(|id| Some((place(history, &id)?, history.step(&id)?))) {
        Some((place, state)) => {
            let mark = of_step(&state.status, theme);
            strip.add(format!("{place} "), theme.muted).add(mark.glyph, mark.style).gap(1)
        }
        None => strip,
    };
    let strip = strip.add(key, theme.strong).add(format!("  {children}"), theme.muted);
    if start.is_empty() { strip } else { strip.gap(1).add("│ ", theme.gutter).add(&**start, theme.foreign) }
}

/// The beginning of a text up to its first line break, which a row cannot show.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

/// The step that a row is all of.
fn step(of: &TreeRow) -> Option<StepId> {
    match of.path.parts() {
        [Part::Key(top), Part::Key(id)] if &**top == "steps" => Some(StepId::new(id)),
        _ => None,
    }
}

/// The steps are numbered in the order in which they began.
fn place(history: &RunHistory, id: &StepId) -> Option<usize> {
    let top = history.steps().map(|(known, _)| known).filter(|known| known.parent().is_none());
    top.enumerate().find(|(_, known)| *known == id).map(|(place, _)| place + 1)
}

/// What is selected, with the template that reads it.
pub(super) fn side(scene: Scene<'_>, screen: &RunScreen, detail: &RunDetail, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let Some(of) = screen.context.rows.get(screen.context.index) else {
        frame(area, &Strip::new(), Focus::Elsewhere, theme, buf);
        return;
    };
    let key = of.path.parts().last().map(ToString::to_string).unwrap_or_default();
    let inside = frame(area, &Strip::new().add(key, theme.title), Focus::Elsewhere, theme, buf);
    let mut page = Page::new(scene, pad(inside), buf);
    match of.path.template() {
        Some(template) => {
            page.named("template", &template, theme.text);
            page.named("", "Y copies it", theme.muted);
        }
        None => page.text("no template reaches this", theme.muted),
    }
    page.blank();
    page.foreign(&screen.value_at(detail, &of.path), 0);
}
