//! Row 3, on: what is different from the last run of the workflow that went well.

use super::subject::{code, has_failed};
use super::words::{list, time};
use crate::domain::clock::{age, human};
use crate::domain::comparison::{Change, Comparison, GraphDiff, How, Pace, ShapeDiff, Side};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, Verdict};
use crate::domain::{FailureCode, Timestamp};

/// The last good run, for one that failed by itself.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    need(case).into_iter().collect()
}

fn need(case: &Case<'_>) -> Option<Need> {
    let run = case.run.filter(|_| has_failed(case) && code(case) != Some(&FailureCode::RunStopped))?;
    let (workflow, except, before) = (run.workflow_id.clone(), run.id.clone(), run.started_at);
    Some(Need::LastGood { workflow, except, before })
}

/// A run that failed against the last one that went well; none until that is known, and where no
/// run ever went well.
pub fn compared(case: &Case<'_>) -> Option<Comparison> {
    let good = case.facts.last_good(&need(case)?).known()?.run.as_deref()?;
    let here = Side { run: case.run?, history: case.history, graph: case.graph, context: case.context };
    let there = Side {
        run: &good.run,
        history: &good.history,
        graph: good.graph.as_deref(),
        context: good.context.as_ref(),
    };
    Some(Comparison::of(here, there))
}

/// What is different, the first step at which the two part before all else.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(need) = need(case) else { return Vec::new() };
    let asked = case.facts.last_good(&need);
    let Asked::Known(fact, good) = asked else {
        return vec![unchecked(3, "last-good-run", "what differs from the last good run", &asked)];
    };
    let Some(found) = compared(case) else {
        let title = "no run of this workflow ever went well, as far as they are listed";
        let finding = Finding::new(3, "last-good-run", Verdict::Ok, title);
        let listed = format!("{} listed", super::words::counted(good.listed, "run"));
        return vec![finding.seen(fact.asked.clone(), listed, Some(fact.asked_at))];
    };
    vec![told(&found, case.now, (&fact.asked, fact.asked_at))]
}

fn told(found: &Comparison, now: Timestamp, (asked, at): (&str, Timestamp)) -> Finding {
    let when = found.good_ended_at.map(|end| format!(", {} ago", human(age(end, now)))).unwrap_or_default();
    let good = format!("the last good run ({}{when})", found.good.short());
    let first = found.first.as_ref();
    let (verdict, title) = match (found.tells(), first) {
        (true, Some(first)) => (
            Verdict::Contributing,
            format!("differs from {good} first at {}: {}", first.step, how(&first.how)),
        ),
        (true, None) => (Verdict::Contributing, format!("differs from {good}")),
        (false, _) => (Verdict::Ok, format!("nothing but its end differs from {good}")),
    };
    let mut finding = Finding::new(3, "last-good-run", verdict, title);
    finding.step = first.map(|first| first.step.clone());
    let graph = found.graph.as_ref().map_or_else(|| NOT_KNOWN.to_owned(), graph);
    let input = found.input.as_deref().map_or_else(|| NOT_KNOWN.to_owned(), shapes);
    finding
        .seen("version", versions(found.versions), None)
        .seen("graph", graph, None)
        .seen("shape of the input", input, None)
        .seen("durations", paces(&found.paces), None)
        .seen(asked, format!("run {}", found.good), Some(at))
        .offer(
            "open the good run",
            Act::OpenRun { workflow: found.workflow.clone(), run: found.good.clone() },
        )
}

const NOT_KNOWN: &str = "not known of both";

fn versions(versions: (Option<u64>, Option<u64>)) -> String {
    match versions {
        (Some(here), Some(there)) if here == there => format!("{here}, the same"),
        (Some(here), Some(there)) => format!("{here}, was {there}"),
        _ => NOT_KNOWN.into(),
    }
}

fn graph(diff: &GraphDiff) -> String {
    let step = |(id, change): &(crate::domain::StepId, Change)| match change {
        Change::Added => format!("{id} is new"),
        Change::Removed => format!("{id} is gone"),
        Change::Changed(fields) => format!("{id} ({})", list(fields.iter().map(|field| &**field))),
    };
    let schema = diff.schema.then(|| "the input schema".to_owned());
    joined(diff.steps.iter().map(step).chain(schema))
}

fn shapes(diff: &[ShapeDiff]) -> String {
    let one = |place: &ShapeDiff| {
        let at = if place.at.is_empty() { "all of it" } else { &*place.at };
        match (place.here, place.there) {
            (Some(here), Some(there)) => format!("{at} is {here}, was {there}"),
            (Some(here), None) => format!("{at} is new ({here})"),
            (None, there) => format!("{at} is gone (was {})", there.unwrap_or("there")),
        }
    };
    joined(diff.iter().map(one))
}

/// The steps that took much longer.
fn paces(paces: &[Pace]) -> String {
    let slower = |pace: &Pace| {
        let (here, there) = (pace.here?, pace.there?);
        let times = pace.ratio().map(|ratio| format!(" ({ratio:.1}×)")).unwrap_or_default();
        Some(format!("{} took {}, was {}{times}", pace.step, time(here), time(there)))
    };
    let all = paces.iter().filter(|pace| pace.is_slower()).filter_map(slower);
    let told = joined(all);
    if told == SAME { "no step took much longer".into() } else { told }
}

fn how(how: &How) -> String {
    match how {
        How::New => "that run had no such step".into(),
        How::Defined(fields) => {
            format!("its definition changed ({})", list(fields.iter().map(|field| &**field)))
        }
        How::Input(diff) => format!("of its input {}", shapes(diff)),
        How::Ended(here, there) => format!("{}, was {}", here.word(), there.word()),
        How::Result(diff) => format!("of its result {}", shapes(diff)),
    }
}

const SAME: &str = "the same";

fn joined(parts: impl Iterator<Item = String>) -> String {
    let parts: Vec<String> = parts.collect();
    if parts.is_empty() { SAME.into() } else { list(parts.iter().map(String::as_str)) }
}
