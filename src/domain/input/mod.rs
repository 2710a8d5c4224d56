//! A run's input and the schema that its graph declares for it; one checker for starts, child runs
//! and validation.

mod fits;
mod schema;
#[cfg(test)]
mod tests;

pub use schema::{InputSchema, Mismatch, admit, brief};
