//! Who may ask at all.
//!
//! A loopback port is open to every program and every web page on the machine. So each request
//! must name this server exactly (against DNS rebinding), must not come from a foreign page
//! (against cross-site requests and sockets) and must carry a token: that of this start, which
//! may do everything, or a personal one, whose scopes and role say what it may do.

use std::net::SocketAddr;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::access::{self, denied};
use super::error::{ApiError, Unauthorized};
use super::state::HttpState;
use crate::server::access::{Caller, Keyring, Lookup};
use crate::wire::headers;

/// The only tenant of a local runtime.
pub const TENANT: &str = "local";
/// The only project of a local runtime.
pub const PROJECT: &str = "default";

/// The check that every request passes before it is routed.
pub struct Gate {
    hosts: Vec<String>,
    keyring: Keyring,
    url: String,
}

impl Gate {
    /// A gate for the server bound to `addr` that admits bearers of `token`.
    pub fn new(addr: SocketAddr, token: &str) -> Self {
        let port = addr.port();
        let names = ["127.0.0.1", "localhost", "[::1]"];
        let mut hosts: Vec<String> = names.iter().map(|name| format!("{name}:{port}")).collect();
        hosts.push(addr.to_string());
        // Clients leave out the port that the scheme implies.
        if port == 80 {
            hosts.extend(names.map(str::to_owned));
        }
        Self { hosts, keyring: Keyring::new(token), url: format!("http://{addr}") }
    }

    /// The base URL of what is behind it, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The tokens that it admits.
    pub fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Decides on one request; tells who sends it.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`] naming the host, origin, tenant or project that is not this
    /// server's; [`ApiError::Unauthorized`] when the token is missing or wrong.
    pub fn admit(&self, uri: &Uri, headers: &HeaderMap) -> Result<Caller, ApiError> {
        self.check_host(uri, headers)?;
        self.check_origin(headers)?;
        let caller = self.caller(headers)?;
        check_contexts(headers)?;
        Ok(caller)
    }

    /// Decides on a request that is signed instead of carrying a token; its handler checks the
    /// signature.
    ///
    /// # Errors
    /// [`ApiError::Forbidden`], as [`Gate::admit`].
    pub fn admit_signed(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        self.check_host(uri, headers)?;
        self.check_origin(headers)?;
        check_contexts(headers)
    }

    fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), ApiError> {
        let named = single(headers, &header::HOST)?;
        let named =
            named.ok_or_else(|| denied("wrong_host", "the request has no Host header".into(), json!({})))?;
        // A request line may carry a host of its own, which must be this server's too.
        let absolute = uri.authority().map(|authority| authority.as_str().as_bytes());
        for host in [Some(named.as_bytes()), absolute].into_iter().flatten() {
            if !self.is_own(host) {
                let said = String::from_utf8_lossy(host);
                let hint = "use the URL that the server announced";
                let message = format!("the host {said:?} is not this server; {hint}");
                return Err(denied("wrong_host", message, json!({"have": said, "need": self.hosts})));
            }
        }
        Ok(())
    }

    fn is_own(&self, host: &[u8]) -> bool {
        self.hosts.iter().any(|own| own.as_bytes().eq_ignore_ascii_case(host))
    }

    fn check_origin(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let Some(origin) = single(headers, &header::ORIGIN)? else { return Ok(()) };
        let host = origin.as_bytes().strip_prefix(b"http://");
        if host.is_some_and(|host| self.is_own(host)) {
            return Ok(());
        }
        let said = String::from_utf8_lossy(origin.as_bytes());
        let message = format!("requests from the web origin {said:?} are not taken");
        Err(denied("wrong_origin", message, json!({"have": said})))
    }

    /// Who holds the token of a request.
    ///
    /// # Errors
    /// [`ApiError::Unauthorized`] when it is missing, unreadable, unknown or revoked.
    pub fn caller(&self, headers: &HeaderMap) -> Result<Caller, ApiError> {
        let value = single(headers, &header::AUTHORIZATION)?.ok_or(Unauthorized::Missing)?;
        let (scheme, token) = value.as_bytes().split_at(value.len().min("Bearer ".len()));
        if !scheme.eq_ignore_ascii_case(b"Bearer ") || token.is_empty() {
            return Err(Unauthorized::Malformed.into());
        }
        match self.keyring.find(token) {
            Lookup::Known(caller) => Ok(caller),
            Lookup::Revoked => Err(Unauthorized::Revoked.into()),
            Lookup::Unknown => Err(Unauthorized::Unknown.into()),
        }
    }
}

/// The middleware form: who sends it, and whether the route is open to them; also marks every
/// answer as private. The handler finds the [`Caller`] among the request's extensions.
pub(super) async fn admit(State(state): State<HttpState>, mut request: Request, next: Next) -> Response {
    let mut response = match judge(&state, &mut request) {
        Ok(()) => next.run(request).await,
        Err(refused) => refused.into_response(),
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// An unknown path has no route; whoever has a token is told so.
fn judge(state: &HttpState, request: &mut Request) -> Result<(), ApiError> {
    let route = request.extensions().get::<MatchedPath>().cloned();
    let route = route.as_ref().map(MatchedPath::as_str);
    if route.is_some_and(|route| access::is_ingress(request.method(), route)) {
        return state.gate().admit_signed(request.uri(), request.headers());
    }
    let caller = state.gate().admit(request.uri(), request.headers())?;
    if let Some(route) = route {
        access::check(&caller, request.method(), route)?;
    }
    request.extensions_mut().insert(caller);
    Ok(())
}

fn check_contexts(headers: &HeaderMap) -> Result<(), ApiError> {
    check_context(headers, &HeaderName::from_static(headers::TENANT), "X-Tenant-Id", TENANT)?;
    check_context(headers, &HeaderName::from_static(headers::PROJECT), "X-Project-Id", PROJECT)
}

fn check_context(headers: &HeaderMap, name: &HeaderName, shown: &str, own: &str) -> Result<(), ApiError> {
    match single(headers, name)? {
        Some(value) if value.as_bytes() != own.as_bytes() => {
            let said = String::from_utf8_lossy(value.as_bytes());
            let message = format!(
                "{shown} is {said:?}, but this local runtime has {own:?} alone; set it to that or leave it out"
            );
            Err(denied("wrong_context", message, json!({"header": shown, "have": said, "need": own})))
        }
        _ => Ok(()),
    }
}

/// The one value of a header; two of them are an attempt to be read differently by two readers.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a HeaderValue>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    match values.next() {
        None => Ok(first),
        Some(_) => {
            let message = format!("the header `{name}` came more than once");
            Err(denied("doubled_header", message, json!({"header": name.as_str()})))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    const GOOD: &str = "Bearer t0k3n";

    fn ask(headers: &[(&'static str, &str)]) -> Result<(), String> {
        let gate = Gate::new("127.0.0.1:4000".parse().unwrap(), "t0k3n");
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        gate.admit(&Uri::from_static("/v1/runs"), &map)
            .map(|_| ())
            .map_err(|refused| format!("{} {refused}", refused.status_of()))
    }

    impl ApiError {
        fn status_of(&self) -> u16 {
            let Self::Forbidden(_) = self else { return 401 };
            403
        }
    }

    #[test]
    fn own_names_and_own_origins_pass() {
        for host in ["127.0.0.1:4000", "localhost:4000", "[::1]:4000", "LOCALHOST:4000"] {
            assert_eq!(ask(&[("host", host), ("authorization", GOOD)]), Ok(()));
            let origin = format!("http://{host}");
            assert_eq!(ask(&[("host", host), ("origin", &origin), ("authorization", GOOD)]), Ok(()));
        }
        let scheme = [("host", "localhost:4000"), ("authorization", "bearer t0k3n")];
        assert_eq!(ask(&scheme), Ok(()));
    }

    #[test]
    fn a_host_of_the_request_line_must_be_own_too() {
        let gate = Gate::new("127.0.0.1:4000".parse().unwrap(), "t0k3n");
        let headers = HeaderMap::from_iter([
            (header::HOST, HeaderValue::from_static("127.0.0.1:4000")),
            (header::AUTHORIZATION, HeaderValue::from_static(GOOD)),
        ]);
        assert!(gate.admit(&Uri::from_static("http://127.0.0.1:4000/v1/runs"), &headers).is_ok());
        assert!(gate.admit(&Uri::from_static("http://evil.example.com/v1/runs"), &headers).is_err());
    }

    #[test]
    fn a_doubled_header_is_refused() {
        let headers = [("host", "localhost:4000"), ("authorization", GOOD), ("authorization", GOOD)];
        assert_eq!(ask(&headers), Err("403 the header `authorization` came more than once".into()));
    }

    #[test]
    fn foreign_tenants_and_projects_are_named() {
        let base = [("host", "localhost:4000"), ("authorization", GOOD)];
        let ask = |extra: (&'static str, &str)| ask(&[base[0], base[1], extra]);
        assert_eq!(ask(("x-tenant-id", "local")), Ok(()));
        assert_eq!(ask(("x-project-id", "default")), Ok(()));
        assert_eq!(
            ask(("x-tenant-id", "acme")),
            Err("403 X-Tenant-Id is \"acme\", but this local runtime has \"local\" alone; set it to that or leave it out".into())
        );
        assert_eq!(
            ask(("x-project-id", "p1")),
            Err("403 X-Project-Id is \"p1\", but this local runtime has \"default\" alone; set it to that or leave it out".into())
        );
    }
}
