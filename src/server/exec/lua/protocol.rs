//! What runtime and worker say to each other, one line of JSON each.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// How the failure of a script ends that returned something else than a table.
pub const NO_TABLE: &str = "it must return a table";

/// The longest line a worker may answer, in bytes: a full result, escaped, and its envelope.
pub(super) const MAX_REPLY_BYTES: u64 = 8 * 1024 * 1024;

/// A script to run.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    /// The source.
    pub(super) script: Box<str>,
    /// The globals: an object of `input`, `steps`, `run`, `connection` and so on.
    pub(super) globals: Value,
    /// How many seconds of processor time it may use.
    pub(super) seconds: u64,
}

/// How it ended.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    /// The table it returned.
    Returned(Value),
    /// What went wrong, with the line where one is known.
    Failed(String),
}
