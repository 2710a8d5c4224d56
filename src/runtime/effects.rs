//! Carries out what the model orders.

use tokio::task::JoinSet;

use crate::app::effect::Wanted;
use crate::app::{Effect, Msg};
use crate::client::{Client, Interest, Watch};
use crate::domain::{RunId, Timestamp};
use crate::platform::terminal::Screen;
use crate::platform::{browser, clipboard};
use crate::wire::Command;

/// What effects are carried out with.
pub(super) struct Hands {
    pub(super) client: Client,
    pub(super) watch: Watch,
    /// Requests on their way; each answers with a message.
    pub(super) replies: JoinSet<Msg>,
    /// When the model wants to be woken.
    pub(super) wake: Option<Timestamp>,
    pub(super) quit: bool,
}

impl Hands {
    pub(super) fn new(client: Client, watch: Watch) -> Self {
        Self { client, watch, replies: JoinSet::new(), wake: None, quit: false }
    }

    /// Carries out one effect; a message comes back where it failed in a way to be told at once.
    pub(super) fn perform(&mut self, effect: Effect, screen: &mut Screen) -> Option<Msg> {
        match effect {
            Effect::Send { ticket, command } => {
                let client = self.client.clone();
                let command = with_run_id(command);
                self.replies.spawn(async move { Msg::Reply(ticket, client.send(&command).await) });
            }
            Effect::Watch(wanted) => self.watch.interest(interest(wanted)),
            Effect::Refetch => self.watch.refetch(),
            Effect::Wake(at) => self.wake = Some(self.wake.map_or(at, |known| known.min(at))),
            Effect::Copy(text) => return copy(&text, screen),
            Effect::Open(url) => return browser::open(&url).err().map(Msg::Notice),
            Effect::Quit => self.quit = true,
        }
        None
    }
}

/// Gives a start its own id, so that it can be asked about should its answer be lost.
fn with_run_id(command: Command) -> Command {
    match command {
        Command::Start(mut start) => {
            start.run_id.get_or_insert_with(|| RunId::new(uuid::Uuid::new_v4().to_string()));
            Command::Start(start)
        }
        other => other,
    }
}

fn interest(wanted: Wanted) -> Interest {
    Interest { streams: wanted.streams, focus: wanted.focus, busy: wanted.busy }
}

fn copy(text: &str, screen: &mut Screen) -> Option<Msg> {
    let inside_tmux = std::env::var_os("TMUX").is_some();
    clipboard::copy(text, screen.writer(), inside_tmux)
        .err()
        .map(|error| Msg::Notice(format!("not copied: {error}")))
}
