//! Why a server did not start.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;

use crate::server::engine::EngineError;

/// Why [`Server::start`](super::Server::start) failed; nothing is left running.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address can be reached from other machines.
    #[error(
        "will not listen on {0}: the local runtime serves this machine alone, use 127.0.0.1:0 or [::1]:0"
    )]
    NotLoopback(SocketAddr),
    /// The data directory cannot be made or read.
    #[error("cannot use {dir} as data directory: {source}{}", advice(.source))]
    Directory {
        /// The data directory.
        dir: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Other users can look into a directory that holds more than this program's files.
    #[error(
        "{dir} is open to other users (mode {mode:04o}) and not empty: run `chmod 700` on it, or choose another data directory"
    )]
    Exposed {
        /// The data directory.
        dir: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Another runtime uses the data directory.
    #[error("{dir} is in use by {}: attach to that one, end it, or choose another data directory", holder(*.pid))]
    Held {
        /// The data directory.
        dir: PathBuf,
        /// The process that holds it, if it said so.
        pid: Option<u32>,
    },
    /// Another program listens on the port.
    #[error("port {} of {} is taken by another program: choose another, or port 0 for any free one", .0.port(), .0.ip())]
    PortInUse(SocketAddr),
    /// The address cannot be listened on.
    #[error("cannot listen on {addr}: {source}")]
    Bind {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The system gives no random numbers, and a guessable token is worse than none.
    #[error("cannot make a token: the system's random number generator failed")]
    NoRandomness,
    /// A file of the data directory cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The engine did not open.
    #[error("cannot open the runtime's database: {0}")]
    Engine(#[from] EngineError),
    /// A part that carries out steps did not start.
    #[error("cannot start {part}: {reason}")]
    Part {
        /// Which part.
        part: &'static str,
        /// What it said.
        reason: String,
    },
    /// The listener failed while serving.
    #[error("the server on {addr} failed: {source}")]
    Serving {
        /// The address.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeError {
    pub(super) fn part(part: &'static str, error: &dyn std::error::Error) -> Self {
        Self::Part { part, reason: error.to_string() }
    }
}

impl ServeError {
    /// Whether the data directory, or something in it, cannot be written by this user.
    pub fn is_unwritable(&self) -> bool {
        match self {
            Self::Directory { source, .. } | Self::Write { source, .. } => is_unwritable(source),
            _ => false,
        }
    }
}

fn is_unwritable(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, PermissionDenied, ReadOnlyFilesystem, StorageFull};
    matches!(error.kind(), NotADirectory | PermissionDenied | ReadOnlyFilesystem | StorageFull)
}

fn advice(error: &io::Error) -> &'static str {
    if is_unwritable(error) { ", so it cannot be written; choose another one with --data DIR" } else { "" }
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"))
}
