//! Overlays, the topmost drawn last.

mod choices;
mod dialog;
mod editor;
mod help;
mod list;
mod refused;
mod series;

use ratatui::buffer::Buffer;

pub(super) use self::series::band as series_band;
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
            Layer::Editor(editor) => editor::draw(scene, editor, buf),
            Layer::Refused(refused) => refused::draw(scene, refused, buf),
            Layer::Series { index } => series::draw(scene, *index, buf),
        }
    }
}
