//! Why the shipped tools cannot be offered, or one of them cannot work.

use std::io;
use std::path::PathBuf;

/// An error of the tools server.
#[derive(Debug, thiserror::Error)]
pub enum ToolsError {
    /// No address could be bound.
    #[error("the tools server cannot listen on 127.0.0.1: {0}")]
    Listen(#[source] io::Error),
    /// The bound address makes no URL.
    #[error("the tools server's own address makes no URL: {0}")]
    Address(#[source] url::ParseError),
    /// A file of the desk cannot be used.
    #[error("the desk's file {} cannot be {doing}: {source}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// A file of the desk does not hold what it should.
    #[error("the desk's file {} cannot be understood: {source}; mend it, or delete it to get the first one back", .path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// Where and why not.
        #[source]
        source: serde_json::Error,
    },
}
