//! What a rule found.

use std::fmt;

use super::Page;
use super::playbook::{self, Playbook};
use crate::domain::{RunId, StepId, Timestamp, WorkflowId};

/// What a finding means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// This is why.
    Cause,
    /// This has a part in it, or will hurt next.
    Contributing,
    /// It could not be checked, and the finding says why.
    Unchecked,
    /// It looks wrong and is not: no fix is needed.
    ByDesign,
    /// It was checked and is in order.
    Ok,
}

impl Verdict {
    /// The word in `--json` and in scenario files.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cause => "cause",
            Self::Contributing => "contributing",
            Self::Unchecked => "unchecked",
            Self::ByDesign => "by_design",
            Self::Ok => "ok",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cause => "cause",
            Self::Contributing => "contributing",
            Self::Unchecked => "could not check",
            Self::ByDesign => "by design",
            Self::Ok => "in order",
        })
    }
}

/// Where a finding comes from: what was asked or read, what came of it, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// What was asked or read: `GET /v1/connections`, `event step_failed`, `graph`.
    pub source: Box<str>,
    /// What came of it; may hold foreign text.
    pub found: Box<str>,
    /// When it was asked for, or happened.
    pub at: Option<Timestamp>,
}

/// Something that can be done about a finding, by one key or command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What it does, in a few words; may hold foreign text.
    pub label: Box<str>,
    /// What to do.
    pub act: Act,
}

/// What an offer does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// Decide the task: approve or reject.
    Decide,
    /// Pause the run.
    Pause,
    /// Resume the run.
    Resume,
    /// Stop the run.
    Stop,
    /// Start a new run with the same input.
    RunAgain,
    /// Ask the server again.
    Refetch,
    /// Have the server check the binding.
    Validate,
    /// Show the event log.
    ShowEvents,
    /// Show a step on the canvas.
    ShowStep(StepId),
    /// Open another run.
    OpenRun {
        /// Its workflow.
        workflow: WorkflowId,
        /// The run.
        run: RunId,
    },
    /// Connect an account again, in the browser.
    Reconnect {
        /// The connection.
        connection: Box<str>,
        /// Its provider.
        provider: Box<str>,
    },
    /// Make a config profile of an MCP instance the active one.
    Activate(Box<Profiled>),
    /// Publish a workflow's draft.
    Publish(WorkflowId),
    /// Open a page of the web console.
    Console(Page),
    /// Copy a text.
    Copy(Box<str>),
    /// A command for the shell.
    Command(Box<str>),
}

/// A config profile of an MCP instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profiled {
    /// The instance's id.
    pub instance: Box<str>,
    /// What the instance is called.
    pub instance_name: Box<str>,
    /// The profile's id.
    pub profile: Box<str>,
    /// What the profile is called.
    pub profile_name: Box<str>,
    /// What the profile that is active now is called, if one is.
    pub instead_of: Option<Box<str>>,
}

impl Act {
    /// The word in `--json` and in scenario files.
    pub fn word(&self) -> String {
        match self {
            Self::Decide => "decide".into(),
            Self::Pause => "pause".into(),
            Self::Resume => "resume".into(),
            Self::Stop => "stop".into(),
            Self::RunAgain => "run-again".into(),
            Self::Refetch => "refetch".into(),
            Self::Validate => "validate".into(),
            Self::ShowEvents => "events".into(),
            Self::ShowStep(step) => format!("step:{step}"),
            Self::OpenRun { run, .. } => format!("run:{run}"),
            Self::Reconnect { connection, .. } => format!("reconnect:{connection}"),
            Self::Activate(profiled) => format!("activate:{}/{}", profiled.instance, profiled.profile),
            Self::Publish(workflow) => format!("publish:{workflow}"),
            Self::Console(page) => format!("console:{}", page.path()),
            Self::Copy(text) => format!("copy:{text}"),
            Self::Command(command) => format!("command:{command}"),
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is, by its playbook's id: stable.
    pub id: &'static str,
    /// The row of the troubleshooting guide that it answers, as numbered in the contract.
    pub row: u8,
    /// What it means.
    pub verdict: Verdict,
    /// What was found, in one sentence; may hold foreign text.
    pub title: Box<str>,
    /// The step it is about.
    pub step: Option<StepId>,
    /// What a tool, model or server said, word for word; foreign text.
    pub quote: Option<Box<str>>,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// What can be done, the best first.
    pub offers: Vec<Offer>,
}

impl Finding {
    /// A finding without evidence yet.
    pub(super) fn new(row: u8, id: &'static str, verdict: Verdict, title: impl Into<Box<str>>) -> Self {
        Self {
            id,
            row,
            verdict,
            title: title.into(),
            step: None,
            quote: None,
            evidence: Vec::new(),
            offers: Vec::new(),
        }
    }

    /// The same about a step.
    pub(super) fn at(self, step: &StepId) -> Self {
        Self { step: Some(step.clone()), ..self }
    }

    /// The same with what somebody said, word for word.
    pub(super) fn quoting(self, text: Option<&str>) -> Self {
        Self { quote: text.filter(|text| !text.trim().is_empty()).map(Into::into), ..self }
    }

    /// The same with one more piece of evidence.
    pub(super) fn seen(
        mut self,
        source: impl Into<Box<str>>,
        found: impl Into<Box<str>>,
        at: Option<Timestamp>,
    ) -> Self {
        self.evidence.push(Evidence { source: source.into(), found: found.into(), at });
        self
    }

    /// The same with one more offer.
    pub(super) fn offer(mut self, label: impl Into<Box<str>>, act: Act) -> Self {
        self.offers.push(Offer { label: label.into(), act });
        self
    }

    /// What it means and what to do, at length.
    pub fn playbook(&self) -> Option<&'static Playbook> {
        playbook::find(self.id)
    }
}
