//! Sends with a record of it.

use std::sync::Arc;

use super::entry::{Change, Entry, Origin, Outcome, Record, Ticket, What, records};
use crate::client::Client;
use crate::domain::text::escape_json;
use crate::domain::{RunId, Timestamp};
use crate::platform::journal::JournalFile;
use crate::platform::process::is_alive;
use crate::wire::{CallError, Command, Finding, Reply};

/// Names a decision in the journal; sorts by time.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RecordId(Box<str>);

impl Default for RecordId {
    /// A new one.
    fn default() -> Self {
        Self(uuid::Uuid::now_v7().to_string().into())
    }
}

/// A decision of an earlier session whose outcome nobody knew, with what became of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Recalled {
    /// The record.
    pub record: Record,
    /// What reading tells of it.
    pub found: Result<Finding, CallError>,
}

/// Where the commands of a session go.
#[derive(Clone, Debug)]
pub struct Orders {
    client: Client,
    origin: Origin,
    journal: Journal,
}

/// Where they are recorded.
#[derive(Clone, Debug)]
enum Journal {
    File(Arc<JournalFile>),
    /// The operator has chosen to go unrecorded.
    Off,
    /// There is no place for it.
    Nowhere,
}

impl Orders {
    /// Orders to that server, recorded in that journal; where there is no journal, none is sent.
    pub fn new(client: Client, origin: Origin, journal: Option<JournalFile>) -> Self {
        let journal = journal.map_or(Journal::Nowhere, |file| Journal::File(Arc::new(file)));
        Self { client, origin, journal }
    }

    /// What else can be asked of the same server.
    pub(in crate::runtime) fn client(&self) -> &Client {
        &self.client
    }

    /// The same, unrecorded.
    #[must_use]
    pub fn unrecorded(self) -> Self {
        Self { journal: Journal::Off, ..self }
    }

    /// Sends a command once, as [`Client::send`] does, with its ticket on disk before.
    ///
    /// # Errors
    /// As for [`Client::send`]; besides [`CallError::Unrecorded`] where the journal cannot be
    /// written.
    pub async fn send(
        &self,
        id: &RecordId,
        command: &Command,
        reason: Option<&str>,
    ) -> Result<Reply, CallError> {
        let ticket = Ticket::of(command, self.origin.clone(), reason);
        self.record(id, What::Ticket(Box::new(ticket))).await?;
        let answer = self.client.send(command).await;
        let (outcome, detail) = of_answer(&answer);
        self.note(id, outcome, &detail).await;
        answer
    }

    /// Makes a change once, with its ticket on disk before the call is begun.
    ///
    /// # Errors
    /// As the call says; besides [`CallError::Unrecorded`] where the journal cannot be written.
    pub async fn change<T>(
        &self,
        change: &Change<'_>,
        reason: Option<&str>,
        call: impl Future<Output = Result<T, CallError>>,
    ) -> Result<T, CallError> {
        let id = RecordId::default();
        let ticket = Ticket::of_change(change, self.origin.clone(), reason);
        self.record(&id, What::Ticket(Box::new(ticket))).await?;
        let answer = call.await;
        let (outcome, detail) = match &answer {
            Ok(_) => (Outcome::Taken, String::new()),
            Err(error) => of_error(error),
        };
        self.note(&id, outcome, &detail).await;
        answer
    }

    /// Finds out what became of a command, as [`Client::settle`] does, and records it once known.
    ///
    /// # Errors
    /// When the server cannot be asked.
    pub async fn settle(&self, id: &RecordId, command: &Command) -> Result<Finding, CallError> {
        let found = self.client.settle(command).await?;
        let outcome = match &found {
            Finding::Taken(_) => Some(Outcome::FoundTaken),
            Finding::NotTaken(_) => Some(Outcome::FoundNotTaken),
            Finding::Otherwise(_) => Some(Outcome::FoundOtherwise),
            Finding::Unclear(_) => None,
        };
        if let Some(outcome) = outcome {
            self.note(id, outcome, found.why()).await;
        }
        Ok(found)
    }

    /// Settles what earlier sessions sent to this server and never heard of again.
    pub async fn recall(&self) -> Vec<Recalled> {
        let mut recalled = Vec::new();
        for record in self.open().await {
            let Some(command) = record.ticket.command() else { continue };
            let found = self.settle(&RecordId(record.id.clone()), &command).await;
            recalled.push(Recalled { record, found });
        }
        recalled
    }

    /// What was run again from this machine: by a run, the one that was started in its place. A start
    /// that did not take effect is none; one that nobody knows of counts, so that it is not doubled.
    pub async fn ran_again(&self) -> Vec<(RunId, RunId)> {
        use Outcome::{Conflict, FoundNotTaken, FoundOtherwise, NotSent, Refused};
        let in_vain = |record: &Record| {
            let outcome = record.outcome.as_ref().map(|(outcome, _)| *outcome);
            matches!(outcome, Some(Conflict | FoundNotTaken | FoundOtherwise | NotSent | Refused))
        };
        let records = self.records().await.into_iter();
        let taken = records.filter(|record| record.ticket.origin == self.origin && !in_vain(record));
        taken.filter_map(|record| record.ticket.in_place_of.zip(record.ticket.run)).collect()
    }

    /// Decisions for this server without a known outcome, whose process has ended.
    async fn open(&self) -> Vec<Record> {
        let ours = |record: &Record| {
            let (ticket, own) = (&record.ticket, std::process::id());
            ticket.origin == self.origin && ticket.pid != own && !is_alive(ticket.pid)
        };
        self.records().await.into_iter().filter(|record| record.is_open() && ours(record)).collect()
    }

    /// Everything that the journal holds, oldest first.
    async fn records(&self) -> Vec<Record> {
        let Journal::File(file) = &self.journal else { return Vec::new() };
        let file = file.clone();
        let lines = tokio::task::spawn_blocking(move || file.lines().unwrap_or_default()).await;
        records(&lines.unwrap_or_default()).0
    }

    async fn record(&self, id: &RecordId, what: What) -> Result<(), CallError> {
        let file = match &self.journal {
            Journal::File(file) => file.clone(),
            Journal::Off => return Ok(()),
            Journal::Nowhere => {
                return Err(CallError::Unrecorded("this user has no folder for a journal".into()));
            }
        };
        let entry = Entry { at: Timestamp::now(), id: id.0.clone(), what };
        let unrecorded = |error: &dyn std::fmt::Display| CallError::Unrecorded(error.to_string().into());
        let line = serde_json::to_string(&entry).map_err(|error| unrecorded(&error))?;
        let written = tokio::task::spawn_blocking(move || file.append(&escape_json(&line))).await;
        written.map_err(|error| unrecorded(&error))?.map_err(|error| unrecorded(&error))
    }

    /// Records what became of a command. It is sent already: a failure here can only be logged.
    async fn note(&self, id: &RecordId, outcome: Outcome, detail: &str) {
        let what = What::Outcome { outcome, detail: detail.into() };
        if let Err(error) = self.record(id, what).await {
            tracing::error!(%error, "an outcome is missing in the journal");
        }
    }
}

fn of_answer(answer: &Result<Reply, CallError>) -> (Outcome, String) {
    match answer {
        Ok(reply) => {
            let status = reply.body.get("status").and_then(|status| status.as_str());
            (Outcome::Taken, status.unwrap_or_default().to_owned())
        }
        Err(error) => of_error(error),
    }
}

fn of_error(error: &CallError) -> (Outcome, String) {
    let outcome = match error {
        CallError::Unconnected { .. } | CallError::NotSent(_) | CallError::Unrecorded(_) => Outcome::NotSent,
        _ if error.is_conflict() => Outcome::Conflict,
        _ if error.outcome_unknown() => Outcome::Unknown,
        _ => Outcome::Refused,
    };
    (outcome, error.to_string())
}

/// Gives a start its own id, so that it can be asked about should its answer be lost. A random one:
/// the beginning of an id is what people see, and ids made of the time begin alike within a minute.
pub(in crate::runtime) fn with_run_id(command: Command) -> Command {
    match command {
        Command::Start(mut start) => {
            start.run_id.get_or_insert_with(|| RunId::new(uuid::Uuid::new_v4().to_string()));
            Command::Start(start)
        }
        other => other,
    }
}
