//! The line at the bottom: what the keys do on the selected row now, and decisions that can still
//! be taken back. Messages stand above it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::draw::Scene;
use super::layers;
use super::offers::offered;
use super::strip::{Strip, columns};
use crate::app::action::Action;
use crate::app::layers::{Layer, TextInput};
use crate::app::model::Tone;
use crate::app::panes::{RowKey, Tab};
use crate::app::pending::{Pending, Stage};
use crate::app::{Model, Screen};
use crate::domain::clock::{age, human};

/// Columns for what stands around a text that is typed.
const HINTS: u16 = 30;

/// The most messages seen at once.
const TOASTS: usize = 3;

/// Draws the footer and the messages above it.
pub(super) fn draw(scene: Scene<'_>, buf: &mut Buffer) {
    let size = buf.area;
    let area = Rect::new(0, size.height - 1, size.width, 1);
    buf.set_style(area, scene.theme.header);
    match scene.model.layers.last() {
        Some(Layer::Find { input }) => find(scene, input, area, buf),
        Some(layer) => over(scene, layer, area, buf),
        None => keys(scene, area, buf),
    }
    let band = band(scene, size, buf);
    toasts(scene, size, band, buf);
}

/// How far runs are with running again, over the lower borders of the panes; how many rows it takes.
fn band(scene: Scene<'_>, size: Rect, buf: &mut Buffer) -> u16 {
    let Some(strip) = layers::series_band(scene) else { return 0 };
    let Some(y) = size.height.checked_sub(2) else { return 0 };
    let area = Rect::new(0, y, size.width, 1);
    super::pane::clear(area, scene.theme.overlay, buf);
    strip.paint(area, buf);
    1
}

/// The keys of an overlay: those of the screen below it do nothing meanwhile.
fn over(scene: Scene<'_>, layer: &Layer, area: Rect, buf: &mut Buffer) {
    let hints: &[(&str, &str)] = match layer {
        Layer::Help { .. } => &[("↑ ↓", "scroll"), ("esc", "close")],
        Layer::Palette { .. } => &[("↑ ↓", "choose"), ("enter", "do it"), ("esc", "close")],
        Layer::RunMenu { .. } => &[("j k", "choose"), ("enter", "do it"), ("esc", "close")],
        Layer::Dialog(dialog) if dialog.payload.is_none() => &[("esc", "close")],
        Layer::Editor(_) => &[("tab", "take it"), ("esc", "drop the changes")],
        Layer::Refused(_) => &[("esc", "close")],
        Layer::Series { .. } => &[("j k", "choose"), ("enter", "open"), ("esc", "close")],
        Layer::Dialog(_) | Layer::Find { .. } => &[("↑ ↓", "scroll"), ("esc", "close")],
    };
    let strip = hints
        .iter()
        .fold(Strip::new().gap(1), |strip, (key, word)| strip.hint((*key).to_owned(), word, scene.theme));
    strip.paint(area, buf);
}

fn keys(scene: Scene<'_>, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let right = undo(scene);
    let taken = if right.right_columns() > 0 { right.right_columns() + 2 } else { 0 };
    let room = area.width.saturating_sub(taken);
    let hint = |strip: Strip<'static>, action: Action| {
        strip.hint(action.entry().keys[0].to_string(), word(scene.model, action), theme)
    };
    // Help tells of what has no room here, so it always has some.
    let help = hint(Strip::new(), Action::Help);
    let mut actions = offered(scene.model, scene.now);
    actions.retain(|action| *action != Action::Help);
    let mut strip = Strip::new().gap(1);
    for action in actions {
        let one = hint(Strip::new(), action).left_columns();
        if strip.left_columns() + one + help.left_columns() <= room + 2 {
            strip = hint(strip, action);
        }
    }
    hint(strip, Action::Help).paint(Rect { width: room, ..area }, buf);
    right.paint(area, buf);
}

/// The decision that `u` takes back, and how long it can.
fn undo(scene: Scene<'_>) -> Strip<'_> {
    let theme = scene.theme;
    let Some(pending) = held(scene.model).last() else { return Strip::new() };
    let strip = Strip::new()
        .right(format!("{} {} … ", pending.doing, pending.target), theme.waiting)
        .right("u", theme.key)
        .right(format!(" undo {} ", left(scene, pending)), theme.waiting);
    match held_count(scene.model).saturating_sub(1) {
        0 => strip,
        more => strip.right(format!("+{more} "), theme.waiting),
    }
}

/// The footer's word for an action, which for a few depends on where one is.
fn word(model: &Model, action: Action) -> &'static str {
    match (action, model.screen) {
        (Action::Find, Screen::Home) => "filter",
        (Action::Back, Screen::Home) => "clear",
        (Action::RunAgain, Screen::Home) if matches!(model.home.selected(), Some(RowKey::Failures(..))) => {
            "run all again"
        }
        (Action::Open, Screen::Home) if matches!(model.home.selected(), Some(RowKey::Failures(..))) => {
            "unfold"
        }
        (Action::Open, Screen::Run) if model.run.as_ref().is_some_and(|open| open.tab == Tab::Context) => {
            "read"
        }
        (Action::Open, Screen::Run) if model.run.as_ref().is_some_and(|open| open.tab == Tab::Diagnosis) => {
            "do it"
        }
        (Action::Open, Screen::Run) => "payload",
        (Action::NextMatch, _) if searches(model) => "next match",
        _ => action.entry().label,
    }
}

fn searches(model: &Model) -> bool {
    model.run.as_ref().is_some_and(|open| open.search().is_some())
}

fn held(model: &Model) -> impl Iterator<Item = &Pending> {
    model.pending.iter().filter(|pending| matches!(pending.stage, Stage::Held { .. }))
}

fn held_count(model: &Model) -> usize {
    held(model).count()
}

/// The time until a held decision is sent.
fn left(scene: Scene<'_>, pending: &Pending) -> String {
    match pending.stage {
        Stage::Held { until } => human(age(scene.now, until)),
        Stage::Sent | Stage::Unknown => String::new(),
    }
}

/// What a row shows while a command for its run is on the way.
pub(super) fn mark(scene: Scene<'_>, pending: &Pending) -> String {
    match pending.stage {
        Stage::Held { .. } => format!("{}… u undo {}", pending.doing, left(scene, pending)),
        Stage::Sent => format!("{}…", pending.doing),
        Stage::Unknown => format!("{}: UNKNOWN", pending.doing),
    }
}

fn find(scene: Scene<'_>, input: &TextInput, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let what = match scene.model.screen {
        Screen::Home => "filter",
        Screen::Run => "search",
    };
    Strip::new()
        .gap(1)
        .add("/", theme.key)
        .gap(1)
        .typed(input, area.width.saturating_sub(HINTS), theme)
        .right("enter", theme.key)
        .right(format!(" {what}  "), theme.muted)
        .right("esc", theme.key)
        .right(" clear ", theme.muted)
        .paint(area, buf);
}

fn toasts(scene: Scene<'_>, size: Rect, taken: u16, buf: &mut Buffer) {
    let theme = scene.theme;
    let shown = scene.model.toasts.iter().rev().filter(|toast| toast.until > scene.now).take(TOASTS);
    for (index, toast) in shown.enumerate() {
        let (glyph, style) = match toast.tone {
            Tone::Good => ("✔", theme.toast_good),
            Tone::Info => ("·", theme.toast_info),
            Tone::Bad => ("✖", theme.toast_bad),
        };
        let text = format!(" {glyph} {} ", toast.text);
        let width = columns(&text).min(size.width.saturating_sub(2));
        let Some(y) = size.height.checked_sub(2 + taken + index as u16) else { return };
        let area = Rect::new(size.width - width - 1, y, width, 1);
        super::pane::clear(area, style, buf);
        Strip::new().add(text, style).paint(area, buf);
    }
}
