//! The turns of agents, as lines of JSON while they happen.
//!
//! The platform publishes no shape of a line. Here the first is a snapshot, `{"type": "snapshot",
//! "step_id", "turn_id", "iteration"?, "status", "rounds", "last_sequence"}`, so that who comes late
//! knows where the turn stands. Then comes every event of the turn from its beginning, `{"type":
//! "event", …}` with the fields of the event log, and after the last one `{"type": "end", "status"}`.
//! The status is `running`, `paused` (the rounds are used up), `completed`, `failed` or `cancelled`.

use std::collections::VecDeque;

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::error::ApiError;
use super::path::At;
use super::state::HttpState;
use crate::domain::{EventKind, RunEvent, RunId, StepId, WorkflowId};
use crate::server::engine::{Engine, EngineError};
use crate::wire::write;

/// How many events are read from the log at a time.
const BATCH: u32 = 64;

pub(super) async fn open(
    State(state): State<HttpState>,
    At((workflow, run, step, turn)): At<(WorkflowId, RunId, StepId, String)>,
) -> Result<Response, ApiError> {
    let engine = state.engine().clone();
    let places = engine.subscribe(&workflow);
    let seen = look(&engine, (&workflow, &run), Turn::new(&step, &turn)).await?;
    let Some(began) = seen.began else {
        let text = format!("the step `{step}` of the run `{run}` has no turn {turn:?}");
        return Err(ApiError::NotFound(text));
    };
    let feed = Feed {
        lines: VecDeque::from([seen.snapshot()]),
        turn: Turn::new(&step, &turn),
        last: began.saturating_sub(1),
        is_over: false,
        closing: state.closing().clone(),
        engine,
        workflow,
        run,
        places,
    };
    let lines = stream::unfold(feed, |mut feed| async { Some((feed.next().await?, feed)) });
    Ok(([(header::CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// Reads how far a turn has come.
async fn look(
    engine: &Engine,
    (workflow, run): (&WorkflowId, &RunId),
    mut turn: Turn,
) -> Result<Turn, EngineError> {
    let mut last = 0;
    loop {
        let events = engine.events(workflow, run, last, BATCH).await?;
        for event in &events {
            turn.take(event);
        }
        match events.last().and_then(|event| event.sequence) {
            Some(sequence) if events.len() == BATCH as usize => last = sequence,
            _ => return Ok(turn),
        }
    }
}

/// One turn, as its events tell it.
struct Turn {
    step: StepId,
    id: String,
    iteration: Option<Value>,
    /// The sequence of its first event.
    began: Option<u64>,
    status: &'static str,
    rounds: u64,
    last: u64,
}

impl Turn {
    fn new(step: &StepId, id: &str) -> Self {
        let (step, id) = (step.clone(), id.to_owned());
        Self { step, id, iteration: None, began: None, status: "running", rounds: 0, last: 0 }
    }

    fn has_ended(&self) -> bool {
        matches!(self.status, "completed" | "failed" | "cancelled")
    }

    /// Takes an event; `false` when it is about something else.
    fn take(&mut self, event: &RunEvent) -> bool {
        if self.has_ended() || event.step_id().as_ref() != Some(&self.step) {
            return false;
        }
        let is_own = event.text("turn_id") == Some(&self.id);
        if self.began.is_none() {
            if event.kind != EventKind::StepStarted || !is_own {
                return false;
            }
            self.began = event.sequence;
            self.iteration = event.data.get("iteration").cloned();
        } else if event.data.get("iteration") != self.iteration.as_ref() {
            return false;
        }
        self.last = event.sequence.unwrap_or(self.last);
        if let Some(round) = event.data.get("round").and_then(Value::as_u64) {
            self.rounds = self.rounds.max(round);
        }
        self.status = match event.kind {
            EventKind::AgentTurnLimitReached => "paused",
            EventKind::StepCompleted => "completed",
            EventKind::StepFailed | EventKind::StepRetrying => "failed",
            EventKind::StepCancelled => "cancelled",
            _ => "running",
        };
        true
    }

    fn snapshot(&self) -> String {
        let mut line = json!({
            "type": "snapshot",
            "step_id": self.step,
            "turn_id": self.id,
            "status": self.status,
            "rounds": self.rounds,
            "last_sequence": self.last,
        });
        if let Some(iteration) = &self.iteration {
            line["iteration"] = iteration.clone();
        }
        format!("{line}\n")
    }
}

/// The lines of a turn, read from the log as they are asked for.
struct Feed {
    engine: Engine,
    workflow: WorkflowId,
    run: RunId,
    places: watch::Receiver<u64>,
    closing: CancellationToken,
    turn: Turn,
    last: u64,
    lines: VecDeque<String>,
    is_over: bool,
}

impl Feed {
    async fn next(&mut self) -> Option<Result<String, EngineError>> {
        loop {
            if let Some(line) = self.lines.pop_front() {
                return Some(Ok(line));
            }
            if self.is_over {
                return None;
            }
            if let Err(error) = self.read_on().await {
                self.is_over = true;
                return Some(Err(error));
            }
        }
    }

    /// Reads further events, or waits for some.
    async fn read_on(&mut self) -> Result<(), EngineError> {
        let events = self.engine.events(&self.workflow, &self.run, self.last, BATCH).await?;
        if events.is_empty() {
            tokio::select! {
                () = self.closing.cancelled() => self.is_over = true,
                changed = self.places.changed() => self.is_over = changed.is_err(),
            }
        }
        for event in events {
            self.last = event.sequence.unwrap_or(self.last);
            if !self.turn.take(&event) {
                continue;
            }
            let mut line = write::event(&event);
            line["type"] = "event".into();
            self.lines.push_back(format!("{line}\n"));
            if self.turn.has_ended() {
                let end = json!({"type": "end", "status": self.turn.status});
                self.lines.push_back(format!("{end}\n"));
                self.is_over = true;
                return Ok(());
            }
        }
        Ok(())
    }
}
