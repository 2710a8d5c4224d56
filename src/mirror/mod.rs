//! The client's local picture of the server: a fold of [`WatchEvent`]s.
//!
//! One way in ([`Mirror::apply`]), cheap reads out. Lists replace atomically, so the screen never
//! flashes empty; stream events land between lists, and whichever of the two is newer wins.
//! Sections are kept in order as runs change, so a frame costs what it shows, not what is loaded.

mod detail;
mod event;
mod fold;
mod inbox;
mod link;
mod recent;
mod sections;
mod signatures;
mod store;

pub use detail::RunDetail;
pub use event::{Detail, Extent, WatchEvent};
pub use link::{Link, LinkState, Source};
pub use sections::Section;
pub use store::{Change, Mirror};
