//! The secrets of webhooks.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

use super::signature::sign_body;
use crate::server::access::fresh;
use crate::server::db::webhooks;
use crate::server::engine::{Engine, EngineError};
use crate::server::vault::{Vault, VaultError};

/// Where earlier versions kept the key that they made the secrets of webhooks from.
const FORMER_KEY: &str = "webhooks.key";

/// Makes the secrets of webhooks and opens them; at rest they are sealed by the vault.
#[derive(Clone)]
pub struct WebhookSecrets {
    vault: Arc<Vault>,
}

/// Why the secrets that an earlier version made were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum TakeOverError {
    /// Their key cannot be read or put away.
    #[error("{}: {source}", .path.display())]
    File {
        /// The file of their key.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Their key is none.
    #[error("{} is damaged; remove it and create these webhooks anew", .0.display())]
    Damaged(PathBuf),
    /// The vault refused.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The database refused.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

impl WebhookSecrets {
    /// Secrets that this vault seals.
    pub fn new(vault: Arc<Vault>) -> Self {
        Self { vault }
    }

    /// A fresh secret for a webhook, and what is kept of it.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub fn make(&self, webhook: &str) -> Result<(SecretString, Vec<u8>), VaultError> {
        let secret = fresh("whsec_").ok_or(VaultError::NoRandomness)?;
        let sealed = self.vault.seal(&owner(webhook), secret.expose_secret().as_bytes())?;
        Ok((secret, sealed))
    }

    /// The secret of a webhook, from what was kept of it.
    ///
    /// # Errors
    /// When it was sealed for another webhook or under another key, or was changed.
    pub fn open(&self, webhook: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        self.vault.unseal(&owner(webhook), sealed)
    }

    /// Seals the secrets that an earlier version made from a key in the data directory, so that what
    /// is signed with them is taken as before; then the key goes.
    ///
    /// # Errors
    /// When key, vault or database cannot be used; what was not taken over stays as it was.
    pub async fn take_over(&self, dir: &Path, engine: &Engine) -> Result<(), TakeOverError> {
        let path = dir.join(FORMER_KEY);
        let failed = |source| TakeOverError::File { path: path.clone(), source };
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            read => Zeroizing::new(read.map_err(failed)?),
        };
        let key = text.trim();
        if key.len() < 64 {
            return Err(TakeOverError::Damaged(path));
        }
        let bare = engine.read(|db| Ok::<_, EngineError>(webhooks::without_secret(db)?)).await?;
        let seal = |id: String| {
            let secret = Zeroizing::new(former_secret(key, &id));
            let sealed = self.vault.seal(&owner(&id), secret.as_bytes())?;
            Ok((id, sealed))
        };
        let sealed = bare.into_iter().map(seal).collect::<Result<Vec<_>, VaultError>>()?;
        let put = move |db: &rusqlite::Connection, _| {
            sealed
                .iter()
                .try_for_each(|(id, sealed)| webhooks::put_secret(db, id, sealed))
                .map_err(Into::into)
        };
        engine.write(put).await?;
        fs::remove_file(&path).map_err(failed)
    }
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookSecrets").finish_non_exhaustive()
    }
}

fn owner(webhook: &str) -> String {
    format!("webhook:{webhook}")
}

/// The HMAC of a webhook's id under the key of before.
fn former_secret(key: &str, webhook: &str) -> String {
    sign_body(key.as_bytes(), owner(webhook).as_bytes()).replacen("sha256=", "whsec_", 1)
}
