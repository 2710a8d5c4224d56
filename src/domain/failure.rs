//! Failure codes and what they mean for the operator.

use std::fmt;

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
            Self::Unknown(raw) => raw,
        }
    }

    /// What to do about it, in one line.
    pub fn advice(&self) -> &'static str {
        match self {
            Self::McpToolFailed => "Check the tool's arguments, its binding and the service behind it.",
            Self::LlmRequestFailed => "Check the model's name and the provider key.",
            Self::InsufficientCredits => "Add credits, then start a new run.",
            Self::RunStalledOrTimedOut => "Find the step that hung; raise its timeout_s if it was only slow.",
            Self::DrainTimeout => "A step outlived the graceful stop: look at the slow step.",
            Self::RunStopped => "Stopped by an operator: expected. Start a new run if it is still wanted.",
            Self::HumanTaskFailed => "Check the human task's payload in the graph, then run again.",
            Self::UpstreamError => "A platform service was down: try again later, then contact support.",
            Self::DependencyUnavailable => {
                "The workflow service was out of reach: see the status page, try again."
            }
            Self::Unknown(raw) if &**raw == "LUA_SCRIPT_FAILED" => {
                "Read the script's error, correct the script, publish, then run again."
            }
            Self::Unknown(_) => "Read the message; this code is new to this version.",
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
