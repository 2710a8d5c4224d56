//! Foreign text made safe to draw.
//!
//! Names, errors, payloads and model output come from strangers. Nothing of it may move the
//! cursor, reorder a line, hide itself or draw outside of its place, so what would do that is
//! shown as a mark instead of being dropped: an operator must see that it was there.
//!
//! What holds it: `screens::corpus` draws every screen over more than five hundred hostile texts, has
//! a terminal emulator read the bytes back, and compares cell by cell; `screens::safety` does it at
//! all sizes; the fuzz target `text` does it with any bytes. The journal, the log and `--json` on a
//! terminal are JSON and stay it ([`escape_json`]); what is copied goes through [`pasteable`].

use std::borrow::Cow;
use std::fmt;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The most combining marks a character may carry before the rest are shown as marks.
const MAX_COMBINING: usize = 4;

/// One line of text that may be drawn: no control, no invisible, no reordering character.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SafeText(Box<str>);

impl SafeText {
    /// Makes one line of foreign text safe; line breaks and tabs are shown as marks too.
    pub fn line(raw: &str) -> Self {
        Self(visible(raw).into())
    }

    /// Makes foreign text of several lines safe, line by line; tabs become four blanks.
    pub fn lines(raw: &str) -> Vec<Self> {
        raw.lines().map(|line| Self(visible(&line.replace('\t', "    ")).into())).collect()
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text with everything that could deceive or disturb a terminal shown as `\n`, `\u{202E}`
/// and the like. Borrows when there is nothing to do.
pub fn visible(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| (0x20..0x7f).contains(&byte)) {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 16);
    for cluster in raw.graphemes(true) {
        push_cluster(&mut out, cluster);
    }
    Cow::Owned(out)
}

/// Foreign text that may be pasted elsewhere: line breaks and tabs stay, everything else that could
/// act or hide is shown as a mark. A shell must not be made to run what was only to be read.
pub fn pasteable(raw: &str) -> String {
    let lines: Vec<_> =
        raw.split('\n').map(|line| line.split('\t').map(visible).collect::<Vec<_>>().join("\t")).collect();
    lines.join("\n")
}

/// JSON that stays the same JSON, with everything that could deceive or disturb a terminal as `\\u…`.
pub fn escape_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len());
    for ch in json.chars() {
        let mut one = [0; 4];
        let harmless = ch == '\n' || visible(ch.encode_utf8(&mut one)).chars().eq([ch]);
        if harmless {
            out.push(ch);
        } else {
            let mut units = [0; 2];
            out.extend(ch.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
        }
    }
    out
}

fn push_cluster(out: &mut String, cluster: &str) {
    let mut marks = 0;
    let deceptive = is_deceptive(cluster);
    for (index, ch) in cluster.chars().enumerate() {
        // One that begins a cluster joins whatever stands before it.
        marks += usize::from(width(ch) == 0);
        if is_hidden(ch) || is_flag(ch) || index > 0 && deceptive || marks > MAX_COMBINING {
            push_mark(out, ch);
        } else {
            out.push(ch);
        }
    }
}

/// Whether terminals disagree on how wide a character is: those that join its parts draw it
/// narrower than those that do not, and everything behind it moves.
fn is_deceptive(cluster: &str) -> bool {
    cluster.chars().nth(1).is_some() && cluster.width() != cluster.chars().map(width).sum::<usize>()
}

fn width(ch: char) -> usize {
    ch.width().unwrap_or(0)
}

/// A half of a flag, which some terminals join.
fn is_flag(ch: char) -> bool {
    matches!(ch, '\u{1F1E6}'..='\u{1F1FF}')
}

/// Whether a character has no picture of its own, or changes how others are drawn.
fn is_hidden(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}' | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}'
            | '\u{FDD0}'..='\u{FDEF}' | '\u{FFF9}'..='\u{FFFB}' | '\u{FFFE}'..='\u{FFFF}' | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E0FFF}')
}

fn push_mark(out: &mut String, ch: char) {
    match ch {
        '\n' => out.push_str("\\n"),
        '\r' => out.push_str("\\r"),
        '\t' => out.push_str("\\t"),
        '\u{1B}' => out.push_str("\\e"),
        other => out.push_str(&format!("\\u{{{:02X}}}", u32::from(other))),
    }
}

/// Safe text with its right-to-left letters as code points, in the order in which they are stored;
/// none where there are no such letters. Some terminals draw them in another order, and numbers and
/// signs beside them, without any control character that [`visible`] could show.
pub fn spelled(safe: &str) -> Option<String> {
    if safe.is_ascii() || !safe.chars().any(is_right_to_left) {
        return None;
    }
    let mut out = String::with_capacity(safe.len() * 2);
    for ch in safe.chars() {
        if is_right_to_left(ch) { push_mark(&mut out, ch) } else { out.push(ch) }
    }
    Some(out)
}

/// Whether a character is in one of the blocks whose letters run from right to left.
fn is_right_to_left(ch: char) -> bool {
    matches!(ch,
        '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFF}'
        | '\u{10800}'..='\u{10FFF}' | '\u{1E800}'..='\u{1EFFF}')
}

/// The name most like one that does not exist, if any is near enough.
pub fn nearest<'n>(wanted: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    let scored = names.into_iter().map(|name| (strsim::jaro_winkler(wanted, name), name));
    let near = scored.filter(|(score, _)| *score >= 0.8);
    near.max_by(|(a, _), (b, _)| a.total_cmp(b)).map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_borrowed_as_it_is() {
        assert!(matches!(visible("post-invoice 401"), Cow::Borrowed("post-invoice 401")));
    }

    #[test]
    fn escapes_bidi_and_invisible_characters_become_marks() {
        assert_eq!(visible("a\u{1B}[31mb"), "a\\e[31mb");
        assert_eq!(visible("pay\u{202E}load\u{200B}"), "pay\\u{202E}load\\u{200B}");
        assert_eq!(visible("x\u{9B}2J"), "x\\u{9B}2J");
        assert_eq!(visible("tag\u{E0041}"), "tag\\u{E0041}");
        assert_eq!(visible("one\ntwo\t"), "one\\ntwo\\t");
    }

    #[test]
    fn letters_of_any_script_and_single_emoji_stay() {
        for text in ["Grüße", "日本語", "👩🔧", "e\u{301}", "नमस्ते", "한국어"] {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn what_terminals_draw_in_different_widths_is_taken_apart() {
        assert_eq!(visible("👩\u{200D}🔧"), "👩\\u{200D}\\u{1F527}");
        assert_eq!(visible("❤\u{FE0F}"), "❤\\u{FE0F}");
        assert_eq!(visible("👍\u{1F3FD}"), "👍\\u{1F3FD}");
        assert_eq!(visible("🇩🇪"), "\\u{1F1E9}\\u{1F1EA}");
        assert_eq!(visible("a\u{FE01}b"), "a\\u{FE01}b", "a selector may carry hidden data");
    }

    #[test]
    fn a_flood_of_combining_marks_is_cut() {
        let flood = format!("e{}", "\u{301}".repeat(6));
        assert_eq!(visible(&flood), format!("e{}\\u{{301}}\\u{{301}}", "\u{301}".repeat(4)));
    }

    #[test]
    fn what_is_pasted_keeps_its_lines_and_loses_its_commands() {
        assert_eq!(pasteable("a\tb\n\u{1B}[201~rm\r\n"), "a\tb\n\\e[201~rm\\r\n");
    }

    #[test]
    fn lines_split_and_tabs_widen() {
        let lines = SafeText::lines("a\tb\r\nc\u{7}");
        assert_eq!(lines.iter().map(SafeText::as_str).collect::<Vec<_>>(), ["a    b", "c\\u{07}"]);
    }
}
