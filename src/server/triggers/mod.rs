//! What starts runs by itself: schedules, events of the platform, and inbound webhooks.
//!
//! A run that a trigger starts has an id that is derived from the trigger and from what set it
//! off, so whatever is repeated after a crash, a lost answer or a replay, starts it once.

mod record;
mod schedule;
mod scheduler;
mod secrets;
mod signature;

pub use record::{TriggerKind, TriggerRecord, WebhookRecord, derived_run};
pub use schedule::{CATCHUP_AT_MOST, Catchup, Schedule};
pub use scheduler::{Clock, Triggers};
pub use secrets::{TakeOverError, WebhookSecrets};
pub use signature::{Form, SKEW, SignatureError, sign_body, sign_timed, verify};
