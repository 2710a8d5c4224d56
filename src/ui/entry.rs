//! An entry of a run's log in one line: time, what happened, to which step, and what matters of it.

use serde_json::Value;

use super::Theme;
use super::status::of_event;
use super::strip::Strip;
use crate::domain::document::start_of;
use crate::domain::{EventKind, RunEvent, StepStatus};

/// The most bytes of a summary.
const SUMMARY: usize = 400;

/// An entry of the log in one line of `width` columns.
pub(super) fn strip<'a>(event: &'a RunEvent, width: u16, theme: &Theme) -> Strip<'a> {
    let mark = of_event(event, theme);
    let (kind, step) = if width >= 100 { (24, 22) } else { (16, 16) };
    let time = time(event, "%H:%M:%S%.3f");
    Strip::new()
        .cell(time, 13, theme.muted)
        .cell(mark.glyph, 2, mark.style)
        .cell(mark.word, kind, mark.style)
        .gap(1)
        .cell(event.step_id().map_or_else(String::new, |id| id.as_str().to_owned()), step, theme.text)
        .gap(1)
        .add(summary(event), theme.muted)
}

/// The same for a preview: no more than a glance.
pub(super) fn brief<'a>(event: &'a RunEvent, width: u16, theme: &Theme) -> Strip<'a> {
    let mark = of_event(event, theme);
    let step = if width >= 70 { 18 } else { 14 };
    Strip::new()
        .cell(time(event, "%H:%M:%S"), 9, theme.muted)
        .cell(mark.glyph, 2, mark.style)
        .cell(mark.word, 15, theme.muted)
        .gap(1)
        .cell(event.step_id().map_or_else(String::new, |id| id.as_str().to_owned()), step, theme.muted)
        .gap(1)
        .add(summary(event), theme.muted)
}

fn time(event: &RunEvent, form: &str) -> String {
    event.at.map_or_else(String::new, |at| at.strftime(form).to_string())
}

/// What matters of an event's details, on one line; foreign text.
fn summary(event: &RunEvent) -> String {
    let data = &event.data;
    let text = |fields: &[&str]| fields.iter().find_map(|field| event.text(field)).map(str::to_owned);
    let found = match &event.kind {
        EventKind::StateChanged => event.new_state().map(|to| match event.old_state() {
            Some(from) => format!("{from} → {to}"),
            None => to.to_string(),
        }),
        EventKind::StepFailed | EventKind::StepRetrying | EventKind::RunFailed => error(data),
        EventKind::StepStarted => {
            data.get("attempt").and_then(Value::as_u64).filter(|n| *n > 1).map(|n| format!("attempt {n}"))
        }
        EventKind::StepCompleted if event.step_status() == Some(StepStatus::Completed) => {
            data.get("result").map(short)
        }
        EventKind::StepCompleted => text(&["reason"]),
        EventKind::StepCancelled => text(&["caused_by_step_id"]).map(|step| format!("because of {step}")),
        EventKind::HumanTaskCompleted => data
            .get("approved")
            .map(|yes| if *yes == Value::Bool(true) { "approved" } else { "rejected" }.to_owned()),
        _ => None,
    };
    found.or_else(|| text(&["message", "reason", "summary", "phase"])).unwrap_or_else(|| rest(data))
}

fn error(data: &Value) -> Option<String> {
    data.get("error").map(short)
}

/// A value on one line. Long ones are cut before they are written out.
fn short(value: &Value) -> String {
    match value {
        Value::String(text) => text.chars().take(SUMMARY).collect(),
        other => start_of(other, SUMMARY),
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
