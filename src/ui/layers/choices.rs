//! The lower part of a dialog: what is sent, what follows, and the keys that answer.

use crate::app::layers::{Choice, Dialog, DialogKind};
use crate::domain::document::wrap;
use crate::domain::text::visible;
use crate::ui::Theme;
use crate::ui::strip::Strip;

/// Columns of the names before the values.
const NAME: u16 = 8;

/// All lines, for a dialog of `width` columns inside.
pub(super) fn lines(dialog: &Dialog, stale: bool, width: u16, theme: &Theme) -> Vec<Strip<'static>> {
    let mut lines = Vec::new();
    match &dialog.choices[..] {
        [only] => one(only, width, theme, &mut lines),
        several => {
            for choice in several {
                of_several(choice, width, theme, &mut lines);
            }
        }
    }
    if dialog.kind == DialogKind::Reject {
        lines.push(reason(dialog, width, theme));
    }
    lines.push(Strip::new());
    lines.extend(dialog.kind.warning().map(|text| Strip::new().add(text, theme.muted)));
    if stale {
        lines.push(Strip::new().add("The data is stale: this may have changed meanwhile.", theme.failed));
    }
    lines.push(answers(dialog, theme));
    lines
}

fn one(choice: &Choice, width: u16, theme: &Theme, lines: &mut Vec<Strip<'static>>) {
    value("sends", &choice.command.body().to_string(), width, theme, lines);
    // The outcome of an approval begins with the word that names it here.
    value("then", choice.outcome.strip_prefix("then ").unwrap_or(&choice.outcome), width, theme, lines);
}

fn of_several(choice: &Choice, width: u16, theme: &Theme, lines: &mut Vec<Strip<'static>>) {
    let indent = 2 + 13;
    let mut texts = Vec::new();
    wrap(&visible(&choice.outcome), usize::from(width.saturating_sub(indent)), 0, &mut texts);
    for (index, text) in texts.iter().enumerate() {
        let strip = match index {
            0 => Strip::new().cell(choice.key.to_string(), 2, theme.key).gap(1).cell(
                choice.label,
                12,
                theme.strong,
            ),
            _ => Strip::new().gap(indent),
        };
        lines.push(strip.add(String::from(&**text), theme.text));
    }
    let mut texts = Vec::new();
    let body = format!("sends {}", choice.command.body());
    wrap(&visible(&body), usize::from(width.saturating_sub(indent)), 6, &mut texts);
    lines.extend(texts.iter().map(|text| Strip::new().gap(indent).add(String::from(&**text), theme.muted)));
}

fn value(name: &'static str, text: &str, width: u16, theme: &Theme, lines: &mut Vec<Strip<'static>>) {
    let mut texts = Vec::new();
    wrap(&visible(text), usize::from(width.saturating_sub(NAME)), 0, &mut texts);
    for (index, text) in texts.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        lines.push(Strip::new().cell(name, NAME, theme.muted).add(String::from(&**text), theme.text));
    }
}

fn reason(dialog: &Dialog, width: u16, theme: &Theme) -> Strip<'static> {
    let room = width.saturating_sub(NAME + 1).min(48);
    let strip = Strip::new().cell("reason", NAME, theme.muted).typed(&dialog.reason, room, theme);
    let line = "_".repeat(usize::from((NAME + 1 + room).saturating_sub(strip.left_columns())));
    strip.add(line, theme.muted)
}

/// The keys: those that act, and the one that keeps everything as it is.
fn answers(dialog: &Dialog, theme: &Theme) -> Strip<'static> {
    let mut strip = Strip::new();
    if let [only] = &dialog.choices[..] {
        strip = strip.hint(only.key.to_string(), only.label, theme).gap(1);
    }
    let keep = match dialog.kind {
        DialogKind::Approve | DialogKind::Reject => "decide later",
        DialogKind::Stop => "leave it running",
        DialogKind::Pause | DialogKind::Resume => "leave it as it is",
        DialogKind::RunAgain => "start nothing",
    };
    strip.hint("esc".into(), keep, theme)
}
