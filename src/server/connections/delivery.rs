//! How a connection's secret is sent.

use http::{HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::ConnectionError;
use super::secrets::Secrets;
use crate::server::exec::Credential;

/// The names that a secret for a bearer token usually has, likeliest first.
const USUAL: [&str; 6] = ["access_token", "token", "api_key", "key", "bearer", "secret"];

/// Headers that belong to the protocol, and to no connection.
const RESERVED: [&str; 10] = [
    "accept",
    "connection",
    "content-length",
    "content-type",
    "host",
    "last-event-id",
    "mcp-protocol-version",
    "mcp-session-id",
    "transfer-encoding",
    "upgrade",
];

/// One header: its name, what stands before the secret, and which secret it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    header: HeaderName,
    prefix: String,
    credential: String,
}

impl Delivery {
    /// Reads `send_as`: `{header?, prefix?, credential?}`. Without it, or a part of it, the secret is
    /// a bearer token; a header of another name than `authorization` has no prefix.
    ///
    /// # Errors
    /// When a part makes no sense, or which secret is meant cannot be told.
    pub(super) fn read(
        given: Option<&Map<String, Value>>,
        secrets: &Secrets,
    ) -> Result<Self, ConnectionError> {
        let text = |field: &str| match given.and_then(|given| given.get(field)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.as_str())),
            Some(_) => Err(ConnectionError::invalid(format!("`send_as.{field}` must be a text"))),
        };
        let header = header(text("header")?.unwrap_or("authorization"))?;
        let usual = if header == http::header::AUTHORIZATION { "Bearer " } else { "" };
        let prefix = text("prefix")?.unwrap_or(usual).to_owned();
        let credential = match text("credential")? {
            Some(name) => name.to_owned(),
            None => usual_secret(secrets)?,
        };
        let delivery = Self { header, prefix, credential };
        delivery.of(secrets)?;
        Ok(delivery)
    }

    /// As it is kept and shown.
    pub(super) fn to_json(&self) -> Value {
        json!({"header": self.header.as_str(), "prefix": self.prefix, "credential": self.credential})
    }

    /// From what is kept.
    pub(super) fn from_json(kept: &Value) -> Option<Self> {
        let text = |field: &str| kept[field].as_str();
        let header = HeaderName::try_from(text("header")?).ok()?;
        Some(Self { header, prefix: text("prefix")?.into(), credential: text("credential")?.into() })
    }

    /// The header with the secret in it.
    ///
    /// # Errors
    /// When the secret is not there, or holds what no header can carry.
    pub(super) fn of(&self, secrets: &Secrets) -> Result<Credential, ConnectionError> {
        let name = &self.credential;
        let secret = secrets.get(name).ok_or_else(|| {
            ConnectionError::invalid(format!(
                "there is no credential `{name}` to send; give it in `credentials`"
            ))
        })?;
        let value = format!("{}{}", self.prefix, secret.expose_secret());
        if HeaderValue::from_str(&value).is_err() {
            let text =
                format!("`credentials.{name}` holds characters that no header can carry; is it whole?");
            return Err(ConnectionError::invalid(text));
        }
        Ok(Credential { header: self.header.clone(), value: SecretString::from(value) })
    }
}

fn header(name: &str) -> Result<HeaderName, ConnectionError> {
    let header = HeaderName::try_from(name)
        .map_err(|_| ConnectionError::invalid("`send_as.header` is no name of a header"))?;
    if RESERVED.contains(&header.as_str()) {
        let text = format!("`send_as.header` cannot be `{header}`, which belongs to the protocol");
        return Err(ConnectionError::invalid(text));
    }
    Ok(header)
}

fn usual_secret(secrets: &Secrets) -> Result<String, ConnectionError> {
    let names = secrets.names();
    match names.as_slice() {
        [only] => Ok(only.clone()),
        _ => {
            let found = USUAL.iter().find(|usual| names.iter().any(|name| name == *usual));
            found.map(|name| (*name).to_owned()).ok_or_else(|| {
                ConnectionError::invalid(
                    "which credential is sent cannot be told from their names; say it in `send_as.credential`",
                )
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    #[expect(clippy::needless_pass_by_value, reason = "what is tested is written in place")]
    fn read(credentials: Value, send_as: Option<Value>) -> Result<(String, String), String> {
        let mut secrets = Secrets::default();
        secrets.merge(credentials.as_object().unwrap()).unwrap();
        let delivery = Delivery::read(send_as.as_ref().and_then(Value::as_object), &secrets);
        let credential = delivery.and_then(|delivery| {
            assert_eq!(Delivery::from_json(&delivery.to_json()), Some(delivery.clone()));
            delivery.of(&secrets)
        });
        let sent = credential.map_err(|error| error.to_string())?;
        Ok((sent.header.to_string(), sent.value.expose_secret().to_owned()))
    }

    #[rstest]
    #[case(json!({"whatever": "s1"}), None, "authorization", "Bearer s1")]
    #[case(json!({"account": "a", "api_key": "s1"}), None, "authorization", "Bearer s1")]
    #[case(json!({"api_key": "s1"}), Some(json!({"header": "X-Api-Key"})), "x-api-key", "s1")]
    #[case(
        json!({"user": "u", "pass": "s1"}),
        Some(json!({"prefix": "Token ", "credential": "pass"})),
        "authorization",
        "Token s1"
    )]
    fn a_secret_is_a_bearer_token_unless_it_is_said_otherwise(
        #[case] credentials: Value,
        #[case] send_as: Option<Value>,
        #[case] header: &str,
        #[case] value: &str,
    ) {
        assert_eq!(read(credentials, send_as), Ok((header.to_owned(), value.to_owned())));
    }

    #[rstest]
    #[case(json!({"a": "s1", "b": "s2"}), None, "which credential is sent cannot be told")]
    #[case(json!({"a": "s1"}), Some(json!({"credential": "b"})), "there is no credential `b` to send")]
    #[case(json!({"a": "s1"}), Some(json!({"header": "Host"})), "`send_as.header` cannot be `host`")]
    #[case(json!({"a": "s1"}), Some(json!({"header": "x y"})), "is no name of a header")]
    #[case(json!({"a": "s1"}), Some(json!({"prefix": 7})), "`send_as.prefix` must be a text")]
    #[case(json!({"a": "s1\ns2"}), None, "`credentials.a` holds characters that no header can carry")]
    fn what_cannot_be_sent_is_refused_without_the_secret(
        #[case] credentials: Value,
        #[case] send_as: Option<Value>,
        #[case] want: &str,
    ) {
        let refused = read(credentials, send_as).unwrap_err();
        assert!(refused.contains(want) && !refused.contains("s1"), "{refused}");
    }
}
