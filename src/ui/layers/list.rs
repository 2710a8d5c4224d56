//! Lists of actions: the palette and a run's menu.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Entry;
use crate::domain::RunId;
use crate::ui::draw::Scene;
use crate::ui::offers::{matching, menu as menu_entries, offered};
use crate::ui::pane::{first_row, overlay, row};
use crate::ui::strip::Strip;

/// Columns of a palette.
const WIDTH: u16 = 72;

/// Rows of a palette's list.
const ROWS: u16 = 14;

/// Actions by name.
pub(super) fn palette(scene: Scene<'_>, input: &str, index: usize, buf: &mut Buffer) {
    let theme = scene.theme;
    let entries = matching(scene.model, input);
    let title = Strip::new().add("Palette", theme.title).right(entries.len().to_string(), theme.muted);
    let inside = overlay((WIDTH, ROWS + 4), &title, theme, buf);
    let line = row(inside, 0);
    buf.set_style(line, theme.input);
    Strip::new().add(": ", theme.key).add(input, theme.strong).add("▏", theme.accent).paint(line, buf);
    let list = Rect { y: inside.y + 2.min(inside.height), height: inside.height.saturating_sub(2), ..inside };
    if entries.is_empty() {
        return Strip::new().add("no action has that in its name", theme.muted).paint(row(list, 0), buf);
    }
    actions(scene, &entries, index, list, buf);
}

/// All that can be done to a run.
pub(super) fn menu(scene: Scene<'_>, run: &RunId, index: usize, buf: &mut Buffer) {
    let theme = scene.theme;
    let entries = menu_entries();
    let name = scene.model.mirror.run(run).map_or("", |run| scene.model.mirror.workflow_name(run));
    let title = Strip::new().add(name, theme.title).gap(2).add(run.short(), theme.accent);
    let inside = overlay((WIDTH, entries.len() as u16 + 2), &title, theme, buf);
    actions(scene, &entries, index, inside, buf);
}

fn actions(scene: Scene<'_>, entries: &[&Entry], index: usize, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let now = offered(scene.model);
    let index = index.min(entries.len().saturating_sub(1));
    let first = first_row(0, index, area.height, entries.len());
    for (line, entry) in entries[first..].iter().take(usize::from(area.height)).enumerate() {
        let place = row(area, line as u16);
        if first + line == index {
            buf.set_style(place, theme.selection);
            Strip::new().add("▌", theme.accent).paint(place, buf);
        }
        // Commands that would be refused now are there, but step back.
        let off = crate::ui::offers::is_command(entry.action) && !now.contains(&entry.action);
        let (key, name) = if off { (theme.muted, theme.muted) } else { (theme.key, theme.strong) };
        Strip::new()
            .gap(2)
            .cell(entry.keys[0].to_string(), 10, key)
            .cell(entry.label, 17, name)
            .add(entry.help, theme.muted)
            .paint(place, buf);
    }
}
