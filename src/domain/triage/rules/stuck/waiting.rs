//! Row 23: it waits for a person.

use super::super::words::since;
use crate::domain::triage::{Act, Case, Finding, Verdict};

/// Every task of the run that waits for a decision.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.is_over() {
        return Vec::new();
    }
    let waits = |task: &crate::domain::PendingTask| {
        let age = since(task.created_at, case.now);
        let (id, title) = if &*task.task_type == "recovery" {
            (
                "uncertain-step",
                format!(
                    "{} may or may not have taken effect before a crash: a person must say, since {age}",
                    task.step_id
                ),
            )
        } else {
            (
                "waiting-for-person",
                format!(
                    "it waits for a person at {} ({}), since {age}: by design, it is not stuck",
                    task.step_id, task.task_type
                ),
            )
        };
        Finding::new(23, id, Verdict::ByDesign, title)
            .at(&task.step_id)
            .seen("tasks that wait for a person", format!("task {}", task.task_id), task.created_at)
            .offer("decide", Act::Decide)
    };
    case.own_tasks().map(waits).collect()
}
