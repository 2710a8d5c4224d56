//! Orders: each is sent exactly once.

use serde_json::Value;

use super::Client;
use crate::domain::PendingTask;
use crate::wire::{CallError, Command, Decision, Reply, paths, read};

impl Client {
    /// Gives an order, exactly once: whatever goes wrong, it is never repeated here.
    ///
    /// A decision is first held against the run's pending tasks, so that nothing is approved that
    /// the person did not see.
    ///
    /// # Errors
    /// When the server refuses, or does not answer: [`CallError::outcome_unknown`] tells whether the
    /// order may have taken effect. A decision on a task that is gone or is another one is refused
    /// here with status 409 and code `changed`.
    pub async fn send(&self, command: &Command) -> Result<Reply, CallError> {
        let path = match command {
            Command::Decide(decision) => {
                self.check(decision).await.map_err(CallError::before_sending)?;
                paths::complete_task(&decision.workflow, &decision.run, &decision.task)
            }
            Command::Start(_) | Command::Pause { .. } | Command::Resume { .. } | Command::Stop { .. } => {
                paths::command(command.workflow())
            }
        };
        let body = self.post(&path, &command.body()).await?;
        self.reply(command, body)
    }

    fn reply(&self, command: &Command, body: Value) -> Result<Reply, CallError> {
        let run = match command {
            Command::Start(start) => match (read::started(&body), &start.run_id) {
                (Ok(run), _) => run,
                (Err(_), Some(run)) => run.clone(),
                (Err(error), None) => return Err(self.odd(&error)),
            },
            Command::Pause { run, .. } | Command::Resume { run, .. } | Command::Stop { run, .. } => {
                run.clone()
            }
            Command::Decide(decision) => decision.run.clone(),
        };
        Ok(Reply { run, body })
    }

    /// Refuses a decision on anything but the very task that was shown.
    async fn check(&self, decision: &Decision) -> Result<(), CallError> {
        let tasks = match self.run_tasks(&decision.workflow, &decision.run).await {
            Ok(tasks) => tasks,
            // The tenant's inbox is open to more roles and exists on more versions.
            Err(CallError::Forbidden(_)) => self.tasks().await?.items,
            Err(error) if error.is_not_found() => self.tasks().await?.items,
            Err(error) => return Err(error),
        };
        let same_id = |task: &&PendingTask| task.run_id == decision.run && task.task_id == decision.task;
        let shown =
            |task: &PendingTask| decision.created_at.is_none() || task.created_at == decision.created_at;
        let mut candidates = tasks.iter().filter(same_id).peekable();
        if candidates.peek().is_none() {
            return Err(changed("the task no longer waits: it was decided elsewhere, or its run ended"));
        }
        if candidates.any(shown) {
            return Ok(());
        }
        Err(changed("another task has taken this one's place: look at it before deciding"))
    }
}

fn changed(message: &str) -> CallError {
    CallError::Rejected {
        status: 409,
        code: Some("changed".into()),
        message: message.into(),
        retry_after: None,
        details: None,
    }
}
