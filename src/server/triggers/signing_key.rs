//! The secrets of webhooks.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};

use super::signature::sign_body;
use crate::server::access::fresh;

/// The file's name within the data directory.
const FILE: &str = "webhooks.key";

/// What the secrets of webhooks are made from.
///
/// A webhook's secret is the HMAC of its id under this key, so the database holds no secret at all,
/// sealed or not; the key is in a file of its own, for its user alone.
pub struct SigningKey(SecretString);

impl SigningKey {
    /// The key of a data directory; it is made if it is missing.
    ///
    /// # Errors
    /// When the file cannot be read or made, or holds something else.
    pub fn open(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => create(&path)?,
            read => read?,
        };
        let key = text.trim();
        if key.len() < 64 {
            let text = format!("{} is damaged; remove it and create all webhooks anew", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidData, text));
        }
        Ok(Self(key.to_owned().into()))
    }

    /// The secret of a webhook.
    pub fn secret(&self, webhook: &str) -> String {
        let made = sign_body(self.0.expose_secret().as_bytes(), format!("webhook:{webhook}").as_bytes());
        made.replacen("sha256=", "whsec_", 1)
    }
}

/// Makes the file before it holds anything, so that it is never readable by others.
fn create(path: &Path) -> io::Result<String> {
    let key = fresh().ok_or_else(|| io::Error::other("the system gives no random numbers"))?;
    let text = key.expose_secret().trim_start_matches("pat_").to_owned();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_secret_is_the_same_after_a_restart_and_another_for_another_webhook_or_directory() {
        let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let secret = |dir: &Path, id| SigningKey::open(dir).unwrap().secret(id);
        let first = secret(here.path(), "w");
        assert_eq!(first, secret(here.path(), "w"));
        assert_ne!(first, secret(here.path(), "v"));
        assert_ne!(first, secret(there.path(), "w"));
        assert_eq!(first.len(), "whsec_".len() + 64);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = fs::metadata(here.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(here.path().join(FILE), "short").unwrap();
        assert!(SigningKey::open(here.path()).is_err());
    }
}
