//! Where a running server is to be found.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::data_dir;

/// The file's name.
pub(super) const FILE: &str = "runtime.json";

/// What a client needs to use a running local runtime.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// The base URL, without a trailing slash.
    pub url: String,
    /// The file that holds the bearer token.
    pub token_file: PathBuf,
    /// The only tenant.
    pub tenant: String,
    /// The only project.
    pub project: String,
    /// The server's process.
    pub pid: u32,
}

impl Announcement {
    /// What is told to people and scripts: everything but the process.
    pub fn to_json(&self) -> Value {
        json!({
            "url": self.url,
            "token_file": self.token_file.to_string_lossy(),
            "tenant": self.tenant,
            "project": self.project,
        })
    }

    /// The text of `runtime.json`.
    pub(super) fn file_text(&self) -> String {
        let mut body = self.to_json();
        body["pid"] = json!(self.pid);
        format!("{body:#}\n")
    }
}

/// Finds the runtime that uses a data directory now; none when nobody holds its lock, or when the
/// holder has not yet said where it listens.
pub fn attach(data_dir: &Path) -> Option<Announcement> {
    let holder = data_dir::holder(data_dir)?;
    let text = fs::read_to_string(data_dir.join(FILE)).ok()?;
    let found: Announcement = serde_json::from_str(&text).ok()?;
    // A file left by a runtime that was killed names another process.
    (found.pid == holder).then_some(found)
}
