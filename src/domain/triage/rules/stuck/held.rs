//! Row 22: paused, and by what.

use super::super::words::since;
use super::live;
use crate::domain::triage::{Act, Case, Finding, Verdict};
use crate::domain::{EventKind, RunClass, RunEvent, RunStatus};

/// A pause that no task explains.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(run) = live(case, RunClass::Held) else { return Vec::new() };
    if case.own_tasks().next().is_some() {
        return Vec::new();
    }
    let mark = case.history.marks().iter().rev().find(|mark| mark.status == RunStatus::Paused);
    let age = since(mark.and_then(|mark| mark.at).or(run.updated_at), case.now);
    let reason = mark.and_then(|mark| mark.reason.as_deref()).unwrap_or_default();
    let chat =
        [Some(reason), run.phase.as_deref()].into_iter().flatten().any(|word| word.contains("awaiting_chat"));
    let limit = case.history.events().iter().rev().find(|event| limit_reached(event));
    let (id, verdict, title) = if chat {
        (
            "awaiting-chat",
            Verdict::ByDesign,
            format!("it waits for the next message of its chat, since {age}: by design"),
        )
    } else if limit.is_some() {
        (
            "agent-limit",
            Verdict::Cause,
            format!("an agent used up its rounds {age} ago: Continue, or leave it"),
        )
    } else if reason.is_empty() {
        ("paused", Verdict::Cause, format!("it is paused since {age}; nothing starts until it is resumed"))
    } else {
        (
            "paused",
            Verdict::Cause,
            format!("it is paused since {age} ({reason}); nothing starts until it is resumed"),
        )
    };
    let source = if mark.is_some() { "event state_changed" } else { "the run itself" };
    let mut finding = Finding::new(22, id, verdict, title).seen(
        source,
        "paused, and no task waits for a person",
        mark.and_then(|mark| mark.at),
    );
    if let Some(event) = limit.filter(|_| !chat) {
        finding = finding.seen("event agent_turn_limit_reached", "rounds used up", event.at);
        finding.step = event.step_id();
    }
    let label = if id == "agent-limit" { "continue" } else { "resume" };
    if chat {
        vec![finding.offer("show the events", Act::ShowEvents)]
    } else {
        vec![finding.offer(label, Act::Resume)]
    }
}

fn limit_reached(event: &RunEvent) -> bool {
    event.kind == EventKind::AgentTurnLimitReached
}
