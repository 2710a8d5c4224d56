//! What the program wants done outside of itself.

use super::pending::Ticket;
use crate::domain::triage::Need;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::wire::Command;
use crate::wire::bundle::Bundle;

/// One order to the runtime.
#[expect(
    clippy::large_enum_variant,
    reason = "there are few at a time, and a command is in most that matter"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Send a command, once; answer with `Msg::Reply` under this ticket.
    Send {
        /// Names the answer.
        ticket: Ticket,
        /// What to send.
        command: Command,
        /// Why, for the journal; empty where nothing was said.
        reason: String,
    },
    /// Find out by reading what became of a command whose answer was lost; answer with
    /// `Msg::Settled` under its ticket. It is never sent again.
    Settle {
        /// Names the command.
        ticket: Ticket,
    },
    /// What is now on the screen and shall be watched; replaces the last one.
    Watch(Wanted),
    /// Ask the feed and the run on the screen again, now.
    Refetch,
    /// Ask what a diagnosis needs, all at once; answer each with `Msg::Learned`.
    Investigate {
        /// The run that is diagnosed.
        run: RunId,
        /// What to ask.
        needs: Vec<Need>,
    },
    /// Ask what it takes to run a run again; answer with `Msg::Prepared`.
    Prepare {
        /// Its workflow.
        workflow: WorkflowId,
        /// The run.
        run: RunId,
    },
    /// Ask where an account is connected again; answer with `Msg::ConnectAt`.
    Reconnect {
        /// The connection.
        connection: String,
        /// Its provider.
        provider: String,
    },
    /// Answer with `Msg::Tick` at this instant; the earliest asked for wins.
    Wake(Timestamp),
    /// Put text into the operator's clipboard.
    Copy(String),
    /// Open a page of the web console.
    Open(String),
    /// Write a support bundle; answer with `Msg::Bundled`.
    Bundle(Box<Bundle>),
    /// End the program.
    Quit,
}

/// What the screen needs to be told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Workflows with live runs, most wanted first.
    pub streams: Vec<WorkflowId>,
    /// The run that is looked at.
    pub focus: Option<(WorkflowId, RunId)>,
    /// Whether anything is going on: asks the feed every 3 s instead of every 30 s.
    pub busy: bool,
}
