//! Why a tool's result is not there.

use std::sync::Arc;
use std::time::Duration;

use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rmcp::transport::worker::WorkerQuitReason;
use serde_json::Map;

use crate::domain::FailureCode;
use crate::machine::StepError;
use crate::server::egress::Denied;
use crate::server::exec::{CredentialError, InstanceError};

/// Why a tool could not be called, or gave no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// No HTTP client could be built.
    #[error("the HTTP client for MCP servers cannot be built: {0}")]
    NoHttp(#[source] Arc<reqwest::Error>),
    /// The step names no server.
    #[error("the step names no server; give it a server_url")]
    NoServer,
    /// The instance cannot be called.
    #[error(transparent)]
    Instance(#[from] InstanceError),
    /// The instance's server wants a connection, and none is set.
    #[error(
        "the instance `{instance}` has no connection: its active config profile `{profile}` is wired to none; wire \
         the profile to a connection, or set one for this workflow"
    )]
    NotWired {
        /// The instance's name.
        instance: Box<str>,
        /// The profile's name.
        profile: Box<str>,
    },
    /// The connection gives nothing to send.
    #[error("{error} ({way})")]
    NoCredential {
        /// The instance and the profile that want it.
        way: String,
        /// Why not.
        error: CredentialError,
    },
    /// A step pins a connection to an address of its own.
    #[error(
        "the connection `{connection}` is only sent to installed instances, not to the server_url `{url}`; bind the \
         step to an instance_id"
    )]
    UnboundConnection {
        /// The connection.
        connection: Box<str>,
        /// The address as the graph says.
        url: Box<str>,
    },
    /// The step wants the connection of whoever the run is for.
    #[error(
        "principal_not_connected: the step uses the connection of whoever the run is for, and nobody has connected \
         `{provider}`; use connection_resolution workspace or inherit here"
    )]
    PrincipalNotConnected {
        /// What they would have to connect.
        provider: Box<str>,
    },
    /// The server did not accept what was sent to it.
    #[error("the MCP server at {url}{way} answered {status}: {reason}; {advice}", advice = advice(.way))]
    Rejected {
        /// The server.
        url: Box<str>,
        /// The way there, or nothing.
        way: String,
        /// 401 or 403.
        status: u16,
        /// The causes, outermost first.
        reason: String,
    },
    /// The address is none that may be called.
    #[error("the server_url `{url}` cannot be called: {reason}")]
    BadAddress {
        /// The address as the graph says.
        url: Box<str>,
        /// What is wrong with it.
        reason: String,
    },
    /// The address leads where it may not.
    #[error("the MCP server is not called: {0}")]
    Denied(#[source] Denied),
    /// No session could be opened.
    #[error("the MCP server at {url} cannot be reached: {reason}")]
    Unreachable {
        /// The server.
        url: Box<str>,
        /// The causes, outermost first.
        reason: String,
    },
    /// The session broke during the call; the tool may or may not have done its work.
    #[error("the MCP server at {url} gave no answer to `{tool}`: {reason}")]
    NoAnswer {
        /// The server.
        url: Box<str>,
        /// The tool.
        tool: Box<str>,
        /// The causes, outermost first.
        reason: String,
    },
    /// The server refused the call.
    #[error("the MCP server at {url} refused `{tool}`: {reason}")]
    Refused {
        /// The server.
        url: Box<str>,
        /// The tool.
        tool: Box<str>,
        /// The server's words.
        reason: String,
    },
    /// The tool reported an error.
    #[error("{0}")]
    Tool(String),
    /// The tool says that its service refused the connection.
    #[error("{text}{way}; reconnect the connection, then run again")]
    ConnectionRefused {
        /// The way there.
        way: String,
        /// The tool's words.
        text: String,
    },
    /// The call took longer than it may.
    #[error("`{tool}` at {url} gave no result within {}s; raise the step's timeout_s if it is only slow", .limit.as_secs_f64())]
    TookTooLong {
        /// The server.
        url: Box<str>,
        /// The tool.
        tool: Box<str>,
        /// The time it had.
        limit: Duration,
    },
    /// The arguments are no object.
    #[error("the arguments of `{0}` are not an object; tool_args must be one")]
    NotAnObject(Box<str>),
    /// It was called off.
    #[error("the call of `{0}` was called off")]
    CalledOff(Box<str>),
}

impl ClientError {
    /// The error of the attempt.
    pub fn into_step_error(self) -> StepError {
        let retryable = match &self {
            Self::NoHttp(_)
            | Self::NoServer
            | Self::NotWired { .. }
            | Self::UnboundConnection { .. }
            | Self::PrincipalNotConnected { .. }
            | Self::Rejected { .. }
            | Self::ConnectionRefused { .. }
            | Self::BadAddress { .. }
            | Self::Denied(_)
            | Self::Refused { .. }
            | Self::NotAnObject(_) => false,
            Self::Instance(error) => matches!(error, InstanceError::Unreadable { .. }),
            Self::NoCredential { error, .. } => matches!(error, CredentialError::Unreadable { .. }),
            Self::Unreachable { .. }
            | Self::NoAnswer { .. }
            | Self::Tool(_)
            | Self::TookTooLong { .. }
            | Self::CalledOff(_) => true,
        };
        let code = match &self {
            Self::TookTooLong { .. } => FailureCode::RunStalledOrTimedOut,
            Self::PrincipalNotConnected { .. } => FailureCode::PrincipalNotConnected,
            _ => FailureCode::McpToolFailed,
        };
        let details = match &self {
            Self::PrincipalNotConnected { provider } => {
                Some(Box::new(Map::from_iter([("provider".to_owned(), (&**provider).into())])))
            }
            _ => None,
        };
        StepError { details, ..StepError::new(code, self.to_string(), retryable) }
    }
}

/// What to do about a refusal: without a connection there was nothing to accept.
fn advice(way: &str) -> &'static str {
    if way.contains("connection") {
        "reconnect the connection, then run again"
    } else {
        "it wants a connection: bind the step to an instance whose profile has one"
    }
}

/// The refusal of the egress policy, where that is what the transport met.
pub(super) fn denied(error: &DynamicTransportError) -> Option<Denied> {
    match http_error(error)? {
        HttpError::Client(error) => Denied::within(error).cloned(),
        _ => None,
    }
}

type HttpError = StreamableHttpError<reqwest::Error>;

/// The transport's error, where it is one of HTTP.
fn http_error(error: &DynamicTransportError) -> Option<&HttpError> {
    let error: &(dyn std::error::Error + 'static) = &*error.error;
    let quit = match error.downcast_ref() {
        Some(WorkerQuitReason::<HttpError>::Fatal { error, .. }) => Some(error),
        _ => None,
    };
    error.downcast_ref().or(quit)
}

/// What the network or the server said. The transport's own words are about types and channels.
pub(super) fn network(error: &DynamicTransportError) -> String {
    match http_error(error) {
        Some(HttpError::Client(error)) => innermost(error),
        Some(other) => causes(other),
        None => causes(&*error.error),
    }
}

/// 401 or 403, where that is what the server answered.
pub(super) fn denial(error: &DynamicTransportError) -> Option<u16> {
    match http_error(error)? {
        HttpError::AuthRequired(_) => Some(401),
        HttpError::InsufficientScope(_) => Some(403),
        HttpError::UnexpectedServerResponse(text) => {
            [401, 403].into_iter().find(|status| text.starts_with(&format!("HTTP {status}")))
        }
        _ => None,
    }
}

/// Whether a tool's own words say that its service refused the credentials.
pub(super) fn speaks_of_denial(text: &str) -> bool {
    let is_status =
        |word: &str| matches!(word, "401" | "403" | "invalid_grant" | "Unauthorized" | "unauthorized");
    text.split(|ch: char| !ch.is_alphanumeric() && ch != '_').any(is_status)
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

/// An error and its causes, outermost first, in one line.
pub(in crate::server::exec) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let next = cause.to_string();
        if !text.contains(&next) {
            text.push_str(": ");
            text.push_str(&next);
        }
        source = cause.source();
    }
    text
}
