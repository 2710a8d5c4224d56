//! The Command Center: four sections and a preview of what is selected.

mod motion;
mod rows;
mod state;

pub(crate) use motion::{motion, set_filter, settle};
pub(crate) use rows::{derive_inbox, derive_matches};
pub use state::{Cursor, Home, InboxRow, RowKey};
