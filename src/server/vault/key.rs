//! The key's file.

use std::fs;
use std::io;
use std::path::Path;

use rustls::crypto::ring;
use secrecy::zeroize::Zeroizing;

use super::VaultError;
use crate::server::files::put_private;

/// The file's name.
const FILE: &str = "vault.key";

/// 256 random bits.
pub(super) type Key = Zeroizing<[u8; 32]>;

/// Reads the key of a data directory, or makes it.
pub(super) fn load(dir: &Path) -> Result<Key, VaultError> {
    let path = dir.join(FILE);
    let failed = |source| VaultError::Key { path: path.clone(), source };
    match fs::symlink_metadata(&path) {
        Ok(found) => {
            check(&path, &found)?;
            let bytes = Zeroizing::new(fs::read(&path).map_err(failed)?);
            let key = <[u8; 32]>::try_from(bytes.as_slice()).map(Zeroizing::new);
            key.map_err(|_| VaultError::Exposed {
                reason: format!(
                    "it has {} bytes instead of 32; put it back from a backup, or remove it and enter the \
                     secrets of connections again",
                    bytes.len()
                ),
                path: path.clone(),
            })
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let key = fresh()?;
            put_private(&path, key.as_slice()).map_err(failed)?;
            Ok(key)
        }
        Err(source) => Err(failed(source)),
    }
}

fn fresh() -> Result<Key, VaultError> {
    let mut key = Key::default();
    fill(key.as_mut_slice())?;
    Ok(key)
}

/// Fills `bytes` from the system's random number generator.
pub(super) fn fill(bytes: &mut [u8]) -> Result<(), VaultError> {
    ring::default_provider().secure_random.fill(bytes).map_err(|_| VaultError::NoRandomness)
}

fn check(path: &Path, found: &fs::Metadata) -> Result<(), VaultError> {
    let refuse = |reason: String| Err(VaultError::Exposed { path: path.to_owned(), reason });
    if !found.is_file() {
        return refuse("it is no plain file; somebody else may have laid it out".to_owned());
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt as _;
        let (mode, owner, me) = (found.mode() & 0o7777, found.uid(), rustix::process::geteuid().as_raw());
        if mode & 0o077 != 0 {
            return refuse(format!("it is open to other users (mode {mode:04o}); run `chmod 600` on it"));
        }
        if owner != me {
            return refuse(format!("it belongs to user {owner}, and this is user {me}"));
        }
    }
    Ok(())
}
