//! What is wrong with the graph of the open run, for the canvas: as the diagnosis tells it.

use std::sync::Arc;

use super::{Issue, case, on_canvas};
use crate::app::Model;
use crate::domain::triage::{Need, graph_issues};
use crate::domain::{Graph, RunStatus, Timestamp};

/// What a graph was judged by; another one is judged anew.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Judged {
    /// The graph.
    graph: Arc<Graph>,
    /// How the run stood.
    status: Option<RunStatus>,
    /// When the server's dry run was asked for, if it was.
    dry_run: Option<Timestamp>,
}

impl Judged {
    /// Whether it is the same; graphs are compared by where they are.
    fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.graph, &other.graph)
            && (&self.status, self.dry_run) == (&other.status, other.dry_run)
    }
}

/// Tells what is wrong with the graph when it, the run's status or the server's word on it is new.
pub(super) fn graph(model: &mut Model) {
    let Some(mut open) = model.run.take() else { return };
    if let Some(detail) = model.mirror.detail(&open.run)
        && let Some(graph) = &detail.graph
        && let Some(case) = case(model, &open.run, &open.diagnosis.facts, detail.fetched_at)
    {
        let dry_run = case.run.and_then(|run| {
            let need = Need::DryRun { workflow: run.workflow_id.clone(), version: run.version };
            Some(case.facts.get(&need)?.asked_at)
        });
        let status = case.run.map(|run| run.status.clone());
        let judged = Judged { graph: Arc::clone(graph), status, dry_run };
        if !open.canvas.judged.as_ref().is_some_and(|known| known.is(&judged)) {
            open.canvas.issues = graph_issues(&case)
                .into_iter()
                .filter_map(|found| {
                    let step = on_canvas(found.step.as_ref()?);
                    Some(Issue { step, title: found.title })
                })
                .collect();
            open.canvas.judged = Some(judged);
        }
    }
    model.run = Some(open);
}
