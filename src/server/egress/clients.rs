//! HTTP clients that keep to the policy.

use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};

use reqwest::dns::Resolve;
use reqwest::{Client, ClientBuilder};
use rustls::ClientConfig;
use rustls_platform_verifier::Verifier;
use url::{Host, Url};

use super::resolver::{Guard, System};
use super::{AllowedHosts, Denied, Reach, reach};

/// Trust in the system's authorities, read once for all clients: there are a dozen of those, and some
/// hundred files of these. None where they cannot be read, which the HTTP crate then tells.
static TRUST: LazyLock<Option<ClientConfig>> = LazyLock::new(|| {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = Arc::new(Verifier::new(provider.clone()).ok()?);
    let versions = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = versions.ok()?.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = builder.with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Some(config)
});

/// Who chose an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChosenBy {
    /// A graph, or a stranger's answer.
    #[default]
    Graph,
    /// The person who runs the runtime: a setting, or a server registered with the token.
    Operator,
}

impl ChosenBy {
    pub(super) fn reaches(self, reach: Reach) -> bool {
        match reach {
            Reach::Public => true,
            Reach::Loopback | Reach::Private => self == Self::Operator,
            Reach::Special(_) => false,
        }
    }
}

/// Whether the proxies that the environment names are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxies {
    /// No.
    None,
    /// For addresses that the operator chose.
    OfEnvironment,
}

/// The policy for calls to the outside. Cloning is cheap.
#[derive(Clone)]
pub struct Egress {
    hosts: Arc<AllowedHosts>,
    names: Arc<dyn Resolve>,
}

impl Egress {
    /// The policy with these hosts listed, and names as the system knows them.
    pub fn new(hosts: AllowedHosts) -> Self {
        Self::with_names(hosts, Arc::new(System))
    }

    /// The same with another source of names.
    pub fn with_names(hosts: AllowedHosts, names: Arc<dyn Resolve>) -> Self {
        Self { hosts: Arc::new(hosts), names }
    }

    /// Builds the clients of one caller. `builder` gives what is the caller's own, such as time-outs;
    /// redirects, proxies and names are the policy's. It is called once for each client.
    ///
    /// # Errors
    /// When an HTTP client cannot be built, for want of TLS roots.
    pub fn clients(
        &self,
        proxies: Proxies,
        builder: impl Fn() -> ClientBuilder,
    ) -> Result<Clients, reqwest::Error> {
        // The HTTP crate is built without a default for TLS. Another part may have set one; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let build = |proxies, names: Arc<dyn Resolve>| {
            let builder = builder().redirect(reqwest::redirect::Policy::none()).dns_resolver(names);
            let builder = match TRUST.clone() {
                Some(tls) => builder.tls_backend_preconfigured(tls),
                None => builder,
            };
            match proxies {
                Proxies::None => builder.no_proxy().build(),
                Proxies::OfEnvironment => builder.build(),
            }
        };
        let guard = |proxies, chosen_by| {
            build(
                proxies,
                Arc::new(Guard { inner: self.names.clone(), hosts: self.hosts.clone(), chosen_by }),
            )
        };
        Ok(Clients {
            hosts: self.hosts.clone(),
            listed: build(proxies, self.names.clone())?,
            operator: guard(proxies, ChosenBy::Operator)?,
            // A proxy would look names up itself, and dial what it finds.
            graph: guard(Proxies::None, ChosenBy::Graph)?,
        })
    }
}

impl Default for Egress {
    /// With nothing listed.
    fn default() -> Self {
        Self::new(AllowedHosts::none())
    }
}

impl fmt::Debug for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Egress").field("hosts", &self.hosts).finish_non_exhaustive()
    }
}

/// The HTTP clients of one caller, one for each way that addresses are judged.
#[derive(Clone, Debug)]
pub struct Clients {
    hosts: Arc<AllowedHosts>,
    listed: Client,
    operator: Client,
    graph: Client,
}

impl Clients {
    /// The client for an address.
    ///
    /// # Errors
    /// When the address is written as numbers and may not be called. Names are judged when they are
    /// dialled; [`Denied::within`] finds the refusal in the HTTP client's error then.
    pub fn to(&self, url: &Url, chosen_by: ChosenBy) -> Result<&Client, Denied> {
        if self.hosts.lists(url) {
            return Ok(&self.listed);
        }
        let ip = match url.host() {
            Some(Host::Ipv4(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Ipv6(ip)) => Some(IpAddr::from(ip)),
            Some(Host::Domain(_)) | None => None,
        };
        match (ip.map(reach), chosen_by) {
            (Some(reach), _) if !chosen_by.reaches(reach) => {
                Err(Denied::written(url.host_str().unwrap_or_default(), url.port_or_known_default(), reach))
            }
            (_, ChosenBy::Operator) => Ok(&self.operator),
            (_, ChosenBy::Graph) => Ok(&self.graph),
        }
    }
}
