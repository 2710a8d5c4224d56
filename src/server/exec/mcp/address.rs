//! Which servers may be called, and under which address.

use std::collections::BTreeMap;

use secrecy::SecretString;
use url::Url;

use super::{ClientError, Target};
use crate::server::egress::ChosenBy;

/// Where a server is, and what it is told about the caller.
#[derive(Clone, Debug)]
pub struct Endpoint {
    /// Its streamable HTTP address.
    pub url: Url,
    /// The bearer token it wants, if any.
    pub token: Option<SecretString>,
    /// Who chose the address, which says how far it may lead.
    pub chosen_by: ChosenBy,
}

/// Servers that graphs call by a name, in `server_url` or `instance_id`.
#[derive(Clone, Debug, Default)]
pub struct KnownServers {
    endpoints: BTreeMap<Box<str>, Endpoint>,
}

impl KnownServers {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a server under a name such as `builtin:desk`.
    #[must_use]
    pub fn with(mut self, name: &str, endpoint: Endpoint) -> Self {
        self.endpoints.insert(name.into(), endpoint);
        self
    }

    /// The server of that name.
    pub(super) fn find(&self, name: &str) -> Option<&Endpoint> {
        self.endpoints.get(name)
    }

    /// The server that a step names, in either of its fields.
    pub(super) fn named(&self, target: &Target) -> Option<&Endpoint> {
        [&target.server_url, &target.instance_id].into_iter().flatten().find_map(|name| self.find(name))
    }
}

/// What an address must look like: `http` or `https`, and without credentials in it. A token is
/// only ever sent to a registered server, never to an address from a graph. Where the address may
/// lead is the egress policy's.
///
/// # Errors
/// What is wrong with it.
pub fn check_address(raw: &str) -> Result<Url, ClientError> {
    let refuse = |reason: &str| ClientError::BadAddress { url: raw.into(), reason: reason.to_owned() };
    let url = Url::parse(raw).map_err(|error| refuse(&error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(refuse("only http and https are spoken"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The address itself must not reach the log then.
        return Err(ClientError::BadAddress {
            url: url.host_str().unwrap_or_default().into(),
            reason: "it holds credentials, and graphs are no place for secrets".to_owned(),
        });
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::server::exec::mcp::dial::Dialer;
    use crate::server::exec::{NoCredentials, NoInstances};
    use futures_util::FutureExt as _;
    use pretty_assertions::assert_eq;

    fn resolve(server_url: Option<&str>, instance_id: Option<&str>) -> Result<String, String> {
        let url = Url::parse("http://127.0.0.1:4000/mcp").unwrap();
        let desk = Endpoint { url, token: None, chosen_by: ChosenBy::Operator };
        let servers = KnownServers::new().with("builtin:desk", desk);
        let dialer =
            Dialer { servers, instances: Arc::new(NoInstances), credentials: Arc::new(NoCredentials) };
        let target = Target {
            server_url: server_url.map(Into::into),
            instance_id: instance_id.map(Into::into),
            ..Target::default()
        };
        // Nothing here waits for anything.
        let dialled = dialer.dial(&target).now_or_never().unwrap();
        dialled.map(|dial| dial.url.into()).map_err(|error| error.to_string())
    }

    #[test]
    fn names_come_before_addresses_and_refusals_say_what_to_do() {
        let desk = Ok("http://127.0.0.1:4000/mcp".to_owned());
        assert_eq!(resolve(Some("builtin:desk"), None), desk);
        assert_eq!(resolve(None, Some("builtin:desk")), desk);
        assert_eq!(
            resolve(Some("https://tools.example.com/mcp"), None),
            Ok("https://tools.example.com/mcp".into())
        );
        let refused = [
            (resolve(None, None), "the step names no server; give it a server_url"),
            (
                resolve(None, Some("inst_7")),
                "the instance `inst_7` is not installed in this runtime; give the step a server_url instead",
            ),
            (
                resolve(Some("file:///etc/passwd"), None),
                "the server_url `file:///etc/passwd` cannot be called: only http and https are spoken",
            ),
            (
                resolve(Some("https://bot:hunter2@example.com/mcp"), None),
                "the server_url `example.com` cannot be called: it holds credentials, and graphs are no place for secrets",
            ),
        ];
        for (got, want) in refused {
            assert_eq!(got, Err(want.to_owned()));
        }
    }
}
