//! What was checked of a server or an instance, and what came of it.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::domain::Timestamp;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckStatus {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// It was not made; the message says why.
    Skipped,
}

impl CheckStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// One check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckOutcome {
    /// What was checked: `reachability`, `schema`, `smoke_call`, …
    pub name: &'static str,
    /// How it ended.
    pub status: CheckStatus,
    /// What was seen, in one sentence.
    pub message: String,
    /// How long it took.
    pub took: Duration,
}

/// All checks of one validation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examination {
    /// The checks, in the order in which they were made.
    pub checks: Vec<CheckOutcome>,
}

impl Examination {
    /// One without checks.
    pub(super) fn new() -> Self {
        Self { checks: Vec::new() }
    }

    /// Takes down a check that began at an instant.
    pub(super) fn add(&mut self, name: &'static str, began: Instant, ended: Result<String, String>) {
        let (status, message) = match ended {
            Ok(message) => (CheckStatus::Passed, message),
            Err(message) => (CheckStatus::Failed, message),
        };
        self.checks.push(CheckOutcome { name, status, message, took: began.elapsed() });
    }

    /// Takes down a check that was not made.
    pub(super) fn skip(&mut self, name: &'static str, why: &str) {
        let (status, message) = (CheckStatus::Skipped, why.to_owned());
        self.checks.push(CheckOutcome { name, status, message, took: Duration::ZERO });
    }

    /// Whether a check passed.
    pub(super) fn passed(&self, name: &str) -> bool {
        self.checks.iter().any(|check| check.name == name && check.status == CheckStatus::Passed)
    }

    /// Whether no check failed.
    pub fn is_valid(&self) -> bool {
        self.checks.iter().all(|check| check.status != CheckStatus::Failed)
    }

    /// As the API writes it.
    pub fn to_json(&self, at: Timestamp) -> Value {
        let check = |check: &CheckOutcome| {
            json!({
                "name": check.name,
                "status": check.status.as_str(),
                "message": check.message,
                "duration_ms": check.took.as_millis() as u64,
            })
        };
        json!({
            "valid": self.is_valid(),
            "status": if self.is_valid() { "passed" } else { "failed" },
            "checks": self.checks.iter().map(check).collect::<Vec<_>>(),
            "validated_at": at,
        })
    }
}
