//! Drawing: from the model, a theme and the time to cells. Pure, and only reads.
//!
//! [`draw()`] is the one way in. Everything that is written goes through `strip::put`, which
//! makes foreign text safe, so that no pane can forget it. Places come from
//! [`crate::app::layout`]; only rows that are seen are built, so a frame costs what it shows and
//! not what is loaded.

mod consequence;
mod draw;
mod entry;
mod footer;
mod header;
mod home;
mod layers;
mod offers;
mod pane;
mod run;
mod status;
mod strip;
pub mod theme;

pub use draw::draw;
pub use offers::offered;
pub use theme::{Glyphs, Theme, ThemeError};
