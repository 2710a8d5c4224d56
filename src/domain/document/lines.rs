//! From a value to lines.

use std::io;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{CompactFormatter, Formatter, PrettyFormatter, Serializer};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::format::{Marked, may_be_rounded};
use crate::domain::text::{spelled, visible};
use crate::domain::{PendingTask, Verbatim};

/// The most columns of a field's name.
const KEY: usize = 18;

/// So many fields decide how many columns the names have.
const FIELDS: usize = 1_000;

/// One line of a value that is shown field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    /// The field's name on its first line, safe to draw; nothing on the others.
    pub key: Option<Box<str>>,
    /// The value's part, safe to draw.
    pub text: Box<str>,
}

/// The beginning of a value that is shown field by field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// Its lines.
    pub lines: Vec<FieldLine>,
    /// Whether they are all.
    pub extent: Extent,
}

/// How much of a value an excerpt holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Extent {
    /// All of it.
    #[default]
    Whole,
    /// Its beginning; how much more there is was not counted.
    Cut,
}

/// The beginning of a value's JSON on one line, at most `bytes` long; costs no more than that,
/// however large the value is. Here as everywhere numbers that may have lost digits have a `~`.
pub fn start_of(value: &Value, bytes: usize) -> String {
    written(value, CompactFormatter, &mut { bytes })
}

/// A value as indented JSON, lines broken at `columns`, safe to draw. Nothing is left out, and below
/// text that a terminal may draw in another order it stands in code points.
pub fn json_lines(value: &Value, columns: usize) -> Vec<Box<str>> {
    let mut out = Vec::new();
    for line in json_start(value, columns, &mut { usize::MAX }) {
        let below = spelled_lines(&line, columns);
        out.push(line);
        out.extend(below);
    }
    out
}

/// The code points of a line that a terminal may draw in another order; of others nothing.
fn spelled_lines(line: &str, columns: usize) -> Vec<Box<str>> {
    let mut out = Vec::new();
    if let Some(spelled) = spelled(line) {
        wrap(&format!("! as stored: {}", spelled.trim_start()), columns, 2, &mut out);
    }
    out
}

fn json_start(value: &Value, columns: usize, bytes: &mut usize) -> Vec<Box<str>> {
    let text = written(value, PrettyFormatter::new(), bytes);
    let mut out = Vec::new();
    for line in text.lines() {
        let depth = line.len() - line.trim_start().len();
        wrap(&visible(line), columns, (depth + 4).min(columns / 2), &mut out);
    }
    out
}

/// An object field by field, texts with their own line breaks, for a width of `columns` in which
/// the longest name decides how much is left for the values. Other values have lines but no names.
pub fn field_lines(value: &Value, columns: usize) -> Vec<FieldLine> {
    excerpt(value, columns, usize::MAX).lines
}

/// A payload as the server wrote it, below what is odd about it.
pub fn verbatim_lines(verbatim: &Verbatim, columns: usize) -> Vec<FieldLine> {
    verbatim_excerpt(verbatim, columns, usize::MAX).lines
}

/// What a task shows a person, as [`excerpt`] shows values; as the server wrote it where a value
/// would hide something.
pub fn task_excerpt(task: &PendingTask, columns: usize, bytes: usize) -> Excerpt {
    match &task.verbatim {
        Some(verbatim) => verbatim_excerpt(verbatim, columns, bytes),
        None => excerpt(&task.payload, columns, bytes),
    }
}

fn verbatim_excerpt(verbatim: &Verbatim, columns: usize, bytes: usize) -> Excerpt {
    let columns = columns.saturating_sub(3).max(8);
    let mut lines = Vec::new();
    for flaw in verbatim.flaws.iter() {
        wrap(&format!("! {}", visible(flaw)), columns, 2, &mut lines);
    }
    wrap("! below it stands as it came", columns, 2, &mut lines);
    let mut left = bytes;
    for line in beginning(&verbatim.text, &mut left).lines() {
        let mut broken = Vec::new();
        wrap(&visible(line), columns, 0, &mut broken);
        for line in broken {
            let below = spelled_lines(&line, columns);
            lines.push(line);
            lines.extend(below);
        }
    }
    let lines = lines.into_iter().map(|text| FieldLine { key: None, text }).collect();
    Excerpt { lines, extent: if left == 0 { Extent::Cut } else { Extent::Whole } }
}

/// The first `bytes` of a value as [`field_lines`] shows them; costs no more than that, however
/// large the value is.
pub fn excerpt(value: &Value, columns: usize, bytes: usize) -> Excerpt {
    let columns = columns.saturating_sub(key_columns(value) + 3).max(8);
    let mut left = bytes;
    let mut lines = Vec::new();
    if let Value::Object(fields) = value {
        for (name, value) in fields {
            let name = visible(name);
            left = left.saturating_sub(name.len());
            if left == 0 {
                break;
            }
            for (index, text) in value_lines(value, columns, &mut left).into_iter().enumerate() {
                lines.push(FieldLine { key: (index == 0).then(|| name.as_ref().into()), text });
            }
        }
    } else {
        let bare = |text| FieldLine { key: None, text };
        lines = value_lines(value, columns, &mut left).into_iter().map(bare).collect();
    }
    let lines = lines.into_iter().flat_map(|line| {
        let below = spelled_lines(&line.text, columns).into_iter();
        std::iter::once(line).chain(below.map(|text| FieldLine { key: None, text }))
    });
    let lines = lines.collect();
    Excerpt { lines, extent: if left == 0 { Extent::Cut } else { Extent::Whole } }
}

/// How many columns the names of an object's fields need; zero for other values.
pub fn key_columns(value: &Value) -> usize {
    let names = value.as_object().into_iter().flatten().take(FIELDS).map(|(key, _)| visible(key).width());
    names.max().unwrap_or(0).min(KEY)
}

/// The lines of a field's value, as far as the bytes that are `left` go.
fn value_lines(value: &Value, columns: usize, left: &mut usize) -> Vec<Box<str>> {
    let mut out = Vec::new();
    match value {
        Value::String(text) if text.is_empty() => out.push("\"\"".into()),
        Value::String(text) => {
            for line in beginning(text, left).split('\n') {
                let line = line.strip_suffix('\r').unwrap_or(line).replace('\t', "    ");
                wrap(&visible(&line), columns, 0, &mut out);
            }
        }
        Value::Array(_) | Value::Object(_) => {
            // One line has four bytes a column at most, but for piled up marks.
            let short = start_of(value, 4 * columns + 1);
            if short.len() <= 4 * columns && short.width() <= columns {
                *left = left.saturating_sub(short.len());
                out.push(visible(&short).into());
            } else {
                out = json_start(value, columns, left);
            }
        }
        Value::Number(number) if number.is_f64() && number.as_f64().is_some_and(may_be_rounded) => {
            out.push(format!("~{number}").into());
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push(value.to_string().into()),
    }
    out
}

/// The beginning of a text, taken off the bytes that are `left`.
fn beginning<'a>(text: &'a str, left: &mut usize) -> &'a str {
    let end = text.floor_char_boundary(*left);
    *left = if end < text.len() { 0 } else { *left - end };
    &text[..end]
}

/// The beginning of a value's JSON, taken off the bytes that are `left`.
fn written(value: &Value, form: impl Formatter, left: &mut usize) -> String {
    let mut out = Bounded { text: Vec::new(), left: *left };
    let whole = value.serialize(&mut Serializer::with_formatter(&mut out, Marked(form))).is_ok();
    *left = if whole { out.left } else { 0 };
    let end = out.text.utf8_chunks().next().map_or(0, |chunk| chunk.valid().len());
    out.text.truncate(end);
    String::from_utf8(out.text).unwrap_or_default()
}

/// Takes so many bytes and refuses the rest, which ends the writing of a large value early.
struct Bounded {
    text: Vec<u8>,
    left: usize,
}

impl io::Write for Bounded {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(self.left);
        self.text.extend_from_slice(&bytes[..taken]);
        self.left -= taken;
        if taken < bytes.len() { Err(io::ErrorKind::WriteZero.into()) } else { Ok(taken) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Breaks safe text at blanks where it can, later lines indented by `indent`.
pub fn wrap(text: &str, columns: usize, indent: usize, out: &mut Vec<Box<str>>) {
    let columns = columns.max(2);
    let mut line = String::new();
    let mut used = 0;
    let mut lines = 0;
    for word in text.split_inclusive(' ') {
        let blank = lines > 0 && used == indent && word.trim().is_empty();
        if blank {
            continue;
        }
        if used + word.trim_end().width() > columns && used > if lines > 0 { indent } else { 0 } {
            finish(&mut line, out);
            lines += 1;
            line.push_str(&" ".repeat(indent));
            used = indent;
        }
        for cluster in word.graphemes(true) {
            if used + cluster.width() > columns && used > indent && cluster != " " {
                finish(&mut line, out);
                lines += 1;
                line.push_str(&" ".repeat(indent));
                used = indent;
            }
            line.push_str(cluster);
            used += cluster.width();
        }
    }
    finish(&mut line, out);
}

fn finish(line: &mut String, out: &mut Vec<Box<str>>) {
    out.push(line.trim_end().into());
    line.clear();
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    fn wrapped(text: &str, columns: usize, indent: usize) -> Vec<String> {
        let mut out = Vec::new();
        wrap(text, columns, indent, &mut out);
        out.into_iter().map(String::from).collect()
    }

    #[test]
    fn lines_break_at_blanks_and_long_words_anywhere() {
        assert_eq!(wrapped("one two three", 8, 0), ["one two", "three"]);
        assert_eq!(wrapped("one two three", 8, 2), ["one two", "  three"]);
        assert_eq!(wrapped("abcdefghij", 4, 0), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("日本語", 4, 0), ["日本", "語"]);
        assert_eq!(wrapped("", 4, 0), [""]);
    }

    #[test]
    fn fields_keep_their_line_breaks_and_hide_nothing() {
        let value = json!({"title": "Send", "body": "Hi,\n\u{1B}[2Jbye", "items": [1, 2], "none": null});
        let lines: Vec<_> = field_lines(&value, 40)
            .into_iter()
            .map(|l| (l.key.map(String::from), String::from(l.text)))
            .collect();
        let key = |name: &str| Some(name.to_owned());
        assert_eq!(
            lines,
            [
                (key("title"), "Send".to_owned()),
                (key("body"), "Hi,".to_owned()),
                (None, "\\e[2Jbye".to_owned()),
                (key("items"), "[1,2]".to_owned()),
                (key("none"), "null".to_owned()),
            ]
        );
    }

    #[test]
    fn an_excerpt_ends_with_its_bytes_and_says_so() {
        let value = json!({"a": "one two", "b": ["x".repeat(50), "日本".repeat(50)], "c": "never"});
        let whole = excerpt(&value, 40, 10_000);
        assert_eq!(whole, Excerpt { lines: field_lines(&value, 40), extent: Extent::Whole });
        for bytes in 1..whole.lines.len() * 30 {
            let part = excerpt(&value, 40, bytes);
            let shorter = part.lines.len() <= whole.lines.len();
            assert!(shorter && (part.extent == Extent::Cut || part == whole), "{bytes}: {part:?}");
        }
        assert_eq!(excerpt(&json!("a long text"), 40, 6).lines[0].text, "a long".into());
        assert_eq!(start_of(&json!({"name": "日本語"}), 13), "{\"name\":\"日");
    }

    #[test]
    fn numbers_that_may_have_lost_digits_are_marked_wherever_they_stand() {
        let value: Value =
            serde_json::from_str(r#"{"sum": 12345678901234567890.123, "all": [0.1, 1e300], "n": 7}"#)
                .unwrap();
        let fields: Vec<_> =
            field_lines(&value, 60).into_iter().map(|line| String::from(line.text)).collect();
        assert_eq!(fields, ["~1.2345678901234567e+19", "[0.1,~1e+300]", "7"]);
        assert!(json_lines(&value, 60).iter().any(|line| &**line == "  \"sum\": ~1.2345678901234567e+19,"));
        assert_eq!(start_of(&value, 30), "{\"sum\":~1.2345678901234567e+19");
    }

    #[test]
    fn right_to_left_text_is_also_shown_in_code_points() {
        let value = json!({"to": "pay שלום 7", "all": ["ا"], "plain": "日本"});
        let lines: Vec<_> = field_lines(&value, 60)
            .into_iter()
            .map(|line| (line.key.is_some(), String::from(line.text)))
            .collect();
        assert_eq!(
            lines,
            [
                (true, "pay שלום 7".to_owned()),
                (false, "! as stored: pay \\u{5E9}\\u{5DC}\\u{5D5}\\u{5DD} 7".to_owned()),
                (true, "[\"ا\"]".to_owned()),
                (false, "! as stored: [\"\\u{627}\"]".to_owned()),
                (true, "日本".to_owned()),
            ]
        );
        assert_eq!(json_lines(&json!("ا"), 40).len(), 2);
    }

    #[test]
    fn a_tasks_own_text_is_shown_where_a_value_would_hide_something() {
        let text = r#"{"sum":12345678901234567890.123}"#;
        let verbatim = Verbatim { text: text.into(), flaws: ["sum: too many digits".into()].into() };
        let lines: Vec<_> =
            verbatim_excerpt(&verbatim, 60, 1_000).lines.into_iter().map(|line| line.text).collect();
        let lines: Vec<&str> = lines.iter().map(|line| &**line).collect();
        assert_eq!(lines, ["! sum: too many digits", "! below it stands as it came", text]);
        assert_eq!(verbatim_excerpt(&verbatim, 60, 10).extent, Extent::Cut);
    }

    #[test]
    fn json_is_indented_and_wrapped() {
        let lines = json_lines(&json!({"a": {"b": "a text that is long"}}), 20);
        assert_eq!(
            lines.iter().map(|l| &**l).collect::<Vec<_>>(),
            ["{", "  \"a\": {", "    \"b\": \"a text", "        that is", "        long\"", "  }", "}"]
        );
    }
}
