//! An event's details, whole.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::events::highlight;
use crate::app::panes::{Payload, RunScreen};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame, row};
use crate::ui::status::of_event;
use crate::ui::strip::Strip;

/// Draws the details as JSON behind a gutter; nothing of them is left out.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, open: &Payload, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let events = scene.model.mirror.detail(&screen.run).map_or(&[][..], |detail| detail.history.events());
    let Some(event) = events.get(open.event) else {
        frame(area, &Strip::new().add("Payload", theme.title), Focus::Here, theme, buf);
        return;
    };
    let lines = &open.lines;
    let mark = of_event(event, theme);
    let title = Strip::new().add(mark.glyph, mark.style).gap(1).add(mark.word, theme.title);
    let title = match event.step_id() {
        Some(step) => title.gap(2).add(step.as_str().to_owned(), theme.accent),
        None => title,
    };
    let height = area.height.saturating_sub(2);
    let first = open.offset.min(lines.len().saturating_sub(usize::from(height)));
    let last = (first + usize::from(height)).min(lines.len());
    let title = title
        .right(format!("lines {}–{last} of {}  {}", first + 1, lines.len(), size(open.bytes)), theme.muted);
    let inside = frame(area, &title, Focus::Here, theme, buf);
    for (index, line) in lines[first..last].iter().enumerate() {
        let place = row(inside, index as u16);
        Strip::new().gap(1).add("│ ", theme.gutter).add(&**line, theme.foreign).paint(place, buf);
        if let Some(search) = screen.events.search.as_ref() {
            highlight(scene, &search.text, place, buf);
        }
    }
}

fn size(bytes: usize) -> String {
    match bytes {
        0..=9_999 => format!("{bytes} bytes"),
        10_000..=9_999_999 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}
