//! The screen of one run: canvas and event log.

mod canvas;
mod events;
mod keys;
mod state;

pub use events::matches;
pub(crate) use events::set_search;
pub(crate) use keys::{open, perform, resized, settle};
pub use state::{Canvas, EventList, Payload, RunScreen, Search, TABS, Tab, TabEntry};
