//! Where models are, and the key to them.

use std::borrow::Cow;
use std::fmt;

use secrecy::SecretString;
use url::Url;

use super::LlmError;
use crate::server::egress::is_loopback;

/// Where `OPENAI_API_KEY` belongs when no address stands beside it.
const OPENAI: &str = "https://api.openai.com/v1";

/// Where a provider's description stands, as it is told to whoever has to mend it: the two variables
/// of the environment, or a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variables {
    /// Of the base URL.
    pub(super) base: Cow<'static, str>,
    /// Of the key.
    pub(super) key: Cow<'static, str>,
}

const OWN: Variables =
    Variables { base: Cow::Borrowed("AR_LLM_BASE_URL"), key: Cow::Borrowed("AR_LLM_API_KEY") };
const COMMON: Variables =
    Variables { base: Cow::Borrowed("OPENAI_BASE_URL"), key: Cow::Borrowed("OPENAI_API_KEY") };

/// A provider of models.
///
/// An address that may not be used is kept as such, for the step that wants it to report: a
/// runtime without models is a runtime all the same.
#[derive(Clone)]
pub struct LlmProvider {
    pub(super) variables: Variables,
    base: Box<str>,
    /// The bearer token; a provider on this machine may want none.
    pub(super) key: Option<SecretString>,
}

impl LlmProvider {
    /// The provider at a base URL such as `https://api.example.com/v1`.
    pub fn new(base: &str, key: Option<SecretString>) -> Self {
        Self { variables: OWN, base: base.into(), key }
    }

    /// The provider of a connection; its key comes with each call.
    pub(super) fn of_connection(name: &str, base: &str) -> Self {
        let key = format!("the connection `{name}`");
        let variables = Variables { base: format!("server_url of {key}").into(), key: key.into() };
        Self { variables, base: base.into(), key: None }
    }

    /// The base URL without a query, and the variable that its key is read from; `None` for an
    /// address that cannot be used.
    pub fn described(&self) -> Option<(String, &str)> {
        let url = String::from(shown(&self.address().ok()?));
        Some((url.trim_end_matches("/chat/completions").to_owned(), &self.variables.key))
    }

    /// Whether there is a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The provider that variables describe: `AR_LLM_BASE_URL` and `AR_LLM_API_KEY`, or else
    /// `OPENAI_BASE_URL` and `OPENAI_API_KEY`. The pairs are never mixed, so that no key reaches
    /// an address it was not given for. Empty variables count as unset.
    pub fn from_variables(lookup: impl Fn(&str) -> Option<String>) -> Option<Self> {
        let read = |name: &str| {
            let value = lookup(name)?.trim().to_owned();
            (!value.is_empty()).then_some(value)
        };
        [(OWN, ""), (COMMON, OPENAI)].into_iter().find_map(|(variables, usual)| {
            let (base, key) = (read(&variables.base), read(&variables.key).map(SecretString::from));
            let is_set = base.is_some() || key.is_some();
            let base = base.unwrap_or_else(|| usual.to_owned()).into();
            is_set.then_some(Self { variables, base, key })
        })
    }

    /// The address of chat completions.
    ///
    /// # Errors
    /// When the base URL is none, or none that a key may be sent to.
    pub(super) fn address(&self) -> Result<Url, LlmError> {
        let refuse = |reason: &str| LlmError::BadAddress {
            variable: self.variables.base.as_ref().into(),
            reason: reason.to_owned(),
        };
        if self.base.is_empty() {
            return Err(refuse("it is not set, though a key is; write it as https://HOST/v1"));
        }
        let mut url = Url::parse(&self.base)
            .map_err(|error| refuse(&format!("{error}; write it as https://HOST/v1")))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refuse("it carries a user or password; keys stand in a variable of their own"));
        }
        match url.scheme() {
            "https" => {}
            "http" if is_loopback(&url) => {}
            "http" => return Err(refuse("plain http would show the key to the network; use https")),
            other => return Err(refuse(&format!("`{other}` is not https"))),
        }
        let path = format!("{}/chat/completions", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_fragment(None);
        Ok(url)
    }
}

impl fmt::Debug for LlmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A query may hold a secret as well.
        let url = self.address().map(|url| shown(&url)).map_err(|error| error.to_string());
        f.debug_struct("LlmProvider").field("address", &url).field("key", &self.key).finish()
    }
}

/// An address without its query.
pub(super) fn shown(url: &Url) -> Box<str> {
    let mut url = url.clone();
    url.set_query(None);
    url.as_str().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use secrecy::ExposeSecret;

    fn found(set: &[(&str, &str)]) -> Option<(String, Option<String>)> {
        let lookup = |name: &str| {
            let at = set.iter().find(|(known, _)| *known == name);
            at.map(|(_, value)| (*value).to_owned())
        };
        let provider = LlmProvider::from_variables(lookup)?;
        let address = provider.address().map_or_else(|error| error.to_string(), |url| url.to_string());
        Some((address, provider.key.map(|key| key.expose_secret().to_owned())))
    }

    #[rstest]
    #[case(&[("OPENAI_API_KEY", "sk-1\n")], "https://api.openai.com/v1/chat/completions", Some("sk-1"))]
    #[case(
        &[("OPENAI_API_KEY", "sk-1"), ("OPENAI_BASE_URL", "https://gate.example.com/openai/?version=2#x")],
        "https://gate.example.com/openai/chat/completions?version=2",
        Some("sk-1")
    )]
    #[case(
        &[("OPENAI_API_KEY", "sk-1"), ("AR_LLM_BASE_URL", "http://127.0.0.1:11434/v1"), ("AR_LLM_API_KEY", "")],
        "http://127.0.0.1:11434/v1/chat/completions",
        None
    )]
    #[case(
        &[("AR_LLM_API_KEY", "own"), ("OPENAI_BASE_URL", "https://gate.example.com")],
        "the base URL of the model provider cannot be used: it is not set, though a key is; write it as \
         https://HOST/v1 (AR_LLM_BASE_URL)",
        Some("own")
    )]
    fn variables_are_taken_in_pairs(
        #[case] set: &[(&str, &str)],
        #[case] address: &str,
        #[case] key: Option<&str>,
    ) {
        assert_eq!(found(set), Some((address.to_owned(), key.map(ToOwned::to_owned))));
    }

    #[test]
    fn without_variables_there_is_no_provider() {
        assert_eq!(found(&[]), None);
        assert_eq!(found(&[("OPENAI_API_KEY", ""), ("AR_LLM_BASE_URL", " ")]), None);
    }

    #[rstest]
    #[case("models.example.com", "relative URL without a base; write it as https://HOST/v1")]
    #[case("http://models.example.com/v1", "plain http would show the key to the network; use https")]
    #[case("ftp://models.example.com", "`ftp` is not https")]
    #[case(
        "https://bot:hunter2@example.com",
        "it carries a user or password; keys stand in a variable of their own"
    )]
    fn a_bad_address_is_told_by_its_variable(#[case] base: &str, #[case] reason: &str) {
        let error = LlmProvider::new(base, None).address().unwrap_err().to_string();
        let want = format!("the base URL of the model provider cannot be used: {reason} (AR_LLM_BASE_URL)");
        assert_eq!(error, want);
    }

    #[test]
    fn debug_shows_no_secret() {
        let provider = LlmProvider::new("https://example.com/v1?code=hunter2", Some("sk-secret".into()));
        let text = format!("{provider:?}");
        assert!(text.contains("https://example.com/v1/chat/completions"), "{text}");
        assert!(!text.contains("hunter2") && !text.contains("sk-secret"), "{text}");
    }
}
