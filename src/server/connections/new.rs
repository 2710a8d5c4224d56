//! Connections to make and changes to them, as requests say them.

use serde_json::{Map, Value};
use url::Url;

use super::ConnectionError;

/// The longest name, in bytes.
const NAME: usize = 200;
/// The longest provider and service, in bytes.
const WORD: usize = 64;

/// A connection to make.
#[derive(Default)]
pub struct NewConnection {
    /// Its name.
    pub name: String,
    /// Whose service it is for; `custom` where nothing is said.
    pub provider: Option<String>,
    /// What kind of credential it holds; `api_key` where nothing is said.
    pub service: Option<String>,
    /// Its secrets.
    pub credentials: Map<String, Value>,
    /// How they are sent: `{header?, prefix?, credential?}`.
    pub send_as: Option<Map<String, Value>>,
    /// The only server that they are sent to; of a model's connection, its base URL.
    pub server_url: Option<String>,
}

/// What to change about a connection; `None` leaves a field as it is.
#[derive(Default)]
pub struct ConnectionPatch {
    /// Its name.
    pub name: Option<String>,
    /// Secrets to put in or, with null, to take out. Their change makes it active again.
    pub credentials: Option<Map<String, Value>>,
    /// How they are sent.
    pub send_as: Option<Map<String, Value>>,
    /// The only server that they are sent to; an empty text lifts that.
    pub server_url: Option<String>,
}

pub(super) fn check_name(name: &str) -> Result<String, ConnectionError> {
    if name.trim().is_empty() || name.len() > NAME {
        return Err(ConnectionError::invalid(format!("`display_name` must have 1 to {NAME} bytes")));
    }
    Ok(name.trim().to_owned())
}

pub(super) fn check_word(field: &str, word: Option<&str>, usual: &str) -> Result<String, ConnectionError> {
    let word = word.unwrap_or(usual);
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-' | b'.');
    if word.is_empty() || word.len() > WORD || !word.bytes().all(plain) {
        let text = format!("`{field}` must be a word of 1 to {WORD} small letters, digits, `_`, `-` and `.`");
        return Err(ConnectionError::invalid(text));
    }
    Ok(word.to_owned())
}

/// An address that a secret may be sent to.
pub(super) fn check_server(text: &str) -> Result<Url, ConnectionError> {
    let refuse = |reason: &str| ConnectionError::invalid(format!("`server_url` cannot be used: {reason}"));
    let url = Url::parse(text).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only http and https are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refuse("it holds a user or password; put them into `credentials`"));
    }
    Ok(url)
}
