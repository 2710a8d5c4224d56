//! Failure codes and what they mean for the operator.

use std::fmt;

use super::triage::playbook;

/// Why a run failed, as the platform codes it. Every code is terminal for its run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum FailureCode {
    /// A tool answered with an error, or could not be reached.
    McpToolFailed,
    /// A model call failed.
    LlmRequestFailed,
    /// The workspace has no credits left.
    InsufficientCredits,
    /// The watchdog ended it, or a step overran its `timeout_s`.
    RunStalledOrTimedOut,
    /// A graceful stop took too long.
    DrainTimeout,
    /// An operator stopped it.
    RunStopped,
    /// A human task could not be created or read.
    HumanTaskFailed,
    /// A service inside of the platform was down.
    UpstreamError,
    /// The workflow service was out of reach.
    DependencyUnavailable,
    /// The step uses the connection of whoever the run is for, and they have connected nothing.
    PrincipalNotConnected,
    /// A code this version does not know, as it came.
    Unknown(Box<str>),
}

impl FailureCode {
    /// Reads the platform's code; any other is kept.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "MCP_TOOL_FAILED" => Self::McpToolFailed,
            "LLM_REQUEST_FAILED" => Self::LlmRequestFailed,
            "INSUFFICIENT_CREDITS" => Self::InsufficientCredits,
            "RUN_STALLED_OR_TIMED_OUT" => Self::RunStalledOrTimedOut,
            "DRAIN_TIMEOUT" => Self::DrainTimeout,
            "RUN_STOPPED" => Self::RunStopped,
            "HUMAN_TASK_FAILED" => Self::HumanTaskFailed,
            "UPSTREAM_ERROR" => Self::UpstreamError,
            "DEPENDENCY_UNAVAILABLE" => Self::DependencyUnavailable,
            "principal_not_connected" => Self::PrincipalNotConnected,
            other => Self::Unknown(other.into()),
        }
    }

    /// The platform's code.
    pub fn as_str(&self) -> &str {
        match self {
            Self::McpToolFailed => "MCP_TOOL_FAILED",
            Self::LlmRequestFailed => "LLM_REQUEST_FAILED",
            Self::InsufficientCredits => "INSUFFICIENT_CREDITS",
            Self::RunStalledOrTimedOut => "RUN_STALLED_OR_TIMED_OUT",
            Self::DrainTimeout => "DRAIN_TIMEOUT",
            Self::RunStopped => "RUN_STOPPED",
            Self::HumanTaskFailed => "HUMAN_TASK_FAILED",
            Self::UpstreamError => "UPSTREAM_ERROR",
            Self::DependencyUnavailable => "DEPENDENCY_UNAVAILABLE",
            Self::PrincipalNotConnected => "principal_not_connected",
            Self::Unknown(raw) => raw,
        }
    }

    /// What to do about it, in one line, from the code's playbook.
    pub fn advice(&self) -> &'static str {
        playbook::of_code(self.as_str()).map_or("", |book| &book.advice)
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
