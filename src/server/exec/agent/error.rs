//! Why a turn of an agent came to nothing.

use std::time::Duration;

use crate::domain::FailureCode;
use crate::machine::StepError;
use crate::server::exec::llm::LlmError;
use crate::server::exec::mcp::ClientError;

/// Why a turn could not be taken, or broke off.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AgentError {
    /// There is no such agent.
    #[error(
        "there is no agent `{0}` in this runtime; create it with POST /v1/agents under that id, or correct the \
         step's agent_id"
    )]
    Unknown(Box<str>),
    /// It cannot be looked up.
    #[error("the agent `{id}` cannot be read: {reason}")]
    Unreadable {
        /// The agent.
        id: Box<str>,
        /// What was said of it.
        reason: String,
    },
    /// It may use a tool that the server does not have.
    #[error("the agent `{agent}` may use `{tool}` of {server}, which has no such tool; it has {known}")]
    NoTool {
        /// The agent's name.
        agent: String,
        /// The tool.
        tool: Box<str>,
        /// The server, as the agent names it.
        server: Box<str>,
        /// The tools of the server.
        known: String,
    },
    /// Its tools are too many, or their descriptions too long, to be told to a model.
    #[error(
        "the agent `{agent}` has too many tools to tell its model of: {what}; list fewer in its `tool_names`"
    )]
    TooManyTools {
        /// The agent's name.
        agent: String,
        /// What is too much.
        what: String,
    },
    /// The conversation has grown too long.
    #[error(
        "the conversation of the agent `{agent}` has grown beyond {limit} bytes in round {round}; let its tools \
         answer shorter, or let it use fewer rounds"
    )]
    TooLong {
        /// The agent's name.
        agent: String,
        /// The most it may hold, in bytes.
        limit: usize,
        /// The round.
        round: u32,
    },
    /// The model gave no answer.
    #[error(transparent)]
    Model(#[from] LlmError),
    /// The tools cannot be listed.
    #[error(transparent)]
    Tools(#[from] ClientError),
    /// The turn took longer than it may.
    #[error("the agent `{agent}` did not end its turn within {}s; raise the step's timeout_s if it is only slow", .limit.as_secs_f64())]
    TookTooLong {
        /// The agent's id.
        agent: Box<str>,
        /// The time it had.
        limit: Duration,
    },
    /// It was called off.
    #[error("the turn of the agent `{0}` was called off")]
    CalledOff(Box<str>),
}

impl AgentError {
    /// The error of the attempt.
    pub fn into_step_error(self) -> StepError {
        let (code, retryable) = match self {
            Self::Model(error) => return error.into_step_error(),
            Self::Tools(error) => return error.into_step_error(),
            Self::TookTooLong { .. } => (FailureCode::RunStalledOrTimedOut, true),
            Self::CalledOff(_) => (FailureCode::LlmRequestFailed, true),
            Self::Unreadable { .. } => (FailureCode::UpstreamError, true),
            Self::Unknown(_) | Self::NoTool { .. } | Self::TooManyTools { .. } | Self::TooLong { .. } => {
                (FailureCode::LlmRequestFailed, false)
            }
        };
        StepError::new(code, self.to_string(), retryable)
    }
}
