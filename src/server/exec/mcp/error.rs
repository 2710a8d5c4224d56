//! Why a tool's result is not there.

use std::sync::Arc;
use std::time::Duration;

use rmcp::transport::DynamicTransportError;
use rmcp::transport::streamable_http_client::StreamableHttpError;
use rmcp::transport::worker::WorkerQuitReason;

use crate::domain::FailureCode;
use crate::machine::StepError;
use crate::server::egress::Denied;

/// Why a tool could not be called, or gave no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ClientError {
    /// No HTTP client could be built.
    #[error("the HTTP client for MCP servers cannot be built: {0}")]
    NoHttp(#[source] Arc<reqwest::Error>),
    /// The step names no server.
    #[error("the step names no server; give it a server_url")]
    NoServer,
    /// The step names an instance that this runtime does not have.
    #[error("the instance `{0}` is not installed in this runtime; give the step a server_url instead")]
    UnknownInstance(Box<str>),
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
            | Self::UnknownInstance(_)
            | Self::BadAddress { .. }
            | Self::Denied(_)
            | Self::Refused { .. }
            | Self::NotAnObject(_) => false,
            Self::Unreachable { .. }
            | Self::NoAnswer { .. }
            | Self::Tool(_)
            | Self::TookTooLong { .. }
            | Self::CalledOff(_) => true,
        };
        let code = match &self {
            Self::TookTooLong { .. } => FailureCode::RunStalledOrTimedOut,
            _ => FailureCode::McpToolFailed,
        };
        StepError { code, message: self.to_string(), retryable }
    }
}

/// The refusal of the egress policy, where that is what the transport met.
pub(super) fn denied(error: &DynamicTransportError) -> Option<Denied> {
    match http_error(error)? {
        HttpError::Client(error) => Denied::within(error).cloned(),
        _ => None,
    }
}

/// What the network or the server said. The transport's own words are about types and channels.
pub(super) fn network(error: &DynamicTransportError) -> String {
    match http_error(error) {
        Some(HttpError::Client(error)) => innermost(error),
        Some(other) => causes(other),
        None => causes(&*error.error),
    }
}

type HttpError = StreamableHttpError<reqwest::Error>;

fn http_error(error: &DynamicTransportError) -> Option<&HttpError> {
    let error: &(dyn std::error::Error + 'static) = &*error.error;
    let quit = match error.downcast_ref() {
        Some(WorkerQuitReason::<HttpError>::Fatal { error, .. }) => Some(error),
        _ => None,
    };
    error.downcast_ref().or(quit)
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
