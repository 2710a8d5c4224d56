//! The Command Center: four sections and a preview of what is selected.

mod failed;
mod motion;
mod rows;
mod state;

pub(crate) use failed::{fold as fold_failures, selected_failures};
pub(crate) use motion::{motion, set_filter, settle};
pub(crate) use rows::{derive_failed, derive_inbox, derive_matches};
pub use state::{Cursor, FailedRow, Home, InboxRow, RowKey};
