//! The Events tab: one line an event.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::panes::RunScreen;
use crate::domain::text::visible;
use crate::ui::draw::Scene;
use crate::ui::entry;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::strip::Strip;

/// Draws the log.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let detail = scene.model.mirror.detail(&screen.run);
    let events = detail.map_or(&[][..], |detail| screen.history(detail).events());
    let search =
        screen.events.search.as_ref().map(|search| search.text.as_str()).filter(|text| !text.is_empty());
    let title = Strip::new().add("Events", theme.title).add("  UTC", theme.muted);
    let title = match search {
        Some(text) => title.right(format!("/{text}  "), theme.accent),
        None => title,
    };
    let place = if events.is_empty() { 0 } else { screen.events.index.min(events.len() - 1) + 1 };
    let title = title.right(format!("{place} of {}", events.len()), theme.muted);
    let inside = frame(area, &title, Focus::Here, theme, buf);
    if detail.is_none() {
        return super::canvas::loading(scene, screen, inside, buf);
    }
    if events.is_empty() {
        return Strip::new().gap(1).add("no event yet", theme.muted).paint(row(inside, 0), buf);
    }
    let index = place.saturating_sub(1);
    let first = first_row(screen.events.offset, index, inside.height, events.len());
    for (line, event) in events[first..].iter().take(usize::from(inside.height)).enumerate() {
        let area = row(inside, line as u16);
        if first + line == index {
            buf.set_style(area, theme.selection);
            Strip::new().add("▌", theme.accent).paint(area, buf);
        }
        let place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        entry::strip(event, place.width, scene.theme).paint(place, buf);
        if let Some(text) = search {
            highlight(scene, text, place, buf);
        }
    }
}

/// Marks every match of a search in a row of the screen, without regard to case.
pub(super) fn highlight(scene: Scene<'_>, text: &str, area: Rect, buf: &mut Buffer) {
    let wanted: Vec<String> = visible(text).chars().map(|ch| ch.to_lowercase().collect()).collect();
    let cells: Vec<String> = (area.left()..area.right())
        .map(|x| buf.cell((x, area.y)).map_or_else(String::new, |cell| cell.symbol().to_lowercase()))
        .collect();
    if wanted.is_empty() || wanted.len() > cells.len() {
        return;
    }
    for start in 0..=cells.len() - wanted.len() {
        if cells[start..start + wanted.len()] == wanted[..] {
            let found = Rect { x: area.x + start as u16, width: wanted.len() as u16, ..area };
            buf.set_style(found, scene.theme.found);
        }
    }
}
