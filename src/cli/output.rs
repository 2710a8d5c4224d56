//! What commands print: data on standard output, remarks on standard error.

use std::io::{self, IsTerminal, Write};

use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::args::Print;
use crate::domain::text::{escape_json, visible};
use crate::platform::redact::redacted;

/// Prints JSON when asked for, else lines for people.
///
/// # Errors
/// When standard output cannot be written to; a reader that left is no error.
pub(super) fn show(print: Print, json: &Value, people: impl FnOnce() -> Vec<String>) -> io::Result<()> {
    let text = if print.json {
        let text = serde_json::to_string_pretty(json).map_err(io::Error::other)?;
        if io::stdout().is_terminal() { escape_json(&text) } else { text }
    } else {
        people().join("\n")
    };
    put(&text).map(|_| ())
}

/// Whether somebody still reads standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reader {
    /// As far as can be known.
    Reads,
    /// The pipe is closed: nothing more needs to be printed.
    Left,
}

/// Prints one line of many: JSON on a single line when asked for, else a line for people.
///
/// # Errors
/// When standard output cannot be written to; a reader that left is no error.
pub(super) fn show_line(print: Print, json: &Value, people: impl FnOnce() -> String) -> io::Result<Reader> {
    let text = if !print.json {
        people()
    } else if io::stdout().is_terminal() {
        escape_json(&json.to_string())
    } else {
        json.to_string()
    };
    put(&text)
}

/// Prints a text and ends its line.
///
/// # Errors
/// When standard output cannot be written to; a reader that left is no error.
pub(super) fn put(text: &str) -> io::Result<Reader> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(Reader::Reads),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(Reader::Left),
        Err(error) => Err(error),
    }
}

/// A remark on standard error, which may be gone: nobody is left to tell then.
pub(super) fn remark(text: &str) {
    let _ = writeln!(io::stderr(), "arcc: {}", visible(&redacted(text)));
}

/// Lines of aligned columns; cells are made safe.
pub(super) fn columns(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let safe: Vec<Vec<String>> =
        rows.iter().map(|row| row.iter().map(|cell| visible(cell).into_owned()).collect()).collect();
    let mut widths: Vec<usize> = head.iter().map(|title| title.width()).collect();
    for row in &safe {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.width());
        }
    }
    let line = |cells: Vec<&str>| {
        let padded = cells
            .iter()
            .zip(&widths)
            .map(|(cell, width)| format!("{cell}{}", " ".repeat(width - cell.width())));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut lines = vec![line(head.to_vec())];
    lines.extend(safe.iter().map(|row| line(row.iter().map(String::as_str).collect())));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_foreign_text_is_safe() {
        let rows = [vec!["a".to_owned(), "x\u{1b}[2J".to_owned()], vec!["long".to_owned(), "y".to_owned()]];
        assert_eq!(columns(&["ID", "NAME"], &rows), ["ID    NAME", "a     x\\e[2J", "long  y"]);
    }

    #[test]
    fn json_on_a_terminal_stays_json() {
        let json = serde_json::to_string(&serde_json::json!({"name": "a\u{202E}b\u{9b}c\u{E0041}"})).unwrap();
        let escaped = escape_json(&json);
        assert!(escaped.is_ascii(), "{escaped}");
        assert_eq!(
            serde_json::from_str::<Value>(&escaped).unwrap(),
            serde_json::from_str::<Value>(&json).unwrap()
        );
    }
}
