//! Failed runs that run again, one at a time, and no further once one fails again.
//!
//! A [`Series`] only keeps the order: it says whose turn it is, and is told what became of each.
//! Whoever carries it out asks for the run's input, starts the new run once, and watches for its end.

mod item;
mod list;
#[cfg(test)]
mod tests;

pub use item::{Item, Stage};
pub use list::{Ending, Series, Tally, reason};
