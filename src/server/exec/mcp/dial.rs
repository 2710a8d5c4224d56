//! From what a step names to an address, and to what is sent there.

use std::sync::Arc;

use http::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::address::check_address;
use super::{ClientError, Endpoint, KnownServers, Target};
use crate::machine::ConnectionChoice;
use crate::server::egress::ChosenBy;
use crate::server::exec::{Binding, ConnectionFacts, CredentialError, Credentials, InstanceError, Instances};

/// What stands in the place of a secret that a server sent back.
const HIDDEN: &str = "[hidden]";

/// Where to call, with what, and how to speak of it.
#[derive(Clone, Debug)]
pub(super) struct Dial {
    /// The address.
    pub(super) url: Url,
    /// Who chose it, which says how far it may lead.
    pub(super) chosen_by: ChosenBy,
    /// The one header that is sent along.
    pub(super) header: Option<(HeaderName, SecretString)>,
    /// The connection that the header is of.
    pub(super) connection: Option<ConnectionFacts>,
    /// The way there in words, with a blank before it: ` (instance `crm`, profile `default`, …)`.
    pub(super) way: String,
}

impl Dial {
    /// An address to which nothing is sent.
    fn plain(url: Url, chosen_by: ChosenBy) -> Self {
        Self { url, chosen_by, header: None, connection: None, way: String::new() }
    }

    /// Names the session: another connection to the same server is another session.
    pub(super) fn key(&self) -> String {
        let connection = self.connection.as_ref().map_or("", |connection| &connection.id);
        format!("{} {connection}", self.url)
    }

    /// Whether a session that was opened with `other` still sends the right thing.
    pub(super) fn sends_the_same(&self, other: &Self) -> bool {
        let sent = |dial: &Self| dial.header.as_ref().map(|(_, value)| value.expose_secret().to_owned());
        sent(self) == sent(other)
    }

    /// A text of the server without the secret that it may have sent back.
    pub(super) fn scrub(&self, text: String) -> String {
        let Some((_, value)) = &self.header else { return text };
        let whole = value.expose_secret();
        let bare = whole.split_once(' ').map_or(whole, |(_, token)| token);
        if bare.is_empty() { text } else { text.replace(bare, HIDDEN) }
    }

    /// The same for a value.
    pub(super) fn scrub_value(&self, value: Value) -> Value {
        if self.header.is_none() {
            return value;
        }
        match value {
            Value::String(text) => Value::String(self.scrub(text)),
            Value::Array(items) => items.into_iter().map(|item| self.scrub_value(item)).collect(),
            Value::Object(fields) => fields
                .into_iter()
                .map(|(name, field)| (self.scrub(name), self.scrub_value(field)))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            scalar => scalar,
        }
    }
}

/// Finds out where to call and with what.
#[derive(Clone, Debug)]
pub(super) struct Dialer {
    pub(super) servers: KnownServers,
    pub(super) instances: Arc<dyn Instances>,
    pub(super) credentials: Arc<dyn Credentials>,
}

impl Dialer {
    /// Resolves a step's target. A known name comes first, then the instance, then the URL: where
    /// an instance is not installed, a URL beside it is called without a connection.
    pub(super) async fn dial(&self, target: &Target) -> Result<Dial, ClientError> {
        if let Some(endpoint) = self.servers.named(target) {
            return Ok(known(endpoint));
        }
        let Some(instance) = &target.instance_id else {
            let url = target.server_url.as_deref().ok_or(ClientError::NoServer)?;
            return self.plain(url, target).await;
        };
        match (self.instances.bind(instance, target.workflow.as_ref()).await, &target.server_url) {
            (Ok(binding), _) => self.bound(&binding, &target.connection).await,
            (Err(InstanceError::Unknown { .. }), Some(url)) => self.plain(url, target).await,
            (Err(error), _) => Err(error.into()),
        }
    }

    /// An address of a graph. No secret is ever sent there: whoever writes a graph could choose
    /// who gets it.
    async fn plain(&self, url: &str, target: &Target) -> Result<Dial, ClientError> {
        match &target.connection {
            ConnectionChoice::Principal => Err(not_connected(url)),
            ConnectionChoice::Pinned(connection) => {
                Err(ClientError::UnboundConnection { connection: connection.clone(), url: url.into() })
            }
            ConnectionChoice::Inherit | ConnectionChoice::Workspace => {
                let is_registered = self.instances.is_registered(url).await;
                let chosen_by = if is_registered { ChosenBy::Operator } else { ChosenBy::Graph };
                Ok(Dial::plain(check_address(url)?, chosen_by))
            }
        }
    }

    async fn bound(&self, binding: &Binding, choice: &ConnectionChoice) -> Result<Dial, ClientError> {
        let profile = || binding.connection.as_deref();
        let connection = match choice {
            ConnectionChoice::Principal => return Err(not_connected(&binding.service)),
            ConnectionChoice::Pinned(connection) => Some(&**connection),
            ConnectionChoice::Workspace => profile(),
            ConnectionChoice::Inherit => binding.overridden.as_deref().or_else(profile),
        };
        match connection {
            Some(connection) => self.with_connection(binding, connection).await,
            None if binding.needs_connection => Err(ClientError::NotWired {
                instance: binding.name.clone(),
                profile: binding.profile.clone().unwrap_or_default(),
            }),
            None => {
                let way = format!(" (instance `{}`)", binding.name);
                Ok(Dial { way, ..self.address(&binding.address)? })
            }
        }
    }

    async fn with_connection(&self, binding: &Binding, connection: &str) -> Result<Dial, ClientError> {
        let dial = self.address(&binding.address)?;
        self.connected(dial, connection, &words(binding)).await
    }

    /// Lets a dial send a connection's secret, to its own address alone.
    pub(super) async fn connected(
        &self,
        dial: Dial,
        connection: &str,
        way: &str,
    ) -> Result<Dial, ClientError> {
        let failed = |error: CredentialError| ClientError::NoCredential { way: way.to_owned(), error };
        let facts = self.credentials.find(connection).await.map_err(failed)?;
        let facts = facts.ok_or_else(|| failed(CredentialError::Unknown(connection.into())))?;
        let sent = self.credentials.header_for(connection, &dial.url).await.map_err(failed)?;
        let header = sent.map(|credential| (credential.header, credential.value));
        let way = format!(" ({way}, connection `{}`)", facts.name);
        Ok(Dial { header: header.or(dial.header), connection: Some(facts), way, ..dial })
    }

    /// The dial of a registered server: an address that the operator chose, or a known name.
    pub(super) fn address(&self, address: &str) -> Result<Dial, ClientError> {
        match self.servers.find(address) {
            Some(endpoint) => Ok(known(endpoint)),
            None => Ok(Dial::plain(check_address(address)?, ChosenBy::Operator)),
        }
    }
}

fn words(binding: &Binding) -> String {
    let profile =
        binding.profile.as_ref().map(|profile| format!(", profile `{profile}`")).unwrap_or_default();
    format!("instance `{}`{profile}", binding.name)
}

fn known(endpoint: &Endpoint) -> Dial {
    let bearer = |token: &SecretString| {
        (http::header::AUTHORIZATION, SecretString::from(format!("Bearer {}", token.expose_secret())))
    };
    let header = endpoint.token.as_ref().map(bearer);
    Dial { header, ..Dial::plain(endpoint.url.clone(), endpoint.chosen_by) }
}

/// A local runtime knows no principals, so nobody has connected anything.
fn not_connected(provider: &str) -> ClientError {
    ClientError::PrincipalNotConnected { provider: provider.into() }
}
