//! Steps: what kinds there are, and how one ends.

use std::fmt;

/// The type of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StepKind {
    /// A tool of an MCP server.
    McpCall,
    /// A language model.
    LlmCall,
    /// A sandboxed Lua script.
    LuaScript,
    /// A person's decision.
    HumanTask,
    /// A body for each item of a list.
    ForEach,
    /// A body until a condition holds.
    While,
    /// An agent with tools.
    AgentCall,
    /// Another workflow.
    WorkflowCall,
    /// An agent outside of the platform.
    ExternalAgent,
    /// A type this version does not know, as it came.
    Unknown(Box<str>),
}

impl StepKind {
    /// Reads the graph's word; any other word is kept.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "mcp_call" => Self::McpCall,
            "llm_call" => Self::LlmCall,
            "lua_script" => Self::LuaScript,
            "human_task" => Self::HumanTask,
            "for_each" => Self::ForEach,
            "while" => Self::While,
            "agent_call" => Self::AgentCall,
            "workflow_call" => Self::WorkflowCall,
            "external_agent" => Self::ExternalAgent,
            other => Self::Unknown(other.into()),
        }
    }

    /// The graph's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::McpCall => "mcp_call",
            Self::LlmCall => "llm_call",
            Self::LuaScript => "lua_script",
            Self::HumanTask => "human_task",
            Self::ForEach => "for_each",
            Self::While => "while",
            Self::AgentCall => "agent_call",
            Self::WorkflowCall => "workflow_call",
            Self::ExternalAgent => "external_agent",
            Self::Unknown(raw) => raw,
        }
    }
}

impl fmt::Display for StepKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a step was skipped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum SkipReason {
    /// It never started because something before it failed or was rejected.
    Blocked,
    /// It lies outside of the episode's scope.
    OutOfScope,
    /// It is switched off in the graph.
    Disabled,
    /// Its own `skip_when` or `condition` said so. The platform publishes no word for it.
    Condition,
    /// A reason this version does not know, as it came.
    Unknown(Box<str>),
}

impl SkipReason {
    /// Reads the platform's word; any other word is kept.
    pub fn parse(raw: &str) -> Self {
        match raw {
            "blocked" => Self::Blocked,
            "out_of_scope" => Self::OutOfScope,
            "step_disabled" => Self::Disabled,
            "condition" => Self::Condition,
            other => Self::Unknown(other.into()),
        }
    }

    /// The platform's word.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Blocked => "blocked",
            Self::OutOfScope => "out_of_scope",
            Self::Disabled => "step_disabled",
            Self::Condition => "condition",
            Self::Unknown(raw) => raw,
        }
    }
}

/// Where a step stands within its run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum StepStatus {
    /// Not started.
    #[default]
    Pending,
    /// In flight.
    Running,
    /// Failed an attempt and waits for the next.
    Retrying,
    /// Waits for a person.
    Waiting,
    /// Ended well.
    Completed,
    /// Ended badly, attempts used up.
    Failed,
    /// Was in flight when the run failed or was stopped.
    Cancelled,
    /// Was in flight when its run ended, and the log has no end of it.
    Unended,
    /// Never ran.
    Skipped(SkipReason),
}

impl StepStatus {
    /// Whether the step has ended.
    pub fn is_terminal(&self) -> bool {
        matches!(self, Self::Completed | Self::Failed | Self::Cancelled | Self::Unended | Self::Skipped(_))
    }

    /// Whether the step is being worked on: running, between attempts, or with a person.
    pub fn is_in_flight(&self) -> bool {
        matches!(self, Self::Running | Self::Retrying | Self::Waiting)
    }

    /// The word an operator reads.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting for a person",
            Self::Completed => "success",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
            Self::Unended => "ended with the run",
            Self::Skipped(SkipReason::Blocked) => "skipped (blocked)",
            Self::Skipped(SkipReason::OutOfScope) => "skipped (out of scope)",
            Self::Skipped(SkipReason::Disabled) => "skipped (disabled)",
            Self::Skipped(SkipReason::Condition) => "skipped (condition)",
            Self::Skipped(SkipReason::Unknown(_)) => "skipped",
        }
    }
}
