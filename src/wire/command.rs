//! What an operator can order, and the bodies that say so.

use serde_json::{Map, Value, json};

use super::{StartRun, paths};
use crate::domain::{Digest, RunId, StopMode, TaskId, Timestamp, WorkflowId};

/// One order to the platform.
#[derive(Clone, Debug, PartialEq)]
pub enum Command {
    /// Start a run.
    Start(StartRun),
    /// Hold a run.
    Pause {
        /// Its workflow.
        workflow: WorkflowId,
        /// The run.
        run: RunId,
    },
    /// Let a held run go on.
    Resume {
        /// Its workflow.
        workflow: WorkflowId,
        /// The run.
        run: RunId,
    },
    /// End a run.
    Stop {
        /// Its workflow.
        workflow: WorkflowId,
        /// The run.
        run: RunId,
        /// How.
        mode: StopMode,
    },
    /// Decide a human task.
    Decide(Decision),
    /// Publish a workflow's draft.
    Publish(Publish),
    /// Make a config profile of an MCP instance the active one.
    Activate {
        /// The instance.
        instance: Box<str>,
        /// The profile.
        profile: Box<str>,
    },
}

/// A draft to publish as the next version: the very one that the person saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Publish {
    /// The workflow.
    pub workflow: WorkflowId,
    /// What changed, in the author's words; may be empty.
    pub changelog: Box<str>,
    /// The draft's graph that the person was shown, as a fingerprint; none where nobody looked at it.
    pub shown: Option<Digest>,
    /// The latest version before; none where nothing is published, or nobody looked.
    pub after: Option<u64>,
}

/// A decision on a human task, aimed at exactly what the person saw.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The run's workflow.
    pub workflow: WorkflowId,
    /// The run.
    pub run: RunId,
    /// The task.
    pub task: TaskId,
    /// When that task was created; a later task may carry the same id.
    pub created_at: Option<Timestamp>,
    /// The payload that the person was shown, as a fingerprint; none where nobody looked at it.
    pub shown: Option<Digest>,
    /// Approved or rejected.
    pub approved: bool,
    /// Fields to merge into the step's result.
    pub result: Map<String, Value>,
}

/// What the server said to a command that it took.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The run it was about, or the new one; empty where it was about none.
    pub run: RunId,
    /// The body, whole.
    pub body: Value,
}

impl Command {
    /// The workflow it is about, if it is about one.
    pub fn workflow(&self) -> Option<&WorkflowId> {
        match self {
            Self::Start(start) => Some(&start.workflow),
            Self::Pause { workflow, .. } | Self::Resume { workflow, .. } | Self::Stop { workflow, .. } => {
                Some(workflow)
            }
            Self::Decide(decision) => Some(&decision.workflow),
            Self::Publish(publish) => Some(&publish.workflow),
            Self::Activate { .. } => None,
        }
    }

    /// The run it is about; none for a start without an id, and for what is about no run.
    pub fn run(&self) -> Option<&RunId> {
        match self {
            Self::Start(start) => start.run_id.as_ref(),
            Self::Pause { run, .. } | Self::Resume { run, .. } | Self::Stop { run, .. } => Some(run),
            Self::Decide(decision) => Some(&decision.run),
            Self::Publish(_) | Self::Activate { .. } => None,
        }
    }

    /// The word for it: `start`, `pause`, `resume`, `stop`, `approve`, `reject`, `publish` or `activate`.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Start(_) => "start",
            Self::Pause { .. } => "pause",
            Self::Resume { .. } => "resume",
            Self::Stop { .. } => "stop",
            Self::Decide(decision) if decision.approved => "approve",
            Self::Decide(_) => "reject",
            Self::Publish(_) => "publish",
            Self::Activate { .. } => "activate",
        }
    }

    /// Where it is sent.
    pub fn path(&self) -> String {
        match self {
            Self::Start(StartRun { workflow, .. })
            | Self::Pause { workflow, .. }
            | Self::Resume { workflow, .. }
            | Self::Stop { workflow, .. } => paths::command(workflow),
            Self::Decide(decision) => paths::complete_task(&decision.workflow, &decision.run, &decision.task),
            Self::Publish(publish) => paths::versions(&publish.workflow),
            Self::Activate { instance, profile } => paths::activate_profile(instance, profile),
        }
    }

    /// The request body.
    pub fn body(&self) -> Value {
        match self {
            Self::Start(start) => start.body(),
            Self::Pause { run, .. } => json!({"command": "pause", "params": {"run_id": run}}),
            Self::Resume { run, .. } => json!({"command": "resume", "params": {"run_id": run}}),
            Self::Stop { run, mode, .. } => {
                let mode = match mode {
                    StopMode::Immediate => "immediate",
                    StopMode::Graceful => "graceful",
                };
                json!({"command": "stop", "params": {"run_id": run, "mode": mode}})
            }
            Self::Decide(decision) if decision.result.is_empty() => json!({"approved": decision.approved}),
            Self::Decide(decision) => json!({"approved": decision.approved, "result": decision.result}),
            Self::Publish(publish) => json!({"changelog": publish.changelog}),
            Self::Activate { .. } => json!({}),
        }
    }

    /// Reads the body of `POST /v1/workflows/{id}/command`.
    ///
    /// # Errors
    /// A sentence for the caller, naming the field that is missing or wrong.
    pub fn parse(workflow: WorkflowId, body: &Value) -> Result<Self, String> {
        let word = body.get("command").and_then(Value::as_str);
        let word =
            word.ok_or("the body needs a text field `command`: start, execute, pause, resume or stop")?;
        let empty = Map::new();
        let params = match body.get("params") {
            None | Some(Value::Null) => &empty,
            Some(Value::Object(params)) => params,
            Some(_) => return Err("`params` must be an object".into()),
        };
        match word {
            "start" => StartRun::parse(workflow, body, params).map(Self::Start),
            "execute" => StartRun::parse_execute(workflow, body, params).map(Self::Start),
            "pause" => Ok(Self::Pause { workflow, run: need_run(body, params)? }),
            "resume" => Ok(Self::Resume { workflow, run: need_run(body, params)? }),
            "stop" => {
                Ok(Self::Stop { workflow, run: need_run(body, params)?, mode: stop_mode(body, params)? })
            }
            other => Err(format!("unknown command `{other}`: use start, execute, pause, resume or stop")),
        }
    }
}

fn need_run(body: &Value, params: &Map<String, Value>) -> Result<RunId, String> {
    let run = params.get("run_id").or_else(|| body.get("run_id")).and_then(Value::as_str);
    run.map(RunId::new).ok_or_else(|| "`params.run_id` must name the run".to_owned())
}

fn stop_mode(body: &Value, params: &Map<String, Value>) -> Result<StopMode, String> {
    match params.get("mode").or_else(|| body.get("mode")) {
        None | Some(Value::Null) => Ok(StopMode::Immediate),
        Some(Value::String(mode)) if mode == "immediate" => Ok(StopMode::Immediate),
        Some(Value::String(mode)) if mode == "graceful" => Ok(StopMode::Graceful),
        Some(other) => Err(format!("`params.mode` is {other}: use \"immediate\" or \"graceful\"")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Principal;
    use pretty_assertions::assert_eq;

    #[test]
    fn every_command_survives_a_round_trip() {
        let (workflow, run): (WorkflowId, RunId) = ("w".into(), "r".into());
        let start = StartRun {
            workflow: workflow.clone(),
            run_id: Some(run.clone()),
            input: json!({"topic": "x"}),
            trigger_type: "manual".into(),
            excluded: vec!["a".into()],
            trigger_steps: Map::from_iter([("fix".to_owned(), json!({"prompt": "Mend it."}))]),
            principal: Some(Box::new(Principal {
                external_user_id: Some("u".into()),
                ..Principal::default()
            })),
            in_place_of: None,
        };
        for command in [
            Command::Start(start),
            Command::Pause { workflow: workflow.clone(), run: run.clone() },
            Command::Resume { workflow: workflow.clone(), run: run.clone() },
            Command::Stop { workflow: workflow.clone(), run: run.clone(), mode: StopMode::Graceful },
        ] {
            assert_eq!(Command::parse(workflow.clone(), &command.body()), Ok(command));
        }
    }

    #[test]
    fn mistakes_are_named() {
        let parse = |body: Value| Command::parse("w".into(), &body).unwrap_err();
        assert_eq!(
            parse(json!({"command": "halt"})),
            "unknown command `halt`: use start, execute, pause, resume or stop"
        );
        let start = |params: Value| parse(json!({"command": "start", "params": params}));
        for odd in [json!("ask"), json!([1])] {
            assert_eq!(
                start(json!({"excluded_step_ids": odd})),
                "`params.excluded_step_ids` must be a list of step ids"
            );
        }
        assert_eq!(
            start(json!({"trigger_steps": ["a"]})),
            "`params.trigger_steps` must be an object of step ids"
        );
        for id in ["..", ".", "  "] {
            assert_eq!(
                start(json!({"run_id": id})),
                "`params.run_id` is blank or dots alone, which no address can name"
            );
        }
        assert_eq!(parse(json!({"command": "pause"})), "`params.run_id` must name the run");
        let mode = json!({"command": "stop", "params": {"run_id": "r", "mode": "soon"}});
        assert_eq!(parse(mode), "`params.mode` is \"soon\": use \"immediate\" or \"graceful\"");
    }
}
