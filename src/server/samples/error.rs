//! Why the samples cannot be installed.

use std::io;
use std::path::PathBuf;

use crate::server::engine::EngineError;

/// An error of installing the samples.
#[derive(Debug, thiserror::Error)]
pub enum SamplesError {
    /// A shipped workflow cannot be read; a fault of the program.
    #[error("the shipped workflow `{name}` cannot be read: {source}")]
    Shipped {
        /// Which.
        name: &'static str,
        /// Where and why not.
        #[source]
        source: serde_json::Error,
    },
    /// The engine did not take a workflow.
    #[error("the sample workflow `{name}` cannot be installed: {source}")]
    Engine {
        /// Which.
        name: &'static str,
        /// Why not.
        #[source]
        source: EngineError,
    },
    /// The note of what was installed cannot be kept.
    #[error("the note of installed samples, {}, cannot be {doing}: {source}", .path.display())]
    Note {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
}
