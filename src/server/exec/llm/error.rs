//! Why a model's answer is not there.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;

use crate::domain::FailureCode;
use crate::machine::StepError;
use crate::server::egress::Denied;
use crate::server::exec::CredentialError;

/// Why a model could not be asked, or gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LlmError {
    /// Nobody said where models are.
    #[error(
        "no model provider is configured; set AR_LLM_BASE_URL and AR_LLM_API_KEY, or OPENAI_API_KEY, and start the \
         runtime again, or make a connection of the service `llm`"
    )]
    NoProvider,
    /// No provider is configured, and several connections could stand in for it.
    #[error(
        "several connections hold keys of model providers ({0}), and nothing says which is meant; name one in \
         llm_credential_id, or set AR_LLM_BASE_URL and AR_LLM_API_KEY and start the runtime again"
    )]
    SeveralProviders(String),
    /// The address is none that may be used.
    #[error("the base URL of the model provider cannot be used: {reason} ({variable})")]
    BadAddress {
        /// The variable or connection it stands in.
        variable: Box<str>,
        /// What is wrong with it.
        reason: String,
    },
    /// The address leads where it may not.
    #[error("the model provider is not called: {0}")]
    Denied(#[source] Denied),
    /// The connection that the step names gives no key.
    #[error("the model cannot be asked: {0}")]
    NoCredential(#[from] CredentialError),
    /// The connection that the step names belongs to no provider that is known.
    #[error(
        "the connection `{0}` does not say where its models are; give it `server_url`, the base URL of its provider"
    )]
    NoAddress(Box<str>),
    /// The key holds characters that no header can carry.
    #[error("the key in {0} holds characters that no key has; set it again and start the runtime again")]
    BadKey(Box<str>),
    /// No HTTP client could be built.
    #[error("the HTTP client for models cannot be built: {0}")]
    NoHttp(#[source] Arc<reqwest::Error>),
    /// Nobody answered.
    #[error("the model provider at {url} cannot be reached: {reason}")]
    Unreachable {
        /// Where, without the query.
        url: Box<str>,
        /// The causes, outermost first.
        reason: String,
    },
    /// The connection broke before the answer was whole.
    #[error("the model provider at {url} broke off its answer: {reason}")]
    BrokeOff {
        /// Where, without the query.
        url: Box<str>,
        /// The causes, outermost first.
        reason: String,
    },
    /// The key was refused.
    #[error("{url} refused the key ({status}): {reason}; check {variable}{note}")]
    KeyRefused {
        /// Where, without the query.
        url: Box<str>,
        /// The provider's status.
        status: StatusCode,
        /// The provider's words.
        reason: String,
        /// The variable or connection of the key.
        variable: Box<str>,
        /// What the step says of credentials, if it does.
        note: String,
    },
    /// The question was refused, for its model or its parameters.
    #[error(
        "{url} refused the request to `{model}` ({status}): {reason}; check the step's model and llm_params"
    )]
    Refused {
        /// Where, without the query.
        url: Box<str>,
        /// The model.
        model: Box<str>,
        /// The provider's status.
        status: StatusCode,
        /// The provider's words.
        reason: String,
    },
    /// The provider cannot answer now.
    #[error("{url} cannot answer for `{model}` now ({status}): {reason}")]
    Busy {
        /// Where, without the query.
        url: Box<str>,
        /// The model.
        model: Box<str>,
        /// The provider's status.
        status: StatusCode,
        /// The provider's words.
        reason: String,
    },
    /// The answer cannot be read.
    #[error("{url} gave no answer for `{model}`: {reason}")]
    NoAnswer {
        /// Where, without the query.
        url: Box<str>,
        /// The model.
        model: Box<str>,
        /// What is wrong with it.
        reason: String,
    },
    /// The answer is larger than is read.
    #[error("the answer of {url} for `{model}` is larger than {limit} bytes")]
    TooLarge {
        /// Where, without the query.
        url: Box<str>,
        /// The model.
        model: Box<str>,
        /// The limit, in bytes.
        limit: usize,
    },
    /// The answer took longer than it may.
    #[error("`{model}` gave no answer within {}s; raise the step's timeout_s if it is only slow", .limit.as_secs_f64())]
    TookTooLong {
        /// The model.
        model: Box<str>,
        /// The time it had.
        limit: Duration,
    },
    /// It was called off.
    #[error("the request to `{0}` was called off")]
    CalledOff(Box<str>),
}

impl LlmError {
    /// The error of the attempt.
    pub fn into_step_error(self) -> StepError {
        let retryable = matches!(
            self,
            Self::Unreachable { .. }
                | Self::BrokeOff { .. }
                | Self::Busy { .. }
                | Self::TookTooLong { .. }
                | Self::CalledOff(_)
        );
        let code = match self {
            Self::TookTooLong { .. } => FailureCode::RunStalledOrTimedOut,
            _ => FailureCode::LlmRequestFailed,
        };
        StepError::new(code, self.to_string(), retryable)
    }
}
