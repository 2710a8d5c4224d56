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
