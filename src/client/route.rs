//! The way to the API: directly or through a proxy. Decided once, for requests and sockets alike.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::connect::proxy::{SocksV4, SocksV5, Tunnel};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::{Endpoint, Proxy};
use crate::wire::CallError;

/// How long a connection may take to stand, to the API or to the proxy.
pub(super) const CONNECT: Duration = Duration::from_secs(5);
/// The port of a SOCKS proxy that names none.
const SOCKS_PORT: u16 = 1080;

/// A byte stream to the API.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// An open connection, whatever it goes through.
pub(super) type Line = Box<dyn Duplex>;

type Failure = Box<dyn Error + Send + Sync>;

/// The way to one endpoint.
pub(super) struct Route {
    /// Scheme, host and port of the API.
    destination: Uri,
    hop: Option<Hop>,
}

/// A proxy: where it is, without its password, and how to sign in there.
struct Hop {
    uri: Uri,
    login: Intercept,
}

impl Route {
    /// Decides how `endpoint` is reached.
    ///
    /// # Errors
    /// When the endpoint or the given proxy cannot be addressed.
    pub(super) fn new(endpoint: &Endpoint, proxy: &Proxy) -> Result<Self, CallError> {
        match proxy {
            Proxy::System => Self::matched(endpoint, &Matcher::from_system()),
            Proxy::Never => Self::matched(endpoint, &Matcher::builder().build()),
            Proxy::Through(url) => {
                let route = Self::matched(endpoint, &Matcher::builder().all(url.as_str()).build())?;
                if route.hop.is_none() && !endpoint.is_loopback() {
                    return Err(unusable(endpoint, &format!("a proxy cannot be `{}`", url.scheme())));
                }
                Ok(route)
            }
        }
    }

    fn matched(endpoint: &Endpoint, rules: &Matcher) -> Result<Self, CallError> {
        let url = &endpoint.url;
        let address =
            format!("{}://{}:{}/", url.scheme(), url.host_str().unwrap_or_default(), port(endpoint));
        let destination: Uri =
            address.parse().map_err(|_| unusable(endpoint, "its host cannot be addressed"))?;
        let found = if endpoint.is_loopback() { None } else { rules.intercept(&destination) };
        let hop = found.map(|login| Hop::new(login, endpoint)).transpose()?;
        Ok(Self { destination, hop })
    }

    /// The same way for requests.
    pub(super) fn for_requests(&self) -> reqwest::Result<Option<reqwest::Proxy>> {
        let Some(hop) = &self.hop else { return Ok(None) };
        let proxy = reqwest::Proxy::all(hop.uri.to_string())?;
        Ok(Some(match (hop.login.basic_auth(), hop.login.raw_auth()) {
            (Some(header), _) => proxy.custom_http_auth(header.clone()),
            (None, Some((user, password))) => proxy.basic_auth(user, password),
            (None, None) => proxy,
        }))
    }

    /// The proxy in between, without its password.
    pub(super) fn proxy(&self) -> Option<String> {
        self.hop.as_ref().map(Hop::name)
    }

    /// Whether the proxy itself is spoken to over TLS.
    pub(super) fn has_secure_hop(&self) -> bool {
        self.hop.as_ref().is_some_and(|hop| hop.uri.scheme_str() == Some("https"))
    }

    /// What the network's own words mean on this way.
    pub(super) fn explain(&self, words: &str) -> String {
        let Some(hop) = &self.hop else { return words.to_owned() };
        let name = hop.name();
        if words.contains("proxy authorization required") {
            return format!(
                "the proxy {name} asks for a sign-in (407); put user and password into its URL, as in http://USER:PASSWORD@HOST"
            );
        }
        if words == "tunnel error: unsuccessful" {
            return format!("the proxy {name} refuses to connect to it");
        }
        format!("through the proxy {name}: {words}")
    }

    /// Opens a connection to the API, as far as the bytes: what is spoken on it is the caller's.
    pub(super) async fn connect(&self, tls: &Arc<ClientConfig>) -> Result<Line, Failure> {
        let destination = self.destination.clone();
        let Some(hop) = &self.hop else {
            return Ok(Box::new(tcp().call(destination).await?.into_inner()));
        };
        let proxy = hop.uri.clone();
        match proxy.scheme_str() {
            Some("socks4") => {
                Ok(Box::new(SocksV4::new(proxy, tcp()).local_dns(true).call(destination).await?.into_inner()))
            }
            Some("socks4a") => Ok(Box::new(SocksV4::new(proxy, tcp()).call(destination).await?.into_inner())),
            Some("socks5" | "socks5h") => {
                let here = proxy.scheme_str() == Some("socks5");
                let mut socks = SocksV5::new(proxy, tcp()).local_dns(here);
                if let Some((user, password)) = hop.login.raw_auth() {
                    socks = socks.with_auth(user.to_owned(), password.to_owned());
                }
                Ok(Box::new(socks.call(destination).await?.into_inner()))
            }
            _ => {
                let mut tunnel = Tunnel::new(proxy, ToProxy { tls: Arc::clone(tls) });
                if let Some(header) = hop.login.basic_auth() {
                    tunnel = tunnel.with_auth(header.clone());
                }
                Ok(tunnel.call(destination).await?.into_inner())
            }
        }
    }
}

impl Hop {
    fn new(login: Intercept, endpoint: &Endpoint) -> Result<Self, CallError> {
        let uri = login.uri();
        let scheme = uri.scheme_str().unwrap_or("http");
        let host = uri.host().unwrap_or_default();
        let port = uri.port_u16().unwrap_or(match scheme {
            "http" => 80,
            "https" => 443,
            _ => SOCKS_PORT,
        });
        let uri = format!("{scheme}://{host}:{port}/").parse();
        Ok(Self { uri: uri.map_err(|_| unusable(endpoint, "its proxy cannot be addressed"))?, login })
    }

    /// As a person knows it; without user and password.
    fn name(&self) -> String {
        self.uri.to_string().trim_end_matches('/').to_owned()
    }
}

fn port(endpoint: &Endpoint) -> u16 {
    endpoint.url.port_or_known_default().unwrap_or(443)
}

fn unusable(endpoint: &Endpoint, reason: &str) -> CallError {
    CallError::Unconnected { host: endpoint.host(), reason: reason.into() }
}

fn tcp() -> HttpConnector {
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT));
    connector
}

/// Connects to an HTTP proxy, over TLS where its scheme says so.
#[derive(Clone)]
struct ToProxy {
    tls: Arc<ClientConfig>,
}

impl Service<Uri> for ToProxy {
    type Response = TokioIo<Line>;
    type Error = Failure;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, proxy: Uri) -> Self::Future {
        let tls = Arc::clone(&self.tls);
        Box::pin(async move {
            let secure = proxy.scheme_str() == Some("https");
            let host = proxy.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
            let stream = tcp().call(proxy).await?.into_inner();
            if !secure {
                return Ok(TokioIo::new(Box::new(stream) as Line));
            }
            let stream = TlsConnector::from(tls).connect(ServerName::try_from(host)?, stream).await?;
            Ok(TokioIo::new(Box::new(stream) as Line))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use secrecy::SecretString;

    fn endpoint(url: &str) -> Endpoint {
        let token = SecretString::from("pat_secret");
        Endpoint { url: url.parse().unwrap(), token, tenant: None, project: None }
    }

    fn way(url: &str, proxy: &str, no: &str) -> Option<String> {
        let rules = Matcher::builder().all(proxy).no(no).build();
        Route::matched(&endpoint(url), &rules).unwrap().hop.map(|hop| hop.name())
    }

    #[test]
    fn a_proxy_stands_before_everything_but_this_machine_and_what_no_proxy_names() {
        let proxy = "http://proxy.example.com:3128";
        assert_eq!(way("https://api.acme.test", proxy, ""), Some(proxy.into()));
        for url in ["https://api.acme.test", "https://10.1.2.3"] {
            assert_eq!(way(url, proxy, "acme.test,10.0.0.0/8"), None);
        }
        assert_eq!(way("https://notacme.test", proxy, "acme.test"), Some(proxy.into()));
        for url in ["http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"] {
            assert_eq!(way(url, proxy, ""), None, "{url}");
        }
    }

    #[test]
    fn ports_are_the_schemes_own_where_none_is_named() {
        let named = |proxy| way("https://api.acme.test", proxy, "");
        assert_eq!(named("socks5h://proxy.example.com"), Some("socks5h://proxy.example.com:1080".into()));
        assert_eq!(named("proxy.example.com"), Some("http://proxy.example.com:80".into()));
    }

    #[test]
    fn a_profiles_proxy_that_is_none_is_refused() {
        let ftp = Proxy::Through("ftp://proxy.example.com".parse().unwrap());
        let error = Route::new(&endpoint("https://api.acme.test"), &ftp).err().unwrap();
        assert_eq!(error.to_string(), "cannot reach api.acme.test: a proxy cannot be `ftp`");
    }

    #[test]
    fn a_proxys_refusals_name_it_without_its_password() {
        let proxy = Proxy::Through("http://user:hunter2@proxy.example.com:3128".parse().unwrap());
        let route = Route::new(&endpoint("https://api.acme.test"), &proxy).unwrap();
        for words in ["tunnel error: proxy authorization required", "tunnel error: unsuccessful", "reset"] {
            let told = route.explain(words);
            assert!(told.contains("http://proxy.example.com:3128") && !told.contains("hunter2"), "{told}");
        }
        assert_eq!(route.hop.unwrap().login.basic_auth().unwrap(), "Basic dXNlcjpodW50ZXIy");
    }
}
