//! One socket: opened with the bearer, kept alive with pings, given up after silence.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use http::{Request, header};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};
use tokio_tungstenite::{Connector, MaybeTlsStream, WebSocketStream, client_async_tls_with_config};

use super::Client;
use super::answer::Answer;
use super::bearer::{REFUSED_TOO, Token, refused};
use super::http::innermost;
use super::route::Line;
use super::stream::Heard;
use crate::domain::{Timestamp, WorkflowId};
use crate::wire::{CallError, Frame, paths};

/// How long the socket may take to stand.
const OPEN: Duration = Duration::from_secs(15);
/// How often the server is pinged.
const PING: Duration = Duration::from_secs(15);
/// How long the server may be silent before the socket counts as dead.
const SILENCE: Duration = Duration::from_secs(30);
/// The largest frame that is read.
const FRAME: usize = 1 << 20;
/// The largest message that is read.
const MESSAGE: usize = 4 << 20;
/// How much may wait to be written.
const WRITE: usize = 8 << 20;

/// An open event stream.
pub(super) struct Socket<S> {
    inner: WebSocketStream<S>,
    host: Box<str>,
    /// What it was opened with.
    token: Option<Token>,
    heard_at: Instant,
    pinged_at: Instant,
    /// Whether binary frames were warned of.
    warned: bool,
}

fn limits() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_frame_size(Some(FRAME))
        .max_message_size(Some(MESSAGE))
        .max_write_buffer_size(WRITE)
}

/// An event stream of a server, whatever lies in between.
pub(super) type Remote = Socket<MaybeTlsStream<Line>>;

/// Opens the event stream of a workflow, with another token if the first one is refused.
///
/// # Errors
/// What the network or the server said instead.
pub(super) async fn dial(client: &Client, workflow: &WorkflowId) -> Result<Remote, CallError> {
    let token = client.bearer.current();
    let said = match dial_with(client, workflow, &token).await {
        Err(CallError::Unauthorized(said)) => said,
        dialled => return dialled,
    };
    let other = client.bearer.instead_of(&token).await.map_err(|why| refused(&said, &why))?;
    match dial_with(client, workflow, &other).await {
        Err(CallError::Unauthorized(said)) => Err(refused(&said, REFUSED_TOO)),
        dialled => dialled,
    }
}

async fn dial_with(client: &Client, workflow: &WorkflowId, token: &Token) -> Result<Remote, CallError> {
    let request = upgrade(client, workflow, token)?;
    match timeout(OPEN, open(client, request)).await {
        Ok(opened) => {
            let socket = opened?;
            client.bearer.took(token);
            Ok(Socket { token: Some(token.clone()), ..socket })
        }
        Err(_) => Err(CallError::TimedOut { host: client.host().into(), after: OPEN }),
    }
}

/// What the end of an open stream means: one whose token was refused may be opened with another.
pub(super) async fn reconsider(client: &Client, token: Option<&Token>, error: CallError) -> CallError {
    let (CallError::Unauthorized(said), Some(token)) = (&error, token) else { return error };
    match client.bearer.instead_of(token).await {
        Ok(_) => closed(client.host(), &format!("{said}; the token is another one by now")),
        Err(why) => refused(said, &why),
    }
}

async fn open(client: &Client, request: Request<()>) -> Result<Remote, CallError> {
    let (host, inner) = (client.host(), &client.inner);
    let line = inner.route.connect(&inner.tls).await.map_err(|error| {
        let reason = inner.route.explain(&innermost(&*error)).into();
        CallError::Unconnected { host: host.into(), reason }
    })?;
    let connector = Connector::Rustls(Arc::clone(&inner.tls));
    match client_async_tls_with_config(request, line, Some(limits()), Some(connector)).await {
        Ok((socket, _)) => Ok(Socket::new(socket, host)),
        Err(error) => Err(refusal(host, error)),
    }
}

fn upgrade(client: &Client, workflow: &WorkflowId, token: &Token) -> Result<Request<()>, CallError> {
    let url = client.inner.endpoint.join_socket(&paths::stream(workflow))?;
    let mut request = url.into_client_request().map_err(|error| refusal(client.host(), error))?;
    let headers = request.headers_mut();
    headers.extend(client.inner.headers.clone());
    headers.extend(token.header.clone().map(|value| (header::AUTHORIZATION, value)));
    Ok(request)
}

/// What the failure to open a socket, or its end, means.
fn refusal(host: &str, error: Error) -> CallError {
    match error {
        Error::Http(response) => {
            let (parts, body) = response.into_parts();
            let body = body.unwrap_or_default();
            let answer = Answer { host, status: parts.status, headers: &parts.headers, body: &body };
            if parts.status.is_client_error() || parts.status.is_server_error() {
                return answer.refusal(Timestamp::now());
            }
            let reason = format!("it answered {} instead of a WebSocket", parts.status.as_u16()).into();
            CallError::NotTheApi { host: host.into(), reason }
        }
        Error::ConnectionClosed | Error::AlreadyClosed => closed(host, "it closed the stream"),
        Error::Io(error) => closed(host, &innermost(&error)),
        other => closed(host, &innermost(&other)),
    }
}

fn closed(host: &str, reason: &str) -> CallError {
    CallError::Unreachable { host: host.into(), reason: reason.into() }
}

/// What the end of a stream means. Only the two codes that say so are refusals; after any other the
/// stream is opened again, at a slowing pace.
fn ended(host: &str, code: Option<u16>) -> CallError {
    let Some(code) = code else { return closed(host, "it closed the stream") };
    let word = match code {
        1000 => "done",
        1001 => "going away",
        1002 | 1003 | 1007 | 1010 => "it did not understand",
        1008 => "against its policy",
        1009 => "too large",
        1011 => "an error of its own",
        1012 => "restarting",
        1013 => "try again later",
        3000 => "not authenticated",
        3003 => "not allowed",
        _ => "no meaning known",
    };
    let told = format!("it closed the stream with code {code} ({word})");
    match code {
        3000 => CallError::Unauthorized(told.into()),
        3003 => CallError::Forbidden(told.into()),
        _ => closed(host, &told),
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Socket<S> {
    /// A socket that has just been opened.
    pub(super) fn new(inner: WebSocketStream<S>, host: &str) -> Self {
        let now = Instant::now();
        Self { inner, host: host.into(), token: None, heard_at: now, pinged_at: now, warned: false }
    }

    /// The token that it was opened with.
    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The next thing it tells; after [`Heard::Lost`] or [`Heard::Oversize`] it is over.
    ///
    /// May be dropped and called again: nothing is lost.
    pub(super) async fn next(&mut self) -> Heard {
        loop {
            let ping = self.pinged_at + PING;
            let dead = self.heard_at + SILENCE;
            tokio::select! {
                biased;
                message = self.inner.next() => {
                    self.heard_at = Instant::now();
                    if let Some(heard) = self.read(message) {
                        return heard;
                    }
                }
                () = sleep_until(dead) => {
                    return Heard::Lost(CallError::TimedOut { host: self.host.clone(), after: SILENCE });
                }
                () = sleep_until(ping) => {
                    self.pinged_at = Instant::now();
                    if let Err(lost) = self.ping().await {
                        return Heard::Lost(lost);
                    }
                }
            }
        }
    }

    async fn ping(&mut self) -> Result<(), CallError> {
        // A peer that takes nothing any more must not hold this up beyond the silence allowed.
        match timeout(PING, self.inner.send(Message::Ping(Bytes::new()))).await {
            Ok(sent) => sent.map_err(|error| refusal(&self.host, error)),
            Err(_) => Err(CallError::TimedOut { host: self.host.clone(), after: PING }),
        }
    }

    fn read(&mut self, message: Option<Result<Message, Error>>) -> Option<Heard> {
        match message {
            None => Some(Heard::Lost(closed(&self.host, "it closed the stream"))),
            Some(Ok(Message::Text(text))) => Some(match Frame::decode(&text) {
                Ok(frame) => Heard::Frame(frame),
                Err(error) => {
                    tracing::debug!(host = &*self.host, %error, "skipped a frame that is not JSON");
                    Heard::Garbled
                }
            }),
            Some(Ok(Message::Close(frame))) => {
                Some(Heard::Lost(ended(&self.host, frame.map(|frame| frame.code.into()))))
            }
            Some(Ok(Message::Binary(bytes))) => {
                if !std::mem::replace(&mut self.warned, true) {
                    let bytes = bytes.len();
                    tracing::warn!(host = &*self.host, bytes, "skips binary frames, which mean nothing here");
                }
                Some(Heard::Binary)
            }
            // Pings are answered below this layer.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => None,
            Some(Err(Error::Capacity(_))) => Some(Heard::Oversize),
            Some(Err(error)) => Some(Heard::Lost(refusal(&self.host, error))),
        }
    }
}

#[cfg(test)]
#[path = "socket/tests.rs"]
mod tests;
