//! What failures of one cause have in common.

use serde_json::json;

use super::masked;
use crate::domain::{Digest, FailureCode, Run, RunStatus, StepId};

/// The characters of a signature's short name.
const LENGTH: usize = 10;

/// The cause of a failure as far as a row tells it: failures with equal signatures fold into one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Signature {
    /// Whether the run failed, or was stopped.
    pub status: RunStatus,
    /// The platform's code.
    pub code: Option<FailureCode>,
    /// The step that failed it, an inner step by the id it has in every iteration.
    pub step: Option<StepId>,
    /// The error without ids, numbers, times and hosts.
    pub message: Box<str>,
}

impl Signature {
    /// The signature of a run that ended badly.
    pub fn of(run: &Run) -> Self {
        Self {
            status: run.status.clone(),
            code: run.failure_code.clone(),
            step: run.failed_step.clone(),
            message: masked(run.error.as_deref().unwrap_or_default()),
        }
    }

    /// Whether it tells a cause at all. What is known by nothing is like nothing.
    pub fn tells(&self) -> bool {
        self.code.is_some() || !self.message.is_empty()
    }

    /// A short name for it, the same wherever and whenever it is made: failures of one cause share it.
    pub fn id(&self) -> String {
        let code = self.code.as_ref().map(FailureCode::as_str);
        let parts = json!([self.status.as_str(), code, self.step, self.message]);
        let digest = Digest::of(&parts);
        digest.as_str().trim_start_matches("sha256:").chars().take(LENGTH).collect()
    }

    /// Whether both may be of one cause: not every server lists the step that failed a run.
    pub fn may_be(&self, other: &Self) -> bool {
        let same_step = self.step.is_none() || other.step.is_none() || self.step == other.step;
        same_step && self.status == other.status && self.code == other.code && self.message == other.message
    }

    /// Takes in all that may have changed of a run but its error.
    pub fn renew(&mut self, run: &Run) {
        self.status.clone_from(&run.status);
        self.code.clone_from(&run.failure_code);
        self.step.clone_from(&run.failed_step);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn five_hundred_failures_of_four_causes_have_four_signatures() {
        let failed = |index: usize| {
            let mut run = Run::new(format!("r{index}").into(), "w".into(), RunStatus::Failed);
            let (code, step, error) = match index % 4 {
                0 => ("MCP_TOOL_FAILED", "post", format!("the tool answered: 401 token {index} expired")),
                1 => ("MCP_TOOL_FAILED", "post", format!("the tool answered: 503 busy for {index}ms")),
                2 => (
                    "LLM_REQUEST_FAILED",
                    "write",
                    format!("model-{index} at https://m{index}.example.com overloaded"),
                ),
                _ => ("MCP_TOOL_FAILED", "fetch", format!("the tool answered: 401 token {index} expired")),
            };
            run.failure_code = Some(FailureCode::parse(code));
            run.failed_step = Some(step.into());
            run.error = Some(error.into());
            run
        };
        let signatures: HashSet<Signature> = (0..500).map(failed).map(|run| Signature::of(&run)).collect();
        assert_eq!(signatures.len(), 4, "{signatures:#?}");
        let ids: HashSet<String> = signatures.iter().map(Signature::id).collect();
        assert!(ids.len() == 4 && ids.iter().all(|id| id.len() == LENGTH), "{ids:?}");
    }
}
