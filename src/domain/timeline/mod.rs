//! A run over time: which step was at what, from when to when.
//!
//! A [`Timeline`] is folded from events, one by one, so that a live run costs what is new and not
//! what is known. It keeps a [`Track`] per step, per inner step of a loop and per agent round; what
//! is shown of them, and folded away, is the screen's business.

mod bar;
mod critical;
mod fold;
#[cfg(test)]
mod tests;
mod track;

pub use bar::{Bar, Doing};
pub use critical::critical_path;
pub use fold::Timeline;
pub use track::{Track, TrackKind};
