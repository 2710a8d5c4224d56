//! Asks models.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::provider::{Variables, shown};
use super::{Conversation, LlmError, LlmProvider, Question, Reply, answer, conversation};
use crate::machine::Outcome;
use crate::server::egress::{ChosenBy, Clients, Denied, Egress, Proxies, is_loopback};
use crate::server::exec::mcp::causes;
use crate::server::exec::{ConnectionFacts, Credential, Credentials, NoCredentials};

/// The largest answer, in bytes.
pub const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// How long an answer may take when its step does not say.
const DEFAULT_LIMIT: Duration = Duration::from_secs(120);
/// How long a step's `timeout_s` is exceeded here, so that the machine's own timer comes first.
const GRACE: Duration = Duration::from_secs(1);
/// How long connecting may take.
const CONNECTING: Duration = Duration::from_secs(10);
/// What a key becomes in the words of a provider that repeats it.
const HIDDEN: &str = "[key]";
/// How long a key is at least if it keeps anything secret, in bytes.
const SECRET_LENGTH: usize = 8;

/// The models of the runtime's provider, and of those that connections hold keys for.
#[derive(Debug)]
pub struct Client {
    wires: Result<Wires, LlmError>,
    own: Result<Ready, LlmError>,
    credentials: Arc<dyn Credentials>,
}

/// The HTTP clients. A proxy is for the way out, and plain HTTP must not leave this machine.
#[derive(Clone, Debug)]
struct Wires {
    near: Clients,
    far: Clients,
}

/// A provider that can be asked.
#[derive(Clone, Debug)]
struct Ready {
    http: reqwest::Client,
    address: Url,
    /// The address without its query.
    url: Box<str>,
    header: Option<(HeaderName, HeaderValue)>,
    key: Option<SecretString>,
    variables: Variables,
    /// The connection that the key is of.
    connection: Option<Box<str>>,
}

/// What a request is about, for messages.
#[derive(Clone, Copy)]
struct About<'a> {
    model: &'a str,
    credential: Option<&'a str>,
}

impl Client {
    /// A client of a provider. What is wrong with the provider, or that there is none, is told by
    /// the questions that want it.
    pub fn new(provider: Option<LlmProvider>, egress: &Egress) -> Self {
        let wires = Wires::new(egress);
        let own = provider.ok_or(LlmError::NoProvider).and_then(|provider| {
            let credential = provider.key.as_ref().map(bearer);
            Ready::new(&provider, wires.as_ref().map_err(Clone::clone)?, credential)
        });
        Self { wires, own, credentials: Arc::new(NoCredentials) }
    }

    /// The same client with connections that hold keys.
    #[must_use]
    pub fn with_credentials(self, credentials: Arc<dyn Credentials>) -> Self {
        Self { credentials, ..self }
    }

    /// Asks a question; however it goes, there is an outcome. Calling it off aborts the request at once.
    pub async fn ask(
        &self,
        question: Question,
        limit: Option<Duration>,
        cancel: CancellationToken,
    ) -> Outcome {
        let asked = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(LlmError::CalledOff(question.model.clone())),
            asked = self.in_time(&question, limit) => asked,
        };
        asked.map_or_else(|error| Outcome::Failed(error.into_step_error()), Outcome::Done)
    }

    /// Goes on with a conversation.
    ///
    /// # Errors
    /// When there is no answer, or none that can be read.
    pub async fn converse(
        &self,
        conversation: &Conversation<'_>,
        limit: Duration,
    ) -> Result<Reply, LlmError> {
        let ready = self.ready(conversation.credential).await?;
        let asked = timeout(limit, ready.converse(conversation)).await;
        let asked =
            asked.unwrap_or_else(|_| Err(LlmError::TookTooLong { model: conversation.model.into(), limit }));
        self.note_refusal(&ready, &asked).await;
        asked
    }

    async fn in_time(&self, question: &Question, limit: Option<Duration>) -> Result<Value, LlmError> {
        let ready = self.ready(question.credential.as_deref()).await?;
        let patience = limit.map_or(DEFAULT_LIMIT, |limit| limit + GRACE);
        let asked = timeout(patience, ready.ask(question)).await;
        let asked = asked.unwrap_or_else(|_| {
            let limit = limit.unwrap_or(DEFAULT_LIMIT);
            Err(LlmError::TookTooLong { model: question.model.clone(), limit })
        });
        self.note_refusal(&ready, &asked).await;
        asked
    }

    /// A key that was refused makes its connection one that a person must see to.
    async fn note_refusal<T>(&self, ready: &Ready, asked: &Result<T, LlmError>) {
        if let (Err(error @ LlmError::KeyRefused { .. }), Some(connection)) = (asked, &ready.connection) {
            self.credentials.needs_reconnect(connection, &error.to_string()).await;
        }
    }

    /// The provider of the connection that a step or an agent names. Where it names none, or one that
    /// is not here, since graphs come from elsewhere with names of credentials of there: the runtime's
    /// own, else that of the only connection that holds a key for models.
    async fn ready(&self, credential: Option<&str>) -> Result<Ready, LlmError> {
        let named = match credential {
            Some(id) => self.credentials.find(id).await?,
            None => None,
        };
        match (named, &self.own) {
            (Some(named), _) => self.of_connection(named).await,
            (None, Err(LlmError::NoProvider)) => self.of_connection(self.only_connection().await?).await,
            (None, own) => own.clone(),
        }
    }

    async fn only_connection(&self) -> Result<ConnectionFacts, LlmError> {
        let mut known = self.credentials.with_models().await?;
        match known.pop() {
            None => Err(LlmError::NoProvider),
            Some(only) if known.is_empty() => Ok(only),
            Some(last) => {
                known.push(last);
                let names: Vec<_> = known.iter().map(|known| format!("`{}`", known.name)).collect();
                Err(LlmError::SeveralProviders(names.join(", ")))
            }
        }
    }

    async fn of_connection(&self, facts: ConnectionFacts) -> Result<Ready, LlmError> {
        let base = self.credentials.models_at(&facts.id).await?;
        let base = base.ok_or_else(|| LlmError::NoAddress(facts.name.clone()))?;
        let provider = LlmProvider::of_connection(&facts.name, base.as_str());
        let credential = self.credentials.header_for(&facts.id, &provider.address()?).await?;
        let wires = self.wires.as_ref().map_err(Clone::clone)?;
        Ok(Ready { connection: Some(facts.id), ..Ready::new(&provider, wires, credential)? })
    }
}

impl Wires {
    fn new(egress: &Egress) -> Result<Self, LlmError> {
        let clients = |proxies, https_only| {
            let clients = egress.clients(proxies, || {
                reqwest::Client::builder()
                    .connect_timeout(CONNECTING)
                    .user_agent(concat!("arcc/", env!("CARGO_PKG_VERSION")))
                    .https_only(https_only)
            });
            clients.map_err(|error| LlmError::NoHttp(Arc::new(error)))
        };
        Ok(Self { near: clients(Proxies::None, false)?, far: clients(Proxies::OfEnvironment, true)? })
    }
}

impl Ready {
    fn new(provider: &LlmProvider, wires: &Wires, sent: Option<Credential>) -> Result<Self, LlmError> {
        let (address, variables) = (provider.address()?, provider.variables.clone());
        let clients = if is_loopback(&address) { &wires.near } else { &wires.far };
        let http = clients.to(&address, ChosenBy::Operator).map_err(LlmError::Denied)?.clone();
        let header = sent.as_ref().map(|sent| secret_header(sent, &variables)).transpose()?;
        let key = sent.map(|sent| bare(&sent.value));
        let url = shown(&address);
        Ok(Self { http, address, url, header, key, variables, connection: None })
    }

    async fn ask(&self, question: &Question) -> Result<Value, LlmError> {
        let began = Instant::now();
        let about = About { model: &question.model, credential: question.credential.as_deref() };
        let body = self.exchange(&question.body(), about).await?;
        let read = answer::read(&body, &question.model, began.elapsed());
        read.map_err(|reason| self.no_answer(about, &reason))
    }

    async fn converse(&self, conversation: &Conversation<'_>) -> Result<Reply, LlmError> {
        let about = About { model: conversation.model, credential: conversation.credential };
        let body = self.exchange(&conversation.body(), about).await?;
        conversation::read(&body).map_err(|reason| self.no_answer(about, &reason))
    }

    fn no_answer(&self, about: About<'_>, reason: &str) -> LlmError {
        let (url, model) = (self.url.clone(), about.model.into());
        LlmError::NoAnswer { url, model, reason: self.told(reason) }
    }

    /// Sends a request; the body of an answer that is none of refusal.
    async fn exchange(&self, request: &Value, about: About<'_>) -> Result<Vec<u8>, LlmError> {
        let sent = self.request(request).send().await;
        let response = sent.map_err(|error| match Denied::within(&error) {
            Some(denied) => LlmError::Denied(denied.clone()),
            None => LlmError::Unreachable {
                url: self.url.clone(),
                reason: self.told(&causes(&error.without_url())),
            },
        })?;
        let status = response.status();
        let body = self.body(response, about).await?;
        if status.is_success() { Ok(body) } else { Err(self.refusal(status, &body, about)) }
    }

    fn request(&self, body: &Value) -> reqwest::RequestBuilder {
        let request = self.http.post(self.address.clone()).json(body);
        match &self.header {
            Some((name, value)) => request.header(name, value),
            None => request,
        }
    }

    async fn body(&self, mut response: reqwest::Response, about: About<'_>) -> Result<Vec<u8>, LlmError> {
        let mut body = Vec::new();
        loop {
            let chunk = response.chunk().await.map_err(|error| LlmError::BrokeOff {
                url: self.url.clone(),
                reason: self.told(&causes(&error.without_url())),
            })?;
            let Some(chunk) = chunk else { return Ok(body) };
            if body.len() + chunk.len() > MAX_BODY_BYTES {
                let (url, model) = (self.url.clone(), about.model.into());
                return Err(LlmError::TooLarge { url, model, limit: MAX_BODY_BYTES });
            }
            body.extend_from_slice(&chunk);
        }
    }

    fn refusal(&self, status: StatusCode, body: &[u8], about: About<'_>) -> LlmError {
        let (url, model) = (self.url.clone(), Box::<str>::from(about.model));
        let reason = self.told(&answer::reason(body));
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                let elsewhere = about.credential.filter(|_| self.connection.is_none());
                let note = elsewhere.map(|credential| {
                    format!("; the step names the credential `{credential}`, which is no connection of this runtime")
                });
                let variable = self.variables.key.as_ref().into();
                LlmError::KeyRefused { url, status, reason, variable, note: note.unwrap_or_default() }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => {
                LlmError::Busy { url, model, status, reason }
            }
            _ if status.is_server_error() => LlmError::Busy { url, model, status, reason },
            _ if status.is_redirection() => {
                let reason = format!("it redirects, which is not followed; correct {}", self.variables.base);
                LlmError::NoAnswer { url, model, reason }
            }
            _ => LlmError::Refused { url, model, status, reason },
        }
    }

    /// Words from outside as an operator reads them: cut, and without the key, which some
    /// providers repeat when they refuse it. What is too short to be a secret is left, or a key
    /// such as `none` would blot out words.
    fn told(&self, text: &str) -> String {
        let key = self.key.as_ref().map(ExposeSecret::expose_secret).filter(|key| key.len() >= SECRET_LENGTH);
        key.map_or_else(|| answer::cut(text), |key| answer::cut(&text.replace(key, HIDDEN)))
    }
}

fn secret_header(sent: &Credential, variables: &Variables) -> Result<(HeaderName, HeaderValue), LlmError> {
    let value = HeaderValue::from_str(sent.value.expose_secret());
    let mut value = value.map_err(|_| LlmError::BadKey(variables.key.as_ref().into()))?;
    value.set_sensitive(true);
    Ok((sent.header.clone(), value))
}

fn bearer(key: &SecretString) -> Credential {
    Credential { header: AUTHORIZATION, value: format!("Bearer {}", key.expose_secret()).into() }
}

/// A header's value without the word before the secret.
fn bare(value: &SecretString) -> SecretString {
    let whole = value.expose_secret();
    whole.split_once(' ').map_or(whole, |(_, secret)| secret).into()
}
