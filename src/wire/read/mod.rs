//! Reads what a server answers into domain nouns, tolerantly.
//!
//! Field names differ between platform versions, so each field has its aliases; missing optional
//! fields and unknown ones are no errors. One unreadable row of a list never hides the others.

pub mod facts;
mod fields;
mod page;
mod rows;
mod usage;
mod verbatim;

pub use page::{Page, page};
pub use rows::{Unreadable, event, run, started, task, version, workflow};
pub use usage::usage;
pub use verbatim::verbatims;

/// The first text under one of these names; a dot descends into an object.
pub fn address(raw: &serde_json::Value, names: &[&str]) -> Option<String> {
    fields::text(raw, names).map(String::from)
}
