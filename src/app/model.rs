//! The state of the program: everything that is drawn is derived from here.

use std::collections::BTreeSet;
use std::time::Duration;

use super::guard::Guards;
use super::layers::Layer;
use super::panes::{Home, RunScreen};
use super::pending::Pendings;
use super::reruns::Reruns;
use super::upkeep::Upkeep;
use crate::domain::Timestamp;
use crate::domain::triage::{Caller, TokenForm};
use crate::mirror::Mirror;

/// Which screen is shown under the overlays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screen {
    /// The Command Center.
    #[default]
    Home,
    /// One run.
    Run,
}

/// Whether commands may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// They may.
    #[default]
    ReadWrite,
    /// Nothing is ever sent.
    ReadOnly,
}

/// What is fixed for a session: whom it talks to, and how.
#[derive(Clone, Debug, PartialEq)]
pub struct Session {
    /// The profile's name; `local` for the embedded runtime.
    pub profile: String,
    /// The workspace's slug.
    pub tenant: String,
    /// The project's id.
    pub project: String,
    /// Host and port of the API.
    pub host: String,
    /// The web console's base URL, if there is one for this server.
    pub console: Option<String>,
    /// Whether commands may be sent.
    pub access: Access,
    /// How long a decision is held back for undo; zero sends at once.
    pub undo: Duration,
    /// What is refused, or asks for more than a key.
    pub guards: Guards,
    /// What depends on the server.
    pub environment: Environment,
}

/// What depends on a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// Nothing that needs saying.
    #[default]
    Ordinary,
    /// People do: every screen says so.
    Production,
}

impl Session {
    /// Who asks, as far as the session knows: it holds no token, and takes it for an access token.
    fn caller(&self) -> Caller {
        let named = |word: &str| (!word.is_empty()).then(|| word.into());
        Caller {
            host: self.host.as_str().into(),
            token: TokenForm::Pat,
            token_source: "".into(),
            tenant: named(&self.tenant),
            project: named(&self.project),
            console: self.console.as_deref().map(Into::into),
        }
    }
}

/// Which theme is used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Paper {
    /// Light letters on dark paper.
    #[default]
    Dark,
    /// Dark letters on light paper.
    Light,
}

/// How important a toast is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// It went well.
    Good,
    /// News.
    Info,
    /// Something needs attention.
    Bad,
}

/// A short message that goes away by itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Toast {
    /// How important.
    pub tone: Tone,
    /// The message; may hold foreign text.
    pub text: String,
    /// When it goes away.
    pub until: Timestamp,
}

/// The whole state.
#[derive(Clone, Debug)]
pub struct Model {
    /// Whom it talks to.
    pub session: Session,
    /// What the server has said.
    pub mirror: Mirror,
    /// Which screen is shown.
    pub screen: Screen,
    /// The Command Center.
    pub home: Home,
    /// The run that is open, or was last.
    pub run: Option<RunScreen>,
    /// Overlays, the topmost last.
    pub layers: Vec<Layer>,
    /// Commands on their way.
    pub pending: Pendings,
    /// Runs that run again.
    pub reruns: Reruns,
    /// The words of the commands that the server has refused this token; asking again forgets them.
    pub refused: BTreeSet<&'static str>,
    /// Short messages, oldest first.
    pub toasts: Vec<Toast>,
    /// Which theme is used.
    pub paper: Paper,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// What the client port was last asked to watch.
    pub watching: super::effect::Wanted,
    /// Who asks, as far as it may be told.
    pub caller: Caller,
    /// What was put off, and what was asked for already.
    pub upkeep: Upkeep,
}

impl Model {
    /// A program that has just begun.
    pub fn new(session: Session, paper: Paper, size: (u16, u16)) -> Self {
        let caller = session.caller();
        Self {
            session,
            mirror: Mirror::default(),
            screen: Screen::Home,
            home: Home::default(),
            run: None,
            layers: Vec::new(),
            pending: Pendings::default(),
            reruns: Reruns::default(),
            refused: BTreeSet::new(),
            toasts: Vec::new(),
            paper,
            size,
            watching: super::effect::Wanted::default(),
            caller,
            upkeep: Upkeep::default(),
        }
    }
}
