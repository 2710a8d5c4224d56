//! `arcc journal`: what was decided from this machine, and what became of it. Needs no connection.

use std::process::ExitCode;
use std::time::Duration;

use color_eyre::Result;
use color_eyre::eyre::WrapErr;
use serde_json::{Value, json};

use super::args::Print;
use super::exit::Failure;
use super::output::{columns, remark, show};
use crate::domain::Timestamp;
use crate::domain::clock::age;
use crate::platform::journal::JournalFile;
use crate::platform::paths::Paths;
use crate::runtime::orders::{Record, records};

pub(super) fn run(since: Option<Duration>, print: Print) -> Result<ExitCode> {
    let nowhere = || Failure::Usage("this user has no home directory, and so no journal".into());
    let file = JournalFile::new(&Paths::of_user().ok_or_else(nowhere)?.state);
    let lines = file.lines().wrap_err_with(|| format!("cannot read {}", file.path().display()))?;
    let (mut records, unreadable) = records(&lines);
    if unreadable > 0 {
        remark(&format!("{unreadable} lines of {} could not be read", file.path().display()));
    }
    let now = Timestamp::now();
    records.retain(|record| since.is_none_or(|since| age(record.at, now) <= since));
    let body = json!({"decisions": records.iter().map(json_of).collect::<Vec<_>>()});
    show(print, &body, || {
        if records.is_empty() {
            return vec!["no decision was sent from here".into()];
        }
        let rows: Vec<_> = records.iter().map(row).collect();
        columns(&["TIME", "PROFILE", "COMMAND", "TARGET", "OUTCOME", "REASON"], &rows)
    })?;
    Ok(ExitCode::SUCCESS)
}

fn row(record: &Record) -> Vec<String> {
    let ticket = &record.ticket;
    vec![
        format!("{:.0}", record.at),
        ticket.origin.profile.to_string(),
        ticket.command.to_string(),
        ticket.target(),
        record.outcome.as_ref().map_or("UNKNOWN", |(outcome, _)| outcome.word()).to_owned(),
        ticket.reason.as_deref().unwrap_or_default().to_owned(),
    ]
}

fn json_of(record: &Record) -> Value {
    json!({
        "id": record.id,
        "at": record.at,
        "ticket": record.ticket,
        "outcome": record.outcome.as_ref().map(|(outcome, _)| outcome),
        "detail": record.outcome.as_ref().map(|(_, detail)| detail),
    })
}
