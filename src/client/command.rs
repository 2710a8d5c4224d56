//! Orders: each is sent exactly once.

use serde_json::Value;

use super::Client;
use super::settle::is_same;
use crate::domain::{Digest, PendingTask, RunId};
use crate::wire::{CallError, Command, Decision, Publish, Reply, read};

impl Client {
    /// Gives an order, exactly once: whatever goes wrong, it is never repeated here.
    ///
    /// A decision is first held against the run's pending tasks, so that nothing is approved that
    /// the person did not see: the task must still be the same, and so must its payload. What a
    /// server changes between that look and the order itself, only the server could notice.
    ///
    /// # Errors
    /// When the server refuses, or does not answer: [`CallError::outcome_unknown`] tells whether the
    /// order may have taken effect, and [`Client::settle`] whether it did. A decision on a task that
    /// is gone or is another one is refused here with status 409 and code `changed`; one that was
    /// decided before tells how, as far as the log says. So is a draft that is another one by now.
    pub async fn send(&self, command: &Command) -> Result<Reply, CallError> {
        let fits = match command {
            Command::Decide(decision) => self.check(decision).await,
            Command::Publish(publish) => self.check_draft(publish).await,
            Command::Start(_)
            | Command::Pause { .. }
            | Command::Resume { .. }
            | Command::Stop { .. }
            | Command::Activate { .. } => Ok(()),
        };
        fits.map_err(CallError::before_sending)?;
        match self.post(&command.path(), &command.body()).await {
            Ok(body) => self.reply(command, body),
            Err(error) => Err(self.told(command, error).await),
        }
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
            Command::Publish(_) | Command::Activate { .. } => RunId::new(""),
        };
        Ok(Reply { run, body })
    }

    /// Refuses a decision on anything but the very task that was shown.
    async fn check(&self, decision: &Decision) -> Result<(), CallError> {
        let tasks = self.waiting(decision).await?;
        let same_id = |task: &&PendingTask| task.run_id == decision.run && task.task_id == decision.task;
        if !tasks.iter().any(|task| same_id(&task)) {
            let how = self.decided(decision).await.ok().flatten();
            return Err(match how {
                Some(how) => conflict("decided", how.to_string()),
                None => changed("the task no longer waits: it was decided elsewhere, or its run ended"),
            });
        }
        let Some(task) = tasks.iter().find(|task| is_same(decision, task)) else {
            return Err(changed("another task has taken this one's place: look at it before deciding"));
        };
        match &decision.shown {
            Some(shown) if *shown != Digest::of(&task.payload) => {
                Err(changed("its payload is no longer the one that was shown: look at it again"))
            }
            _ => Ok(()),
        }
    }

    /// Refuses to publish anything but the very draft that was shown.
    async fn check_draft(&self, publish: &Publish) -> Result<(), CallError> {
        let Some(shown) = &publish.shown else { return Ok(()) };
        if *shown == Digest::of(&self.draft(&publish.workflow).await?) {
            return Ok(());
        }
        Err(changed("the draft is no longer the one that was shown: look at it before publishing it"))
    }

    /// A conflict, with how the task was decided instead where the log tells.
    async fn told(&self, command: &Command, error: CallError) -> CallError {
        match command {
            Command::Decide(decision) if error.is_conflict() => match self.decided(decision).await {
                Ok(Some(how)) => conflict("decided", how.to_string()),
                _ => error,
            },
            _ => error,
        }
    }
}

fn changed(message: &str) -> CallError {
    conflict("changed", message.to_owned())
}

fn conflict(code: &str, message: String) -> CallError {
    CallError::Rejected {
        status: 409,
        code: Some(code.into()),
        message: message.into(),
        retry_after: None,
        details: None,
    }
}
