//! Foreign values as a tree to walk: rows that fold, a search over all of it, and the path under
//! which a template reads what one is on.

mod find;
mod node;
mod path;
mod rows;
#[cfg(test)]
mod tests;

pub use find::{MOST, find};
pub use node::Node;
pub use path::{Part, TreePath};
pub use rows::{CHILDREN, Fold, Shape, TreeRow, rows};
