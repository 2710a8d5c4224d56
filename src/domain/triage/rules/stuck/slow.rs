//! Row 25: a step that takes long, against its own past and its limit.

use std::time::Duration;

use super::super::words::{counted, seconds, time};
use super::in_flight;
use crate::domain::clock::age;
use crate::domain::triage::{Act, Case, Earlier, Finding, Need, Spec, Usual, Verdict};
use crate::domain::{RunClass, StepId, StepKind, StepState, StepStatus};

/// Without a past and without a limit, a step is told of from here on.
const LONG: Duration = Duration::from_secs(60);
/// Below this no step is slow, however fast it used to be.
const SHORT: Duration = Duration::from_secs(5);

/// The steps of earlier runs, while something is in flight.
pub(in super::super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let Some(run) = case.run.filter(|run| run.status.class() == RunClass::Active) else { return Vec::new() };
    let runs = in_flight(case).iter().any(|(_, state)| state.status != StepStatus::Waiting);
    runs.then(|| Need::Earlier { workflow: run.workflow_id.clone(), except: run.id.clone() })
        .into_iter()
        .collect()
}

/// Every step in flight, and whether it takes longer than it should.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.run.is_none_or(|run| run.status.class() != RunClass::Active) {
        return Vec::new();
    }
    let waits = |id: &StepId| case.own_tasks().any(|task| task.step_id == *id);
    let working =
        in_flight(case).into_iter().filter(|(id, state)| state.status != StepStatus::Waiting && !waits(id));
    working.filter_map(|(id, state)| step(case, id, state)).collect()
}

fn step(case: &Case<'_>, id: &StepId, state: &StepState) -> Option<Finding> {
    let began = state.started_at?;
    let ran = age(began, case.now);
    let spec = case.spec(id);
    let limit = spec.and_then(Spec::timeout_s).and_then(|s| Duration::try_from_secs_f64(s).ok());
    let past = usual(case, id);
    let kind = spec.map(Spec::kind);
    let (verdict, against) = judged(ran, limit, past.map(|(_, usual)| usual))?;
    let what = kind.as_ref().map_or("step", StepKind::as_str);
    let title = format!("{id} ({what}) runs since {}{against}", time(ran));
    let mut finding = Finding::new(25, "slow-step", verdict, title).at(id).seen(
        "event step_started",
        format!("attempt {}", state.attempt.max(1)),
        Some(began),
    );
    if let Some(limit) = limit {
        finding = finding.seen("graph", format!("timeout_s is {}", seconds(limit.as_secs_f64())), None);
    } else if spec.is_some() {
        finding = finding.seen("graph", "it has no timeout_s", None);
    }
    if let Some((earlier, usual)) = past {
        let found = format!(
            "{} in {}: half took up to {}, 95 of 100 up to {}",
            counted(usual.count, "time"),
            counted(earlier.runs, "run"),
            time(usual.p50),
            time(usual.p95)
        );
        finding = finding.seen("earlier runs", found, None);
    }
    Some(if verdict == Verdict::Ok {
        finding
    } else {
        finding.offer("pause", Act::Pause).offer("stop", Act::Stop)
    })
}

/// How a time stands to a limit and to the past, and in what words.
fn judged(ran: Duration, limit: Option<Duration>, past: Option<Usual>) -> Option<(Verdict, String)> {
    if let Some(limit) = limit.filter(|limit| ran > *limit) {
        return Some((Verdict::Cause, format!(", past its timeout_s of {}", seconds(limit.as_secs_f64()))));
    }
    if let Some(usual) = past {
        let text = format!("; usual is {} to {}", time(usual.p50), time(usual.p95));
        let slow = ran > usual.p95.max(SHORT);
        return Some((if slow { Verdict::Contributing } else { Verdict::Ok }, text));
    }
    (ran > LONG).then(|| (Verdict::Contributing, ", and nothing says how long it usually takes".into()))
}

fn usual<'a>(case: &Case<'a>, id: &StepId) -> Option<(&'a Earlier, Usual)> {
    let run = case.run?;
    let need = Need::Earlier { workflow: run.workflow_id.clone(), except: run.id.clone() };
    let earlier = case.facts.earlier(&need).known()?;
    Some((earlier, *earlier.steps.get(id)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_judged_by_its_limit_then_by_its_past() {
        let s = Duration::from_secs;
        let past = Some(Usual { count: 9, p50: s(8), p95: s(20) });
        let verdict = |ran, limit: Option<u64>, past| judged(s(ran), limit.map(s), past).map(|found| found.0);
        assert_eq!(verdict(31, Some(30), past), Some(Verdict::Cause));
        assert_eq!(verdict(21, Some(30), past), Some(Verdict::Contributing));
        assert_eq!(verdict(19, Some(30), past), Some(Verdict::Ok));
        assert_eq!(verdict(59, None, None), None);
        assert_eq!(verdict(61, None, None), Some(Verdict::Contributing));
        let fast = Some(Usual { count: 9, p50: Duration::from_millis(2), p95: Duration::from_millis(5) });
        assert_eq!(verdict(4, None, fast), Some(Verdict::Ok), "seconds are no hang");
    }
}
