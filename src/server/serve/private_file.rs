//! Private files that go when their owner does.

use std::fs;
use std::path::{Path, PathBuf};

use super::error::ServeError;
use crate::server::files::put_private;

/// A file that exists as long as this value does.
pub(super) struct PrivateFile(PathBuf);

impl PrivateFile {
    /// Writes `text` to `path` with mode 0600; readers see the old file or the new one, never half.
    pub(super) fn write(path: PathBuf, text: &str) -> Result<Self, ServeError> {
        match put_private(&path, text.as_bytes()) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(ServeError::Write { path, source }),
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for PrivateFile {
    fn drop(&mut self) {
        // A file left behind misleads nobody: readers check that its process holds the lock.
        let _ = fs::remove_file(&self.0);
    }
}
