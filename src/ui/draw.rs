//! The whole frame.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::strip::{Strip, put};
use super::{Theme, footer, home, layers, run};
use crate::app::layout::{MIN, too_small};
use crate::app::{Model, Screen};
use crate::domain::Timestamp;

/// What everything is drawn from.
#[derive(Clone, Copy)]
pub(super) struct Scene<'a> {
    pub(super) model: &'a Model,
    pub(super) theme: &'a Theme,
    pub(super) now: Timestamp,
}

/// Draws the model as of `now` into a buffer, which must be empty.
pub fn draw(model: &Model, theme: &Theme, now: Timestamp, buf: &mut Buffer) {
    buf.set_style(buf.area, theme.base);
    let scene = Scene { model, theme, now };
    if too_small(model.size) || too_small((buf.area.width, buf.area.height)) {
        notice(scene, buf);
    } else {
        match (&model.run, model.screen) {
            (Some(screen), Screen::Run) => run::draw(scene, screen, buf),
            (None, _) | (_, Screen::Home) => home::draw(scene, buf),
        }
        footer::draw(scene, buf);
        layers::draw(scene, buf);
    }
    theme.glyphs.apply(buf);
}

/// What is shown instead of a screen that would not fit.
fn notice(scene: Scene<'_>, buf: &mut Buffer) {
    let area = buf.area;
    let text = format!("needs {}×{}", MIN.0, MIN.1);
    let have = format!("has {}×{}", area.width, area.height);
    let middle = area.height / 2;
    for (row, text) in [(middle.saturating_sub(1), text), (middle, have)] {
        let x = area.width.saturating_sub(text.chars().count() as u16) / 2;
        put(buf, (x, row), area.width, &text, scene.theme.text);
    }
    if area.height > 3 {
        let row = Rect::new(0, area.height - 1, area.width, 1);
        Strip::new().add("q quit", scene.theme.muted).paint(row, buf);
    }
}
