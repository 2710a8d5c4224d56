//! Where the API is and who asks.

use std::fmt;

use secrecy::SecretString;
use url::Url;

use crate::wire::CallError;

/// An API with the credentials and the context to use it.
#[derive(Clone)]
pub struct Endpoint {
    /// The base URL, `http` or `https`; a path in it is kept as a prefix.
    pub url: Url,
    /// The bearer token; sent to this host only, never printed. Empty sends none.
    pub token: SecretString,
    /// The workspace's slug, sent as a header when set.
    pub tenant: Option<String>,
    /// The project's id, sent as a header when set.
    pub project: Option<String>,
}

impl Endpoint {
    /// Host and port, as errors name it.
    pub(super) fn host(&self) -> Box<str> {
        let host = self.url.host_str().unwrap_or("(no host)");
        match self.url.port() {
            Some(port) => format!("{host}:{port}").into(),
            None => host.into(),
        }
    }

    /// Whether it is this very machine, where no proxy applies.
    pub(super) fn is_loopback(&self) -> bool {
        match self.url.host() {
            Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
            Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
            Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
            None => false,
        }
    }

    /// The URL of a path of the contract; `path` begins with a slash and is encoded already.
    ///
    /// # Errors
    /// When an id in it is one that URLs fold away, like `..`, so that it would name something else.
    pub(super) fn join(&self, path: &str) -> Result<Url, CallError> {
        let mut url = self.url.clone();
        url.set_query(None);
        url.set_fragment(None);
        // `set_path` encodes what must be, and leaves an existing percent-encoding alone.
        url.set_path(&format!("{}{path}", self.url.path().trim_end_matches('/')));
        if !url.path().ends_with(path) {
            let reason = format!("an id in `{path}` cannot stand in a URL").into();
            return Err(CallError::NotTheApi { host: self.host(), reason });
        }
        Ok(url)
    }

    /// The same path for a WebSocket.
    ///
    /// # Errors
    /// As for [`Endpoint::join`].
    pub(super) fn join_socket(&self, path: &str) -> Result<String, CallError> {
        let url = self.join(path)?;
        let scheme = if url.scheme() == "https" { "wss" } else { "ws" };
        Ok(format!("{scheme}{}", &url.as_str()[url.scheme().len()..]))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Endpoint")
            .field("url", &format_args!("{}://{}{}", self.url.scheme(), self.host(), self.url.path()))
            .field("tenant", &self.tenant)
            .field("project", &self.project)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn endpoint(url: &str) -> Endpoint {
        let token = SecretString::from("pat_secret");
        Endpoint { url: url.parse().unwrap(), token, tenant: Some("acme".into()), project: None }
    }

    #[test]
    fn debug_tells_neither_the_token_nor_a_password() {
        let shown = format!("{:?}", endpoint("https://user:hunter2@api.example.com:8443/base?key=k"));
        assert_eq!(
            shown,
            "Endpoint { url: https://api.example.com:8443/base, tenant: Some(\"acme\"), project: None, .. }"
        );
    }

    #[test]
    fn paths_are_put_behind_the_base_and_stay_encoded() {
        let base = endpoint("https://api.example.com/base/");
        assert_eq!(
            base.join("/v1/workflows/a%2F%2E%2E").unwrap().as_str(),
            "https://api.example.com/base/v1/workflows/a%2F%2E%2E"
        );
        assert_eq!(
            endpoint("http://127.0.0.1:80/").join_socket("/v1/workflows/w/stream"),
            Ok("ws://127.0.0.1/v1/workflows/w/stream".into())
        );
    }

    #[test]
    fn an_id_that_climbs_is_refused() {
        let base = endpoint("https://api.example.com/base");
        for id in ["..", "."] {
            let error = base.join(&crate::wire::paths::command(&id.into())).unwrap_err();
            assert!(matches!(error, CallError::NotTheApi { .. }), "{error}");
        }
        let odd = crate::wire::paths::command(&"a/../b?c#d%".into());
        assert_eq!(base.join(&odd).unwrap().path(), "/base/v1/workflows/a%2F..%2Fb%3Fc%23d%25/command");
    }

    #[test]
    fn loopback_is_known_by_address_and_by_name() {
        for url in ["http://127.0.0.2:1", "http://[::1]:1", "http://localhost:1"] {
            assert!(endpoint(url).is_loopback(), "{url}");
        }
        assert!(!endpoint("https://localhost.example.com").is_loopback());
    }
}
