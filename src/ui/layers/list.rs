//! Lists of actions: the palette and a run's menu.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::action::Entry;
use crate::app::decide::{Aim, aim, aim_at, refusal};
use crate::app::layers::{RUN_MENU, TextInput, palette_matches};
use crate::domain::RunId;
use crate::ui::draw::Scene;
use crate::ui::offers::is_command;
use crate::ui::pane::{first_row, overlay, row};
use crate::ui::strip::Strip;

/// Columns of a palette.
const WIDTH: u16 = 72;

/// Rows of a palette's list.
const ROWS: u16 = 14;

/// Actions by name.
pub(super) fn palette(scene: Scene<'_>, input: &TextInput, index: usize, buf: &mut Buffer) {
    let theme = scene.theme;
    let entries = palette_matches(input.text(), scene.model.screen);
    let title = Strip::new().add("Palette", theme.title).right(entries.len().to_string(), theme.muted);
    let inside = overlay((WIDTH, ROWS + 4), &title, theme, buf);
    let line = row(inside, 0);
    buf.set_style(line, theme.input);
    Strip::new().add(": ", theme.key).typed(input, line.width.saturating_sub(3), theme).paint(line, buf);
    let list = Rect { y: inside.y + 2.min(inside.height), height: inside.height.saturating_sub(2), ..inside };
    if entries.is_empty() {
        return Strip::new().add("no action has that in its name", theme.muted).paint(row(list, 0), buf);
    }
    let aim = aim(scene.model);
    actions(scene, &entries, (index, aim), list, buf);
}

/// All that can be done to a run.
pub(super) fn menu(scene: Scene<'_>, run: &RunId, index: usize, buf: &mut Buffer) {
    let theme = scene.theme;
    let entries: Vec<_> = RUN_MENU.into_iter().map(crate::app::Action::entry).collect();
    let name = scene.model.mirror.run(run).map_or("", |run| scene.model.mirror.workflow_name(run));
    let title = Strip::new().add(name, theme.title).gap(2).add(run.short(), theme.accent);
    let inside = overlay((WIDTH, entries.len() as u16 + 2), &title, theme, buf);
    let aim = aim_at(scene.model, run);
    actions(scene, &entries, (index, Some(aim)), inside, buf);
}

/// Entries from top to bottom, the selected one marked, with what each would do to what is aimed at.
fn actions(
    scene: Scene<'_>,
    entries: &[&Entry],
    (index, aim): (usize, Option<Aim<'_>>),
    area: Rect,
    buf: &mut Buffer,
) {
    let theme = scene.theme;
    let index = index.min(entries.len().saturating_sub(1));
    let first = first_row(0, index, area.height, entries.len());
    for (line, entry) in entries[first..].iter().take(usize::from(area.height)).enumerate() {
        let place = row(area, line as u16);
        if first + line == index {
            buf.set_style(place, theme.selection);
            Strip::new().add("▌", theme.accent).paint(place, buf);
        }
        // A command that would be refused now is there, but steps back and says why.
        let refused = match aim {
            Some(aim) => refusal(scene.model, entry.action, &aim, scene.now),
            None => None,
        };
        let off = refused.is_some() || aim.is_none() && is_command(entry.action);
        let help = refused.as_ref().map_or(entry.help, |refusal| refusal.text());
        let (key, name) = if off { (theme.muted, theme.muted) } else { (theme.key, theme.strong) };
        Strip::new()
            .gap(2)
            .cell(entry.keys[0].to_string(), 10, key)
            .cell(entry.label, 17, name)
            .add(help, theme.muted)
            .paint(place, buf);
    }
}
