//! Files for their owner alone, whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::ServeError;

/// A file that exists as long as this value does.
pub(super) struct PrivateFile(PathBuf);

impl PrivateFile {
    /// Writes `text` to `path` with mode 0600; readers see the old file or the new one, never half.
    pub(super) fn write(path: PathBuf, text: &str) -> Result<Self, ServeError> {
        let draft = path.with_extension("new");
        match replace(&path, &draft, text) {
            Ok(()) => Ok(Self(path)),
            Err(source) => {
                let _ = fs::remove_file(&draft);
                Err(ServeError::Write { path, source })
            }
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

fn replace(path: &Path, draft: &Path, text: &str) -> io::Result<()> {
    match fs::remove_file(draft) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = create(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    fs::rename(draft, path)
}

/// A new file, never one that somebody else laid out.
fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
