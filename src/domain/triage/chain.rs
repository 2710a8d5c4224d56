//! The chain of a failure: the step that failed first, what it took down, and what never ran.

use super::Case;
use crate::domain::{Graph, Run, RunHistory, SkipReason, StepId, StepStatus};

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

/// What a step has to do with a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It failed first.
    Root,
    /// It failed by itself as well.
    AlsoFailed,
    /// It was in flight and was cancelled.
    Cancelled,
    /// It never ran because of the failure.
    Blocked,
    /// It was in flight when the run ended, and its log does not say how it ended.
    Unended,
}

impl Part {
    /// The words for it, the second for where there is little room.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Root => ("root cause", "cause"),
            Self::AlsoFailed => ("failed too", "failed"),
            Self::Cancelled => ("cancelled", "cut off"),
            Self::Blocked => ("never ran", "not run"),
            Self::Unended => ("ended with run", "ended"),
        }
    }
}

impl CauseChain {
    /// The chain of a case; empty where nothing failed.
    pub fn of(case: &Case<'_>) -> Self {
        Self::read(case.history, case.graph, case.run)
    }

    /// The same from a log and a graph; of a moment of the past, whose run's own row tells of what
    /// came later, without that row.
    pub fn read(history: &RunHistory, graph: Option<&Graph>, run: Option<&Run>) -> Self {
        let root = history.root_cause().or_else(|| run?.failed_step.as_ref()).cloned();
        let around = root.as_ref().and_then(StepId::parent);
        let mut chain = Self { root, ..Self::default() };
        for (id, step) in history.steps() {
            let is_root = chain.root.as_ref() == Some(id) || around.as_ref() == Some(id);
            match &step.status {
                StepStatus::Failed if !is_root => chain.also_failed.push(id.clone()),
                StepStatus::Cancelled => chain.cancelled.push(id.clone()),
                StepStatus::Skipped(SkipReason::Blocked) => chain.blocked.push(id.clone()),
                StepStatus::Unended => chain.unended.push(id.clone()),
                _ => {}
            }
        }
        if history.has_ended() || run.is_some_and(|run| run.status.is_terminal()) {
            chain.add_silent(history, graph);
        }
        chain
    }

    /// Servers need not log a step that never ran: the graph tells which were behind the failure.
    fn add_silent(&mut self, history: &RunHistory, graph: Option<&Graph>) {
        let (Some(graph), Some(root)) = (graph, &self.root) else { return };
        let top = root.parent().unwrap_or_else(|| root.clone());
        let silent = graph.downstream(&top).into_iter().filter(|id| history.step(id).is_none());
        self.blocked.extend(silent);
    }

    /// What a step has to do with the failure; a loop stands for what is inside of it.
    pub fn part(&self, step: &StepId) -> Option<Part> {
        let is_root = |root: &StepId| root == step || root.parent().as_ref() == Some(step);
        if self.root.as_ref().is_some_and(is_root) {
            return Some(Part::Root);
        }
        let lists = [
            (&self.also_failed, Part::AlsoFailed),
            (&self.cancelled, Part::Cancelled),
            (&self.blocked, Part::Blocked),
            (&self.unended, Part::Unended),
        ];
        lists.into_iter().find(|(list, _)| list.contains(step)).map(|(_, part)| part)
    }

    /// How a step is to be shown: one that a failure kept from running was skipped, whether or not
    /// the log says so.
    pub fn status(&self, history: &RunHistory, step: &StepId) -> StepStatus {
        let logged = history.step(step).map(|state| state.status.clone());
        let silent = || self.blocked.contains(step).then_some(StepStatus::Skipped(SkipReason::Blocked));
        logged.or_else(silent).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RunStatus;
    use crate::domain::history::noted as history;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn every_step_has_its_part_whether_or_not_the_log_tells_of_it() {
        let graph = Graph::parse(&json!({"steps": [
            {"id": "each", "type": "for_each"},
            {"id": "beside", "type": "lua_script"},
            {"id": "late", "type": "lua_script"},
            {"id": "behind", "type": "lua_script", "depends_on": ["each"]},
            {"id": "far", "type": "lua_script", "depends_on": ["behind", "beside"]},
        ]}))
        .unwrap();
        let log = [
            ("step_started", json!({"step_id": "beside"})),
            ("step_started", json!({"step_id": "late"})),
            ("step_failed", json!({"step_id": "each#body#send"})),
            ("step_failed", json!({"step_id": "each"})),
            ("step_cancelled", json!({"step_id": "beside"})),
            ("run_failed", json!({})),
        ];
        let whole = history(&log);
        let chain = CauseChain::read(&whole, Some(&graph), None);
        let parts = ["each", "beside", "late", "behind", "far"].map(|id| chain.part(&id.into()));
        let of = |part| Some(part);
        assert_eq!(
            parts,
            [of(Part::Root), of(Part::Cancelled), of(Part::Unended), of(Part::Blocked), of(Part::Blocked)]
        );
        let shown = chain.status(&whole, &"far".into());
        assert_eq!(shown, StepStatus::Skipped(SkipReason::Blocked));
        // Before the end nothing is known of what will never run, whatever the run's row says today.
        let before = history(&log[..4]);
        let chain = CauseChain::read(&before, Some(&graph), None);
        assert_eq!((chain.part(&"far".into()), chain.part(&"late".into())), (None, None));
        let mut run = Run::new("r".into(), "w".into(), RunStatus::Failed);
        run.failed_step = Some("beside".into());
        let by_row = CauseChain::read(&history(&log[..1]), Some(&graph), Some(&run));
        assert_eq!(by_row.root, Some("beside".into()), "a log without the failure leaves it to the row");
    }
}
