//! What goes wrong with the database.

use std::path::PathBuf;

/// Why the database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The directory or the file could not be made, opened or protected.
    #[error("cannot prepare `{path}`: {source}; check that the directory exists and belongs to you")]
    Prepare {
        /// What was touched.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// SQLite could not open the file.
    #[error("cannot open the database `{path}`: {source}")]
    Open {
        /// The file.
        path: PathBuf,
        /// What SQLite said.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer program wrote the file.
    #[error(
        "the database `{path}` has schema {found}, this program knows up to {known}; use the newer program"
    )]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The file's schema version.
        found: u32,
        /// The newest version this program knows.
        known: u32,
    },
    /// The medium has no room left.
    #[error("the disk is full, nothing was recorded; free some space and repeat: {0}")]
    Full(#[source] rusqlite::Error),
    /// The medium failed.
    #[error("the disk could not be written or read, nothing was recorded; check it and repeat: {0}")]
    Io(#[source] rusqlite::Error),
    /// SQLite refused a statement.
    #[error("the database refused, nothing was recorded: {0}")]
    Sql(#[source] rusqlite::Error),
    /// A stored value is not what was written there.
    #[error("the database holds an unreadable {what} for `{owner}`: {detail}")]
    Unreadable {
        /// Which value.
        what: &'static str,
        /// The row it belongs to.
        owner: String,
        /// Why it cannot be read.
        detail: String,
    },
}

impl From<rusqlite::Error> for DbError {
    /// Tells a full or failing medium from a refused statement. A full disk arrives under either
    /// name: as "full", or as an I/O error of a write.
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::Full(error),
            Some(rusqlite::ErrorCode::SystemIoFailure | rusqlite::ErrorCode::ReadOnly) => Self::Io(error),
            _ => Self::Sql(error),
        }
    }
}
