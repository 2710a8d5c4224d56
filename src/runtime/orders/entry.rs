//! What the journal says: of each decision a ticket, written before it was sent, and what became of
//! it, written when that was known.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::{Digest, RunId, StopMode, TaskId, Timestamp, WorkflowId};
use crate::wire::{Command, Decision, Publish, StartRun};

/// One line of the journal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// Names the decision: the same on its ticket and on its outcomes.
    pub id: Box<str>,
    /// What it says.
    #[serde(flatten)]
    pub what: What,
}

/// What a line says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum What {
    /// A decision is about to be sent.
    Ticket(Box<Ticket>),
    /// What became of it.
    Outcome {
        /// In one word.
        outcome: Outcome,
        /// By what it is known; foreign text.
        detail: Box<str>,
    },
}

/// A decision with its frozen target. Neither the input of a start nor the fields of an approval are
/// in it: they may be secret, and what they were, the server knows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    /// The process that sent it.
    pub pid: u32,
    /// Whom it was sent to.
    #[serde(flatten)]
    pub origin: Origin,
    /// `start`, `pause`, `resume`, `stop`, `approve`, `reject`, `publish` or `activate`; of a change, its
    /// word.
    pub command: Box<str>,
    /// How, for a stop: `graceful` or `immediate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mode: Option<Box<str>>,
    /// The workflow, if it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub workflow: Option<WorkflowId>,
    /// What a change is about, by the name that the operator gave.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Box<str>>,
    /// The latest version before something was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<u64>,
    /// The MCP instance and the profile of it that was to become the active one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub activated: Option<(Box<str>, Box<str>)>,
    /// The run; of a start, the one that was to come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<RunId>,
    /// The task that was decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task: Option<TaskId>,
    /// When that task was created.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
    /// The run that a start runs again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub in_place_of: Option<RunId>,
    /// The payload or the draft that was shown, as a fingerprint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Digest>,
    /// Why, in the operator's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Box<str>>,
}

/// What changes the server without being a command about a run: `publish`, `apply`, `grant credits`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change<'a> {
    /// What is done, in a word or two.
    pub word: &'a str,
    /// What it is about, by the name that the operator gave. Never a secret.
    pub subject: &'a str,
}

/// Whom a decision was sent to.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The profile's name.
    pub profile: Box<str>,
    /// Host and port.
    pub host: Box<str>,
    /// The workspace.
    #[serde(default)]
    pub tenant: Box<str>,
    /// The project.
    #[serde(default)]
    pub project: Box<str>,
}

/// What became of a decision, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The server took it.
    Taken,
    /// It was refused, and not because of a conflict.
    Refused,
    /// It was decided before, or things stand otherwise.
    Conflict,
    /// It was never sent.
    NotSent,
    /// It was sent, and its answer was lost.
    Unknown,
    /// Found later by reading: it took effect.
    FoundTaken,
    /// Found later by reading: it took no effect.
    FoundNotTaken,
    /// Found later by reading: something else happened.
    FoundOtherwise,
}

impl Outcome {
    /// The word for people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::Conflict => "conflict",
            Self::NotSent => "not sent",
            Self::Unknown => "UNKNOWN",
            Self::FoundTaken => "settled: taken",
            Self::FoundNotTaken => "settled: not taken",
            Self::FoundOtherwise => "settled: otherwise",
        }
    }
}

impl Ticket {
    /// The ticket of a command.
    pub fn of(command: &Command, origin: Origin, reason: Option<&str>) -> Self {
        let mut ticket = Self {
            pid: std::process::id(),
            origin,
            command: command.word().into(),
            mode: None,
            workflow: command.workflow().cloned(),
            subject: None,
            after: None,
            activated: None,
            run: command.run().cloned(),
            in_place_of: None,
            task: None,
            created_at: None,
            shown: None,
            reason: reason.filter(|reason| !reason.is_empty()).map(Into::into),
        };
        match command {
            Command::Start(start) => ticket.in_place_of.clone_from(&start.in_place_of),
            Command::Stop { mode: StopMode::Graceful, .. } => ticket.mode = Some("graceful".into()),
            Command::Stop { mode: StopMode::Immediate, .. } => ticket.mode = Some("immediate".into()),
            Command::Decide(decision) => {
                ticket.task = Some(decision.task.clone());
                ticket.created_at = decision.created_at;
                ticket.shown.clone_from(&decision.shown);
            }
            Command::Publish(publish) => {
                ticket.after = publish.after;
                ticket.shown.clone_from(&publish.shown);
            }
            Command::Activate { instance, profile } => {
                ticket.activated = Some((instance.clone(), profile.clone()));
            }
            Command::Pause { .. } | Command::Resume { .. } => {}
        }
        ticket
    }

    /// The ticket of a change.
    pub fn of_change(change: &Change<'_>, origin: Origin, reason: Option<&str>) -> Self {
        Self {
            pid: std::process::id(),
            origin,
            command: change.word.into(),
            mode: None,
            workflow: None,
            subject: Some(change.subject.into()),
            after: None,
            activated: None,
            run: None,
            in_place_of: None,
            task: None,
            created_at: None,
            shown: None,
            reason: reason.filter(|reason| !reason.is_empty()).map(Into::into),
        }
    }

    /// The command again, as far as asking what became of it needs it; none where the line is not
    /// one of this version's, or a change's. It is never sent.
    pub fn command(&self) -> Option<Command> {
        if let ("activate", Some((instance, profile))) = (&*self.command, self.activated.clone()) {
            return Some(Command::Activate { instance, profile });
        }
        let (workflow, run) = (self.workflow.clone()?, self.run.clone());
        Some(match &*self.command {
            "start" => Command::Start(StartRun {
                run_id: run,
                in_place_of: self.in_place_of.clone(),
                ..StartRun::new(workflow, "manual", Value::Null)
            }),
            "publish" => Command::Publish(Publish {
                workflow,
                changelog: "".into(),
                shown: self.shown.clone(),
                after: self.after,
            }),
            "pause" => Command::Pause { workflow, run: run? },
            "resume" => Command::Resume { workflow, run: run? },
            "stop" => {
                let graceful = self.mode.as_deref() == Some("graceful");
                let mode = if graceful { StopMode::Graceful } else { StopMode::Immediate };
                Command::Stop { workflow, run: run?, mode }
            }
            "approve" | "reject" => Command::Decide(Decision {
                workflow,
                run: run?,
                task: self.task.clone()?,
                created_at: self.created_at,
                shown: self.shown.clone(),
                approved: &*self.command == "approve",
                result: Map::new(),
            }),
            _ => return None,
        })
    }

    /// What it is aimed at: the run, and the task of it; else the profile, what a change is about, or the
    /// workflow.
    pub fn target(&self) -> String {
        if let Some((instance, profile)) = &self.activated {
            return format!("{instance} {profile}");
        }
        let workflow = self.workflow.as_ref().map_or("", WorkflowId::as_str);
        let other = self.subject.as_deref().unwrap_or(workflow);
        let run = self.run.as_ref().map_or(other, RunId::as_str);
        match &self.task {
            Some(task) => format!("{run} {task}"),
            None => run.to_owned(),
        }
    }
}

/// A decision with what is known of it: a ticket and its last outcome.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// Names it.
    pub id: Box<str>,
    /// When it was to be sent.
    pub at: Timestamp,
    /// What was to be sent.
    pub ticket: Ticket,
    /// What became of it, and by what that is known; none where nothing was written, as when the
    /// program was killed meanwhile.
    pub outcome: Option<(Outcome, Box<str>)>,
}

impl Record {
    /// Whether nobody knows what became of it.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, None | Some((Outcome::Unknown, _)))
    }
}

/// Puts lines together, oldest decision first; also how many lines could not be read.
pub fn records(lines: &[String]) -> (Vec<Record>, usize) {
    let mut records: Vec<Record> = Vec::new();
    let mut unreadable = 0;
    for line in lines.iter().filter(|line| !line.trim().is_empty()) {
        match serde_json::from_str::<Entry>(line) {
            Ok(Entry { at, id, what: What::Ticket(ticket) }) => {
                records.push(Record { id, at, ticket: *ticket, outcome: None });
            }
            Ok(Entry { id, what: What::Outcome { outcome, detail }, .. }) => {
                if let Some(record) = records.iter_mut().rev().find(|record| record.id == id) {
                    record.outcome = Some((outcome, detail));
                }
            }
            Err(_) => unreadable += 1,
        }
    }
    (records, unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;

    fn origin() -> Origin {
        Origin { profile: "prod".into(), host: "api.example.com".into(), ..Origin::default() }
    }

    fn line(id: &str, what: What) -> String {
        serde_json::to_string(&Entry { at: Timestamp::UNIX_EPOCH, id: id.into(), what }).unwrap()
    }

    fn commands() -> Vec<Command> {
        let (workflow, run): (WorkflowId, RunId) = ("w".into(), "r".into());
        let start = StartRun {
            workflow: workflow.clone(),
            run_id: Some(run.clone()),
            input: Value::Null,
            trigger_type: "manual".into(),
            excluded: Vec::new(),
            trigger_steps: Map::new(),
            principal: Default::default(),
            in_place_of: Some("old".into()),
        };
        let decision = Decision {
            workflow: workflow.clone(),
            run: run.clone(),
            task: "t".into(),
            created_at: Some(Timestamp::UNIX_EPOCH),
            shown: Some(Digest::of(&Value::Null)),
            approved: false,
            result: Map::new(),
        };
        vec![
            Command::Start(start),
            Command::Pause { workflow: workflow.clone(), run: run.clone() },
            Command::Resume { workflow: workflow.clone(), run: run.clone() },
            Command::Stop { workflow: workflow.clone(), run: run.clone(), mode: StopMode::Graceful },
            Command::Stop { workflow, run, mode: StopMode::Immediate },
            Command::Decide(decision.clone()),
            Command::Decide(Decision { approved: true, ..decision }),
            Command::Publish(Publish {
                workflow: "w".into(),
                changelog: "".into(),
                shown: Some(Digest::of(&Value::Null)),
                after: Some(6),
            }),
            Command::Activate { instance: "i".into(), profile: "p".into() },
        ]
    }

    #[test]
    fn every_command_comes_back_from_its_line_whole_enough_to_ask_about_it() {
        for command in commands() {
            let ticket = Ticket::of(&command, origin(), Some("on call"));
            let (records, unreadable) = records(&[line("1", What::Ticket(Box::new(ticket.clone())))]);
            assert_eq!((records.len(), unreadable), (1, 0));
            assert_eq!(records[0].ticket, ticket);
            assert_eq!(records[0].ticket.command(), Some(command));
        }
    }

    #[test]
    fn a_change_is_named_and_is_no_command_that_could_be_asked_about() {
        let change = Change { word: "publish", subject: "digest" };
        let ticket = Ticket::of_change(&change, origin(), Some("release 7"));
        let (records, unreadable) = records(&[line("1", What::Ticket(Box::new(ticket.clone())))]);
        assert_eq!((unreadable, &records[0].ticket), (0, &ticket));
        assert_eq!((ticket.target().as_str(), ticket.command()), ("digest", None));
    }

    #[test]
    fn the_last_outcome_counts_and_odd_lines_are_told() {
        let ticket = |id| line(id, What::Ticket(Box::new(Ticket::of(&commands()[1], origin(), None))));
        let outcome = |id, outcome| line(id, What::Outcome { outcome, detail: "x".into() });
        let lines = [
            ticket("1"),
            ticket("2"),
            "{\"cut".to_owned(),
            outcome("1", Outcome::Unknown),
            outcome("1", Outcome::FoundTaken),
            outcome("3", Outcome::Taken),
        ];
        let (records, unreadable) = records(&lines);
        let states: Vec<_> = records.iter().map(|record| (&*record.id, record.is_open())).collect();
        assert_eq!((states, unreadable), (vec![("1", false), ("2", true)], 1));
    }
}
