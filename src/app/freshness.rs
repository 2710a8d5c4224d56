//! How old the picture is, and whether it is too old to decide on.

use std::time::Duration;

use super::Model;
use crate::domain::Timestamp;
use crate::domain::clock::{age, human, later};
use crate::mirror::{Link, LinkState, Section, Source};

/// While anything is going on the feed is asked every 3 s: ten answers in a row are missing.
const BUSY_LIMIT: Duration = Duration::from_secs(30);
/// While nothing is going on it is asked every 30 s, so that age alone is no sign of trouble.
const IDLE_LIMIT: Duration = Duration::from_secs(45);
/// An answer may come so much later than it is due before the age of the picture is worth telling.
const GRACE: Duration = Duration::from_secs(5);
/// How often the feed is asked while anything is going on, and while nothing is.
const POLLS: (Duration, Duration) = (Duration::from_secs(3), Duration::from_secs(30));
/// A broken connection is forgiven for so long.
const BROKEN_LIMIT: Duration = Duration::from_secs(10);

/// Whether the feed's picture may be decided on.
#[derive(Clone, Debug, PartialEq)]
pub enum Freshness {
    /// Nothing has arrived yet.
    Never,
    /// It may.
    Fresh {
        /// How old it is.
        age: Duration,
    },
    /// It may not: too old, or the connection is broken.
    Stale {
        /// How old it is.
        age: Duration,
    },
    /// It may not: the server refuses to be asked.
    Refused {
        /// What it said.
        reason: String,
    },
}

impl Freshness {
    /// How the model's picture stands at `now`.
    pub fn of(model: &Model, now: Timestamp) -> Self {
        let Some(link) = model.mirror.link(&Source::Feed) else { return Self::Never };
        if let LinkState::Refused(error) = &link.state {
            return Self::Refused { reason: error.to_string() };
        }
        let Some(at) = link.data_at else { return Self::Never };
        let age = age(at, now);
        if age > limit(model, link) { Self::Stale { age } } else { Self::Fresh { age } }
    }

    /// Why nothing may be decided now, and what to do about it.
    pub fn refusal(&self) -> Option<String> {
        match self {
            Self::Fresh { .. } => None,
            Self::Never => Some("nothing has been heard from the server yet; press . to ask again".into()),
            Self::Stale { age } => Some(format!("data is {} old; press . to ask again", human(*age))),
            Self::Refused { reason } => Some(format!("{reason}; press . to ask again")),
        }
    }
}

/// How old the picture is, where that is worth telling: the next answer is late, or it is stale.
pub fn overdue(model: &Model, now: Timestamp) -> Option<Duration> {
    let age = age(model.mirror.feed_at()?, now);
    let stale = matches!(Freshness::of(model, now), Freshness::Stale { .. });
    (stale || age >= due(model)).then_some(age)
}

/// When the words on the connection change next if nothing arrives: the picture becomes overdue;
/// from then on, and while a broken connection is tried again, every second.
pub(crate) fn tells_at(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let next = later(now, Duration::from_secs(1));
    let link = model.mirror.link(&Source::Feed)?;
    if matches!(link.state, LinkState::Retrying { .. }) {
        return Some(next);
    }
    let overdue = later(link.data_at?, due(model));
    Some(if overdue > now { overdue } else { next })
}

fn due(model: &Model) -> Duration {
    GRACE + if model.watching.busy { POLLS.0 } else { POLLS.1 }
}

/// When the picture turns stale if nothing more arrives; none once it is.
pub(crate) fn turns_stale_at(model: &Model, now: Timestamp) -> Option<Timestamp> {
    let link = model.mirror.link(&Source::Feed)?;
    let edge = later(link.data_at?, limit(model, link) + Duration::from_secs(1));
    (edge > now).then_some(edge)
}

/// Whether anything is going on: a task waits or a run is live.
pub(crate) fn is_busy(model: &Model, now: Timestamp) -> bool {
    [Section::AwaitingApproval, Section::StoppingGracefully, Section::RunningNow]
        .into_iter()
        .any(|section| model.mirror.len(section, now) > 0)
}

fn limit(model: &Model, link: &Link) -> Duration {
    match link.state {
        LinkState::Retrying { .. } | LinkState::Closed => BROKEN_LIMIT,
        // The watched set says how often the feed was asked until now.
        _ if model.watching.busy => BUSY_LIMIT,
        _ => IDLE_LIMIT,
    }
}
