//! The screen of one run: canvas, event log, timeline, data and diagnosis, at present or at a moment of the past.

mod canvas;
mod context;
mod diagnosis;
mod events;
mod judge;
mod keys;
mod moment;
mod reader;
mod search;
mod state;
mod tabs;
mod timeline;

pub use context::ContextView;
pub(crate) use context::under_cursor as under_context;
pub use diagnosis::{Diagnosis, case, evidence_age, is_checking};
pub(crate) use diagnosis::{follow_up, learned, on_canvas};
pub use events::matches;
pub(crate) use keys::{open, perform, resized, settle};
pub use moment::Moment;
pub use reader::Reader;
pub(crate) use search::set_search;
pub use state::{Canvas, EventList, Issue, Payload, RunScreen, Search, TABS, Tab, TabEntry};
pub use timeline::{TimeKey, TimeRow, TimelineView};
