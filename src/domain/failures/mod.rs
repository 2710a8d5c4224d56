//! Failures of one cause: what they have in common, and folding them by it.

mod group;
mod mask;
mod signature;

pub use group::{Group, group, over_time};
pub use mask::masked;
pub use signature::Signature;
