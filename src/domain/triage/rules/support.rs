//! Row 57: what support asks for.

use std::fmt::Write as _;

use super::subject::{code, has_failed};
use crate::domain::triage::{Act, Case, Finding, Verdict};

/// The ids of a failure, ready to be copied.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = case.run.filter(|_| has_failed(case)) else { return Vec::new() };
    let mut ids = format!("workflow {}, run {}", run.workflow_id, run.id);
    if let Some(code) = code(case) {
        let _ = write!(ids, ", code {code}");
    }
    if let Some(step) = case.root() {
        let _ = write!(ids, ", step {step}");
    }
    if let Some(at) = run.ended_at {
        let _ = write!(ids, ", at {at}");
    }
    match &run.request_id {
        Some(request) => {
            let _ = write!(ids, ", request {request}");
        }
        None => ids.push_str(", request id not given by the server"),
    }
    let title = "if it stays unclear, support needs these ids; never send a token";
    vec![
        Finding::new(57, "support", Verdict::Ok, title)
            .seen("the run itself", ids.clone(), run.ended_at)
            .offer("copy the ids", Act::Copy(ids.into())),
    ]
}
