//! A long text, read from top to bottom.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::events::highlight;
use crate::app::panes::{Reader, Search};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame, row};
use crate::ui::strip::Strip;

/// Draws the lines that are seen behind a gutter, matches of a search marked; nothing is left out.
pub(super) fn draw(
    scene: Scene<'_>,
    title: Strip<'_>,
    (text, search): (&Reader, Option<&Search>),
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = scene.theme;
    let lines = &text.lines;
    let height = area.height.saturating_sub(2);
    let first = text.offset.min(lines.len().saturating_sub(usize::from(height)));
    let last = (first + usize::from(height)).min(lines.len());
    let place = format!("lines {}–{last} of {}  {}", first + 1, lines.len(), size(text.bytes));
    let inside = frame(area, &title.right(place, theme.muted), Focus::Here, theme, buf);
    for (index, line) in lines[first..last].iter().enumerate() {
        let place = row(inside, index as u16);
        Strip::new().gap(1).add("│ ", theme.gutter).add(&**line, theme.foreign).paint(place, buf);
        if let Some(search) = search {
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
