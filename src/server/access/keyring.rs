//! The tokens that are known, in memory.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use secrecy::SecretString;

use super::rights::Rights;
use super::token::{digest, same};
use crate::domain::Timestamp;

/// A personal access token as it is kept: never the token itself.
#[derive(Clone, Debug, PartialEq)]
pub struct PatRecord {
    /// Its id.
    pub id: String,
    /// What its holder calls it.
    pub display_name: String,
    /// SHA-256 of the token.
    pub digest: [u8; 32],
    /// What it allows.
    pub rights: Rights,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

/// Who sends a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// The personal access token; `None` is whoever has the token of the runtime's own start.
    pub pat: Option<String>,
    /// What that allows.
    pub rights: Rights,
}

/// What became of looking for a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Lookup {
    /// It is good.
    Known(Caller),
    /// It was good once.
    Revoked,
    /// It is none of ours.
    Unknown,
}

/// All tokens that are known.
pub struct Keyring {
    own: [u8; 32],
    pats: RwLock<Vec<PatRecord>>,
    /// New tokens that were not shown again yet; gone with the process.
    unseen: RwLock<HashMap<String, SecretString>>,
}

impl Keyring {
    /// A keyring that knows the token of the runtime's own start.
    pub fn new(own: &str) -> Self {
        Self { own: digest(own.as_bytes()), pats: RwLock::default(), unseen: RwLock::default() }
    }

    /// Looks for a token. Every known one is compared, in constant time each, whether or not one
    /// was found already.
    pub fn find(&self, token: &[u8]) -> Lookup {
        let wanted = digest(token);
        let mut found = Lookup::Unknown;
        for pat in self.pats().iter().filter(|pat| same(&pat.digest, &wanted)) {
            found = match pat.revoked_at {
                Some(_) => Lookup::Revoked,
                None => Lookup::Known(Caller { pat: Some(pat.id.clone()), rights: pat.rights.clone() }),
            };
        }
        if same(&self.own, &wanted) {
            found = Lookup::Known(Caller { pat: None, rights: Rights::OWNER });
        }
        found
    }

    /// Looks for a personal access token by its id.
    pub fn of(&self, id: &str) -> Lookup {
        match self.pats().iter().find(|pat| pat.id == id) {
            None => Lookup::Unknown,
            Some(pat) if pat.revoked_at.is_some() => Lookup::Revoked,
            Some(pat) => Lookup::Known(Caller { pat: Some(pat.id.clone()), rights: pat.rights.clone() }),
        }
    }

    /// Knows these from now on, and no others.
    pub fn load(&self, pats: Vec<PatRecord>) {
        *self.pats_mut() = pats;
    }

    /// Knows one more; its token can be shown once more while the process lives.
    pub fn add(&self, pat: PatRecord, token: SecretString) {
        self.unseen.write().unwrap_or_else(PoisonError::into_inner).insert(pat.id.clone(), token);
        self.pats_mut().push(pat);
    }

    /// Admits one no more.
    pub fn revoke(&self, id: &str, at: Timestamp) {
        self.reveal(id);
        for pat in self.pats_mut().iter_mut().filter(|pat| pat.id == id) {
            pat.revoked_at.get_or_insert(at);
        }
    }

    /// Gives out a new token, once.
    pub fn reveal(&self, id: &str) -> Option<SecretString> {
        self.unseen.write().unwrap_or_else(PoisonError::into_inner).remove(id)
    }

    fn pats(&self) -> RwLockReadGuard<'_, Vec<PatRecord>> {
        self.pats.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn pats_mut(&self) -> RwLockWriteGuard<'_, Vec<PatRecord>> {
        self.pats.write().unwrap_or_else(PoisonError::into_inner)
    }
}
