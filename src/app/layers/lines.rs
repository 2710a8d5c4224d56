//! The text of a dialog: what the person is shown, then what the next calls would get.

use serde_json::Value;

use crate::domain::Verbatim;
use crate::domain::consequence::Next;
use crate::domain::document::{FieldLine, field_lines, key_columns, verbatim_lines, wrap};
use crate::domain::text::visible;

/// Lines to be read.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    pub(super) lines: Vec<FieldLine>,
    /// Columns of the names of fields.
    pub(super) names: usize,
    /// The lines, by their places, that are this program's own and no foreign text.
    pub(super) own: Vec<usize>,
}

impl Text {
    /// The payload, and the arguments of the steps that start next, for a width of `columns`.
    pub(super) fn of(
        (payload, verbatim): (Option<&Value>, Option<&Verbatim>),
        next: &[Next],
        columns: usize,
    ) -> Self {
        let next: Vec<&Next> = next.iter().filter(|next| next.has_arguments()).collect();
        let payload = payload.filter(|_| verbatim.is_none());
        let values = payload.into_iter().chain(next.iter().map(|next| &next.arguments));
        let mut text = Self { names: values.map(key_columns).max().unwrap_or(0), ..Self::default() };
        match (verbatim, payload) {
            (Some(verbatim), _) => {
                let names = if text.names > 0 { text.names + 1 } else { 0 };
                text.lines = verbatim_lines(verbatim, columns.saturating_sub(names));
            }
            (None, Some(payload)) => text.value(payload, columns),
            (None, None) => {}
        }
        for next in next {
            text.call(next, columns);
        }
        text
    }

    /// A value whose names are as wide as the widest of all.
    fn value(&mut self, value: &Value, columns: usize) {
        let narrower = self.names - key_columns(value).min(self.names);
        self.lines.extend(field_lines(value, columns.saturating_sub(narrower)));
    }

    fn call(&mut self, next: &Next, columns: usize) {
        self.say("", columns);
        self.say(&format!("then {} gets", next.words()), columns);
        self.value(&next.arguments, columns);
        for open in &next.open {
            let at = if open.at.is_empty() { "all of it" } else { &open.at };
            self.say(&format!("  {at}: {}", open.why), columns);
        }
    }

    fn say(&mut self, text: &str, columns: usize) {
        let mut lines = Vec::new();
        wrap(&visible(text), columns, 2, &mut lines);
        self.own.extend(self.lines.len()..self.lines.len() + lines.len());
        self.lines.extend(lines.into_iter().map(|text| FieldLine { key: None, text }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn the_next_call_stands_below_the_payload_and_what_is_foreign_stays_told_apart() {
        let next = Next {
            step: "send".into(),
            does: "mail".into(),
            waits_for: Vec::new(),
            is_conditional: false,
            arguments: json!({"to": "a@example.com\nthen pay → bank gets"}),
            open: Vec::new(),
        };
        let silent = Next { step: "log".into(), arguments: json!({}), ..next.clone() };
        let payload = json!({"title": "Send"});
        let text = Text::of((Some(&payload), None), &[silent, next], 60);
        let lines: Vec<&str> = text.lines.iter().map(|line| &*line.text).collect();
        assert_eq!(lines, ["Send", "", "then send → mail gets", "a@example.com", "then pay → bank gets"]);
        assert_eq!((text.own, text.names), (vec![1, 2], 5));
    }
}
