//! A graph drawn in character cells: boxes in columns by depth, edges between them.
//!
//! The layout is layered: `plan` gives every step a column, `order` sorts the columns so that
//! few edges cross, `place` gives rows, `route` leads the edges through the gutters between
//! the columns. It is deterministic, works in whole cells and takes any graph: edges that close a
//! cycle and edges beyond a budget are left out and counted, dangling dependencies are ignored.

mod order;
mod place;
mod plan;
mod route;
mod shape;
#[cfg(test)]
mod tests;

pub use shape::{Direction, Drawing, Edge, Node, label};
