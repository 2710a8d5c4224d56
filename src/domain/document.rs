//! Foreign values as lines to read: payloads, results, details of events.

use serde_json::Value;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use super::text::visible;

/// The most columns of a field's name.
const KEY: usize = 18;

/// One line of a value that is shown field by field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldLine {
    /// The field's name on its first line, safe to draw; nothing on the others.
    pub key: Option<Box<str>>,
    /// The value's part, safe to draw.
    pub text: Box<str>,
}

/// A value as indented JSON, lines broken at `columns`, safe to draw. Nothing is left out.
pub fn json_lines(value: &Value, columns: usize) -> Vec<Box<str>> {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
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
    let left = columns.saturating_sub(key_columns(value) + 3).max(8);
    let Value::Object(fields) = value else {
        let bare = |text| FieldLine { key: None, text };
        return value_lines(value, left).into_iter().map(bare).collect();
    };
    let names: Vec<_> = fields.keys().map(|key| visible(key)).collect();
    let mut out = Vec::new();
    for (name, value) in names.iter().zip(fields.values()) {
        for (index, text) in value_lines(value, left).into_iter().enumerate() {
            out.push(FieldLine { key: (index == 0).then(|| name.as_ref().into()), text });
        }
    }
    out
}

/// How many columns the names of an object's fields need; zero for other values.
pub fn key_columns(value: &Value) -> usize {
    let names = value.as_object().into_iter().flatten().map(|(key, _)| visible(key).width());
    names.max().unwrap_or(0).min(KEY)
}

fn value_lines(value: &Value, columns: usize) -> Vec<Box<str>> {
    let mut out = Vec::new();
    match value {
        Value::String(text) if text.is_empty() => out.push("\"\"".into()),
        Value::String(text) => {
            for line in text.split('\n') {
                let line = line.strip_suffix('\r').unwrap_or(line).replace('\t', "    ");
                wrap(&visible(&line), columns, 0, &mut out);
            }
        }
        Value::Array(_) | Value::Object(_) => {
            let short = value.to_string();
            if short.width() <= columns {
                out.push(visible(&short).into());
            } else {
                out = json_lines(value, columns);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => out.push(value.to_string().into()),
    }
    out
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
    fn json_is_indented_and_wrapped() {
        let lines = json_lines(&json!({"a": {"b": "a text that is long"}}), 20);
        assert_eq!(
            lines.iter().map(|l| &**l).collect::<Vec<_>>(),
            ["{", "  \"a\": {", "    \"b\": \"a text", "        that is", "        long\"", "  }", "}"]
        );
    }
}
