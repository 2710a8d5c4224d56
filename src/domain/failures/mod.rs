//! Failures of one cause: what they have in common, and folding them by it.

mod group;
mod mask;
mod signature;

use std::time::Duration;

pub use group::{Group, group, over_time};
pub use mask::masked;
pub use signature::Signature;

/// How long a failure is recent, as the platform's console has it.
pub const RECENT: Duration = Duration::from_hours(24);
