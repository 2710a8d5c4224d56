//! The panes' own state: what is selected, how far it is scrolled.

mod home;
mod run;

pub use home::{Cursor, Home, InboxRow, RowKey};
pub use run::{Canvas, EventList, Payload, RunScreen, Search, Tab};
