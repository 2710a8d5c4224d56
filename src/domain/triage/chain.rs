//! The chain of a failure: the step that failed first, what it took down, and what never ran.

use super::Case;
use crate::domain::{SkipReason, StepId, StepStatus};

/// What hangs together with a failure, for the canvas and for words.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CauseChain {
    /// The step that failed first.
    pub root: Option<StepId>,
    /// The steps that failed besides.
    pub also_failed: Vec<StepId>,
    /// The steps that were in flight and were cancelled.
    pub cancelled: Vec<StepId>,
    /// The steps that never ran because something before them did not end well.
    pub blocked: Vec<StepId>,
    /// The steps that the log leaves in flight although the run has ended.
    pub unended: Vec<StepId>,
}

impl CauseChain {
    /// The chain of a case; empty where nothing failed.
    pub fn of(case: &Case<'_>) -> Self {
        let root = case.root().cloned();
        let around = root.as_ref().and_then(StepId::parent);
        let mut chain = Self { root, ..Self::default() };
        for (id, step) in case.history.steps() {
            let is_root = chain.root.as_ref() == Some(id) || around.as_ref() == Some(id);
            match &step.status {
                StepStatus::Failed if !is_root => chain.also_failed.push(id.clone()),
                StepStatus::Cancelled => chain.cancelled.push(id.clone()),
                StepStatus::Skipped(SkipReason::Blocked) => chain.blocked.push(id.clone()),
                status if case.is_over() && status.is_in_flight() => chain.unended.push(id.clone()),
                _ => {}
            }
        }
        chain.add_silent(case);
        chain
    }

    /// Servers need not log a step that never ran: the graph tells which were behind the failure.
    fn add_silent(&mut self, case: &Case<'_>) {
        let (Some(graph), Some(root)) = (case.graph, &self.root) else { return };
        if !case.is_over() {
            return;
        }
        let top = root.parent().unwrap_or_else(|| root.clone());
        let silent = graph.downstream(&top).into_iter().filter(|id| case.history.step(id).is_none());
        self.blocked.extend(silent);
    }
}
