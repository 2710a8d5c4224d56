//! What follows a person's decision on a human task: what starts when it is approved, with which
//! arguments, and what never runs when it is rejected.
//!
//! Told from the graph, the log and the data that are known: templates are resolved as the engine
//! resolves them, and where that cannot be done yet, what they wait for is named.

mod arguments;
mod follow;
#[cfg(test)]
mod tests;

pub use arguments::{Open, Why};
pub use follow::{Consequence, Decided, Next};
