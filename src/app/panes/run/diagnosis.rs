//! The Diagnosis tab: what was asked, what was found, what is selected.

use std::time::Duration;

use super::RunScreen;
use crate::app::model::{Access, Tone};
use crate::app::panes::{keep_seen, moved};
use crate::app::{Action, Effect, Model, layout};
use crate::domain::clock::{age, later};
use crate::domain::comparison::Comparison;
use crate::domain::triage::{
    Asked, Case, Fact, Facts, Finding, Manner, Need, Thoroughness, Verdict, compared, diagnose, wanted,
};
use crate::domain::{RunId, StepId, Timestamp};

/// Findings are derived at most this often while events stream in.
const PAUSE: Duration = Duration::from_millis(200);
/// While a run is live, what is told of ages is derived this often.
const AGES: Duration = Duration::from_secs(1);
/// While an account is being connected again, its connection is looked at this often, and for so long.
const LOOKS: (Duration, Duration) = (Duration::from_secs(3), Duration::from_mins(10));

/// What is known of why a run failed or is stuck.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagnosis {
    /// What was asked of the server.
    pub facts: Facts,
    /// What was found, what matters most first.
    pub findings: Vec<Finding>,
    /// The run against the last one that went well, once that is known.
    pub comparison: Option<Comparison>,
    /// The selected finding, by its place.
    pub selected: usize,
    /// The selected offer of that finding.
    pub offer: usize,
    /// The first finding that is seen.
    pub offset: usize,
    /// Whether the operator asked for checks, which have the server call tools.
    pub checks: bool,
    /// A connection that a person is connecting again, and since when.
    pub reconnecting: Option<(Box<str>, Timestamp)>,
    /// Whether the log was asked for again because the run's end is newer.
    healed: bool,
    /// What the findings rest on has changed since.
    stale: bool,
    derived_at: Option<Timestamp>,
}

impl Diagnosis {
    /// The selected finding.
    pub fn current(&self) -> Option<&Finding> {
        self.findings.get(self.selected)
    }

    /// When the findings are to be derived again.
    pub(crate) fn due(&self, live: bool) -> Option<Timestamp> {
        let Some(at) = self.derived_at else { return Some(Timestamp::MIN) };
        if self.stale {
            return Some(later(at, PAUSE));
        }
        let looks = self.reconnecting.as_ref().map(|_| later(at, LOOKS.0));
        live.then(|| later(at, AGES)).into_iter().chain(looks).min()
    }

    /// Looks after a connection until it is good again; then what uses it is checked.
    pub(crate) fn wait_for(&mut self, connection: Box<str>, now: Timestamp) {
        self.reconnecting = Some((connection, now));
    }

    /// The question that tells whether the awaited connection is good by now, unless it is on its way.
    fn look(&self) -> Option<Need> {
        self.reconnecting
            .as_ref()
            .map(|_| Need::Connections)
            .filter(|need| !self.facts.asking().contains(need))
    }

    /// What the findings rest on has changed.
    pub(crate) fn touch(&mut self) {
        self.stale = true;
    }

    /// Forgets the answers, so that all is asked again.
    pub(crate) fn ask_again(&mut self) {
        self.facts.clear();
        self.healed = false;
        self.stale = true;
    }

    /// Has the server check the binding as well.
    pub(crate) fn check(&mut self) {
        self.checks = true;
        self.ask_again();
    }

    /// Puts in new findings; what is selected stays selected where it is found again.
    fn put(&mut self, findings: Vec<Finding>, now: Timestamp) {
        let is_first = self.derived_at.is_none();
        let key = self.current().map(|finding| (finding.id, finding.step.clone()));
        let same = |finding: &Finding| {
            key.as_ref().is_some_and(|(id, step)| finding.id == *id && finding.step == *step)
        };
        let place = findings.iter().position(same).filter(|_| !is_first);
        if place != Some(self.selected) {
            self.offer = 0;
        }
        self.selected = place.unwrap_or(0);
        self.findings = findings;
        self.stale = false;
        self.derived_at = Some(now);
    }
}

/// A run's case from what the mirror has of it; none before its log has come.
pub fn case<'a>(model: &'a Model, run: &RunId, facts: &'a Facts, now: Timestamp) -> Option<Case<'a>> {
    let detail = model.mirror.detail(run)?;
    Some(Case {
        now,
        run: model.mirror.run(run),
        history: &detail.history,
        log_at: Some(detail.fetched_at),
        graph: detail.graph.as_deref(),
        context: detail.context.as_ref(),
        tasks: model.mirror.tasks(),
        facts,
        caller: &model.caller,
    })
}

/// Takes in an answer; one for another run came too late.
pub(crate) fn learned(model: &mut Model, run: &RunId, need: Need, fact: Fact) {
    let Some(open) = model.run.as_mut().filter(|open| open.run == *run) else { return };
    open.diagnosis.facts.put(need, fact);
    open.diagnosis.stale = true;
}

/// Derives the findings where they are seen and out of date, and asks what they still lack.
pub(crate) fn follow_up(model: &mut Model, now: Timestamp) -> Vec<Effect> {
    let Some(mut open) = model.run.take() else { return Vec::new() };
    if let Some(told) = reconnected(&mut open.diagnosis, now) {
        model.say(told.0, told.1, now);
    }
    let live = model.mirror.run(&open.run).is_some_and(|run| !run.status.is_terminal());
    let effects = if open.diagnosis.due(live).is_some_and(|due| due <= now) {
        derive(model, &mut open, now)
    } else {
        Vec::new()
    };
    model.run = Some(open);
    settle(model);
    effects
}

fn derive(model: &Model, open: &mut RunScreen, now: Timestamp) -> Vec<Effect> {
    let diagnosis = &mut open.diagnosis;
    let Some(known) = case(model, &open.run, &diagnosis.facts, now) else { return Vec::new() };
    let mut needs = wanted(&known, thoroughness(model, diagnosis));
    needs.extend(diagnosis.look().filter(|need| !needs.contains(need)));
    diagnosis.facts.ask(needs.iter().cloned());
    let Some(case) = case(model, &open.run, &diagnosis.facts, now) else { return Vec::new() };
    let (findings, comparison) = (diagnose(&case), compared(&case));
    diagnosis.comparison = comparison;
    diagnosis.put(findings, now);
    let mut effects = Vec::new();
    // A step that seems to run in an ended run: the log may only be older than the end.
    let is_old = diagnosis
        .findings
        .iter()
        .any(|found| found.id == "ended-with-run" && found.verdict == Verdict::Unchecked);
    if is_old && !std::mem::replace(&mut diagnosis.healed, true) {
        effects.push(Effect::Refetch);
    }
    if !needs.is_empty() {
        effects.push(Effect::Investigate { run: open.run.clone(), needs });
    }
    effects
}

/// Whether the awaited connection is good again: then everything that uses it is checked.
fn reconnected(diagnosis: &mut Diagnosis, now: Timestamp) -> Option<(Tone, String)> {
    let (id, since) = diagnosis.reconnecting.clone()?;
    let good = match diagnosis.facts.connections() {
        Asked::Known(fact, all) if fact.asked_at >= since => {
            all.iter().find(|connection| connection.id == id && !connection.needs_reconnect)
        }
        _ => None,
    };
    if let Some(connection) = good {
        let text = format!("{} is connected again: checking what uses it", connection.name);
        diagnosis.reconnecting = None;
        diagnosis.check();
        return Some((Tone::Good, text));
    }
    if age(since, now) <= LOOKS.1 {
        return None;
    }
    diagnosis.reconnecting = None;
    let text = format!("connection {id} is still not good; enter on its finding asks for the page again");
    Some((Tone::Info, text))
}

/// Checks are POSTs: only when asked for, and never in a session that sends nothing.
fn thoroughness(model: &Model, diagnosis: &Diagnosis) -> Thoroughness {
    match model.session.access {
        Access::ReadWrite if diagnosis.checks => Thoroughness::Checking,
        Access::ReadWrite | Access::ReadOnly => Thoroughness::Reading,
    }
}

/// Moves the selection; `false` when the action is none of its own.
pub(super) fn motion(diagnosis: &mut Diagnosis, action: Action, page: usize) -> bool {
    let last = diagnosis.findings.len().saturating_sub(1);
    let offers = diagnosis.current().map_or(0, |finding| finding.offers.len());
    let here = diagnosis.selected;
    let bad = |place: &usize| {
        let verdict = diagnosis.findings.get(*place).map(|finding| finding.verdict);
        matches!(verdict, Some(Verdict::Cause | Verdict::Contributing | Verdict::Unchecked))
    };
    let to = match action {
        Action::NextMatch => (here + 1..=last).chain(0..=here).find(bad).unwrap_or(here),
        Action::PreviousMatch => (0..here).rev().chain((here..=last).rev()).find(bad).unwrap_or(here),
        Action::Right => {
            diagnosis.offer = (diagnosis.offer + 1).min(offers.saturating_sub(1));
            return true;
        }
        Action::Left => {
            diagnosis.offer = diagnosis.offer.saturating_sub(1);
            return true;
        }
        action => match moved(here, action, last, page) {
            Some(to) => to,
            None => return false,
        },
    };
    diagnosis.offer = 0;
    diagnosis.selected = to.min(last);
    true
}

/// Keeps the selected finding in sight.
pub(crate) fn settle(model: &mut Model) {
    let rows = usize::from(layout::diagnosis(model.size).list.height);
    let Some(open) = &mut model.run else { return };
    let diagnosis = &mut open.diagnosis;
    diagnosis.selected = diagnosis.selected.min(diagnosis.findings.len().saturating_sub(1));
    diagnosis.offset = keep_seen(diagnosis.selected, diagnosis.offset, rows, diagnosis.findings.len());
}

/// The step on the canvas that stands for a finding's: the loop, for an inner one.
pub(crate) fn on_canvas(step: &StepId) -> StepId {
    step.parent().unwrap_or_else(|| step.clone())
}

/// Whether an answer to a question that has the server check something is on its way.
pub fn is_checking(diagnosis: &Diagnosis) -> bool {
    diagnosis.facts.asking().iter().any(|need| need.manner() == Manner::Check)
}

/// How old the oldest answer is.
pub fn evidence_age(diagnosis: &Diagnosis, now: Timestamp) -> Option<Duration> {
    diagnosis.facts.since().map(|at| age(at, now))
}
