//! Asking one question within its time.

use std::time::Duration;

use futures_util::FutureExt;
use serde_json::Value;
use tokio::time::{Instant, timeout};

use super::compound;
use super::question::{self, Question};
use crate::client::Client;
use crate::client::http::Request;
use crate::domain::Timestamp;
use crate::domain::triage::{Answer, Fact, Need, Trouble, TroubleKind};
use crate::wire::{CallError, read};

/// What was asked, and what came of it.
pub(super) type Asked = (Box<str>, Result<Answer, Trouble>);

/// Asks, and makes whatever happens a fact.
pub(super) async fn ask(client: &Client, need: &Need, limit: Duration) -> Fact {
    let (asked_at, began) = (Timestamp::now(), Instant::now());
    // Each kind of question boxes its own future: the largest would else be copied for all.
    let answer = match question::of(need) {
        Some(question) => single(client, need, question).boxed(),
        None => compound::ask(client, need).boxed(),
    };
    let (asked, answer) =
        timeout(limit, answer).await.unwrap_or_else(|_| (name(need), Err(late(client, limit))));
    Fact { asked, asked_at, took: began.elapsed(), answer }
}

fn name(need: &Need) -> Box<str> {
    question::of(need).map_or_else(|| compound::name(need), |question| question.asked())
}

fn late(client: &Client, limit: Duration) -> Trouble {
    CallError::TimedOut { host: client.host().into(), after: limit }.into()
}

async fn single(client: &Client, need: &Need, question: Question) -> Asked {
    let Question { method, path, query, body } = &question;
    let request = Request { method: method.clone(), path, query, body: body.as_ref() };
    let answer = match client.request(request).await {
        Ok(raw) => answer(need, &raw),
        Err(error) => refusal(need, error),
    };
    (question.asked(), answer)
}

/// Reads an answer by what was asked.
fn answer(need: &Need, raw: &Value) -> Result<Answer, Trouble> {
    let answer = match need {
        Need::Runs => read::page(raw, "runs", read::run).map(|page| Answer::Runs(page.items.len())),
        Need::Overrides(_) => read::facts::overrides(raw).map(Answer::Overrides),
        Need::Instances => read::facts::instances(raw).map(Answer::Instances),
        Need::Profiles(_) => read::facts::profiles(raw).map(Answer::Profiles),
        Need::ServerCheck(_) | Need::ConnectionCheck { .. } | Need::InstanceCheck(_) => {
            read::facts::probe(raw).map(Answer::Probe)
        }
        Need::Connections => read::facts::connections(raw).map(Answer::Connections),
        Need::GoogleConfig => read::facts::google_config(raw).map(Answer::GoogleConfig),
        Need::GoogleAccount(_) => Ok(Answer::GoogleAccount(read::facts::google_account(raw))),
        Need::Balance => {
            read::usage(raw).map(Answer::Balance).ok_or_else(|| "it tells no balance".to_owned())
        }
        Need::Prices => Ok(Answer::Prices(read::facts::prices(raw))),
        Need::Models => read::facts::models(raw).map(Answer::Models),
        Need::Model(_) => Ok(Answer::Model(read::facts::model(raw))),
        Need::Tokens => read::facts::tokens(raw).map(Answer::Tokens),
        Need::Memory => read::facts::memory(raw).map(Answer::Memory),
        Need::Extraction(_) => read::facts::extraction(raw).map(Answer::Extraction),
        Need::Published(_)
        | Need::DryRun { .. }
        | Need::Earlier { .. }
        | Need::LastGood { .. }
        | Need::Failures
        | Need::Spend
        | Need::Order(_) => Err("no single request answers this".to_owned()),
    };
    answer.map_err(|reason| odd(&reason))
}

/// Some refusals are answers: a validation that fails, a model that no key answers for.
fn refusal(need: &Need, error: CallError) -> Result<Answer, Trouble> {
    match (need, &error) {
        (Need::Model(_), CallError::Rejected { status: 422, .. }) => {
            Ok(Answer::Model(crate::domain::triage::ModelSource {
                resolved: Some(false),
                ..Default::default()
            }))
        }
        (
            Need::ServerCheck(_) | Need::ConnectionCheck { .. } | Need::InstanceCheck(_),
            CallError::Rejected { status: 422, details: Some(details), .. },
        ) => read::facts::probe(details).map(Answer::Probe).map_err(|_| error.into()),
        _ => Err(error.into()),
    }
}

/// An answer that could not be read.
pub(super) fn odd(reason: &str) -> Trouble {
    Trouble {
        kind: TroubleKind::Odd,
        status: None,
        code: None,
        text: format!("the answer could not be read: {reason}").into(),
    }
}
