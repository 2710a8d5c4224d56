//! Asks models.

use std::sync::Arc;
use std::time::Duration;

use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::provider::{Variables, shown};
use super::{Conversation, LlmError, LlmProvider, Question, Reply, answer, conversation};
use crate::machine::Outcome;
use crate::server::egress::{ChosenBy, Denied, Egress, Proxies, is_loopback};
use crate::server::exec::mcp::causes;

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

/// The models of one provider.
#[derive(Debug)]
pub struct Client {
    ready: Result<Ready, LlmError>,
}

/// A provider that can be asked.
#[derive(Debug)]
struct Ready {
    http: reqwest::Client,
    address: Url,
    /// The address without its query.
    url: Box<str>,
    key: Option<SecretString>,
    variables: Variables,
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
        let ready = provider.ok_or(LlmError::NoProvider).and_then(|provider| Ready::new(provider, egress));
        Self { ready }
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
        let ready = self.ready.as_ref().map_err(Clone::clone)?;
        let asked = timeout(limit, ready.converse(conversation)).await;
        asked.unwrap_or_else(|_| Err(LlmError::TookTooLong { model: conversation.model.into(), limit }))
    }

    async fn in_time(&self, question: &Question, limit: Option<Duration>) -> Result<Value, LlmError> {
        let ready = self.ready.as_ref().map_err(Clone::clone)?;
        let patience = limit.map_or(DEFAULT_LIMIT, |limit| limit + GRACE);
        let asked = timeout(patience, ready.ask(question)).await;
        asked.unwrap_or_else(|_| {
            let limit = limit.unwrap_or(DEFAULT_LIMIT);
            Err(LlmError::TookTooLong { model: question.model.clone(), limit })
        })
    }
}

impl Ready {
    fn new(provider: LlmProvider, egress: &Egress) -> Result<Self, LlmError> {
        let address = provider.address()?;
        let headers = headers(&provider)?;
        // A proxy is for the way out, and plain HTTP must not leave this machine.
        let is_near = is_loopback(&address);
        let proxies = if is_near { Proxies::None } else { Proxies::OfEnvironment };
        let clients = egress.clients(proxies, || {
            reqwest::Client::builder()
                .connect_timeout(CONNECTING)
                .user_agent(concat!("arcc/", env!("CARGO_PKG_VERSION")))
                .default_headers(headers.clone())
                .https_only(!is_near)
        });
        let clients = clients.map_err(|error| LlmError::NoHttp(Arc::new(error)))?;
        let http = clients.to(&address, ChosenBy::Operator).map_err(LlmError::Denied)?.clone();
        let url = shown(&address);
        Ok(Self { http, address, url, key: provider.key, variables: provider.variables })
    }

    async fn ask(&self, question: &Question) -> Result<Value, LlmError> {
        let began = Instant::now();
        let about = About { model: &question.model, credential: question.credential.as_deref() };
        let body = self.exchange(&question.body(), about).await?;
        let read = answer::read(&body, &question.model, began.elapsed());
        read.map_err(|reason| self.no_answer(about, &reason))
    }

    async fn converse(&self, conversation: &Conversation<'_>) -> Result<Reply, LlmError> {
        let about = About { model: conversation.model, credential: None };
        let body = self.exchange(&conversation.body(), about).await?;
        conversation::read(&body).map_err(|reason| self.no_answer(about, &reason))
    }

    fn no_answer(&self, about: About<'_>, reason: &str) -> LlmError {
        let (url, model) = (self.url.clone(), about.model.into());
        LlmError::NoAnswer { url, model, reason: self.told(reason) }
    }

    /// Sends a request; the body of an answer that is none of refusal.
    async fn exchange(&self, request: &Value, about: About<'_>) -> Result<Vec<u8>, LlmError> {
        let sent = self.http.post(self.address.clone()).json(request).send().await;
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
                let note = about.credential.map(|credential| {
                    format!("; the step names the credential `{credential}`, but this runtime has only that one key")
                });
                let variable = self.variables.key;
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

fn headers(provider: &LlmProvider) -> Result<HeaderMap, LlmError> {
    let mut headers = HeaderMap::new();
    if let Some(key) = &provider.key {
        let bearer = format!("Bearer {}", key.expose_secret());
        let mut value =
            HeaderValue::from_str(&bearer).map_err(|_| LlmError::BadKey(provider.variables.key))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    Ok(headers)
}
