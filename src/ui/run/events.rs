//! The Events tab: one line an event.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use serde_json::Value;

use crate::app::panes::RunScreen;
use crate::domain::text::visible;
use crate::domain::{EventKind, RunEvent};
use crate::ui::draw::Scene;
use crate::ui::pane::{Focus, first_row, frame, row};
use crate::ui::status::of_event;
use crate::ui::strip::Strip;

/// The most characters of a summary.
const SUMMARY: usize = 400;

/// Draws the log.
pub(super) fn draw(scene: Scene<'_>, screen: &RunScreen, area: Rect, buf: &mut Buffer) {
    let theme = scene.theme;
    let detail = scene.model.mirror.detail(&screen.run);
    let events = detail.map_or(&[][..], |detail| detail.history.events());
    let search =
        screen.events.search.as_ref().map(|search| search.text.as_str()).filter(|text| !text.is_empty());
    let title = Strip::new().add("Events", theme.title).add("  UTC", theme.muted);
    let title = match search {
        Some(text) => title.right(format!("/{text}  "), theme.accent),
        None => title,
    };
    let place = if events.is_empty() { 0 } else { screen.events.index.min(events.len() - 1) + 1 };
    let title = title.right(format!("{place} of {}", events.len()), theme.muted);
    let inside = frame(area, &title, Focus::Here, theme, buf);
    if detail.is_none() {
        return super::canvas::loading(scene, screen, inside, buf);
    }
    if events.is_empty() {
        return Strip::new().gap(1).add("no event yet", theme.muted).paint(row(inside, 0), buf);
    }
    let index = place.saturating_sub(1);
    let first = first_row(screen.events.offset, index, inside.height, events.len());
    for (line, event) in events[first..].iter().take(usize::from(inside.height)).enumerate() {
        let area = row(inside, line as u16);
        if first + line == index {
            buf.set_style(area, theme.selection);
            Strip::new().add("▌", theme.accent).paint(area, buf);
        }
        let place = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
        strip(scene, event, place.width).paint(place, buf);
        if let Some(text) = search {
            highlight(scene, text, place, buf);
        }
    }
}

fn strip<'a>(scene: Scene<'_>, event: &'a RunEvent, width: u16) -> Strip<'a> {
    let theme = scene.theme;
    let (glyph, style) = of_event(event, theme);
    let (kind, step) = if width >= 100 { (24, 22) } else { (16, 16) };
    let time = event.at.map_or_else(String::new, |at| at.strftime("%H:%M:%S%.3f").to_string());
    Strip::new()
        .cell(time, 13, theme.muted)
        .cell(glyph, 2, style)
        .cell(event.kind.as_str(), kind, style)
        .gap(1)
        .cell(event.step_id().map_or_else(String::new, |id| id.as_str().to_owned()), step, theme.text)
        .gap(1)
        .add(summary(event), theme.muted)
}

/// What matters of an event's details, on one line; foreign text.
fn summary(event: &RunEvent) -> String {
    let data = &event.data;
    let text = |fields: &[&str]| fields.iter().find_map(|field| event.text(field)).map(str::to_owned);
    let found = match &event.kind {
        EventKind::StateChanged => {
            let (from, to) = (
                text(&["from", "old_status", "previous_status"]),
                text(&["to", "new_status", "status", "state"]),
            );
            to.map(|to| from.map_or_else(|| to.clone(), |from| format!("{from} → {to}")))
        }
        EventKind::StepFailed | EventKind::StepRetrying | EventKind::RunFailed => error(data),
        EventKind::StepStarted => {
            data.get("attempt").and_then(Value::as_u64).filter(|n| *n > 1).map(|n| format!("attempt {n}"))
        }
        EventKind::StepCompleted if data.get("skipped").is_some() => {
            text(&["reason"]).map(|why| format!("skipped: {why}"))
        }
        EventKind::StepCompleted => data.get("result").map(short),
        EventKind::StepCancelled => text(&["caused_by_step_id"]).map(|step| format!("because of {step}")),
        EventKind::HumanTaskCompleted => data
            .get("approved")
            .map(|yes| if *yes == Value::Bool(true) { "approved" } else { "rejected" }.to_owned()),
        _ => None,
    };
    found.or_else(|| text(&["message", "reason", "summary", "phase"])).unwrap_or_else(|| rest(data))
}

fn error(data: &Value) -> Option<String> {
    match data.get("error")? {
        Value::String(text) => Some(text.clone()),
        other => Some(short(other)),
    }
}

/// A value on one line. Long ones are cut before they are written out.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(SUMMARY).collect(),
        other => other.to_string().chars().take(SUMMARY).collect(),
    }
}

/// All details but those that have a column of their own.
fn rest(data: &Value) -> String {
    let Value::Object(fields) = data else { return if data.is_null() { String::new() } else { short(data) } };
    let others = fields
        .iter()
        .filter(|(key, _)| !matches!(key.as_str(), "step_id" | "step_name" | "run_id" | "attempt"));
    let parts: Vec<_> = others.take(4).map(|(key, value)| format!("{key} {}", short(value))).collect();
    parts.join("  ")
}

/// Marks every match of a search in a row of the screen, without regard to case.
pub(super) fn highlight(scene: Scene<'_>, text: &str, area: Rect, buf: &mut Buffer) {
    let wanted: Vec<String> = visible(text).chars().map(|ch| ch.to_lowercase().collect()).collect();
    let cells: Vec<String> = (area.left()..area.right())
        .map(|x| buf.cell((x, area.y)).map_or_else(String::new, |cell| cell.symbol().to_lowercase()))
        .collect();
    if wanted.is_empty() || wanted.len() > cells.len() {
        return;
    }
    for start in 0..=cells.len() - wanted.len() {
        if cells[start..start + wanted.len()] == wanted[..] {
            let found = Rect { x: area.x + start as u16, width: wanted.len() as u16, ..area };
            buf.set_style(found, scene.theme.found);
        }
    }
}
