//! Sealing and opening.

use std::fmt;
use std::path::Path;

use chacha20poly1305::aead::{Aead as _, KeyInit as _, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use secrecy::zeroize::Zeroizing;

use super::{VaultError, key};

/// The first byte of what is sealed: the way in which it is.
const VERSION: u8 = 1;
/// How long a nonce is, in bytes: long enough to be random every time.
const NONCE: usize = 24;

/// Seals secrets for rest and opens them. Its key is wiped from memory when it goes.
pub struct Vault {
    cipher: XChaCha20Poly1305,
}

impl Vault {
    /// The vault of a data directory; its key is made if it is missing.
    ///
    /// # Errors
    /// When the key file cannot be used, or is not its owner's alone.
    pub fn open(dir: &Path) -> Result<Self, VaultError> {
        let key = key::load(dir)?;
        Ok(Self { cipher: XChaCha20Poly1305::new((&*key).into()) })
    }

    /// Seals a secret of `owner`, such as `connection:7`. Sealing it twice gives two texts.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn seal(&self, owner: &str, secret: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut nonce = [0; NONCE];
        key::fill(&mut nonce)?;
        let payload = Payload { msg: secret, aad: owner.as_bytes() };
        // It fails for messages of 256 GiB alone.
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| VaultError::NoRandomness)?;
        Ok([&[VERSION], nonce.as_slice(), &sealed].concat())
    }

    /// Opens what was sealed for the same owner. The result is wiped from memory when it goes.
    ///
    /// # Errors
    /// When it was sealed for another or under another key, or was changed.
    pub fn unseal(&self, owner: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let refused = || VaultError::Sealed(owner.to_owned());
        let (version, rest) = sealed.split_first().ok_or_else(refused)?;
        let (nonce, text) = rest.split_first_chunk::<NONCE>().ok_or_else(refused)?;
        if *version != VERSION {
            return Err(refused());
        }
        let payload = Payload { msg: text, aad: owner.as_bytes() };
        self.cipher.decrypt(&XNonce::from(*nonce), payload).map(Zeroizing::new).map_err(|_| refused())
    }
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Vault").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_secret_opens_for_its_owner_with_its_key_unchanged_and_not_else() {
        let dir = tempfile::tempdir().unwrap();
        let vault = Vault::open(dir.path()).unwrap();
        let sealed = vault.seal("connection:1", b"sk-secret").unwrap();
        assert!(!sealed.windows(9).any(|part| part == b"sk-secret"));
        assert_ne!(vault.seal("connection:1", b"sk-secret").unwrap(), sealed);
        let again = Vault::open(dir.path()).unwrap();
        assert_eq!(again.unseal("connection:1", &sealed).unwrap().as_slice(), b"sk-secret");
        assert!(again.unseal("connection:2", &sealed).is_err());
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert!(again.unseal("connection:1", &changed).is_err(), "byte {place}");
            assert!(again.unseal("connection:1", &sealed[..place]).is_err(), "cut at {place}");
        }
        let other = tempfile::tempdir().unwrap();
        let stranger = Vault::open(other.path()).unwrap();
        let refused = stranger.unseal("connection:1", &sealed).unwrap_err().to_string();
        assert_eq!(refused, "the secret of connection:1 does not open with this vault's key; enter it again");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_can_read_or_lay_out_is_refused() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let dir = tempfile::tempdir().unwrap();
        Vault::open(dir.path()).unwrap();
        let file = dir.path().join("vault.key");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&file), std::fs::read(&file).unwrap().len()), (0o600, 32));

        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let open = Vault::open(dir.path()).unwrap_err().to_string();
        assert!(open.contains("open to other users (mode 0640); run `chmod 600` on it"), "{open}");

        std::fs::rename(&file, dir.path().join("elsewhere")).unwrap();
        symlink(dir.path().join("elsewhere"), &file).unwrap();
        let linked = Vault::open(dir.path()).unwrap_err().to_string();
        assert!(linked.contains("no plain file"), "{linked}");

        std::fs::remove_file(&file).unwrap();
        crate::server::files::put_private(&file, b"short").unwrap();
        let short = Vault::open(dir.path()).unwrap_err().to_string();
        assert!(short.contains("has 5 bytes instead of 32"), "{short}");
        assert_eq!(std::fs::read(&file).unwrap(), b"short");
    }
}
