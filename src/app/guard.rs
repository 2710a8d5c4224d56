//! What a session asks for before it sends: the guardrails that hold under its profile.

use super::Model;
use super::pending::{Pending, Stage};

/// What an action needs before it is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Whether it is refused altogether.
    pub denied: bool,
    /// What must be typed to confirm it.
    pub typed: Option<Typed>,
    /// How many of them may be on their way at once.
    pub max_bulk: Option<usize>,
    /// Whether a reason must be given.
    pub needs_reason: bool,
}

/// What must be typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Typed {
    /// The run's short id.
    RunId,
    /// The profile's name.
    Profile,
}

/// The guards of a session by the word of the command: `approve`, `stop`, `start`, …
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guards(Vec<(&'static str, Guard)>);

impl FromIterator<(&'static str, Guard)> for Guards {
    fn from_iter<T: IntoIterator<Item = (&'static str, Guard)>>(guards: T) -> Self {
        Self(guards.into_iter().collect())
    }
}

impl Guard {
    /// Both at once: the stricter of each wins.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let least = |one: Option<usize>, two: Option<usize>| one.into_iter().chain(two).min();
        Self {
            denied: self.denied || other.denied,
            // A profile's name is the same every time; a run's id has to be looked at.
            typed: self.typed.into_iter().chain(other.typed).min(),
            max_bulk: least(self.max_bulk, other.max_bulk),
            needs_reason: self.needs_reason || other.needs_reason,
        }
    }
}

impl Guards {
    /// What the command of that word needs; nothing where no rule is about it.
    pub fn of(&self, word: &str) -> Guard {
        self.0.iter().find(|(of, _)| *of == word).map(|(_, guard)| *guard).unwrap_or_default()
    }
}

/// Why a guardrail refuses one more command of that word, if it does.
pub(crate) fn refused(model: &Model, word: &'static str) -> Option<String> {
    let profile = &model.session.profile;
    let guard = model.session.guards.of(word);
    if guard.denied {
        return Some(format!("a guardrail of profile {profile} refuses to {word}"));
    }
    let most = guard.max_bulk?;
    let same = |pending: &&Pending| pending.order.word() == word && pending.stage != Stage::Unknown;
    let under_way = model.pending.iter().filter(same).count();
    (under_way >= most).then(|| {
        format!("a guardrail of profile {profile} lets {most} at once {word}: wait until they are answered")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_several_rules_the_stricter_wins() {
        let one = Guard { max_bulk: Some(5), typed: Some(Typed::Profile), ..Guard::default() };
        let two =
            Guard { max_bulk: Some(2), needs_reason: true, typed: Some(Typed::RunId), ..Guard::default() };
        let both = one.and(two);
        assert_eq!((both.max_bulk, both.typed, both.needs_reason), (Some(2), Some(Typed::RunId), true));
        assert!(!both.denied && both.and(Guard { denied: true, ..Guard::default() }).denied);
    }
}
