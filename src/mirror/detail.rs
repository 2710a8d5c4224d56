//! Everything known about one run that was looked at.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Detail;
use super::fold::LATE;
use crate::domain::{Graph, Run, RunEvent, RunHistory, Timestamp, clock};

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
    /// Stream events since, with their arrival.
    streamed: Vec<(Timestamp, RunEvent)>,
}

impl RunDetail {
    pub(super) fn new(detail: &Detail) -> Self {
        Self {
            history: RunHistory::of_run(&detail.run, detail.events.iter().cloned()),
            graph: detail.graph.clone(),
            context: detail.context.clone(),
            fetched_at: detail.asked_at,
            streamed: Vec::new(),
        }
    }

    /// Keeps what the stream brought while the fetch was under way, and what it did not bring.
    ///
    /// Older events that the new log lacks are gone: the server's data were restored. Only a log
    /// without sequences may lag a little behind its stream.
    pub(super) fn keep_newer(&mut self, older: Self) {
        let lag = if self.history.last_sequence().is_some() { Duration::ZERO } else { LATE };
        self.streamed = older.streamed;
        self.streamed.retain(|(at, _)| clock::later(*at, lag) >= self.fetched_at);
        for (_, event) in &self.streamed {
            self.history.apply(event.clone());
        }
        self.graph = self.graph.take().or(older.graph);
        self.context = self.context.take().or(older.context);
    }

    /// Takes in how the run's own row stands.
    pub(super) fn follow(&mut self, run: &Run) {
        self.history.follow(run);
    }

    pub(super) fn apply(&mut self, event: &RunEvent, at: Timestamp) -> bool {
        let news = self.history.apply(event.clone());
        if news {
            self.streamed.push((at, event.clone()));
        }
        news
    }
}
