//! Where in a value something stands.

use std::fmt;
use std::sync::Arc;

use crate::domain::template::Path;

/// One step down into a value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// A field of an object.
    Key(Arc<str>),
    /// A place in a list.
    Index(usize),
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) => f.write_str(key),
            Self::Index(index) => write!(f, "{index}"),
        }
    }
}

/// The way from a value's root to something in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TreePath(Vec<Part>);

impl TreePath {
    /// One part further down.
    #[must_use]
    pub fn then(&self, part: Part) -> Self {
        Self(self.0.iter().cloned().chain([part]).collect())
    }

    /// What it stands in; none for the root.
    pub fn parent(&self) -> Option<Self> {
        let (_, above) = self.0.split_last()?;
        Some(Self(above.to_vec()))
    }

    /// The root, then each place further down, without the place itself.
    pub fn above(&self) -> impl Iterator<Item = Self> {
        (0..self.0.len()).map(|length| Self(self.0[..length].to_vec()))
    }

    /// Its parts, root first.
    pub fn parts(&self) -> &[Part] {
        &self.0
    }

    /// The template that reads this place of a run's context, `{{steps.a.result.b}}`; none where no
    /// template reaches: outside of `input` and of the steps' inputs and results, and below names
    /// that a path cannot hold.
    pub fn template(&self) -> Option<String> {
        let part = |place: usize| match self.0.get(place) {
            Some(Part::Key(key)) => Some(&**key),
            _ => None,
        };
        let reached = match part(0)? {
            "input" => true,
            "steps" => matches!(part(2), Some("result" | "input")),
            _ => false,
        };
        let sound = self.0.iter().all(|part| !matches!(part, Part::Key(key) if key.contains(['.', '|'])));
        let path = Path::parse(&self.to_string()).filter(|_| reached && sound)?;
        Some(format!("{{{{{path}}}}}"))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, part) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str(".")?;
            }
            part.fmt(f)?;
        }
        Ok(())
    }
}

impl FromIterator<Part> for TreePath {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}
