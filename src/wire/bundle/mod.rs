//! What support needs to look into a run, as files: what happened, without secrets, and without
//! the run's data unless they are asked for.

mod files;
mod redact;
mod summary;
#[cfg(test)]
mod tests;

pub use files::{Bundle, Contents, File, Subject};
pub use redact::{REDACTED, redact};
pub use summary::mail;
