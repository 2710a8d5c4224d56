//! One finding.

use super::Code;
use crate::domain::StepId;

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Severity {
    /// The graph is not valid.
    Error,
    /// The graph is valid; somebody should look.
    Warning,
}

impl Severity {
    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// One finding about a graph.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// What is wrong, as a machine word; it decides the severity.
    pub code: Code,
    /// The step, unless the whole graph is meant.
    pub step_id: Option<StepId>,
    /// What is wrong, in one sentence.
    pub message: String,
    /// Where, as a JSONPath into the graph: `$.steps[0].tool_args.to`.
    pub json_path: String,
    /// What to write instead, or to do.
    pub suggestion: Option<String>,
    /// Whether the suggestion can be put in place without further thought.
    pub fixable: bool,
}

impl Issue {
    /// A finding at a place.
    pub(super) fn new(code: Code, json_path: impl Into<String>, message: impl Into<String>) -> Self {
        let (json_path, message) = (json_path.into(), message.into());
        Self { code, step_id: None, message, json_path, suggestion: None, fixable: false }
    }

    /// The same, of a step.
    pub(super) fn of(self, step: &str) -> Self {
        Self { step_id: Some(step.into()), ..self }
    }

    /// The same with advice.
    pub(super) fn advise(self, suggestion: Option<String>) -> Self {
        Self { suggestion, ..self }
    }

    /// The same with a replacement that can be put in place as it is.
    pub(super) fn replace_by(self, suggestion: Option<String>) -> Self {
        let fixable = suggestion.is_some();
        Self { suggestion, fixable, ..self }
    }

    /// How bad it is.
    pub fn severity(&self) -> Severity {
        self.code.severity()
    }

    /// Whether it keeps the graph from being ready.
    pub fn is_blocking(&self) -> bool {
        self.code.blocks()
    }
}
