//! A decision: its frozen target, what the person is shown, what is sent and what follows.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::choices;
use crate::app::layers::{Dialog, DialogKind};
use crate::app::layout::dialog_width;
use crate::app::model::Environment;
use crate::ui::draw::Scene;
use crate::ui::header::is_stale;
use crate::ui::pane::{overlay, row};
use crate::ui::strip::Strip;

/// Draws a dialog in the middle of the screen.
pub(super) fn draw(scene: Scene<'_>, dialog: &Dialog, buf: &mut Buffer) {
    let theme = scene.theme;
    let size = (buf.area.width, buf.area.height);
    let width = dialog_width(size);
    let payload = &dialog.lines;
    let foot = choices::lines(dialog, is_stale(scene), (width.saturating_sub(4), size.1), theme);
    let most = buf.area.height.saturating_sub(4);
    let rows = dialog.rows(size);
    let body = if payload.is_empty() { 0 } else { payload.len().min(rows) as u16 + 2 };
    let height = (body + foot.len() as u16 + 2).min(most);
    let mut title = Strip::new().add(title(dialog), theme.title);
    if scene.model.session.environment == Environment::Production {
        title = title.right(" PRODUCTION ", theme.production);
    }
    let inside = overlay((width, height), &title, theme, buf);
    let room = inside.height.saturating_sub(foot.len() as u16);
    if !payload.is_empty() && room > 1 {
        let area = Rect { height: room - 1, ..inside };
        show(scene, dialog, area, buf);
    }
    for (index, line) in foot.iter().enumerate() {
        line.paint(row(inside, room + index as u16), buf);
    }
}

fn title(dialog: &Dialog) -> String {
    let verb = match dialog.kind {
        DialogKind::Approve => "Approve",
        DialogKind::Reject => "Reject",
        DialogKind::Pause => "Pause",
        DialogKind::Resume => "Resume",
        DialogKind::Stop => "Stop",
        DialogKind::RunAgain | DialogKind::RunAll => "Run again:",
        DialogKind::Publish => "Publish",
        DialogKind::Activate => "Make active:",
    };
    match &dialog.step {
        Some(step) => format!("{verb} {step} of {}?", dialog.target),
        None => format!("{verb} {}?", dialog.target),
    }
}

/// What the payload is.
fn caption(dialog: &Dialog) -> &'static str {
    match dialog.kind {
        DialogKind::RunAgain if dialog.edited => "the input, edited",
        DialogKind::RunAgain => "the input, as the run had it",
        DialogKind::Publish => "what the draft changes",
        _ => "what the person is shown",
    }
}

/// The payload behind its gutter, with how much of it is seen.
fn show(scene: Scene<'_>, dialog: &Dialog, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let (payload, keys) = (&dialog.lines, dialog.names);
    let height = usize::from(area.height.saturating_sub(1));
    let first = dialog.offset.min(payload.len().saturating_sub(height));
    let last = (first + height).min(payload.len());
    let all = payload.len();
    let count = match dialog.seen {
        _ if all == last - first && all == 1 => "1 line, none hidden".to_owned(),
        _ if all == last - first => format!("{all} lines, none hidden"),
        seen if dialog.kind == DialogKind::Approve && seen < all => {
            format!("lines {}–{last}, {seen} of {all} seen   ↑ ↓ scroll", first + 1)
        }
        _ => format!("lines {}–{last} of {all}   ↑ ↓ scroll", first + 1),
    };
    Strip::new().add(caption(dialog), theme.muted).right(count, theme.muted).paint(row(area, 0), buf);
    for (index, line) in payload[first..last].iter().enumerate() {
        if dialog.own.contains(&(first + index)) {
            // What is indented tells what an argument above it waits for.
            let style = if line.text.starts_with(' ') { theme.waiting } else { theme.title };
            Strip::new().add(&*line.text, style).paint(row(area, index as u16 + 1), buf);
            continue;
        }
        let strip = Strip::new().cell(line.key.as_deref().unwrap_or(""), keys, theme.muted);
        let strip = if keys > 0 { strip.gap(1) } else { strip };
        let strip = strip.add("│ ", theme.gutter).add(&*line.text, theme.foreign);
        strip.paint(row(area, index as u16 + 1), buf);
    }
}
