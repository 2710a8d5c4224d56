//! Short messages: how they come and go.

use std::time::Duration;

use super::Model;
use super::model::{Toast, Tone};
use crate::domain::Timestamp;
use crate::domain::clock::later;

/// How long a message stays.
const STAYS: Duration = Duration::from_secs(6);
/// How long a message stays that needs attention.
const BAD_STAYS: Duration = Duration::from_secs(12);
/// More than this many at once would hide the screen; the oldest go.
const MOST: usize = 4;

impl Model {
    /// Shows a message; the same text again only stays longer.
    pub(crate) fn say(&mut self, tone: Tone, text: impl Into<String>, now: Timestamp) {
        let text = text.into();
        let until = later(now, if tone == Tone::Bad { BAD_STAYS } else { STAYS });
        self.toasts.retain(|toast| toast.text != text);
        self.toasts.push(Toast { tone, text, until });
        if self.toasts.len() > MOST {
            self.toasts.remove(0);
        }
    }

    /// Drops the messages whose time is over.
    pub(crate) fn drop_old_toasts(&mut self, now: Timestamp) {
        self.toasts.retain(|toast| toast.until > now);
    }
}
