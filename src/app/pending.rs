//! Commands on their way: held back for undo, sent, or answered with an error.

use std::sync::Arc;

use super::layers::Dialog;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::wire::Command;

/// Names one command of this session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// Where a command is.
#[derive(Clone, Debug, PartialEq)]
pub enum Stage {
    /// Not sent; undo is possible until this instant.
    Held {
        /// When it will be sent.
        until: Timestamp,
    },
    /// Sent, not answered.
    Sent,
    /// Sent, and its answer was lost: the server is being asked what became of it.
    Unknown,
}

/// What is done once a decision is no longer held back.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one for each decision on its way, and most are commands"
)]
#[derive(Clone, Debug, PartialEq)]
pub enum Order {
    /// A command is sent.
    Send(Command),
    /// Failed runs run again, one at a time in this order.
    Series(Arc<[(WorkflowId, RunId)]>),
}

impl Order {
    /// The command, of an order to send one.
    pub fn command(&self) -> Option<&Command> {
        match self {
            Self::Send(command) => Some(command),
            Self::Series(_) => None,
        }
    }

    /// The word that guardrails know it by.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Send(command) => command.word(),
            Self::Series(_) => "start",
        }
    }

    /// Whether it is about a run.
    pub fn is_about(&self, run: &RunId) -> bool {
        match self {
            Self::Send(Command::Start(start)) => {
                start.in_place_of.as_ref() == Some(run) || start.run_id.as_ref() == Some(run)
            }
            Self::Send(command) => command.run() == Some(run),
            Self::Series(runs) => runs.iter().any(|(_, own)| own == run),
        }
    }
}

/// Something that the operator has decided on.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// Its name.
    pub ticket: Ticket,
    /// What is done, frozen when the dialog was opened.
    pub order: Order,
    /// The words for it: `approving`, `stopping`, …
    pub doing: &'static str,
    /// What it is aimed at, as the operator reads it.
    pub target: String,
    /// Why, in the operator's words; empty where none were asked for.
    pub reason: String,
    /// Where it is.
    pub stage: Stage,
    /// When it was decided.
    pub since: Timestamp,
    /// The dialog that it was confirmed in, where a person wrote something there.
    pub form: Option<Box<Dialog>>,
}

/// All commands on their way, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pendings {
    next: u64,
    list: Vec<Pending>,
}

impl Pendings {
    /// The commands, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Pending> {
        self.list.iter()
    }

    /// What is on its way for a run.
    pub fn of(&self, run: &RunId) -> Option<&Pending> {
        self.list.iter().find(|pending| pending.order.is_about(run))
    }

    /// Takes a new command.
    pub fn add(&mut self, pending: impl FnOnce(Ticket) -> Pending) -> Ticket {
        let ticket = Ticket(self.next);
        self.next += 1;
        self.list.push(pending(ticket));
        ticket
    }

    /// Takes out the held command that was decided last: undo.
    pub fn undo(&mut self) -> Option<Pending> {
        let place = self.list.iter().rposition(|pending| matches!(pending.stage, Stage::Held { .. }))?;
        Some(self.list.remove(place))
    }

    /// Marks everything whose time of undo is over as sent, and hands it out to be sent.
    pub fn due(&mut self, now: Timestamp) -> Vec<Pending> {
        let mut due = Vec::new();
        for pending in &mut self.list {
            if matches!(pending.stage, Stage::Held { until } if until <= now) {
                pending.stage = Stage::Sent;
                due.push(pending.clone());
            }
        }
        due
    }

    /// When the next held command is to be sent.
    pub fn next_due(&self) -> Option<Timestamp> {
        let until = |pending: &Pending| match pending.stage {
            Stage::Held { until } => Some(until),
            Stage::Sent | Stage::Unknown => None,
        };
        self.list.iter().filter_map(until).min()
    }

    /// Marks a sent command as one whose answer was lost; none where it was marked before.
    pub fn lose(&mut self, ticket: Ticket) -> Option<&Pending> {
        let lost = |pending: &&mut Pending| pending.ticket == ticket && pending.stage == Stage::Sent;
        let pending = self.list.iter_mut().find(lost)?;
        pending.stage = Stage::Unknown;
        Some(pending)
    }

    /// A command on its way.
    pub fn get(&self, ticket: Ticket) -> Option<&Pending> {
        self.list.iter().find(|pending| pending.ticket == ticket)
    }

    /// Takes out an answered command.
    pub fn settle(&mut self, ticket: Ticket) -> Option<Pending> {
        let place = self.list.iter().position(|pending| pending.ticket == ticket)?;
        Some(self.list.remove(place))
    }
}
