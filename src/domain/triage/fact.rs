//! What the server said, or why it did not: answers with what was asked and when.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{Answer, Need};
use crate::domain::Timestamp;

/// One question that was asked.
#[derive(Clone, Debug, PartialEq)]
pub struct Fact {
    /// What was asked: method and path, as in `GET /v1/connections`.
    pub asked: Box<str>,
    /// When, by the client's clock.
    pub asked_at: Timestamp,
    /// How long the answer took.
    pub took: Duration,
    /// What came back.
    pub answer: Result<Answer, Trouble>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Trouble {
    /// What kind of trouble.
    pub kind: TroubleKind,
    /// The HTTP status, where the server answered.
    pub status: Option<u16>,
    /// The server's machine word, if it gave one.
    pub code: Option<Box<str>>,
    /// What happened, in words; may hold foreign text.
    pub text: Box<str>,
}

/// Kinds of trouble, by what they mean for a diagnosis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TroubleKind {
    /// The token is missing, wrong or revoked (401).
    Unauthenticated,
    /// Role, scope or context do not cover it (403).
    Forbidden,
    /// It does not exist, or the feature is off (404).
    Missing,
    /// What it depends on is down or not configured (5xx).
    Unavailable,
    /// The server refuses it for another reason.
    Refused,
    /// There was no answer: no connection, or none in time.
    NoAnswer,
    /// The answer is not what was expected.
    Odd,
    /// It was not sent, because this session sends nothing.
    NotSent,
}

/// What is known of one question.
#[derive(Debug, PartialEq)]
pub enum Asked<'a, T> {
    /// It was not asked.
    Not,
    /// The answer is still on its way.
    OnItsWay,
    /// There was no answer that could be used.
    Failed(&'a Fact, &'a Trouble),
    /// The answer.
    Known(&'a Fact, &'a T),
}

impl<T> Clone for Asked<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Asked<'_, T> {}

impl<'a, T> Asked<'a, T> {
    /// The answer, if there is one.
    pub fn known(self) -> Option<&'a T> {
        match self {
            Self::Known(_, answer) => Some(answer),
            Self::Not | Self::OnItsWay | Self::Failed(..) => None,
        }
    }

    /// Why there is none, if it was asked.
    pub fn trouble(self) -> Option<&'a Trouble> {
        match self {
            Self::Failed(_, trouble) => Some(trouble),
            Self::Not | Self::OnItsWay | Self::Known(..) => None,
        }
    }
}

/// Everything that was asked beside the run's own data.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    known: BTreeMap<Need, Fact>,
    asking: BTreeSet<Need>,
}

impl Facts {
    /// Takes in an answer; a later one replaces an earlier one.
    pub fn put(&mut self, need: Need, fact: Fact) {
        self.asking.remove(&need);
        self.known.insert(need, fact);
    }

    /// Notes that questions are on their way.
    pub fn ask(&mut self, needs: impl IntoIterator<Item = Need>) {
        self.asking.extend(needs);
    }

    /// The questions that are on their way.
    pub fn asking(&self) -> &BTreeSet<Need> {
        &self.asking
    }

    /// Whether it was asked and answered, in whatever way.
    pub fn has(&self, need: &Need) -> bool {
        self.known.contains_key(need)
    }

    /// What was asked, in a fixed order.
    pub fn iter(&self) -> impl Iterator<Item = (&Need, &Fact)> {
        self.known.iter()
    }

    /// What came of a question.
    pub fn get(&self, need: &Need) -> Option<&Fact> {
        self.known.get(need)
    }

    /// Forgets the answers, so that all is asked again; what is on its way stays so.
    pub fn clear(&mut self) {
        self.known.clear();
    }

    /// Whether nothing was asked.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// When the oldest answer was asked for.
    pub fn since(&self) -> Option<Timestamp> {
        self.known.values().map(|fact| fact.asked_at).min()
    }

    pub(super) fn find<'a, T>(
        &'a self,
        need: &Need,
        pick: impl FnOnce(&'a Answer) -> Option<&'a T>,
    ) -> Asked<'a, T> {
        match self.known.get(need) {
            None if self.asking.contains(need) => Asked::OnItsWay,
            None => Asked::Not,
            Some(fact) => match &fact.answer {
                Err(trouble) => Asked::Failed(fact, trouble),
                // An answer of another kind under this question cannot be; it counts as none.
                Ok(answer) => pick(answer).map_or(Asked::Not, |known| Asked::Known(fact, known)),
            },
        }
    }
}
