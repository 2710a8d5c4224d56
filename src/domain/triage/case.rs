//! Everything that is known about one run, or about a session.

use serde_json::Value;

use super::Facts;
use crate::domain::{Graph, PendingTask, Run, RunHistory, StepId, StepKind, StepSpec, StepState, Timestamp};

/// What the rules look at. Without a run it is about the session alone.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// The time.
    pub now: Timestamp,
    /// The run.
    pub run: Option<&'a Run>,
    /// Its log, folded.
    pub history: &'a RunHistory,
    /// When the whole log was asked for last.
    pub log_at: Option<Timestamp>,
    /// The graph it executes.
    pub graph: Option<&'a Graph>,
    /// `{input, steps}`; foreign content.
    pub context: Option<&'a Value>,
    /// Tasks that wait for a person, of this run and of others: a child run's task holds its parent.
    pub tasks: &'a [PendingTask],
    /// What was asked of the server besides.
    pub facts: &'a Facts,
    /// Who asks.
    pub caller: &'a Caller,
}

/// Who asks, as far as it may be told: never the token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// Host and port of the API.
    pub host: Box<str>,
    /// What kind of token is sent.
    pub token: TokenForm,
    /// Where the token comes from, as in `AR_TOKEN`; empty where it is not known.
    pub token_source: Box<str>,
    /// The header `X-Tenant-Id`, if it is sent.
    pub tenant: Option<Box<str>>,
    /// The header `X-Project-Id`, if it is sent.
    pub project: Option<Box<str>>,
    /// Whether the server is the platform itself, with a console.
    pub console: Option<Box<str>>,
}

/// What a token looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenForm {
    /// None is sent.
    #[default]
    None,
    /// It begins as the platform's access tokens do.
    Pat,
    /// It begins otherwise: a session's token, or another system's.
    Other,
}

impl<'a> Case<'a> {
    /// The tasks of the run itself.
    pub fn own_tasks(&self) -> impl Iterator<Item = &'a PendingTask> {
        let run = self.run.map(|run| &run.id);
        self.tasks.iter().filter(move |task| Some(&task.run_id) == run)
    }

    /// The step that failed first, by the log, else by the run's own word.
    pub fn root(&self) -> Option<&'a StepId> {
        self.history.root_cause().or_else(|| self.run?.failed_step.as_ref())
    }

    /// A step's definition; of an inner step, the one in its loop's body.
    pub fn spec(&self, id: &StepId) -> Option<Spec<'a>> {
        let graph = self.graph?;
        if let Some(step) = graph.step(id) {
            return Some(Spec::Top(step));
        }
        let parent = graph.step(&id.parent()?)?;
        let name = id.as_str().rsplit('#').next()?;
        let bodies = ["for_each_body_steps", "while_body_steps"];
        let inner = bodies.iter().filter_map(|body| parent.fields.get(*body)?.as_array()).flatten();
        inner.into_iter().find(|step| step.get("id").and_then(Value::as_str) == Some(name)).map(Spec::Inner)
    }

    /// What the log says of a step.
    pub fn state(&self, id: &StepId) -> Option<&'a StepState> {
        self.history.step(id)
    }

    /// Whether the run has ended.
    pub fn is_over(&self) -> bool {
        self.run.is_some_and(|run| run.status.is_terminal())
    }
}

/// A step's definition: of the graph, or within a loop's body.
#[derive(Clone, Copy, Debug)]
pub enum Spec<'a> {
    /// A step of the graph.
    Top(&'a StepSpec),
    /// A step of a loop's body, as its author wrote it.
    Inner(&'a Value),
}

impl<'a> Spec<'a> {
    /// A field, as its author wrote it.
    pub fn field(self, name: &str) -> Option<&'a Value> {
        match self {
            Self::Top(step) => step.fields.get(name),
            Self::Inner(raw) => raw.get(name),
        }
    }

    /// A text field.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.field(name)?.as_str()
    }

    /// Its type.
    pub fn kind(self) -> StepKind {
        match self {
            Self::Top(step) => step.kind.clone(),
            Self::Inner(_) => StepKind::parse(self.text("type").unwrap_or_default()),
        }
    }

    /// How many more attempts follow a failed one.
    pub fn retries(self) -> u64 {
        self.field("retry_count").and_then(Value::as_f64).map_or(0, |count| count.max(0.0) as u64)
    }

    /// How many seconds one attempt may take, where it says.
    pub fn timeout_s(self) -> Option<f64> {
        self.field("timeout_s").and_then(Value::as_f64).filter(|seconds| *seconds > 0.0)
    }
}
