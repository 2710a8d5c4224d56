//! The terminal program without a terminal: a model, and a pure function that changes it.
//!
//! [`update()`] takes a message and the time, changes the [`Model`], and answers with
//! [`Effect`]s. Intents ([`Action`]), facts ([`Msg::Watch`], [`Msg::Reply`]) and orders
//! ([`Effect`]) are separate types, all of them data. Scroll offsets and clamps are settled
//! here, with the same [`layout`] that drawing uses, so that drawing only reads.

pub mod action;
pub mod decide;
pub mod effect;
pub mod freshness;
pub mod guard;
pub mod key;
pub mod layers;
pub mod layout;
pub mod model;
pub mod msg;
pub mod panes;
pub mod pending;
pub mod reruns;
#[cfg(test)]
mod tests;
pub mod toast;
mod update;
pub mod upkeep;

pub use action::Action;
pub use effect::Effect;
pub use freshness::Freshness;
pub use model::{Model, Screen, Session};
pub use msg::{Msg, Recalled};
pub use update::update;
