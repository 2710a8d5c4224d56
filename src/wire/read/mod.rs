//! Reads what a server answers into domain nouns, tolerantly.
//!
//! Field names differ between platform versions, so each field has its aliases; missing optional
//! fields and unknown ones are no errors. One unreadable row of a list never hides the others.

mod fields;
mod page;
mod rows;
mod usage;

pub use page::{Page, page};
pub use rows::{Unreadable, event, run, started, task, version, workflow};
pub use usage::usage;
