//! One transaction: requests become rows, and what is to be done after the commit is collected.

use std::collections::{HashMap, HashSet, VecDeque};

use rusqlite::Connection;

use super::bill::Bill;
use super::family::Errand;
use super::numbers::Numbers;
use super::purse::Purse;
use crate::domain::{RunId, Timestamp, WorkflowId};
use crate::machine::{Input, Order, Reaction, Refusal};
use crate::server::db::credits::{self, Charge};
use crate::server::db::log::Entry;
use crate::server::db::tallies::{self, Tally};
use crate::server::db::{DbError, log, runs, tasks};
use crate::server::engine::EngineError;
use crate::server::engine::fleet::{Fleet, Live};
use crate::server::engine::guard::guarded;
use crate::server::engine::request::{Reply, Report, Request, Settlement};

/// Why an input moved nothing.
pub(super) enum Unmoved {
    /// The machine refused it.
    Refused(Refusal),
    /// The machine broke off.
    Broken(RunId),
}

impl From<Unmoved> for EngineError {
    fn from(unmoved: Unmoved) -> Self {
        match unmoved {
            Unmoved::Refused(refusal) => Self::Conflict(refusal.to_string()),
            Unmoved::Broken(run) => Self::Broken(run),
        }
    }
}

/// What to do after the commit, and what to take back without one.
#[derive(Default)]
pub(super) struct After {
    /// To perform, in this order.
    pub(super) orders: Vec<(RunId, Order)>,
    /// The workflows with new events, and their last places.
    pub(super) places: HashMap<WorkflowId, u64>,
    /// What happened, by workflow.
    pub(super) tallies: HashMap<WorkflowId, Tally>,
    /// The answers.
    pub(super) settlements: Vec<Settlement>,
    /// The runs whose machines were used.
    pub(super) driven: HashSet<RunId>,
    /// The reports that were taken.
    pub(super) reports: Vec<Report>,
}

/// A transaction in the making.
pub(super) struct Batch<'a> {
    pub(super) db: &'a Connection,
    pub(super) fleet: &'a mut Fleet,
    pub(super) numbers: &'a mut Numbers,
    pub(super) purse: &'a mut Purse,
    pub(super) now: Timestamp,
    pub(super) after: &'a mut After,
    /// What runs mean for each other, not done yet; empty between requests.
    pub(super) errands: VecDeque<Errand>,
}

impl Batch<'_> {
    /// Takes one request.
    ///
    /// # Errors
    /// `Storage`; then the whole transaction must be rolled back.
    pub(super) fn take(&mut self, request: Request) -> Result<(), EngineError> {
        self.answer(request)?;
        self.run_errands()
    }

    fn answer(&mut self, request: Request) -> Result<(), EngineError> {
        match request {
            Request::Create(new, reply) => {
                let answer = self.create(new);
                self.settle(reply, answer)
            }
            Request::Patch(id, patch, reply) => {
                let answer = self.patch(&id, patch);
                self.settle(reply, answer)
            }
            Request::Archive(id, reply) => {
                let answer = self.archive(&id);
                self.settle(reply, answer)
            }
            Request::Publish(id, changelog, reply) => {
                let answer = self.publish(&id, &changelog);
                self.settle(reply, answer)
            }
            Request::KeepDryRun(dry_run, reply) => {
                let answer = self.keep_dry_run(&dry_run);
                self.settle(reply, answer)
            }
            Request::Credits(order, reply) => {
                let answer = self.order_credits(order);
                self.settle(reply, answer)
            }
            Request::Write(change) => {
                let (settlement, made) = change.make(self.db, self.now);
                self.after.settlements.push(settlement);
                made
            }
            Request::Start(start, reply) => {
                let answer = self.start(start);
                self.settle(reply, answer)
            }
            Request::Control(workflow, run, control, reply) => {
                let answer = self.control(&workflow, &run, control);
                self.settle(reply, answer)
            }
            Request::Decide(decision, reply) => {
                let answer = self.decide(decision);
                self.settle(reply, answer)
            }
            Request::Report(report) => self.report(report),
            Request::Retry | Request::Shutdown => Ok(()),
        }
    }

    /// Writes where the driven runs stand, once for all of their inputs.
    ///
    /// # Errors
    /// When the database refuses or cannot write.
    pub(super) fn project(&mut self) -> Result<(), DbError> {
        for id in &self.after.driven {
            let Some(live) = self.fleet.get(id).filter(|live| live.is_stale) else { continue };
            runs::put(self.db, &live.run)?;
            if let Some(pending) = live.changed_tasks() {
                tasks::replace(self.db, id, pending)?;
            }
            live.is_stale = false;
        }
        for (workflow, tally) in &self.after.tallies {
            tallies::add(self.db, workflow, tally, self.now)?;
        }
        self.purse.store(self.db)
    }

    /// Gives an input to a run's machine and appends its events; `None` when there is no such run.
    pub(super) fn drive(&mut self, id: &RunId, input: Input) -> Result<Option<Result<(), Unmoved>>, DbError> {
        self.after.driven.insert(id.clone());
        let Some(live) = self.fleet.load(self.db, id)? else { return Ok(None) };
        let reacted = guarded(|| {
            let reaction = live.machine.handle(input, self.now)?;
            let before = live.follow(&reaction, self.now);
            Ok::<_, Refusal>((reaction, before))
        });
        let (reaction, before) = match reacted {
            Some(Ok(reacted)) => reacted,
            Some(Err(refusal)) => return Ok(Some(Err(Unmoved::Refused(refusal)))),
            None => return Ok(Some(Err(self.give_up(id)))),
        };
        self.record(id, reaction, before)?;
        Ok(Some(Ok(())))
    }

    /// Appends a reaction's events behind the sequence `before` and collects its orders. Attempts
    /// that cannot be paid do not begin; their machine is told so, which fails the run.
    fn record(&mut self, id: &RunId, mut reaction: Reaction, before: u64) -> Result<(), DbError> {
        let Some(live) = self.fleet.get(id) else { return Ok(()) };
        let bill = Bill::settle(self.db, self.purse, &live.machine, &mut reaction)?;
        append(self.db, self.numbers, live, (&reaction, &bill, before, self.now), self.after)?;
        if self.fleet.get(id).is_some_and(Live::is_news_to_parent) {
            self.errands.push_back(Errand::Tell(id.clone()));
        }
        self.take_orders(id, reaction.orders);
        for refusal in bill.unpaid {
            self.drive(id, refusal)?;
        }
        Ok(())
    }

    /// Throws away a machine that broke off. The next input rebuilds it from the log.
    fn give_up(&mut self, id: &RunId) -> Unmoved {
        tracing::error!(run = %id, "a run's machine broke off; the input is lost, the log is as before");
        self.fleet.forget(id);
        Unmoved::Broken(id.clone())
    }

    /// Takes a new run with its first events.
    pub(super) fn launch(&mut self, live: Live, reaction: Reaction) -> Result<Option<&mut Live>, DbError> {
        let id = live.run.id.clone();
        self.after.driven.insert(id.clone());
        self.fleet.insert(live);
        self.record(&id, reaction, 0)?;
        Ok(self.fleet.get(&id))
    }

    /// Keeps an answer for after the commit; a storage error ends the transaction.
    fn settle<T: Send + 'static>(
        &mut self,
        reply: Reply<T>,
        answer: Result<T, EngineError>,
    ) -> Result<(), EngineError> {
        let failure = match &answer {
            Err(error @ EngineError::Storage(_)) => Err(error.clone()),
            _ => Ok(()),
        };
        self.after.settlements.push(Settlement::new(reply, answer));
        failure
    }
}

/// Appends a reaction's events behind the sequence `before`, with what they cost.
fn append(
    db: &Connection,
    numbers: &mut Numbers,
    live: &Live,
    (reaction, bill, before, at): (&Reaction, &Bill, u64, Timestamp),
    after: &mut After,
) -> Result<(), DbError> {
    let (run, workflow) = (&live.run.id, &live.run.workflow_id);
    if reaction.events.is_empty() {
        return Ok(());
    }
    if !after.tallies.contains_key(workflow) {
        after.tallies.insert(workflow.clone(), Tally::default());
    }
    let Some(tally) = after.tallies.get_mut(workflow) else { return Ok(()) };
    let mut items = bill.items.iter().peekable();
    let mut last = None;
    for (index, (event, sequence)) in reaction.events.iter().zip(before + 1..).enumerate() {
        let (gid, place) = (numbers.next_gid(db)?, numbers.next_place(db, workflow)?);
        let (kind, data) = (&event.kind, &event.data);
        log::append(db, &Entry { gid, run, sequence, workflow, place, kind, at, data })?;
        tally.note(kind, data);
        while let Some(item) = items.next_if(|item| item.event == index) {
            let (action, attempt) = (item.price.action, item.attempt);
            let step = data["step_id"].as_str().unwrap_or_default();
            for (bucket, amount) in &item.paid {
                let (bucket, amount) = (*bucket, *amount);
                credits::charge(
                    db,
                    &Charge { gid, bucket, at, run, workflow, step, attempt, action, amount },
                )?;
            }
            tally.note_charge(action, item.price.microcredits);
        }
        last = Some(place);
    }
    if let Some(last) = last {
        after.places.insert(workflow.clone(), last);
    }
    Ok(())
}
