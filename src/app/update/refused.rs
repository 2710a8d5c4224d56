//! A command that the server let not through for who sent it: what that means here, and what to do.

use std::time::Duration;

use crate::app::layers::{Layer, Refused};
use crate::app::pending::Pending;
use crate::app::{Freshness, Model};
use crate::domain::triage::{Answer, Case, Fact, Facts, Need, Trouble, unauthorized};
use crate::domain::{RunHistory, Timestamp};
use crate::wire::CallError;

/// Opens what a refusal with 401 or 403 means; nothing for any other error.
pub(super) fn explain(model: &mut Model, pending: &Pending, error: &CallError, now: Timestamp) {
    let Some(command) = pending.order.command() else { return };
    if !matches!(error, CallError::Unauthorized(_) | CallError::Forbidden(_)) {
        return;
    }
    let need = Need::Order(command.word());
    let asked = format!("POST {}", command.path());
    let fact = fact(asked.into(), Err(error.clone().into()), now);
    if let CallError::Forbidden(_) = error {
        model.refused.insert(command.word());
    }
    if let Some(open) = model.run.as_mut().filter(|open| pending.order.is_about(&open.run)) {
        open.diagnosis.facts.put(need.clone(), fact.clone());
        open.diagnosis.touch();
    }
    let mut facts = Facts::default();
    facts.put(need, fact);
    if let (Freshness::Fresh { .. }, Some(at)) = (Freshness::of(model, now), model.mirror.feed_at()) {
        // The feed is read with the same token: that rules causes out.
        let listed = Answer::Runs(model.mirror.run_count());
        facts.put(Need::Runs, self::fact("GET /v1/runs".into(), Ok(listed), at));
    }
    let findings = unauthorized(&Case {
        now,
        run: None,
        history: &RunHistory::default(),
        log_at: None,
        graph: None,
        context: None,
        tasks: &[],
        facts: &facts,
        caller: &model.caller,
    });
    let what = format!("{} {}", pending.doing, pending.target);
    model.layers.push(Layer::Refused(Box::new(Refused { what, findings })));
}

fn fact(asked: Box<str>, answer: Result<Answer, Trouble>, asked_at: Timestamp) -> Fact {
    Fact { asked, asked_at, took: Duration::ZERO, answer }
}
