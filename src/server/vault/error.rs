//! Why a secret cannot be kept or read.

use std::io;
use std::path::PathBuf;

/// Why a secret cannot be kept or read. Never holds a part of it.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file cannot be read or made.
    #[error("cannot use the vault's key {path}: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The key file is no file of its owner alone.
    #[error("will not use the vault's key {path}: {reason}")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// The system gives no random numbers.
    #[error("cannot seal a secret: the system's random number generator failed")]
    NoRandomness,
    /// It was sealed under another key, for another owner, or was changed.
    #[error("the secret of {0} does not open with this vault's key; enter it again")]
    Sealed(String),
}
