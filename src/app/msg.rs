//! What can happen to the program.

use super::key::Key;
use super::pending::Ticket;
use crate::domain::RunId;
use crate::domain::triage::{Fact, Need};
use crate::mirror::WatchEvent;
use crate::wire::{Again, CallError, Finding, Reply};

/// One thing that happened. It carries all of its data; the time comes beside it.
#[derive(Clone, Debug, PartialEq)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted; it never confirms anything.
    Paste(String),
    /// The terminal has this many columns and rows.
    Resize(u16, u16),
    /// The client port reports.
    Watch(WatchEvent),
    /// A command was answered.
    Reply(Ticket, Result<Reply, CallError>),
    /// What became of a command whose answer was lost, as far as reading tells.
    Settled(Ticket, Result<Finding, CallError>),
    /// What became of decisions of an earlier session, of which nobody knew the outcome.
    Recalled(Vec<Recalled>),
    /// What came of a question of a diagnosis.
    Learned {
        /// The run that is diagnosed.
        run: RunId,
        /// The question.
        need: Need,
        /// What came of it.
        fact: Box<Fact>,
    },
    /// What it takes to run a run again, or why that is not known; none where the server does not say
    /// what it was started with.
    Prepared {
        /// The run.
        run: RunId,
        /// What it takes.
        again: Result<Option<Box<Again>>, CallError>,
    },
    /// Where an account is connected again, or why that is not known.
    ConnectAt {
        /// The connection.
        connection: String,
        /// The page's address.
        address: Result<String, CallError>,
    },
    /// What was run again from this machine in earlier sessions: a run, and the one in its place.
    RanAgain(Vec<(RunId, RunId)>),
    /// An instant that was asked for with [`Effect::Wake`](super::Effect::Wake) has come.
    Tick,
    /// A support bundle was written there, or why it was not.
    Bundled(Result<String, String>),
    /// Something outside of the model failed in a way that the operator must know: a copy, a browser.
    Notice(String),
}

/// A decision of an earlier session, and what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The decision in words: `approve 7c9e6679 review`.
    pub what: String,
    /// What reading tells of it.
    pub found: Result<Finding, CallError>,
}
