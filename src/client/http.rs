//! One request to the API. Everything that asks or orders goes through here.

use std::collections::HashMap;
use std::error::Error;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use rustls::ClientConfig;
use serde_json::Value;

use super::answer::Answer;
use super::bearer::{Bearer, REFUSED_TOO, TokenReader, refused};
use super::reach::skew;
use super::route::{CONNECT, Route};
use super::{Endpoint, Network, trust};
use crate::domain::{Graph, Timestamp, WorkflowId};
use crate::wire::{CallError, headers};

/// How long a request may take in all.
const TOTAL: Duration = Duration::from_secs(15);
/// The pauses of a patient client between its five tries.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1_600),
];
/// The longest pause that a busy server may ask of a patient client.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// How long an unused connection is kept; short, so that a command rarely meets a dead one.
const IDLE: Duration = Duration::from_secs(15);
/// The largest body that is read.
const BODY: usize = 16 << 20;
/// The largest body that is read where none is wanted: an error, a foreign page.
const ERROR_BODY: usize = 64 << 10;

/// Published graphs by workflow and version.
pub(super) type Graphs = Mutex<HashMap<(WorkflowId, u64), Arc<Graph>>>;

/// The API, ready to be asked. Clones share their connections.
#[derive(Clone)]
pub struct Client {
    pub(super) inner: Arc<Inner>,
    pub(super) bearer: Arc<Bearer>,
    /// The pauses between the tries of one read.
    pauses: &'static [Duration],
}

pub(super) struct Inner {
    pub(super) endpoint: Endpoint,
    host: Box<str>,
    http: reqwest::Client,
    /// Sent with everything; the token is not among them.
    pub(super) headers: HeaderMap,
    pub(super) tls: Arc<ClientConfig>,
    pub(super) route: Route,
    skew: AtomicI64,
    /// Published versions never change, so each graph is fetched once.
    pub(super) graphs: Graphs,
}

/// One request: what, where, with what.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) query: &'a [(&'a str, String)],
    pub(super) body: Option<&'a Value>,
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Client").field(&self.inner.endpoint).finish()
    }
}

impl Client {
    /// Prepares calls to `endpoint` over the system's own network settings; nothing is sent yet.
    ///
    /// # Errors
    /// As for [`Client::over`].
    pub fn new(endpoint: Endpoint) -> Result<Self, CallError> {
        Self::over(endpoint, &Network::default())
    }

    /// Prepares calls to `endpoint`; nothing is sent yet. Requests and sockets go the same way and
    /// trust the same authorities.
    ///
    /// # Errors
    /// When the URL is no `http` or `https` one or holds credentials, when the token or a context
    /// value cannot stand in a header, when the proxy or the CA file cannot be used, or when the
    /// machine has no trusted certificates.
    pub fn over(endpoint: Endpoint, network: &Network) -> Result<Self, CallError> {
        let host = endpoint.host();
        check_url(&endpoint, &host)?;
        let bearer = Arc::new(Bearer::new(&endpoint.token)?);
        let headers = headers_of(&endpoint)?;
        let route = Route::new(&endpoint, &network.proxy)?;
        let failed = |error: &(dyn Error + 'static)| CallError::Unconnected {
            host: host.clone(),
            reason: innermost(error),
        };
        let tls = if endpoint.url.scheme() == "https" || route.has_secure_hop() {
            trust::config(&host, network.ca_file.as_deref())?
        } else {
            trust::nobody().map_err(|error| failed(&error))?
        };
        let http = build(&headers, &tls, &route).map_err(|error| failed(&error))?;
        let graphs = Graphs::default();
        let inner = Inner {
            endpoint,
            host,
            http,
            headers,
            tls: Arc::new(tls),
            route,
            skew: AtomicI64::new(0),
            graphs,
        };
        Ok(Self { inner: Arc::new(inner), bearer, pauses: &[] })
    }

    /// The same client, but a token that the server refuses is read again, and what was asked is
    /// tried once with the other one. Orders are not: their refusal says that the token is another
    /// one by now.
    #[must_use]
    pub fn reading_token(self, reader: Arc<dyn TokenReader>) -> Self {
        let bearer = Arc::new(self.bearer.read_by(reader));
        Self { bearer, ..self }
    }

    /// The same client, but reads that meet a server which is down or busy are asked again, four times
    /// at most. For single commands: whoever watches has a rhythm of its own. Orders are never repeated.
    #[must_use]
    pub fn patient(self) -> Self {
        Self { pauses: &PAUSES, ..self }
    }

    /// Host and port, as a person knows the server.
    pub fn host(&self) -> &str {
        &self.inner.host
    }

    /// How many seconds this machine's clock is ahead of the server's, as the last answer told it;
    /// 0 until one has.
    pub(super) fn skew_seconds(&self) -> i64 {
        self.inner.skew.load(Ordering::Relaxed)
    }

    /// Asks for a resource.
    pub(super) async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Value, CallError> {
        Ok(self.get_text(path, query).await?.0)
    }

    /// Asks for a resource; also the text it came as.
    pub(super) async fn get_text(
        &self,
        path: &str,
        query: &[(&str, String)],
    ) -> Result<(Value, Vec<u8>), CallError> {
        let mut pauses = self.pauses.iter();
        loop {
            let answer = self.read(Request { method: Method::GET, path, query, body: None }).await;
            match (answer, pauses.next()) {
                (Err(error), Some(pause)) if error.is_transient() => {
                    tokio::time::sleep(wait(&error, *pause)).await;
                }
                (answer, _) => return answer,
            }
        }
    }

    /// Sends a body, exactly once: a try that failed is never repeated here.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, CallError> {
        self.request(Request { method: Method::POST, path, query: &[], body: Some(body) }).await
    }

    /// One request, for what it says.
    pub(super) async fn request(&self, request: Request<'_>) -> Result<Value, CallError> {
        Ok(self.read(request).await?.0)
    }

    /// Reads an answer: status first, then content type, then body. Also the text that it came as.
    async fn read(&self, request: Request<'_>) -> Result<(Value, Vec<u8>), CallError> {
        let (mut response, why) = self.exchange(&request).await?;
        let status = response.status();
        let headers = std::mem::take(response.headers_mut());
        let body = self.body(&mut response, &headers).await?;
        let answer = Answer { host: self.host(), status, headers: &headers, body: &body };
        match answer.read(Timestamp::now()) {
            Err(CallError::Unauthorized(said)) => Err(refused(&said, &why)),
            read => Ok((read?, body)),
        }
    }

    /// Status and headers of an answer, whatever it is; its body is not read.
    pub(super) async fn head(&self, request: Request<'_>) -> Result<(u16, HeaderMap), CallError> {
        let (mut response, _) = self.exchange(&request).await?;
        Ok((response.status().as_u16(), std::mem::take(response.headers_mut())))
    }

    /// A request, and once more with another token if this one is refused; then also why not.
    async fn exchange(&self, request: &Request<'_>) -> Result<(reqwest::Response, Box<str>), CallError> {
        let token = self.bearer.current();
        let response = self.send_with(request, token.header.as_ref()).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            self.bearer.took(&token);
            return Ok((response, Box::default()));
        }
        let other = match self.bearer.instead_of(&token).await {
            Ok(other) => other,
            Err(why) => return Ok((response, why)),
        };
        if request.method != Method::GET {
            return Ok((response, "the token is another one by now, so give the order again".into()));
        }
        let response = self.send_with(request, other.header.as_ref()).await?;
        if response.status() == StatusCode::UNAUTHORIZED {
            return Ok((response, REFUSED_TOO.into()));
        }
        self.bearer.took(&other);
        Ok((response, Box::default()))
    }

    /// The one request function.
    async fn send_with(
        &self,
        request: &Request<'_>,
        token: Option<&HeaderValue>,
    ) -> Result<reqwest::Response, CallError> {
        let url = self.inner.endpoint.join(request.path).map_err(CallError::before_sending)?;
        let mut builder = self.inner.http.request(request.method.clone(), url).query(request.query);
        if let Some(token) = token {
            builder = builder.header(header::AUTHORIZATION, token);
        }
        if let Some(body) = request.body {
            builder = builder.json(body);
        }
        let response = builder.send().await.map_err(|error| self.failure(&error))?;
        if let Some(seconds) = skew(response.headers(), Timestamp::now()) {
            self.inner.skew.store(seconds, Ordering::Relaxed);
        }
        Ok(response)
    }

    /// Reads a body as far as it is allowed to go.
    async fn body(
        &self,
        response: &mut reqwest::Response,
        headers: &HeaderMap,
    ) -> Result<Vec<u8>, CallError> {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let wanted = response.status().is_success() && kind.is_none_or(|kind| kind.contains("json"));
        let limit = if wanted { BODY } else { ERROR_BODY };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(&error))? {
            let room = limit - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if chunk.len() > room && wanted {
                let reason = format!("a body of more than {} MiB", limit >> 20).into();
                return Err(CallError::NotTheApi { host: self.host().into(), reason });
            }
            if chunk.len() > room {
                break;
            }
        }
        Ok(body)
    }

    /// What the network's failure means.
    fn failure(&self, error: &reqwest::Error) -> CallError {
        let host = self.host().into();
        if error.is_timeout() && !error.is_connect() {
            return CallError::TimedOut { host, after: TOTAL };
        }
        let reason = if error.is_timeout() {
            format!("no connection within {} s", CONNECT.as_secs()).into()
        } else {
            innermost(error)
        };
        let reason = self.inner.route.explain(&reason).into();
        if error.is_connect() {
            return CallError::Unconnected { host, reason };
        }
        CallError::Unreachable { host, reason }
    }
}

/// How long to wait before a read is asked again: as long as the server asks, within reason.
fn wait(error: &CallError, pause: Duration) -> Duration {
    match error {
        CallError::Rejected { retry_after: Some(asked), .. } => (*asked).clamp(pause, LONGEST_PAUSE),
        _ => pause.mul_f64(0.5 + fastrand::f64()),
    }
}

fn build(headers: &HeaderMap, tls: &ClientConfig, route: &Route) -> reqwest::Result<reqwest::Client> {
    let mut tls = tls.clone();
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let builder = reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .user_agent(concat!("arcc/", env!("CARGO_PKG_VERSION")))
        .default_headers(headers.clone())
        // A redirect would carry the context headers, and a 307 the order itself, elsewhere.
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(CONNECT)
        .timeout(TOTAL)
        .pool_idle_timeout(IDLE)
        // The route has asked the environment already.
        .no_proxy();
    match route.for_requests()? {
        Some(proxy) => builder.proxy(proxy).build(),
        None => builder.build(),
    }
}

fn check_url(endpoint: &Endpoint, host: &str) -> Result<(), CallError> {
    let url = &endpoint.url;
    let reason = if !matches!(url.scheme(), "http" | "https") {
        format!("`{}` is not a scheme of it, use https", url.scheme())
    } else if !url.username().is_empty() || url.password().is_some() {
        "the URL holds a user name or password, which is no way to sign in here".to_owned()
    } else {
        return Ok(());
    };
    Err(CallError::NotTheApi { host: host.into(), reason: reason.into() })
}

fn headers_of(endpoint: &Endpoint) -> Result<HeaderMap, CallError> {
    let mut map = HeaderMap::new();
    map.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    for (name, value) in [(headers::TENANT, &endpoint.tenant), (headers::PROJECT, &endpoint.project)] {
        let Some(value) = value.as_deref().filter(|value| !value.is_empty()) else { continue };
        let value = HeaderValue::try_from(value)
            .map_err(|_| CallError::Forbidden(format!("{name} holds a line break or the like").into()))?;
        map.insert(name, value);
    }
    Ok(map)
}

/// What lies at the bottom of an error: the network's own words, without the URL.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> Box<str> {
    let mut inner = error;
    loop {
        if let Some(reason) = trust::distrust(inner) {
            return reason.into();
        }
        match inner.source() {
            Some(source) => inner = source,
            None => return inner.to_string().into(),
        }
    }
}
