//! The lower part of a dialog: what is sent, what follows, and the keys that answer.

use crate::app::layers::{Choice, Dialog, DialogKind, Field};
use crate::app::pending::Order;
use crate::domain::document::wrap;
use crate::domain::text::visible;
use crate::ui::Theme;
use crate::ui::strip::Strip;
use crate::wire::Command;

/// From so many rows on, the lines below a payload are not pressed together.
const ROOMY: u16 = 24;
/// The most lines of what is sent, and of what follows.
const MOST: usize = 3;
/// Columns of the names before the values.
const NAME: u16 = 8;

/// All lines, for a dialog of `width` columns inside, on a screen of so many rows. They leave the
/// payload the rows that the dialog counts on.
pub(super) fn lines(
    dialog: &Dialog,
    stale: bool,
    (width, rows): (u16, u16),
    theme: &Theme,
) -> Vec<Strip<'static>> {
    let mut lines = Vec::new();
    for (name, text) in &dialog.facts {
        value(name, text, (width, MOST), theme, &mut lines);
    }
    match &dialog.choices[..] {
        [only] => one(only, (width, if rows < ROOMY { 1 } else { MOST }), theme, &mut lines),
        several => {
            for choice in several {
                of_several(choice, width, theme, &mut lines);
            }
        }
    }
    for field in dialog.fields() {
        match (field, &dialog.demands.proof) {
            (Field::Reason, _) => lines.push(typed("reason", "", dialog, (field, width), theme)),
            (Field::Proof, Some((what, wanted))) => {
                let hint = format!("type the {what} {wanted}");
                lines.push(typed("confirm", &hint, dialog, (field, width), theme));
            }
            _ => {}
        }
    }
    if rows >= ROOMY || dialog.lines.is_empty() {
        lines.push(Strip::new());
    }
    lines.extend(dialog.kind.warning().map(|text| Strip::new().add(text, theme.muted)));
    if stale {
        lines.push(Strip::new().add("The data is stale: this may have changed meanwhile.", theme.failed));
    }
    lines.push(answers(dialog, theme));
    lines
}

fn one(choice: &Choice, size: (u16, usize), theme: &Theme, lines: &mut Vec<Strip<'static>>) {
    value("sends", &sends(&choice.order), size, theme, lines);
    // The outcome of an approval begins with the word that names it here.
    value("then", choice.outcome.strip_prefix("then ").unwrap_or(&choice.outcome), size, theme, lines);
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
    let body = format!("sends {}", sends(&choice.order));
    wrap(&visible(&body), usize::from(width.saturating_sub(indent)), 6, &mut texts);
    lines.extend(texts.iter().map(|text| Strip::new().gap(indent).add(String::from(&**text), theme.muted)));
}

/// What is sent, word for word where it is one command.
fn sends(order: &Order) -> String {
    match order {
        Order::Send(command @ (Command::Publish(_) | Command::Activate { .. })) => {
            format!("POST {} {}", command.path(), command.body())
        }
        Order::Send(command) => command.body().to_string(),
        Order::Series(runs) => {
            format!("a start for each of the {}, once the one before has completed", runs.len())
        }
    }
}

fn value(
    name: &'static str,
    text: &str,
    (width, most): (u16, usize),
    theme: &Theme,
    lines: &mut Vec<Strip<'static>>,
) {
    let mut texts = Vec::new();
    wrap(&visible(text), usize::from(width.saturating_sub(NAME)), 0, &mut texts);
    if texts.len() > most {
        texts.truncate(most);
        // What is cut says so; the strip cuts what no longer fits.
        let cut = texts.pop().map(|last| format!("{last}…").into());
        texts.extend(cut);
    }
    for (index, text) in texts.iter().enumerate() {
        let name = if index == 0 { name } else { "" };
        lines.push(Strip::new().cell(name, NAME, theme.muted).add(String::from(&**text), theme.text));
    }
}

/// A line that takes text, marked where it takes the keys; until something is typed it says what.
fn typed(
    name: &'static str,
    hint: &str,
    dialog: &Dialog,
    (field, width): (Field, u16),
    theme: &Theme,
) -> Strip<'static> {
    let input = if field == Field::Proof { &dialog.proof } else { &dialog.reason };
    let room = width.saturating_sub(NAME + 1).min(48);
    let style = if dialog.field == field { theme.key } else { theme.muted };
    let strip = Strip::new().cell(name, NAME, style);
    let strip = match dialog.field == field {
        true => strip.typed(input, room, theme),
        false => strip.add(input.text().to_owned(), theme.text),
    };
    let left = usize::from((NAME + 1 + room).saturating_sub(strip.left_columns()));
    if input.text().is_empty() && !hint.is_empty() {
        return strip.gap(1).add(hint.to_owned(), theme.muted);
    }
    strip.add("_".repeat(left), theme.muted)
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
        DialogKind::RunAgain | DialogKind::RunAll => "start nothing",
        DialogKind::Publish => "publish nothing",
        DialogKind::Activate => "leave it as it is",
    };
    if dialog.kind == DialogKind::RunAgain && dialog.field == Field::Answer {
        strip = strip.hint("e".into(), "edit the input", theme).gap(1);
    }
    if dialog.fields().len() > 1 {
        strip = strip.hint("tab".into(), "next field", theme).gap(1);
    }
    strip.hint("esc".into(), keep, theme)
}
