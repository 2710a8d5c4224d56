//! Text to segments.

use std::fmt;

use serde_json::Value;

/// A piece of a text.
#[derive(Clone, Debug, PartialEq)]
pub enum Segment {
    /// Plain text.
    Text(String),
    /// A template.
    Template(Template),
    /// Braces that hold no template, as written; it stays text, and is worth a warning.
    Malformed(String),
}

/// What stands between `{{` and `}}`.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The whole of it as written, braces included.
    pub source: String,
    /// The paths to try, in this order; at least one.
    pub paths: Vec<Path>,
    /// What happens when none of them is set.
    pub fallback: Fallback,
}

/// What happens when no path of a template is set.
#[derive(Clone, Debug, PartialEq)]
pub enum Fallback {
    /// The step fails.
    Fail,
    /// This value is taken.
    Default(Value),
    /// The key, or the list item, is left out.
    Omit,
}

/// A dot path: `steps.fetch-rows.result.0.name`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Path(Box<str>);

impl Path {
    /// Reads a path; `None` when a segment is empty or a brace or quote is in it.
    pub fn parse(raw: &str) -> Option<Self> {
        let sound = raw.split('.').all(|segment| !segment.trim().is_empty());
        (sound && !raw.contains(['{', '}', '"'])).then(|| Self(raw.into()))
    }

    /// Its segments, root first.
    pub fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }

    /// Its first segment: `input`, `steps`, `run`, …
    pub fn root(&self) -> &str {
        self.segments().next().unwrap_or_default()
    }

    /// The path as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The step it reads from, for `steps.<id>.…`.
    pub fn step(&self) -> Option<&str> {
        let mut segments = self.segments();
        (segments.next() == Some("steps")).then(|| segments.next())?
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Splits a text into plain text and templates. Joined again, the segments give the text.
pub fn parse(text: &str) -> Vec<Segment> {
    let mut segments = Vec::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("{{") {
        let (before, from) = rest.split_at(start);
        plain.push_str(before);
        let Some(length) = closed(from) else {
            plain.push_str("{{");
            rest = &from[2..];
            continue;
        };
        flush(&mut segments, &mut plain);
        let (source, after) = from.split_at(length);
        segments.push(template(source).map_or_else(|| Segment::Malformed(source.into()), Segment::Template));
        rest = after;
    }
    plain.push_str(rest);
    flush(&mut segments, &mut plain);
    segments
}

fn flush(segments: &mut Vec<Segment>, plain: &mut String) {
    if !plain.is_empty() {
        segments.push(Segment::Text(std::mem::take(plain)));
    }
}

/// The length of the text from its leading `{{` to the `}}` that closes it. Braces and quotes of
/// a JSON default do not close it.
fn closed(text: &str) -> Option<usize> {
    let mut scan = Scan::default();
    let bytes = text.as_bytes();
    for at in 2..bytes.len() {
        if scan.is_outside() && bytes[at..].starts_with(b"}}") {
            return Some(at + 2);
        }
        scan.step(bytes[at]);
    }
    None
}

/// Where a scan stands within JSON: in a string, in brackets, or outside of both.
#[derive(Default)]
struct Scan {
    depth: usize,
    quoted: bool,
    escaped: bool,
}

impl Scan {
    fn is_outside(&self) -> bool {
        self.depth == 0 && !self.quoted
    }

    fn step(&mut self, byte: u8) {
        if self.quoted {
            self.quoted = self.escaped || byte != b'"';
            self.escaped = !self.escaped && byte == b'\\';
            return;
        }
        match byte {
            b'"' => self.quoted = true,
            b'{' | b'[' => self.depth += 1,
            b'}' | b']' => self.depth = self.depth.saturating_sub(1),
            _ => {}
        }
    }
}

fn template(source: &str) -> Option<Template> {
    let inner = source.strip_prefix("{{")?.strip_suffix("}}")?;
    let mut parts = pipes(inner);
    let fallback = fallback(&mut parts);
    let paths = parts.into_iter().map(|part| path(part.trim())).collect::<Option<Vec<_>>>()?;
    (!paths.is_empty()).then(|| Template { source: source.into(), paths, fallback })
}

/// A path, not a literal that happens to look like one.
fn path(raw: &str) -> Option<Path> {
    Path::parse(raw).filter(|_| serde_json::from_str::<Value>(raw).is_err())
}

/// Takes the literal or `omit` off the end, if there is one.
fn fallback(parts: &mut Vec<&str>) -> Fallback {
    let last = parts.last().map(|part| part.trim()).unwrap_or_default();
    let fallback = match serde_json::from_str(last) {
        Ok(literal) => Fallback::Default(literal),
        Err(_) if last == "omit" => Fallback::Omit,
        Err(_) => return Fallback::Fail,
    };
    parts.pop();
    fallback
}

fn pipes(inner: &str) -> Vec<&str> {
    let mut scan = Scan::default();
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, byte) in inner.bytes().enumerate() {
        if byte == b'|' && scan.is_outside() {
            parts.push(&inner[start..at]);
            start = at + 1;
        }
        scan.step(byte);
    }
    parts.push(&inner[start..]);
    parts
}
