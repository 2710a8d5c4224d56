//! The one function that changes the model, and what it delegates to.

mod actions;
mod bundle;
mod copy;
mod family;
mod keys;
mod offers;
mod refused;
mod reply;
mod router;
mod send;
mod watch;

pub(crate) use actions::{perform, perform_at};
pub use router::update;
pub(crate) use send::{Confirmed, hold, order as send};
