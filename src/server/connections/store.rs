//! Making, changing, reading and removing connections.

use std::fmt;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use rusqlite::Connection;
use secrecy::zeroize::Zeroizing;
use serde_json::{Value, json};

use super::new::{check_name, check_server, check_word};
use super::oauth::OAuth;
use super::secrets::Secrets;
use super::{ACTIVE, ConnectionError, ConnectionPatch, Delivery, NEEDS_RECONNECT, NewConnection, OAUTH};
use crate::domain::Timestamp;
use crate::server::db::{ConnectionRecord, Readers, connections, open, uses};
use crate::server::egress::Egress;
use crate::server::engine::{Engine, EngineError, WeakEngine};
use crate::server::vault::Vault;

/// The part of a connection's secrets that a person entered.
const ENTERED: &str = "credentials";
/// The part that an authorization server gave.
const TOKENS: &str = "tokens";

/// The connections of a runtime; a cheap handle.
#[derive(Clone)]
pub struct Connections {
    shared: Arc<Shared>,
}

struct Shared {
    readers: Readers,
    /// Set once the engine is open, which asks for credentials before it is.
    engine: OnceLock<WeakEngine>,
    vault: Arc<Vault>,
    oauth: OAuth,
}

impl Connections {
    /// The connections of a data directory, whose database need not be there yet. They can be read
    /// at once, and changed as soon as an engine is [attached](Self::attach).
    ///
    /// # Errors
    /// When the vault's key cannot be used, or no HTTP client can be built.
    pub fn open(data_dir: &Path, egress: &Egress) -> Result<Self, ConnectionError> {
        let readers = Readers::new(data_dir.join(open::FILE));
        let vault = Arc::new(Vault::open(data_dir)?);
        let oauth = OAuth::new(egress).map_err(ConnectionError::NoHttp)?;
        Ok(Self { shared: Arc::new(Shared { readers, engine: OnceLock::new(), vault, oauth }) })
    }

    /// Lets changes through this engine's writer.
    pub fn attach(&self, engine: &Engine) {
        // A second engine would be another database.
        let _ = self.shared.engine.set(engine.downgrade());
    }

    /// The readers of the database, for others that read what stands beside the log.
    pub fn readers(&self) -> Readers {
        self.shared.readers.clone()
    }

    /// What seals secrets in this data directory.
    pub fn vault(&self) -> Arc<Vault> {
        Arc::clone(&self.shared.vault)
    }

    /// Closes the readers of the database, before the engine closes its own.
    pub async fn close(&self) {
        self.shared.readers.close().await;
    }

    /// All connections, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(&self) -> Result<Vec<ConnectionRecord>, ConnectionError> {
        self.shared.readers.read(|db| Ok(connections::list(db)?)).await
    }

    /// A connection.
    ///
    /// # Errors
    /// `NotFound`; when the database cannot be read.
    pub async fn get(&self, id: &str) -> Result<ConnectionRecord, ConnectionError> {
        let id = id.to_owned();
        self.shared.readers.read(move |db| found(db, &id)).await
    }

    /// Makes a connection; its secrets are sealed before they are written.
    ///
    /// # Errors
    /// `Invalid` when a field makes no sense; when vault or database refuse.
    pub async fn create(&self, new: NewConnection) -> Result<ConnectionRecord, ConnectionError> {
        let mut secrets = Secrets::default();
        secrets.merge(&new.credentials)?;
        let name = check_name(&new.name)?;
        let provider = check_word("provider", new.provider.as_deref(), "custom")?;
        let service = check_word("service", new.service.as_deref(), "api_key")?;
        let server_url = new.server_url.as_deref().map(check_server).transpose()?.map(String::from);
        let (delivery, why) = if service == OAUTH {
            if server_url.is_none() {
                let text = "an `oauth` connection needs `server_url`, the MCP server that it is for";
                return Err(ConnectionError::invalid(text));
            }
            let why = "it was not authorized yet; open the address that POST …/oauth-url gives";
            (json!({"header": "authorization", "prefix": "Bearer ", "credential": "access_token"}), Some(why))
        } else {
            (Delivery::read(new.send_as.as_ref(), &secrets)?.to_json(), None)
        };
        let status = if why.is_some() { NEEDS_RECONNECT } else { ACTIVE };
        self.change(move |shared, db, now| {
            let record = ConnectionRecord {
                id: uuid::Uuid::new_v4().to_string(),
                name,
                provider,
                service,
                status: status.to_owned(),
                why: why.map(str::to_owned),
                server_url,
                delivery,
                credential_keys: secrets.names(),
                facts: json!({}),
                created_at: now,
                updated_at: now,
            };
            connections::put(db, &record)?;
            shared.seal(db, &record.id, ENTERED, &secrets.to_bytes())?;
            Ok(record)
        })
        .await
    }

    /// Changes a connection. New secrets make it active again, for whoever entered them has seen to it.
    ///
    /// # Errors
    /// `NotFound`; `Invalid` when a field makes no sense; when vault or database refuse.
    pub async fn patch(&self, id: &str, patch: ConnectionPatch) -> Result<ConnectionRecord, ConnectionError> {
        let id = id.to_owned();
        self.change(move |shared, db, now| {
            let mut record = found(db, &id)?;
            let is_oauth = record.service == OAUTH;
            let mut secrets = shared.entered(db, &id, patch.credentials.is_some())?;
            if let Some(name) = &patch.name {
                record.name = check_name(name)?;
            }
            match patch.server_url.as_deref() {
                None => {}
                Some("") if !is_oauth => record.server_url = None,
                Some(url) => record.server_url = Some(check_server(url)?.into()),
            }
            if let Some(given) = &patch.credentials {
                secrets.merge(given)?;
                record.credential_keys = secrets.names();
            }
            if !is_oauth && (patch.send_as.is_some() || patch.credentials.is_some()) {
                let kept = record.delivery.as_object().cloned();
                let delivery = Delivery::read(patch.send_as.as_ref().or(kept.as_ref()), &secrets)?;
                record.delivery = delivery.to_json();
            }
            if !is_oauth && patch.credentials.is_some() {
                (record.status, record.why) = (ACTIVE.to_owned(), None);
            }
            record.updated_at = now;
            connections::put(db, &record)?;
            if patch.credentials.is_some() {
                shared.seal(db, &id, ENTERED, &secrets.to_bytes())?;
            }
            Ok(record)
        })
        .await
    }

    /// Removes a connection that nothing uses, and its secrets.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while something uses it, which it names; when the database refuses.
    pub async fn remove(&self, id: &str) -> Result<(), ConnectionError> {
        let gone = id.to_owned();
        self.change(move |_, db, _| {
            let record = found(db, &gone)?;
            let uses = uses::of_connection(db, &gone)?;
            if !uses.is_empty() {
                let uses: Vec<_> = uses.iter().map(ToString::to_string).collect();
                return Err(ConnectionError::Conflict(format!(
                    "the connection `{}` is used by {}; have them use another one, then remove it",
                    record.name,
                    uses.join(", ")
                )));
            }
            connections::remove(db, &gone)?;
            Ok(())
        })
        .await?;
        self.shared.oauth.forget(id);
        Ok(())
    }

    /// Notes where a connection stands; a connection that is gone stays gone.
    pub(super) async fn mark(&self, id: &str, why: Option<&str>) -> Result<(), ConnectionError> {
        let (id, why) = (id.to_owned(), why.map(str::to_owned));
        self.change(move |shared, db, now| {
            // Words of a server may repeat what it was sent.
            let secrets = shared.entered(db, &id, true)?;
            let why = why.map(|why| secrets.scrub(&short(&why)));
            let status = if why.is_some() { NEEDS_RECONNECT } else { ACTIVE };
            connections::mark(db, &id, (status, why.as_deref()), now)?;
            Ok(())
        })
        .await
    }

    /// A connection with the secrets that were entered for it.
    pub(super) async fn opened(&self, id: &str) -> Result<(ConnectionRecord, Secrets), ConnectionError> {
        let (id, shared) = (id.to_owned(), self.shared.clone());
        self.shared
            .readers
            .read(move |db| {
                let record = found(db, &id)?;
                let secrets = shared.entered(db, &id, false)?;
                Ok((record, secrets))
            })
            .await
    }

    /// The tokens that an authorization server gave, as they were kept.
    pub(super) async fn tokens(&self, id: &str) -> Result<Option<Zeroizing<Vec<u8>>>, ConnectionError> {
        let (id, shared) = (id.to_owned(), self.shared.clone());
        self.shared.readers.read(move |db| shared.unseal(db, &id, TOKENS)).await
    }

    /// Keeps tokens, and what may be told of them; the connection is active with them. `None`
    /// removes them.
    pub(super) async fn put_tokens(
        &self,
        id: &str,
        tokens: Option<(Zeroizing<Vec<u8>>, Value)>,
    ) -> Result<(), ConnectionError> {
        let id = id.to_owned();
        self.change(move |shared, db, now| {
            let mut record = found(db, &id)?;
            let Some((tokens, facts)) = tokens else {
                return Ok(connections::remove_secret(db, &id, TOKENS)?);
            };
            (record.status, record.why) = (ACTIVE.to_owned(), None);
            (record.facts, record.updated_at) = (facts, now);
            connections::put(db, &record)?;
            shared.seal(db, &id, TOKENS, &tokens)
        })
        .await
    }

    pub(super) fn oauth(&self) -> &OAuth {
        &self.shared.oauth
    }

    /// Changes the tables in the engine's writer; all of it or nothing.
    async fn change<T, F>(&self, change: F) -> Result<T, ConnectionError>
    where
        T: Send + 'static,
        F: FnOnce(&Shared, &Connection, Timestamp) -> Result<T, ConnectionError> + Send + 'static,
    {
        let engine = self.shared.engine.get().and_then(WeakEngine::upgrade).ok_or(EngineError::Closed)?;
        let shared = self.shared.clone();
        let changed = engine.write(move |db, now| match change(&shared, db, now) {
            // What the engine is told as an error is taken back.
            Err(ConnectionError::Engine(error)) => Err(error),
            other => Ok(other),
        });
        changed.await?
    }
}

impl Shared {
    fn seal(&self, db: &Connection, id: &str, part: &str, secret: &[u8]) -> Result<(), ConnectionError> {
        let sealed = self.vault.seal(&owner(id, part), secret)?;
        Ok(connections::put_secret(db, id, part, &sealed)?)
    }

    fn unseal(
        &self,
        db: &Connection,
        id: &str,
        part: &str,
    ) -> Result<Option<Zeroizing<Vec<u8>>>, ConnectionError> {
        let sealed = connections::secret(db, id, part)?;
        Ok(sealed.map(|sealed| self.vault.unseal(&owner(id, part), &sealed)).transpose()?)
    }

    /// The secrets that were entered. When they no longer open, `or_none` starts over with none.
    fn entered(&self, db: &Connection, id: &str, or_none: bool) -> Result<Secrets, ConnectionError> {
        match self.unseal(db, id, ENTERED) {
            Ok(bytes) => Ok(bytes.and_then(|bytes| Secrets::from_bytes(&bytes)).unwrap_or_default()),
            Err(ConnectionError::Vault(_)) if or_none => Ok(Secrets::default()),
            Err(error) => Err(error),
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections").finish_non_exhaustive()
    }
}

fn found(db: &Connection, id: &str) -> Result<ConnectionRecord, ConnectionError> {
    connections::find(db, id)?.ok_or_else(|| ConnectionError::NotFound(id.to_owned()))
}

fn owner(id: &str, part: &str) -> String {
    format!("connection:{id}:{part}")
}

/// As much of a reason as is read.
fn short(why: &str) -> String {
    why.chars().take(500).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let connections = Connections::open(dir.path(), &Egress::default()).unwrap();
        assert_eq!(format!("{connections:?}"), "Connections { .. }");
    }
}
