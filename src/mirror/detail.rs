//! Everything known about one run that was looked at.

use std::sync::Arc;

use serde_json::Value;

use super::Detail;
use crate::domain::{Graph, RunEvent, RunHistory, Timestamp};

/// One run's log, graph and context.
#[derive(Clone, Debug, PartialEq)]
pub struct RunDetail {
    /// Its log, folded.
    pub history: RunHistory,
    /// The graph it executes.
    pub graph: Option<Arc<Graph>>,
    /// `{input, steps}` as of the last fetch; foreign content.
    pub context: Option<Value>,
    /// When it was last fetched whole.
    pub fetched_at: Timestamp,
}

impl RunDetail {
    pub(super) fn new(detail: &Detail) -> Self {
        Self {
            history: RunHistory::from_events(detail.events.iter().cloned()),
            graph: detail.graph.clone(),
            context: detail.context.clone(),
            fetched_at: detail.asked_at,
        }
    }

    /// Keeps events that the stream brought while the fetch was under way.
    pub(super) fn keep_newer(&mut self, older: &RunDetail) {
        for event in older.history.events() {
            self.history.apply(event.clone());
        }
        self.graph = self.graph.take().or_else(|| older.graph.clone());
    }

    pub(super) fn apply(&mut self, event: &RunEvent) -> bool {
        self.history.apply(event.clone())
    }
}
