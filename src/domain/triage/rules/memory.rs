//! Rows 54 to 56: memory that is off, overloaded, or has nothing yet.

use serde_json::Value;

use super::subject::{error, has_failed, step};
use super::words::mentions;
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Finding, Need, TroubleKind, Verdict};

/// Whether the case is about memory: a session, or a failure that speaks of it.
fn is_about(case: &Case<'_>) -> bool {
    case.run.is_none() || uses_memory(case)
}

fn uses_memory(case: &Case<'_>) -> bool {
    let tool = step(case).and_then(|step| case.spec(step)).and_then(|spec| spec.text("tool_name"));
    let by_tool = tool.is_some_and(|tool| mentions(tool, &["memory"]));
    let by_words = has_failed(case)
        && error(case)
            .is_some_and(|text| mentions(text, &["memory kernel", "queue unavailable", "memory search"]));
    by_tool || by_words || job(case).is_some()
}

/// A search, and the extraction that the run began.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let search = is_about(case).then_some(Need::Memory);
    search.into_iter().chain(job(case).map(|job| Need::Extraction(job.into()))).collect()
}

/// The job of an extraction or indexing, from the results of the run's memory steps.
fn job<'a>(case: &Case<'a>) -> Option<&'a str> {
    let steps = case.context?.get("steps")?.as_object()?;
    let of_memory = steps.iter().filter(|(id, _)| {
        let spec = case.spec(&id.as_str().into());
        spec.and_then(|spec| spec.text("tool_name")).is_some_and(|tool| mentions(tool, &["memory"]))
    });
    let names = ["job_id", "jobId"];
    let read = |step: &'a Value| names.iter().find_map(|name| step.get("result")?.get(*name)?.as_str());
    of_memory.map(|(_, step)| step).find_map(read)
}

/// Which of the three it is.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if !is_about(case) {
        return Vec::new();
    }
    let said = error(case).unwrap_or_default();
    let asked = case.facts.memory();
    let trouble = asked.trouble();
    let heard = |words: &[&str]| {
        mentions(said, words) || trouble.is_some_and(|trouble| mentions(&trouble.text, words))
    };
    let off = trouble
        .is_some_and(|trouble| matches!(trouble.kind, TroubleKind::Missing | TroubleKind::Unavailable));
    let (verdict, source) = if has_failed(case) && uses_memory(case) {
        (Verdict::Cause, "event step_failed")
    } else {
        (Verdict::Ok, "the memory search")
    };
    let evidence = |finding: Finding| match asked {
        Asked::Failed(fact, trouble) => finding.quoting(Some(&trouble.text)).seen(
            fact.asked.clone(),
            trouble.status.map_or_else(|| "no answer".into(), |status| status.to_string()),
            Some(fact.asked_at),
        ),
        _ => finding.quoting(Some(said)).seen(source, "in these words", None),
    };
    if heard(&["queue unavailable"]) {
        let title = "the memory queue is not available: nothing can be indexed or extracted now";
        return vec![
            evidence(Finding::new(55, "memory-queue", Verdict::Cause, title))
                .offer("ask again", Act::Refetch),
        ];
    }
    if heard(&["memory kernel not configured", "feature disabled"]) || off {
        let title = "memory is not enabled here";
        return vec![evidence(Finding::new(54, "memory-off", verdict, title))];
    }
    match asked {
        Asked::Known(fact, probe) if probe.hits == 0 => vec![empty(case, fact)],
        Asked::Known(fact, probe) => vec![Finding::new(56, "memory", Verdict::Ok, "memory answers").seen(
            fact.asked.clone(),
            format!("{} hits", probe.hits),
            Some(fact.asked_at),
        )],
        _ => vec![unchecked(56, "memory", "the memory search", &asked)],
    }
}

fn empty(case: &Case<'_>, fact: &crate::domain::triage::Fact) -> Finding {
    let found = |verdict, title: String| {
        Finding::new(56, "memory-empty", verdict, title).seen(
            fact.asked.clone(),
            "no hits",
            Some(fact.asked_at),
        )
    };
    let Some(job) = job(case) else {
        return found(
            Verdict::Ok,
            "memory answers, and has nothing that was searched for: indexing may not be done yet".into(),
        );
    };
    match case.facts.extraction(job).known() {
        Some(extraction) if mentions(&extraction.status, &["completed", "done", "succeeded"]) => found(
            Verdict::Contributing,
            format!("the search finds nothing although extraction {job} is {}", extraction.status),
        ),
        Some(extraction) => found(
            Verdict::ByDesign,
            format!("the search finds nothing yet: extraction {job} is {}", extraction.status),
        )
        .offer("ask again", Act::Refetch),
        None => found(
            Verdict::Contributing,
            format!("the search finds nothing; extraction {job} may not be done yet"),
        )
        .offer("ask again", Act::Refetch),
    }
}
