//! The claim on a data directory.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::error::ServeError;

/// The lock file's name.
const LOCK: &str = "arcc.lock";
/// Somebody who merely looks whether the directory is held has the lock for an instant.
const TRIES: u32 = 5;
/// The time between tries.
const PAUSE: Duration = Duration::from_millis(40);

/// A data directory that this process alone uses, as long as this value lives.
pub(super) struct DataDir {
    path: PathBuf,
    lock: File,
}

impl DataDir {
    /// Makes the directory if it is missing, closes it to other users and takes its lock.
    pub(super) async fn claim(dir: &Path) -> Result<Self, ServeError> {
        let failed = |source| ServeError::Directory { dir: dir.to_owned(), source };
        let path = std::path::absolute(dir).map_err(failed)?;
        make(&path).map_err(failed)?;
        seclude(&path)?;
        let mut lock = open_lock(&path).map_err(failed)?;
        for left in (0..TRIES).rev() {
            match lock.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if left > 0 => tokio::time::sleep(PAUSE).await,
                Err(TryLockError::WouldBlock) => {
                    return Err(ServeError::Held { dir: path, pid: read_pid(&mut lock) });
                }
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        write_pid(&mut lock).map_err(failed)?;
        Ok(Self { path, lock })
    }

    /// Its absolute path.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for DataDir {
    fn drop(&mut self) {
        // Only tidiness: the lock goes with the file, and the next owner overwrites the number.
        let _ = self.lock.set_len(0);
    }
}

/// The process that holds a directory now, if one does.
pub(super) fn holder(dir: &Path) -> Option<u32> {
    let mut lock = File::open(dir.join(LOCK)).ok()?;
    match lock.try_lock_shared() {
        Err(TryLockError::WouldBlock) => read_pid(&mut lock),
        _ => None,
    }
}

fn open_lock(dir: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(dir.join(LOCK))
}

fn write_pid(lock: &mut File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    lock.write_all(format!("{}\n", std::process::id()).as_bytes())
}

fn read_pid(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

fn make(dir: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(dir)
}

/// Closes an open directory to other users, but only one that is empty or known to be ours: a
/// path given by mistake keeps its permissions.
#[cfg(unix)]
fn seclude(dir: &Path) -> Result<(), ServeError> {
    use std::os::unix::fs::PermissionsExt;
    let failed = |source| ServeError::Directory { dir: dir.to_owned(), source };
    let mode = fs::metadata(dir).map_err(failed)?.permissions().mode() & 0o7777;
    if mode & 0o077 == 0 {
        return Ok(());
    }
    let ours = dir.join(LOCK).exists() || fs::read_dir(dir).map_err(failed)?.next().is_none();
    if !ours {
        return Err(ServeError::Exposed { dir: dir.to_owned(), mode });
    }
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).map_err(failed)
}

/// Elsewhere the user's own folders are closed to others already.
#[cfg(not(unix))]
fn seclude(_: &Path) -> Result<(), ServeError> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[tokio::test]
    async fn a_directory_is_held_once_and_free_again_after() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(holder(dir.path()), None);
        let claim = DataDir::claim(dir.path()).await.unwrap();
        assert_eq!(holder(dir.path()), Some(std::process::id()));
        let Err(ServeError::Held { pid, .. }) = DataDir::claim(dir.path()).await else { panic!("held") };
        assert_eq!(pid, Some(std::process::id()));
        drop(claim);
        assert_eq!(holder(dir.path()), None);
        DataDir::claim(dir.path()).await.unwrap();
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn an_open_directory_is_closed_if_it_is_ours_and_refused_if_not() {
        use std::os::unix::fs::PermissionsExt;
        let mode = |dir: &Path| fs::metadata(dir).unwrap().permissions().mode() & 0o777;
        let open = |dir: &Path| fs::set_permissions(dir, fs::Permissions::from_mode(0o755)).unwrap();

        let empty = tempfile::tempdir().unwrap();
        open(empty.path());
        drop(DataDir::claim(empty.path()).await.unwrap());
        assert_eq!(mode(empty.path()), 0o700);

        let foreign = tempfile::tempdir().unwrap();
        fs::write(foreign.path().join("letter.txt"), "x").unwrap();
        open(foreign.path());
        let Err(refused) = DataDir::claim(foreign.path()).await else { panic!("refused") };
        assert!(matches!(refused, ServeError::Exposed { mode: 0o755, .. }), "{refused}");
        assert_eq!(mode(foreign.path()), 0o755);
    }
}
