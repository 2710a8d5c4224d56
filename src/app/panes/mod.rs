//! The panes: what is selected, how far it is scrolled, and how keys and events move that.

mod home;
mod pretty;
mod run;
mod scroll;

pub use home::{Cursor, FailedRow, Home, InboxRow, RowKey};
pub(crate) use home::{
    derive_failed, derive_inbox, derive_matches, fold_failures, motion, selected_failures, set_filter,
    settle as settle_home,
};
pub(crate) use pretty::pretty;
pub use run::{
    Canvas, ContextView, Diagnosis, EventList, Issue, Moment, Payload, Reader, RunScreen, Search, TABS, Tab,
    TabEntry, TimeKey, TimeRow, TimelineView, case, evidence_age, is_checking, matches,
};
pub(crate) use run::{
    follow_up, learned, on_canvas, open as open_run, perform as perform_on_run, resized as resize_run,
    set_search, settle as settle_run, under_context,
};
pub(crate) use scroll::{keep_seen, moved};
