//! What can happen to the program.

use super::key::Key;
use super::pending::Ticket;
use crate::mirror::WatchEvent;
use crate::wire::{CallError, Reply};

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
    /// An instant that was asked for with [`Effect::Wake`](super::Effect::Wake) has come.
    Tick,
    /// Something outside of the model failed in a way that the operator must know: a copy, a browser.
    Notice(String),
}
