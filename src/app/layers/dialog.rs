//! A decision that asks before it is made. Its target is frozen when it opens: later events
//! never move it to another run.

use std::sync::Arc;

use serde_json::Value;

use super::TextInput;
use super::lines::Text;
use crate::app::pending::Order;
use crate::app::{Action, layout};
use crate::domain::consequence::Next;
use crate::domain::document::FieldLine;
use crate::domain::input::admit;
use crate::domain::{StepId, Timestamp, Verbatim};
use crate::wire::{Command, StartRun};

/// What is being decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DialogKind {
    /// Approve a task.
    Approve,
    /// Reject a task; a reason may be typed.
    Reject,
    /// Pause a run.
    Pause,
    /// Resume a run.
    Resume,
    /// Stop a run: gracefully or at once.
    Stop,
    /// Start a new run with the same input, or another.
    RunAgain,
    /// Run all failures of one cause again, one at a time.
    RunAll,
    /// Publish a draft.
    Publish,
    /// Make a config profile of an MCP instance the active one.
    Activate,
}

impl DialogKind {
    /// The action that opens it; none for what only findings offer, or only a group of failures.
    pub fn action(self) -> Option<Action> {
        match self {
            Self::Approve => Some(Action::Approve),
            Self::Reject => Some(Action::Reject),
            Self::Pause => Some(Action::Pause),
            Self::Resume => Some(Action::Resume),
            Self::Stop => Some(Action::Stop),
            Self::RunAgain => Some(Action::RunAgain),
            Self::RunAll | Self::Publish | Self::Activate => None,
        }
    }

    /// The word for it while it is under way: `approving`, …
    pub fn doing(self) -> &'static str {
        match self {
            Self::Approve => "approving",
            Self::Reject => "rejecting",
            Self::Pause => "pausing",
            Self::Resume => "resuming",
            Self::Stop => "stopping",
            Self::RunAgain => "starting again",
            Self::RunAll => "running again",
            Self::Publish => "publishing",
            Self::Activate => "activating",
        }
    }

    /// What cannot be taken back once it is sent, where that needs saying.
    pub fn warning(self) -> Option<&'static str> {
        (self == Self::Stop).then_some("A stopped run cannot be resumed.")
    }
}

/// One way to answer a dialog.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The key that takes it: `enter` for the only one, `g` and `i` for stop.
    pub key: super::super::key::Key,
    /// The verb: `approve`, `gracefully`, …
    pub label: &'static str,
    /// What will happen, in one line.
    pub outcome: String,
    /// What is done.
    pub order: Order,
}

/// What a guardrail asks for before the dialog takes an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demands {
    /// What must be typed: what it is, and the text itself.
    pub proof: Option<(&'static str, String)>,
    /// Whether a reason must be given.
    pub reason: bool,
}

/// What takes the keys of a dialog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// The reason is typed.
    Reason,
    /// What confirms it is typed.
    Proof,
    /// The keys of the choices.
    Answer,
}

/// An open decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Dialog {
    /// What is being decided.
    pub kind: DialogKind,
    /// What it is aimed at, as the operator reads it: workflow name, short run id.
    pub target: String,
    /// The step, for tasks.
    pub step: Option<StepId>,
    /// What a person should know besides, line by line: what it is, and the text; may be foreign.
    pub facts: Vec<(&'static str, String)>,
    /// What the person is shown of a task, or the input of a run; foreign content.
    pub payload: Option<Value>,
    /// The server's own text of it, where a value cannot hold all that it says.
    pub verbatim: Option<Verbatim>,
    /// The steps that start when it is approved, with what they would be called with.
    pub next: Vec<Next>,
    /// The payload and the next calls as lines for the dialog's width, made when it opens: a frame
    /// costs what it shows.
    pub lines: Arc<[FieldLine]>,
    /// Columns of the names of fields.
    pub names: u16,
    /// The lines that are this program's own and no foreign text, by their places.
    pub own: Arc<[usize]>,
    /// The ways to answer.
    pub choices: Vec<Choice>,
    /// What was typed as reason, for rejections and where one is needed.
    pub reason: TextInput,
    /// What the guardrails ask for.
    pub demands: Demands,
    /// What was typed to confirm it.
    pub proof: TextInput,
    /// What takes the keys.
    pub field: Field,
    /// The first payload line that is seen.
    pub offset: usize,
    /// How many payload lines have been seen, from the first on.
    pub seen: usize,
    /// When it was opened: keys that were typed before are not answers.
    pub opened_at: Timestamp,
    /// Whether the input of the new run is another one than the old run's.
    pub edited: bool,
    /// What an edited input is held against.
    pub schema: Schema,
}

/// The schema of a workflow's input, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Schema {
    /// It was not asked for.
    #[default]
    Unasked,
    /// It is being asked for.
    Asking,
    /// It; none where the workflow has none, or the server does not give it.
    Known(Option<Value>),
}

impl Dialog {
    /// A dialog that shows nothing besides its choices and asks for nothing.
    pub(crate) fn new(kind: DialogKind, target: String, choices: Vec<Choice>, now: Timestamp) -> Self {
        Self {
            kind,
            target,
            step: None,
            facts: Vec::new(),
            payload: None,
            verbatim: None,
            next: Vec::new(),
            lines: Arc::default(),
            names: 0,
            own: Arc::default(),
            choices,
            reason: TextInput::default(),
            demands: Demands::default(),
            proof: TextInput::default(),
            field: Field::Answer,
            offset: 0,
            seen: 0,
            opened_at: now,
            edited: false,
            schema: Schema::Unasked,
        }
    }

    /// The same, fit for a terminal of that size, with its first field taking the keys.
    #[must_use]
    pub(crate) fn ready(mut self, size: (u16, u16)) -> Self {
        self.field = self.fields()[0];
        self.fit(size);
        self
    }

    /// The start that it would send, of a dialog that runs a run again.
    pub(super) fn start(&self) -> Option<&StartRun> {
        let order =
            self.choices.first().map(|choice| &choice.order).filter(|_| self.kind == DialogKind::RunAgain);
        match order?.command()? {
            Command::Start(start) => Some(start),
            _ => None,
        }
    }

    /// Sends this input in place of the run's own.
    pub(super) fn put_input(&mut self, input: &Value, size: (u16, u16)) {
        for choice in &mut self.choices {
            if let Order::Send(Command::Start(start)) = &mut choice.order {
                start.input.clone_from(input);
            }
        }
        self.edited |= self.payload.as_ref() != Some(input);
        self.payload = Some(input.clone());
        self.fit(size);
    }

    /// Why an edited input cannot be sent, if it cannot.
    pub(super) fn unfit(&self) -> Option<String> {
        let input = &self.start().filter(|_| self.edited)?.input;
        match &self.schema {
            Schema::Unasked | Schema::Asking => {
                Some("the schema of its input is being asked for; answer again in a moment".into())
            }
            Schema::Known(schema) => mismatch(schema.as_ref(), input),
        }
    }

    /// Breaks the payload's lines for a terminal of that size, and keeps what is seen within them.
    pub(crate) fn fit(&mut self, size: (u16, u16)) {
        let columns = layout::dialog_columns(size);
        // Other columns break other lines: what was seen counts anew.
        self.seen = 0;
        let payload = (self.payload.as_ref(), self.verbatim.as_ref());
        let text = Text::of(payload, &self.next, columns);
        (self.lines, self.names, self.own) = (text.lines.into(), text.names as u16, text.own.into());
        self.scroll_to(self.offset, size);
    }

    /// Shows the payload from a line on, or from the last one that leaves no room empty.
    pub(super) fn scroll_to(&mut self, line: usize, size: (u16, u16)) {
        let rows = self.rows(size);
        self.offset = line.min(self.lines.len().saturating_sub(rows));
        if self.offset <= self.seen {
            self.seen = self.seen.max(self.offset + rows).min(self.lines.len());
        }
    }

    /// Payload rows in a terminal of that size: as many are drawn as are counted as seen.
    pub fn rows(&self, size: (u16, u16)) -> usize {
        let more = usize::from(self.demands.reason && self.kind != DialogKind::Reject)
            + usize::from(self.demands.proof.is_some())
            + self.facts.len();
        layout::dialog_rows(size).saturating_sub(more).max(1)
    }

    /// What takes keys, in the order of Tab; never empty.
    pub(crate) fn fields(&self) -> Vec<Field> {
        let reason = self.kind == DialogKind::Reject || self.demands.reason;
        let mut fields = Vec::new();
        fields.extend(reason.then_some(Field::Reason));
        fields.extend(self.demands.proof.is_some().then_some(Field::Proof));
        if fields.is_empty() || self.choices.len() > 1 || self.kind == DialogKind::RunAgain {
            fields.push(Field::Answer);
        }
        fields
    }

    /// What is still missing before it takes an answer, in words for the operator, and where.
    pub(crate) fn missing(&self) -> Option<(String, Field)> {
        let unseen = self.lines.len() - self.seen.min(self.lines.len());
        if self.kind == DialogKind::Approve && unseen > 0 {
            let text = format!("{} of {} lines seen: ↓ and PgDn show the rest", self.seen, self.lines.len());
            return Some((text, self.field));
        }
        if self.demands.reason && self.reason.text().trim().is_empty() {
            return Some(("a guardrail asks for a reason: type it".into(), Field::Reason));
        }
        match &self.demands.proof {
            Some((what, wanted)) if self.proof.text() != wanted => {
                Some((format!("type the {what} {wanted} to confirm this"), Field::Proof))
            }
            _ => None,
        }
    }
}

/// The first thing about an input that does not fit, and how many more there are.
pub(super) fn mismatch(schema: Option<&Value>, input: &Value) -> Option<String> {
    let problems = admit(schema, input.clone()).err()?;
    let first = problems.first()?.problem.clone();
    Some(match problems.len() {
        1 => first,
        count => format!("{first}; {} more", count - 1),
    })
}
