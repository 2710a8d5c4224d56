//! The Command Center: four sections, and a preview of what is selected.

mod chain;
mod columns;
mod empty;
mod facts;
mod group;
mod preview;
mod rows;
mod sections;
mod summary;

use ratatui::buffer::Buffer;

use super::draw::Scene;
use super::header;
use crate::app::layout;

/// Draws everything but the footer.
pub(super) fn draw(scene: Scene<'_>, buf: &mut Buffer) {
    let parts = layout::home(scene.model, scene.now);
    header::home(scene, parts.header.intersection(buf.area), buf);
    sections::draw(scene, &parts.sections.map(|area| area.intersection(buf.area)), buf);
    if let Some(area) = parts.preview {
        preview::draw(scene, area.intersection(buf.area), buf);
    }
    if let Some(area) = parts.summary {
        summary::draw(scene, area.intersection(buf.area), buf);
    }
}
