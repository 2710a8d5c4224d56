//! A place for the local runtime's data where its own cannot be written.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use crate::server::serve::ServeError;

/// A folder of this user alone that goes with this value: in memory where the system has such a
/// place for its users, else among its temporary files.
pub(super) fn folder() -> io::Result<TempDir> {
    let of_user = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let in_memory = of_user.and_then(|dir| make(&dir).ok());
    in_memory.map_or_else(|| make(&std::env::temp_dir()), Ok)
}

fn make(within: &Path) -> io::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("arcc-");
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(within)
}

/// What there is to say to whoever has their runs in such a folder.
pub(super) fn notice(error: &ServeError) -> String {
    format!("the local runtime works in memory and forgets everything when it ends: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_its_owners_alone_and_goes() {
        let folder = folder().unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = std::fs::metadata(folder.path()).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let path = folder.path().to_owned();
        drop(folder);
        assert!(!path.exists());
    }
}
