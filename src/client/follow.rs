//! Follows one run's log: the stream tells that something happened, the log says what.

use std::collections::HashSet;
use std::time::Duration;

use tokio::time::sleep;

use super::Client;
use super::socket::{Remote, dial};
use super::stream::Heard;
use crate::domain::{EventKind, RunEvent, RunId, WorkflowId};
use crate::wire::{CallError, Frame};

/// How often the log is read again where there is no stream.
const POLL: Duration = Duration::from_secs(2);

/// How far a follower has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// The log must be read: at first, and whenever the stream may have missed something.
    Reading,
    /// The stream tells.
    Listening,
    /// The run has ended and its whole log was told.
    Ended,
}

/// A run's events, first those that there are, then each as it comes.
pub struct Follow {
    client: Client,
    workflow: WorkflowId,
    run: RunId,
    told: HashSet<String>,
    socket: Option<Remote>,
    stage: Stage,
}

impl Client {
    /// Follows a run's log until the run has ended.
    pub fn follow(&self, workflow: &WorkflowId, run: &RunId) -> Follow {
        Follow {
            client: self.clone(),
            workflow: workflow.clone(),
            run: run.clone(),
            told: HashSet::new(),
            socket: None,
            stage: Stage::Reading,
        }
    }
}

impl Follow {
    /// The next events, which may be none; nothing at all when the run has ended.
    ///
    /// # Errors
    /// When the run or its log cannot be read.
    pub async fn next(&mut self) -> Result<Option<Vec<RunEvent>>, CallError> {
        match self.stage {
            Stage::Reading => self.read().await.map(Some),
            Stage::Listening => Ok(Some(self.listen().await)),
            Stage::Ended => Ok(None),
        }
    }

    async fn read(&mut self) -> Result<Vec<RunEvent>, CallError> {
        if self.socket.is_none() {
            // Opened before the log is read, so that nothing falls between the two.
            self.socket = dial(&self.client, &self.workflow).await.ok();
        }
        // Asked before the log is read, so that an ended run's log is whole.
        let run = self.client.run(&self.workflow, &self.run).await?;
        let events = self.client.events(&self.workflow, &self.run).await?;
        self.stage = if run.status.is_terminal() { Stage::Ended } else { Stage::Listening };
        Ok(events.into_iter().filter(|event| self.told.insert(key(event))).collect())
    }

    async fn listen(&mut self) -> Vec<RunEvent> {
        let Some(socket) = &mut self.socket else {
            sleep(POLL).await;
            self.stage = Stage::Reading;
            return Vec::new();
        };
        match socket.next().await {
            Heard::Frame(Frame::Event { event, .. }) if event.run_id == self.run => self.hear(event),
            Heard::Opened | Heard::Frame(_) | Heard::Binary => Vec::new(),
            Heard::Garbled => {
                self.stage = Stage::Reading;
                Vec::new()
            }
            Heard::Oversize | Heard::Lost(_) => {
                self.socket = None;
                Vec::new()
            }
        }
    }

    fn hear(&mut self, event: RunEvent) -> Vec<RunEvent> {
        if ends(&event.kind) {
            // The log has the last word, and all that the stream may have left out.
            self.stage = Stage::Reading;
            return Vec::new();
        }
        if self.told.insert(key(&event)) { vec![event] } else { Vec::new() }
    }
}

fn ends(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::RunCompleted
            | EventKind::RunFailed
            | EventKind::RunStopped
            | EventKind::RunCancelled
            | EventKind::RunRejected
    )
}

/// What tells events apart: the id, else type, step and time.
fn key(event: &RunEvent) -> String {
    if event.id.as_str().is_empty() {
        format!("{}\n{:?}\n{:?}", event.kind, event.step_id(), event.at)
    } else {
        event.id.to_string()
    }
}
