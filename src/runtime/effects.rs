//! Carries out what the model orders.

use std::collections::HashMap;

use tokio::task::JoinSet;

use super::orders::{self, Orders, RecordId, with_run_id};
use crate::app::effect::Wanted;
use crate::app::pending::Ticket;
use crate::app::{Effect, Msg, Recalled};
use crate::client::{Interest, Watch};
use crate::domain::triage::Need;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::platform::paths::Paths;
use crate::platform::terminal::Screen;
use crate::platform::{archive, browser, clipboard};
use crate::wire::Command;
use crate::wire::bundle::Bundle;

/// What effects are carried out with.
pub(super) struct Hands {
    orders: Orders,
    pub(super) watch: Watch,
    /// What was sent and is not known to be over, with its name in the journal.
    sent: HashMap<Ticket, (RecordId, Command)>,
    /// Requests on their way; each answers with a message.
    pub(super) replies: JoinSet<Msg>,
    /// When the model wants to be woken.
    pub(super) wake: Option<Timestamp>,
    pub(super) quit: bool,
}

impl Hands {
    /// Hands at work; what earlier sessions left unsettled is looked into at once.
    pub(super) fn new(orders: Orders, watch: Watch) -> Self {
        let mut replies = JoinSet::new();
        let of_before = orders.clone();
        replies.spawn(async move { Msg::Recalled(of_before.recall().await.into_iter().map(told).collect()) });
        let of_before = orders.clone();
        replies.spawn(async move { Msg::RanAgain(of_before.ran_again().await) });
        Self { orders, watch, sent: HashMap::new(), replies, wake: None, quit: false }
    }

    /// Carries out one effect; a message comes back where it failed in a way to be told at once.
    pub(super) fn perform(&mut self, effect: Effect, screen: &mut Screen) -> Option<Msg> {
        match effect {
            Effect::Send { ticket, command, reason } => self.send(ticket, command, reason),
            Effect::Settle { ticket } => self.settle(ticket),
            Effect::Watch(wanted) => self.watch.interest(interest(wanted)),
            Effect::Investigate { run, needs } => self.investigate(&run, needs),
            Effect::Prepare { workflow, run } => self.prepare(workflow, run),
            Effect::Reconnect { connection, provider } => self.reconnect(connection, provider),
            Effect::Refetch => self.watch.refetch(),
            Effect::Wake(at) => self.wake = Some(self.wake.map_or(at, |known| known.min(at))),
            Effect::Copy(text) => return copy(&text, screen),
            Effect::Bundle(bundle) => return Some(Msg::Bundled(bundled(&bundle))),
            Effect::Open(url) => return browser::open(&url).err().map(Msg::Notice),
            Effect::Quit => self.quit = true,
        }
        None
    }

    fn send(&mut self, ticket: Ticket, command: Command, reason: String) {
        let (orders, id, command) = (self.orders.clone(), RecordId::default(), with_run_id(command));
        self.sent.insert(ticket, (id.clone(), command.clone()));
        self.replies
            .spawn(async move { Msg::Reply(ticket, orders.send(&id, &command, Some(&reason)).await) });
    }

    /// Asks every question in a task of its own, so that each answer is shown as it comes.
    fn investigate(&mut self, run: &RunId, needs: Vec<Need>) {
        for need in needs {
            let (client, run) = (self.orders.client().clone(), run.clone());
            self.replies.spawn(async move {
                let fact = Box::new(client.investigate(&need).await);
                Msg::Learned { run, need, fact }
            });
        }
    }

    fn prepare(&mut self, workflow: WorkflowId, run: RunId) {
        let client = self.orders.client().clone();
        self.replies.spawn(async move {
            let again = client.again(&workflow, &run).await.map(|again| again.map(Box::new));
            Msg::Prepared { run, again }
        });
    }

    fn reconnect(&mut self, connection: String, provider: String) {
        let client = self.orders.client().clone();
        self.replies.spawn(async move {
            let address = client.reconnect_url(&connection, &provider).await;
            Msg::ConnectAt { connection, address }
        });
    }

    fn settle(&mut self, ticket: Ticket) {
        let Some((id, command)) = self.sent.get(&ticket).cloned() else { return };
        let orders = self.orders.clone();
        self.replies.spawn(async move { Msg::Settled(ticket, orders.settle(&id, &command).await) });
    }
}

/// A decision of an earlier session in words.
fn told(recalled: orders::Recalled) -> Recalled {
    let orders::Recalled { record, found } = recalled;
    let (ticket, at) = (&record.ticket, record.at.strftime("%m-%d %H:%MZ"));
    Recalled { what: format!("{} {} ({at})", ticket.command, ticket.target()), found }
}

fn interest(wanted: Wanted) -> Interest {
    Interest { streams: wanted.streams, focus: wanted.focus, busy: wanted.busy }
}

/// Writes a bundle among this user's own files: where one stands may not be writable.
fn bundled(bundle: &Bundle) -> Result<String, String> {
    let paths = Paths::of_user().ok_or("this user has no folder to write it to")?;
    let dir = paths.state.join("bundles");
    let written = archive::write(&dir, &bundle.name, &bundle.texts(), archive::Form::Archive);
    written.map(|path| path.display().to_string()).map_err(|error| error.to_string())
}

fn copy(text: &str, screen: &mut Screen) -> Option<Msg> {
    let inside_tmux = std::env::var_os("TMUX").is_some();
    let mut bytes = Vec::new();
    match clipboard::copy(text, &mut bytes, inside_tmux) {
        Ok(()) => {
            screen.aside(&bytes);
            None
        }
        Err(error) => Some(Msg::Notice(format!("not copied: {error}"))),
    }
}
