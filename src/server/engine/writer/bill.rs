//! What a machine's reaction costs: attempts that cannot be paid never begin.

use std::time::Duration;

use rusqlite::Connection;

use super::purse::{Payment, Purse};
use crate::domain::{Credits, EventKind, FailureCode, StepId};
use crate::machine::{Call, Input, Machine, Order, Outcome, Reaction, StepError};
use crate::server::db::DbError;
use crate::server::engine::prices::{self, Price};

/// A paid attempt: which event began it, and who paid.
#[derive(Debug)]
pub(super) struct Item {
    /// The place of that event in the reaction.
    pub(super) event: usize,
    pub(super) attempt: u32,
    pub(super) price: &'static Price,
    pub(super) paid: Payment,
}

/// What a reaction costs.
#[derive(Debug, Default)]
pub(super) struct Bill {
    /// In the order of the events.
    pub(super) items: Vec<Item>,
    /// To tell the machine: these attempts could not be paid.
    pub(super) unpaid: Vec<Input>,
}

impl Bill {
    /// Pays the attempts that begin in a reaction, in their order. From the first that cannot be
    /// paid on, their orders are taken out: nobody carries them out.
    ///
    /// A call without an event that begins it is a repetition, which was paid before.
    pub(super) fn settle(
        db: &Connection,
        purse: &mut Purse,
        machine: &Machine,
        reaction: &mut Reaction,
    ) -> Result<Self, DbError> {
        let mut bill = Self::default();
        let mut events = reaction.events.iter().enumerate();
        let mut kept = Vec::with_capacity(reaction.orders.len());
        for order in std::mem::take(&mut reaction.orders) {
            let begun = match &order {
                Order::Execute(call) => beginning(machine, call, &mut events),
                _ => None,
            };
            let (Order::Execute(call), Some((event, price))) = (&order, begun) else {
                kept.push(order);
                continue;
            };
            // Once one could not be paid, no cheaper one behind it is begun either: the run fails.
            let paid = if bill.unpaid.is_empty() { purse.pay(db, price.microcredits)? } else { None };
            match paid {
                Some(paid) => {
                    bill.items.push(Item { event, attempt: call.attempt, price, paid });
                    kept.push(order);
                }
                None => bill.unpaid.push(refusal(call, price, purse.usage(db)?.total)),
            }
        }
        reaction.orders = kept;
        Ok(bill)
    }
}

/// The event that begins a call's attempt, if it is in this reaction and costs anything. Calls are
/// ordered as their events are, so the search goes on where the last one ended.
fn beginning<'e>(
    machine: &Machine,
    call: &Call,
    events: &mut (impl Iterator<Item = (usize, &'e crate::machine::EventDraft)> + Clone),
) -> Option<(usize, &'static Price)> {
    let (id, iteration) = machine.logged_as(&call.step)?;
    let begins = |event: &crate::machine::EventDraft| {
        event.kind == EventKind::StepStarted
            && event.data["step_id"] == id.as_str()
            && event.data["attempt"] == call.attempt
            && event.data["iteration"].as_u64() == iteration.map(|iteration| iteration as u64)
    };
    let mut ahead = events.clone();
    let (place, event) = ahead.find(|(_, event)| begins(event))?;
    *events = ahead;
    Some((place, prices::of(event.data["step_type"].as_str()?)?))
}

fn refusal(call: &Call, price: &Price, left: u64) -> Input {
    let message = format!(
        "{} was not begun: an attempt of {} costs {}, {} are left; add credits and start a new run",
        step(&call.step),
        price.action,
        Credits(price.microcredits),
        Credits(left),
    );
    let error = StepError::lasting(FailureCode::InsufficientCredits, message);
    Input::Finished {
        step: call.step.clone(),
        attempt: call.attempt,
        outcome: Outcome::Failed(error),
        took: Duration::ZERO,
    }
}

fn step(id: &StepId) -> String {
    format!("step `{id}`")
}
