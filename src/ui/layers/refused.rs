//! Why a command was not let through.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::app::layers::Refused;
use crate::ui::draw::Scene;
use crate::ui::pane::{overlay, row};
use crate::ui::run::finding::alone;
use crate::ui::run::page::Page;
use crate::ui::strip::Strip;

/// Columns and rows, with the border.
const SIZE: (u16, u16) = (86, 26);

/// Draws the findings one below the other.
pub(super) fn draw(scene: Scene<'_>, refused: &Refused, buf: &mut Buffer) {
    let theme = scene.theme;
    let title = Strip::new().add("Not allowed: ", theme.failed).add(refused.what.as_str(), theme.title);
    let inside = overlay(SIZE, &title, theme, buf);
    let room = Rect { height: inside.height.saturating_sub(2), ..inside };
    let mut page = Page::new(scene, room, buf);
    for finding in &refused.findings {
        alone(scene, finding, &mut page);
        page.blank();
    }
    let keys = row(inside, inside.height.saturating_sub(1));
    Strip::new().hint("esc".into(), "close; nothing was changed", theme).paint(keys, buf);
}
