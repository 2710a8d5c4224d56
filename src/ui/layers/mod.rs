//! Overlays, the topmost drawn last.

mod choices;
mod dialog;
mod help;
mod list;

use ratatui::buffer::Buffer;

use super::draw::Scene;
use crate::app::layers::Layer;

/// Draws all overlays over the screen.
pub(super) fn draw(scene: Scene<'_>, buf: &mut Buffer) {
    for layer in &scene.model.layers {
        match layer {
            Layer::Help { offset } => help::draw(scene, *offset, buf),
            Layer::Palette { input, index } => list::palette(scene, input, *index, buf),
            Layer::RunMenu { run, index, .. } => list::menu(scene, run, *index, buf),
            // The footer is where it is typed.
            Layer::Find { .. } => {}
            Layer::Dialog(dialog) => dialog::draw(scene, dialog, buf),
        }
    }
}
