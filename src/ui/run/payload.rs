//! An event's details, whole.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::reader;
use crate::app::panes::{Payload, RunScreen};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, frame};
use crate::ui::status::of_event;
use crate::ui::strip::Strip;

/// Draws the details as JSON behind a gutter.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, open: &Payload, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let detail = scene.model.mirror.detail(&screen.run);
    let events = detail.map_or(&[][..], |detail| screen.history(detail).events());
    let Some(event) = events.get(open.event) else {
        frame(area, &Strip::new().add("Payload", theme.title), Focus::Here, theme, buf);
        return;
    };
    let mark = of_event(event, theme);
    let title = Strip::new().add(mark.glyph, mark.style).gap(1).add(mark.word, theme.title);
    let title = match event.step_id() {
        Some(step) => title.gap(2).add(step.as_str().to_owned(), theme.accent),
        None => title,
    };
    reader::draw(scene, title, (&open.text, screen.events.search.as_ref()), area, buf);
}
