//! The path somebody probably meant.

use super::parse::Path;
use super::resolve::Scope;

/// The existing path most like one that does not exist: at the first segment that is unknown,
/// the known name closest to it, else the path up to there.
pub fn nearest(path: &Path, scope: &impl Scope) -> Option<String> {
    let wanted: Vec<_> = path.segments().collect();
    let mut known: Vec<String> = Vec::new();
    for segment in wanted {
        let names = scope.names(&known.iter().map(String::as_str).collect::<Vec<_>>());
        if names.iter().any(|name| name == segment) {
            known.push(segment.to_owned());
            continue;
        }
        known.extend(closest(segment, names));
        break;
    }
    (!known.is_empty()).then(|| known.join("."))
}

/// The name that needs the fewest changes, if that is less than writing it anew.
fn closest(wanted: &str, names: Vec<String>) -> Option<String> {
    let scored = names.into_iter().map(|name| (distance(wanted, &name), name));
    let near =
        scored.filter(|(changes, name)| *changes <= 1 + name.chars().count().max(wanted.chars().count()) / 3);
    near.min_by_key(|(changes, _)| *changes).map(|(_, name)| name)
}

/// How many characters must be added, removed or replaced to turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
