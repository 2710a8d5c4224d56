//! The secrets of one connection, by their names.

use std::collections::BTreeMap;

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use super::ConnectionError;

/// How many secrets a connection may have.
const MOST: usize = 32;
/// The longest name of a secret, in bytes.
const LONGEST_NAME: usize = 64;
/// The longest secret, in bytes.
const LONGEST: usize = 16 * 1024;

/// Named secrets.
#[derive(Clone, Debug, Default)]
pub(super) struct Secrets(BTreeMap<String, SecretString>);

impl Secrets {
    /// Reads secrets from a request, over those that there are; null removes one.
    ///
    /// # Errors
    /// When a name or a value is none. Values appear in no message.
    pub(super) fn merge(&mut self, given: &Map<String, Value>) -> Result<(), ConnectionError> {
        for (name, value) in given {
            check_name(name)?;
            match value {
                Value::Null => {
                    self.0.remove(name);
                }
                Value::String(text) if text.is_empty() || text.len() > LONGEST => {
                    let text = format!("`credentials.{name}` must have 1 to {LONGEST} bytes");
                    return Err(ConnectionError::invalid(text));
                }
                Value::String(text) => {
                    self.0.insert(name.clone(), text.as_str().into());
                }
                _ => return Err(ConnectionError::invalid(format!("`credentials.{name}` must be a text"))),
            }
        }
        if self.0.len() > MOST {
            return Err(ConnectionError::invalid(format!("a connection has at most {MOST} credentials")));
        }
        Ok(())
    }

    /// Their names, in order.
    pub(super) fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// One of them.
    pub(super) fn get(&self, name: &str) -> Option<&SecretString> {
        self.0.get(name)
    }

    /// As they are sealed: JSON in memory that is wiped.
    pub(super) fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let fields: BTreeMap<_, _> =
            self.0.iter().map(|(name, secret)| (name, secret.expose_secret())).collect();
        Zeroizing::new(serde_json::to_vec(&fields).unwrap_or_default())
    }

    /// From what was sealed.
    pub(super) fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fields: BTreeMap<String, String> = serde_json::from_slice(bytes).ok()?;
        Some(Self(fields.into_iter().map(|(name, text)| (name, text.into())).collect()))
    }

    /// A text without any of them.
    pub(super) fn scrub(&self, text: &str) -> String {
        // What is too short to be a secret would blot out words.
        let secrets = self.0.values().map(ExposeSecret::expose_secret).filter(|secret| secret.len() >= 6);
        secrets.fold(text.to_owned(), |text, secret| text.replace(secret, "[hidden]"))
    }
}

fn check_name(name: &str) -> Result<(), ConnectionError> {
    let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
    if name.is_empty() || name.len() > LONGEST_NAME || !name.bytes().all(usual) {
        let text = format!(
            "a credential's name has 1 to {LONGEST_NAME} letters, digits, `_`, `-` and `.`; one has not"
        );
        return Err(ConnectionError::invalid(text));
    }
    Ok(())
}
