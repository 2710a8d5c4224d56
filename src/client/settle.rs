//! What became of a command whose answer was lost. Only reads: nothing is ever sent again.

use std::time::Duration;

use serde_json::Value;

use super::Client;
use crate::domain::{
    EventKind, FailureCode, PendingTask, Run, RunClass, RunEvent, RunHistory, RunStatus, StopMode, TaskId,
    Timestamp, WorkflowId,
};
use crate::wire::{CallError, Command, Decision, Finding, Publish, paths, read};

/// The pauses before each look. A server may still be at work on what it took, so that nothing
/// counts as not taken before the last.
const LOOKS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Under which names a log tells who decided.
const DECIDERS: [&str; 6] = ["decided_by", "completed_by", "user", "actor", "by", "user_email"];

impl Client {
    /// Finds out what became of a command whose answer was lost, within about ten seconds.
    ///
    /// # Errors
    /// When the server cannot be asked: nothing is known then.
    pub async fn settle(&self, command: &Command) -> Result<Finding, CallError> {
        let mut last = Ok(Finding::Unclear("it was not looked for".into()));
        for pause in LOOKS {
            tokio::time::sleep(pause).await;
            last = self.look(command).await;
            if let Ok(Finding::Taken(_) | Finding::Otherwise(_)) = last {
                break;
            }
        }
        last
    }

    async fn look(&self, command: &Command) -> Result<Finding, CallError> {
        match command {
            Command::Decide(decision) => return self.look_at_task(decision).await,
            Command::Publish(publish) => return self.look_at_versions(publish).await,
            Command::Activate { instance, profile } => return self.look_at_profiles(instance, profile).await,
            Command::Start(_) | Command::Pause { .. } | Command::Resume { .. } | Command::Stop { .. } => {}
        }
        let Some((workflow, run)) = command.workflow().zip(command.run()) else {
            return Ok(Finding::Unclear("it carried no id to ask about".into()));
        };
        match self.run(workflow, run).await {
            Ok(found) if is_doubtful(command, &found) => self.look_at_hold(command, workflow, &found).await,
            Ok(found) => Ok(of_run(command, &found)),
            Err(error) if error.is_not_found() => Ok(match command {
                Command::Start(_) => Finding::NotTaken("the server has no such run".into()),
                _ => Finding::Unclear("the server does not know the run".into()),
            }),
            Err(error) => Err(error),
        }
    }

    /// Some servers call a run that waits for a person paused too: only the log tells them apart.
    async fn look_at_hold(
        &self,
        command: &Command,
        workflow: &WorkflowId,
        run: &Run,
    ) -> Result<Finding, CallError> {
        if self.run_tasks(workflow, &run.id).await?.is_empty() {
            return Ok(of_run(command, run));
        }
        let log = self.events(workflow, &run.id).await?;
        Ok(match RunHistory::from_events(log).is_held_by_operator() {
            true => of_run(command, run),
            false => {
                Finding::Unclear("the run is paused, which here may mean that it waits for a person".into())
            }
        })
    }

    async fn look_at_task(&self, decision: &Decision) -> Result<Finding, CallError> {
        if let Some(decided) = self.decided(decision).await? {
            return Ok(of_decided(decision, &decided));
        }
        let waits = self.waiting(decision).await?.iter().any(|task| is_same(decision, task));
        Ok(if waits {
            Finding::NotTaken("the task still waits".into())
        } else {
            Finding::Unclear("the task is gone, and the log does not say how it was decided".into())
        })
    }

    /// A version that is newer than the one that was latest before.
    async fn look_at_versions(&self, publish: &Publish) -> Result<Finding, CallError> {
        let versions = self.versions(&publish.workflow).await?;
        Ok(match versions.iter().map(|version| version.version).max() {
            Some(latest) if Some(latest) > publish.after => {
                Finding::Taken(format!("version {latest} is published").into())
            }
            Some(latest) => Finding::NotTaken(format!("version {latest} is still the latest").into()),
            None => Finding::NotTaken("nothing of the workflow is published".into()),
        })
    }

    async fn look_at_profiles(&self, instance: &str, profile: &str) -> Result<Finding, CallError> {
        let raw = self.get(&paths::config_profiles(instance), &[]).await?;
        let profiles = read::facts::profiles(&raw).map_err(|error| self.odd(&error))?;
        Ok(match profiles.iter().find(|each| each.active) {
            Some(active) if &*active.id == profile => {
                Finding::Taken(format!("profile {} is active", active.name).into())
            }
            Some(active) => Finding::NotTaken(format!("profile {} is active", active.name).into()),
            None => Finding::NotTaken("no profile of the instance is active".into()),
        })
    }

    /// How the log says that the task was decided; none where it does not.
    pub(super) async fn decided(&self, decision: &Decision) -> Result<Option<Decided>, CallError> {
        let log = self.events(&decision.workflow, &decision.run).await?;
        Ok(log.iter().rev().find_map(|event| read_decided(decision, event)))
    }

    /// The tasks that a decision can be about, from wherever this role may read them.
    pub(super) async fn waiting(&self, decision: &Decision) -> Result<Vec<PendingTask>, CallError> {
        match self.run_tasks(&decision.workflow, &decision.run).await {
            // The tenant's inbox is open to more roles and exists on more versions.
            Err(CallError::Forbidden(_)) => Ok(self.tasks().await?.items),
            Err(error) if error.is_not_found() => Ok(self.tasks().await?.items),
            answer => answer,
        }
    }
}

/// A decision as the log has it.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Decided {
    approved: bool,
    at: Option<Timestamp>,
    by: Option<Box<str>>,
}

impl std::fmt::Display for Decided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.approved { "it was approved" } else { "it was rejected" })?;
        if let Some(by) = &self.by {
            write!(f, " by {by}")?;
        }
        match self.at {
            Some(at) => write!(f, " at {}", at.strftime("%H:%M:%SZ")),
            None => Ok(()),
        }
    }
}

/// Whether a waiting task is the very one that the decision is about.
pub(super) fn is_same(decision: &Decision, task: &PendingTask) -> bool {
    task.run_id == decision.run
        && task.task_id == decision.task
        && (decision.created_at.is_none() || task.created_at == decision.created_at)
}

fn read_decided(decision: &Decision, event: &RunEvent) -> Option<Decided> {
    let names = |field: &str| event.text(field).map(TaskId::new);
    let of_task = names("task_id").or_else(|| names("step_id")).is_some_and(|id| id == decision.task);
    let earlier = decision.created_at.zip(event.at).is_some_and(|(created, at)| at < created);
    if event.kind != EventKind::HumanTaskCompleted || !of_task || earlier {
        return None;
    }
    let approved = ["/approved", "/result/approved"]
        .iter()
        .find_map(|field| event.data.pointer(field).and_then(Value::as_bool))?;
    let by = DECIDERS.iter().find_map(|field| event.text(field)).map(Into::into);
    Some(Decided { approved, at: event.at, by })
}

fn of_decided(decision: &Decision, decided: &Decided) -> Finding {
    let why = decided.to_string().into();
    if decided.approved == decision.approved { Finding::Taken(why) } else { Finding::Otherwise(why) }
}

fn of_run(command: &Command, run: &Run) -> Finding {
    let why = format!("the run is {}", run.status).into();
    let class = run.status.class();
    match command {
        Command::Start(_) => Finding::Taken(why),
        Command::Pause { .. } => match class {
            RunClass::Held => Finding::Taken(why),
            RunClass::Active | RunClass::Waiting => Finding::NotTaken(why),
            RunClass::Draining | RunClass::Succeeded | RunClass::Failed => Finding::Otherwise(why),
        },
        Command::Resume { .. } => match class {
            RunClass::Active | RunClass::Waiting => Finding::Taken(why),
            RunClass::Held => Finding::NotTaken(why),
            RunClass::Draining | RunClass::Succeeded | RunClass::Failed => Finding::Otherwise(why),
        },
        Command::Stop { mode, .. } => match class {
            _ if is_stopped(run) => Finding::Taken(why),
            RunClass::Draining if *mode == StopMode::Graceful => Finding::Taken(why),
            RunClass::Succeeded | RunClass::Failed => Finding::Otherwise(why),
            _ => Finding::NotTaken(why),
        },
        Command::Decide(_) | Command::Publish(_) | Command::Activate { .. } => Finding::Unclear(why),
    }
}

fn is_doubtful(command: &Command, run: &Run) -> bool {
    matches!(command, Command::Pause { .. } | Command::Resume { .. }) && run.status.class() == RunClass::Held
}

fn is_stopped(run: &Run) -> bool {
    matches!(run.status, RunStatus::Stopped | RunStatus::Cancelled)
        || matches!(run.failure_code, Some(FailureCode::RunStopped | FailureCode::DrainTimeout))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use rstest::rstest;
    use serde_json::{Map, json};

    fn run(status: &str) -> Run {
        Run::new("r".into(), "w".into(), RunStatus::parse(status))
    }

    fn stop(mode: StopMode) -> Command {
        Command::Stop { workflow: "w".into(), run: "r".into(), mode }
    }

    #[rstest]
    #[case("paused", "taken", "not taken", "not taken", "not taken")]
    #[case("running", "not taken", "taken", "not taken", "not taken")]
    #[case("queued", "not taken", "taken", "not taken", "not taken")]
    #[case("draining", "otherwise", "otherwise", "taken", "not taken")]
    #[case("stopped", "otherwise", "otherwise", "taken", "taken")]
    #[case("completed", "otherwise", "otherwise", "otherwise", "otherwise")]
    fn a_runs_state_tells_what_became_of_an_order(
        #[case] status: &str,
        #[case] pause: &str,
        #[case] resume: &str,
        #[case] gracefully: &str,
        #[case] at_once: &str,
    ) {
        let (workflow, run_id) = ("w".into(), "r".into());
        let commands = [
            (Command::Pause { workflow, run: run_id }, pause),
            (Command::Resume { workflow: "w".into(), run: "r".into() }, resume),
            (stop(StopMode::Graceful), gracefully),
            (stop(StopMode::Immediate), at_once),
        ];
        for (command, want) in commands {
            let word = match of_run(&command, &run(status)) {
                Finding::Taken(_) => "taken",
                Finding::NotTaken(_) => "not taken",
                Finding::Otherwise(_) => "otherwise",
                Finding::Unclear(_) => "unclear",
            };
            assert_eq!(word, want, "{command:?} of a run that is {status}");
        }
    }

    fn decision(approved: bool) -> Decision {
        Decision {
            workflow: "w".into(),
            run: "r".into(),
            task: "review".into(),
            created_at: "2026-01-02T03:04:05Z".parse().ok(),
            shown: None,
            approved,
            result: Map::new(),
        }
    }

    fn completed(at: &str, data: Value) -> RunEvent {
        RunEvent {
            id: "e".into(),
            run_id: "r".into(),
            workflow_id: None,
            sequence: None,
            kind: EventKind::HumanTaskCompleted,
            at: at.parse().ok(),
            data,
        }
    }

    #[test]
    fn the_log_tells_who_decided_what_and_when() {
        let data = json!({"task_id": "review", "approved": true, "decided_by": "ops@example.com"});
        let decided = read_decided(&decision(true), &completed("2026-01-02T03:05:00Z", data)).unwrap();
        let why: Box<str> = "it was approved by ops@example.com at 03:05:00Z".into();
        assert_eq!(of_decided(&decision(true), &decided), Finding::Taken(why.clone()));
        assert_eq!(of_decided(&decision(false), &decided), Finding::Otherwise(why));
    }

    #[test]
    fn an_earlier_tasks_decision_and_anothers_are_not_this_ones() {
        let at = "2026-01-02T03:05:00Z";
        for (at, data) in [
            ("2026-01-02T03:00:00Z", json!({"task_id": "review", "approved": true})),
            (at, json!({"task_id": "other", "approved": true})),
            (at, json!({"task_id": "review"})),
        ] {
            assert_eq!(read_decided(&decision(true), &completed(at, data)), None);
        }
        let by_step = json!({"step_id": "review", "result": {"approved": false}});
        assert!(read_decided(&decision(true), &completed(at, by_step)).is_some_and(|found| !found.approved));
    }
}
