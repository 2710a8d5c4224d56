//! Sends a command from the command line: recorded, once, and never left in doubt without saying so.

use color_eyre::Result;

use super::connect::Connected;
use super::exit::Failure;
use super::output::remark;
use crate::runtime::orders::{Change, Recalled, RecordId};
use crate::wire::{CallError, Command, Finding, Reply};

/// Sends a command; where its answer is lost, finds out by reading what became of it.
///
/// # Errors
/// When it was refused, did not take effect, or nobody can say whether it did.
pub(super) async fn send(connected: &Connected, command: &Command, reason: Option<&str>) -> Result<Reply> {
    let (orders, id) = (connected.orders(), RecordId::default());
    orders.recall().await.iter().for_each(tell);
    let error = match orders.send(&id, command, reason).await {
        Ok(reply) => return Ok(reply),
        Err(error) if error.outcome_unknown() => error,
        Err(error) => return Err(error.into()),
    };
    remark(&format!("{error}. It may have taken effect; asking the server what happened"));
    settled(command, orders.settle(&id, command).await)
}

/// Makes a change that is no command about a run, recorded and once. What became of one whose answer
/// is lost, nobody can be asked: a publication, say, may be another operator's.
///
/// # Errors
/// When it was refused, or nobody can say whether it took effect.
pub(super) async fn change<T>(
    connected: &Connected,
    change: Change<'_>,
    reason: Option<&str>,
    call: impl Future<Output = Result<T, CallError>>,
) -> Result<T> {
    match connected.orders().change(&change, reason, call).await {
        Err(error) if error.outcome_unknown() => {
            let Change { word, subject } = change;
            let text = format!(
                "UNKNOWN whether this took effect: {word} {subject}: {error}. Look before sending it again"
            );
            Err(Failure::Unknown(text).into())
        }
        answer => Ok(answer?),
    }
}

fn settled(command: &Command, found: Result<Finding, CallError>) -> Result<Reply> {
    let word = command.word();
    let unknown = |why: &str| {
        let text = format!("UNKNOWN whether the {word} took effect: {why}. Look before sending it again");
        Err(Failure::Unknown(text).into())
    };
    match found {
        Ok(Finding::Taken(why)) => {
            remark(&format!("the {word} took effect: {why}"));
            let run = command.run().cloned().unwrap_or_else(|| "".into());
            Ok(Reply { run, body: serde_json::json!({"status": "settled", "detail": why}) })
        }
        Ok(Finding::NotTaken(why)) => {
            Err(Failure::Operation(format!("the {word} did not take effect: {why}")).into())
        }
        Ok(Finding::Otherwise(why)) => {
            Err(Failure::Conflict(format!("the {word} came too late: {why}")).into())
        }
        Ok(Finding::Unclear(why)) => unknown(&why),
        Err(error) => unknown(&error.to_string()),
    }
}

fn tell(recalled: &Recalled) {
    let ticket = &recalled.record.ticket;
    let became = match &recalled.found {
        Ok(Finding::Taken(why)) => format!("took effect: {why}"),
        Ok(Finding::NotTaken(why)) => format!("did not take effect: {why}"),
        Ok(Finding::Otherwise(why)) => format!("came too late: {why}"),
        Ok(Finding::Unclear(why)) => format!("is still UNKNOWN: {why}"),
        Err(error) => format!("is still UNKNOWN: {error}"),
    };
    let at = recalled.record.at.strftime("%Y-%m-%d %H:%MZ");
    remark(&format!("from an earlier session: {} {} of {at} {became}", ticket.command, ticket.target()));
}
