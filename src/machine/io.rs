//! What goes into a machine and what comes out.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value};

use super::agent::{AgentWork, TurnLimit, TurnNote};
use crate::domain::{
    EventKind, FailureCode, Graph, ParentStep, Principal, RunId, RunStatus, StepId, StopMode, TaskId,
    Timestamp, WorkflowId,
};

/// Something that happened to a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// It is to begin.
    Start(Box<StartInput>),
    /// It was to begin, and the host refuses it.
    Reject {
        /// What it would have begun with.
        start: Box<StartInput>,
        /// Why.
        error: StepError,
    },
    /// An ordered attempt ended.
    Finished {
        /// The step, as the [`Call`] named it.
        step: StepId,
        /// Which attempt, counted from 1. Results of other attempts than the one under way are ignored.
        attempt: u32,
        /// How it ended.
        outcome: Outcome,
        /// How long it took.
        took: Duration,
    },
    /// The child run of an attempt ended.
    ChildEnded {
        /// The step, as the [`ChildCall`] named it.
        step: StepId,
        /// The attempt that it belongs to.
        attempt: u32,
        /// How it ended.
        end: ChildEnd,
        /// How long it took.
        took: Duration,
    },
    /// The child run of an attempt began, or ceased, to wait for nothing but a person.
    ChildWaits {
        /// The step, as the [`ChildCall`] named it.
        step: StepId,
        /// The attempt that it belongs to.
        attempt: u32,
        /// Whether it waits.
        waits: bool,
    },
    /// An ordered attempt tells how it is getting on. What comes after its end is ignored.
    Progress {
        /// The step, as the [`Call`] named it.
        step: StepId,
        /// Which attempt.
        attempt: u32,
        /// What it tells.
        note: TurnNote,
    },
    /// A timer that was set has come due.
    Timer(TimerKey),
    /// A person decided a task.
    Decide {
        /// The task.
        task: TaskId,
        /// Approved or rejected.
        approved: bool,
        /// Fields to merge into the step's result.
        result: Map<String, Value>,
    },
    /// An operator holds the run: what is in flight ends, nothing new starts.
    Pause,
    /// An operator lets it go on.
    Resume,
    /// An operator ends it.
    Stop(StopMode),
    /// The run that called it is ending, and it with it.
    StopWithParent(StopMode),
    /// The host came back after it died; sent once, right after [`replay`](super::Machine::replay).
    Recover {
        /// Steps in flight whose call may be repeated though their kind alone does not allow it,
        /// because the tool declares itself read-only or idempotent.
        repeatable: Vec<StepId>,
    },
}

/// What a run begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct StartInput {
    /// The run.
    pub run_id: RunId,
    /// Its workflow.
    pub workflow_id: WorkflowId,
    /// The published version it executes.
    pub version: u64,
    /// That version's graph.
    pub graph: Arc<Graph>,
    /// The run's input.
    pub input: Value,
    /// How it was started.
    pub trigger_type: Box<str>,
    /// Steps to leave out of this run; they are skipped as disabled.
    pub excluded: Vec<StepId>,
    /// For whom it is.
    pub principal: Principal,
    /// The attempt that called it, of a child run.
    pub caller: Option<Caller>,
    /// Gated steps that are let in from the start, each with what it is given; that overlays the
    /// input as `input._steps.<id>`.
    pub trigger_steps: Map<String, Value>,
    /// What templates and scripts see as `connection`; empty where the run's tools have none.
    pub connection: Map<String, Value>,
}

/// The attempt of a `workflow_call` that a run is the child of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// Its run and step, as clients name them.
    pub parent: ParentStep,
    /// The step, as its run's orders name it.
    pub step: StepId,
    /// The attempt.
    pub attempt: u32,
}

/// How a child run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildEnd {
    /// Its last status.
    pub status: RunStatus,
    /// What it hands to its parent, see [`Machine::output`](super::Machine::output).
    pub output: Value,
    /// Why it failed or was stopped.
    pub failure: Option<Failure>,
}

/// Why a run failed, was stopped or was refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The platform's code for it.
    pub code: FailureCode,
    /// In words; may be empty.
    pub error: String,
    /// What more is known of it, as in [`StepError::details`].
    pub details: Option<Map<String, Value>>,
    /// The step that caused it, an inner step of a loop rather than the loop; none where it was no step.
    pub step: Option<StepId>,
}

/// How an attempt ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// With a result.
    Done(Value),
    /// With an error.
    Failed(StepError),
    /// Not yet: an agent has used up its rounds. The run is paused, and resuming it orders the same
    /// attempt again, which goes on where this one came to.
    LimitReached(TurnLimit),
}

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepError {
    /// The platform's code for it.
    pub code: FailureCode,
    /// In words: what failed, on what. Never a secret.
    pub message: String,
    /// Whether another attempt can help.
    pub retryable: bool,
    /// What more is known, for programs: `provider` of a connection that lacks. Never a secret. The
    /// machine adds `step_name`, the step's display name, else its id.
    pub details: Option<Box<Map<String, Value>>>,
}

impl StepError {
    /// An error that its code and its words tell whole.
    pub fn new(code: FailureCode, message: String, retryable: bool) -> Self {
        Self { code, message, retryable, details: None }
    }

    /// One that no further attempt can help.
    pub fn lasting(code: FailureCode, message: String) -> Self {
        Self::new(code, message, false)
    }
}

/// Names a timer within its run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum TimerKey {
    /// The next attempt of a step is due.
    Retry {
        /// The step.
        step: StepId,
        /// The attempt to begin.
        attempt: u32,
    },
    /// An attempt has used up its `timeout_s`.
    Timeout {
        /// The step.
        step: StepId,
        /// The attempt under way.
        attempt: u32,
    },
    /// An iteration of a loop has used up its time.
    Iteration {
        /// The loop.
        step: StepId,
        /// Which iteration, counted from 0.
        iteration: u64,
    },
    /// A graceful stop has used up its time.
    Drain,
}

/// Something the host must do, after the events beside it are committed.
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// Begin an attempt; feed back [`Input::Finished`].
    Execute(Box<Call>),
    /// Start the child run of an attempt, in the transaction of the events beside it, unless there is
    /// a run of that id; feed back [`Input::ChildWaits`] and [`Input::ChildEnded`], or of one that
    /// cannot be started, or is not waited for, [`Input::Finished`].
    StartChild(Box<ChildCall>),
    /// Stop a child run; how it ends is still to be fed back.
    StopChild {
        /// The child run.
        run: RunId,
        /// How.
        mode: StopMode,
    },
    /// Stop working on a step; no result is wanted any more.
    Cancel {
        /// The step.
        step: StepId,
        /// The attempt under way.
        attempt: u32,
    },
    /// Feed back [`Input::Timer`] at an instant, at once if it has passed; setting a timer again replaces it.
    SetTimer {
        /// The timer.
        key: TimerKey,
        /// When it is due.
        at: Timestamp,
    },
    /// Forget a timer.
    ClearTimer(TimerKey),
}

/// One attempt to carry out.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// The run.
    pub run_id: RunId,
    /// Its workflow, for what is set per workflow.
    pub workflow_id: WorkflowId,
    /// The step; an inner step of a loop by its path, `each[3]/send`.
    pub step: StepId,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// What to do.
    pub work: Work,
    /// How long the attempt may take, if the graph says.
    pub timeout: Option<Duration>,
}

impl Call {
    /// A key that is the same for every repetition of one attempt: `run/step/attempt`.
    pub fn idempotency_key(&self) -> String {
        format!("{}/{}/{}", self.run_id, self.step, self.attempt)
    }
}

/// One attempt that another run carries out.
#[derive(Clone, Debug, PartialEq)]
pub struct ChildCall {
    /// The id that the child run has: always the same for the same attempt of the same run.
    pub run: RunId,
    /// The workflow to run, in its latest published version.
    pub workflow: WorkflowId,
    /// The child's input.
    pub input: Value,
    /// For whom the child is: for whom its parent is.
    pub principal: Principal,
    /// The attempt.
    pub caller: Caller,
    /// Whether the attempt lasts until the child has ended.
    pub is_awaited: bool,
}

/// Over whose connection a tool is called.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum ConnectionChoice {
    /// The one set for the workflow, else the one of the instance's active profile.
    #[default]
    Inherit,
    /// The one of the instance's active profile, whatever is set for the workflow.
    Workspace,
    /// The one of whoever the run is for.
    Principal,
    /// This one.
    Pinned(Box<str>),
}

/// What an attempt does, templates resolved.
#[derive(Clone, Debug, PartialEq)]
pub enum Work {
    /// Call a tool of an MCP server.
    Mcp {
        /// The server's URL as the graph says, or
        server_url: Option<Box<str>>,
        /// the installed instance to look it up from.
        instance_id: Option<Box<str>>,
        /// The tool.
        tool: Box<str>,
        /// Its arguments.
        args: Value,
        /// Over whose connection.
        connection: ConnectionChoice,
    },
    /// Ask a model.
    Llm {
        /// The model's name, as its provider knows it.
        model: Box<str>,
        /// The question; what is no text in the graph is written as JSON.
        prompt: Box<str>,
        /// Further parameters, such as `temperature`, `max_tokens`, `system` and `response_format`.
        params: Map<String, Value>,
        /// The stored credential that the graph names, for hosts that keep credentials.
        credential: Option<Box<str>>,
    },
    /// Run a Lua script.
    Lua {
        /// The source, at most 64 KiB; templates do not expand in it.
        script: Box<str>,
        /// The globals it sees: `input`, `steps`, `run`, `connection`, and in loops `item`, `index`,
        /// `foreach`, `body`, `loop`.
        globals: Value,
    },
    /// Let an agent take a turn.
    Agent(Box<AgentWork>),
}

/// An event to append to the run's log. The host adds id, sequence and time.
#[derive(Clone, Debug, PartialEq)]
pub struct EventDraft {
    /// What it reports.
    pub kind: EventKind,
    /// Its details.
    pub data: Value,
}

/// The machine's answer to an input.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reaction {
    /// To append to the log, in this order, before anything is performed.
    pub events: Vec<EventDraft>,
    /// To perform once the events are committed, in this order.
    pub orders: Vec<Order>,
}

/// Why an operator's input was not taken; nothing changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The run has ended.
    #[error("the run has ended ({0}); an ended run never goes on, start a new one")]
    Ended(Box<str>),
    /// The command does not fit the run's status.
    #[error("the run is {status}, it cannot be {wanted}")]
    WrongStatus {
        /// What it is.
        status: Box<str>,
        /// What was asked, as a participle.
        wanted: &'static str,
    },
    /// The task was decided before, or never existed.
    #[error("the task `{task}` is not pending; it was {decision}")]
    NotPending {
        /// The task.
        task: TaskId,
        /// `approved`, `rejected`, `withdrawn` (its step ended or tried again) or `never asked`.
        decision: &'static str,
    },
}
