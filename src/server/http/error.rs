//! What a request can be refused with, and how that is written.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::input::Mismatch;
use crate::server::connections::ConnectionError;
use crate::server::engine::EngineError;
use crate::server::exec::CredentialError;
use crate::server::registry::RegistryError;

/// A refused request: its status, machine word and sentence.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The request cannot be read (400).
    #[error("{0}")]
    Malformed(String),
    /// The token is missing or wrong (401).
    #[error(transparent)]
    Unauthorized(#[from] Unauthorized),
    /// The request is not signed as it must be (401).
    #[error("{message}")]
    Unsigned {
        /// `missing_signature`, `malformed_signature`, `stale_signature` or `bad_signature`.
        code: &'static str,
        /// In words.
        message: String,
    },
    /// The token may be good, but not for this; or host or origin are not this runtime's (403).
    #[error("{}", .0.message)]
    Forbidden(Box<Denied>),
    /// There is no such path, or no such thing (404).
    #[error("{0}")]
    NotFound(String),
    /// The path does not take this method (405).
    #[error("{method} is not possible on {path}; the Allow header lists what is")]
    Method {
        /// The method that was tried.
        method: String,
        /// The path that does not take it.
        path: String,
    },
    /// There was such a thing, and there is no more (410).
    #[error("{0}")]
    Gone(String),
    /// The runtime itself fails (500).
    #[error("{0}")]
    Internal(String),
    /// The body is larger than the runtime takes (413).
    #[error("the body is larger than {} KiB, the most that is taken", .limit / 1024)]
    TooLarge {
        /// The most that is taken, in bytes.
        limit: usize,
    },
    /// The body is not declared as JSON (415).
    #[error("the body must be JSON with the header `Content-Type: application/json`; it came as {0}")]
    MediaType(String),
    /// The body can be read but makes no sense (422).
    #[error("{0}")]
    Invalid(String),
    /// The path is a WebSocket and the request does not ask for one (426).
    #[error("this path is a WebSocket: connect with `Upgrade: websocket` and version 13")]
    NeedsUpgrade,
    /// A server that the runtime asked on the caller's behalf could not be reached, or refused (502).
    #[error("{0}")]
    Upstream(String),
    /// A connection cannot be made, changed or authorized.
    #[error(transparent)]
    Connection(#[from] ConnectionError),
    /// The engine refused or failed.
    #[error(transparent)]
    Engine(#[from] EngineError),
}

/// What is the matter with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unauthorized {
    /// There is no `Authorization` header.
    #[error("the token is missing: send `Authorization: Bearer <token>`, read from the token file")]
    Missing,
    /// The header is no bearer token.
    #[error("the Authorization header cannot be read: send `Authorization: Bearer <token>`")]
    Malformed,
    /// No token of this runtime is this one.
    #[error(
        "the token is unknown: every start of the runtime makes a new one, read the token file again, or \
         create a personal access token"
    )]
    Unknown,
    /// The token was one of this runtime's.
    #[error("the token was revoked: create a new personal access token")]
    Revoked,
}

impl Unauthorized {
    fn code(self) -> &'static str {
        match self {
            Self::Missing => "missing_token",
            Self::Malformed => "malformed_token",
            Self::Unknown => "unknown_token",
            Self::Revoked => "revoked_token",
        }
    }
}

/// Why something is not allowed: a machine word, a sentence, and what there is and would be needed.
#[derive(Clone, Debug, PartialEq)]
pub struct Denied {
    /// `missing_scope`, `missing_role`, `wrong_context`, `wrong_host`, `wrong_origin`, …
    pub code: &'static str,
    /// In words.
    pub message: String,
    /// `have` and `need`, and what else names it.
    pub details: Value,
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Malformed(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized(_) | Self::Unsigned { .. } => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::NotFound(_) | Self::Engine(EngineError::NotFound { .. }) => StatusCode::NOT_FOUND,
            Self::Gone(_) => StatusCode::GONE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Method { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::MediaType(_) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Invalid(_)
            | Self::Engine(
                EngineError::Invalid(_) | EngineError::Input(_) | EngineError::InsufficientCredits { .. },
            ) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NeedsUpgrade => StatusCode::UPGRADE_REQUIRED,
            Self::Upstream(_) => StatusCode::BAD_GATEWAY,
            Self::Engine(EngineError::Conflict(_)) => StatusCode::CONFLICT,
            Self::Engine(EngineError::Closed) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Connection(error) => of_connection(error),
            Self::Engine(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Unauthorized(reason) => return reason.code(),
            Self::Unsigned { code, .. } => return code,
            Self::Forbidden(denied) => return denied.code,
            Self::Engine(EngineError::InsufficientCredits { .. }) => return "INSUFFICIENT_CREDITS",
            _ => {}
        }
        match self.status() {
            StatusCode::BAD_REQUEST => "MALFORMED_REQUEST",
            StatusCode::NOT_FOUND => "NOT_FOUND",
            StatusCode::GONE => "GONE",
            StatusCode::METHOD_NOT_ALLOWED => "METHOD_NOT_ALLOWED",
            StatusCode::PAYLOAD_TOO_LARGE => "PAYLOAD_TOO_LARGE",
            StatusCode::UNSUPPORTED_MEDIA_TYPE => "UNSUPPORTED_MEDIA_TYPE",
            StatusCode::UNPROCESSABLE_ENTITY => "VALIDATION_ERROR",
            StatusCode::UPGRADE_REQUIRED => "UPGRADE_REQUIRED",
            StatusCode::CONFLICT => "CONFLICT",
            StatusCode::SERVICE_UNAVAILABLE => "UNAVAILABLE",
            StatusCode::BAD_GATEWAY => "UPSTREAM_ERROR",
            _ => "INTERNAL_ERROR",
        }
    }
}

fn of_connection(error: &ConnectionError) -> StatusCode {
    match error {
        ConnectionError::NotFound(_) => StatusCode::NOT_FOUND,
        ConnectionError::Invalid(_) => StatusCode::UNPROCESSABLE_ENTITY,
        ConnectionError::Conflict(_) => StatusCode::CONFLICT,
        ConnectionError::Upstream(_) => StatusCode::BAD_GATEWAY,
        ConnectionError::Engine(EngineError::Closed) => StatusCode::SERVICE_UNAVAILABLE,
        ConnectionError::NoHttp(_) | ConnectionError::Vault(_) | ConnectionError::Engine(_) => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl From<RegistryError> for ApiError {
    fn from(error: RegistryError) -> Self {
        match error {
            RegistryError::Engine(error) => Self::Engine(error),
            RegistryError::Server(error) => Self::Upstream(error.to_string()),
            RegistryError::Connection(CredentialError::Unknown(id)) => {
                Self::NotFound(CredentialError::Unknown(id).to_string())
            }
            RegistryError::Connection(error) => Self::Upstream(error.to_string()),
        }
    }
}

impl ApiError {
    fn details(&self) -> Option<Value> {
        match self {
            Self::Forbidden(denied) => Some(denied.details.clone()),
            Self::Engine(EngineError::InsufficientCredits { run, .. }) => Some(json!({"run_id": run})),
            Self::Engine(EngineError::Input(problems)) => Some(fields(problems)),
            _ => None,
        }
    }
}

/// The fields of an input that do not fit, each with what is wrong.
fn fields(problems: &[Mismatch]) -> Value {
    let field = |mismatch: &Mismatch| json!({"field": mismatch.at, "problem": mismatch.problem});
    json!({"fields": problems.iter().map(field).collect::<Vec<_>>()})
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = ?self, "a request failed");
        }
        let mut body = json!({"error": self.to_string(), "code": self.code()});
        if let Some(details) = self.details() {
            body["details"] = details;
        }
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::UPGRADE_REQUIRED => {
                headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
            }
            _ => {}
        }
        response
    }
}
