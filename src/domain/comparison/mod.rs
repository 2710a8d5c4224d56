//! What is different between a run that failed and the last one of its workflow that went well.
//!
//! Versions, graphs, the shape of the input, how long steps took, and the first step at which the
//! two part. Shapes are compared and no values: what a run was given may be secret, and two runs
//! seldom are given the same.

mod compare;
mod graph;
mod shape;
#[cfg(test)]
mod tests;

pub use compare::{Comparison, How, Pace, Parting, Side};
pub use graph::{Change, GraphDiff};
pub use shape::{ShapeDiff, shape_diff};
