//! What came of it.

use super::{Check, CheckResult, Issue, Severity};
use crate::domain::StepId;

/// Whether a graph may be published and run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// Nothing stands in the way.
    Ready,
    /// Something does.
    Blocked,
}

impl Readiness {
    /// The platform's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Blocked => "blocked",
        }
    }
}

/// The outcome of all checks.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The checks that were asked for, in order, with their ends.
    pub checks: Vec<(Check, CheckResult)>,
    /// Everything found, in the order of the checks.
    pub issues: Vec<Issue>,
    /// The steps in an order in which they can run; those on a cycle are left out.
    pub topological_order: Vec<StepId>,
}

impl Report {
    /// Whether there is no error.
    pub fn is_valid(&self) -> bool {
        self.errors() == 0
    }

    /// How many errors there are.
    pub fn errors(&self) -> usize {
        self.issues.iter().filter(|issue| issue.severity() == Severity::Error).count()
    }

    /// How many warnings there are.
    pub fn warnings(&self) -> usize {
        self.issues.len() - self.errors()
    }

    /// What keeps the graph from being ready.
    pub fn blockers(&self) -> impl Iterator<Item = &Issue> {
        self.issues.iter().filter(|issue| issue.is_blocking())
    }

    /// Whether the graph may be published and run.
    pub fn readiness(&self) -> Readiness {
        if self.blockers().next().is_none() { Readiness::Ready } else { Readiness::Blocked }
    }

    /// The checks that were really performed.
    pub fn performed(&self) -> impl Iterator<Item = Check> {
        let performed = self
            .checks
            .iter()
            .filter(|(_, result)| matches!(result, CheckResult::Passed | CheckResult::Failed));
        performed.map(|(check, _)| *check)
    }
}
