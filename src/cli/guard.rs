//! Guardrails on the command line: what the screen asks for in a dialog is a flag here.

use color_eyre::Result;

use super::args::Proof;
use super::connect::Connected;
use super::exit::Failure;
use crate::app::guard::{Guard, Guards, Typed};
use crate::config::{Confirm, GUARDED, Guardrail, ReasonRule};
use crate::domain::RunId;

/// The guards that hold under a profile.
pub(super) fn guards(rules: &[Guardrail], profile: &str) -> Guards {
    let of = |action: &'static str| {
        let rules = rules.iter().filter(|rule| rule.covers(profile, action)).map(guard);
        (action, rules.fold(Guard::default(), Guard::and))
    };
    GUARDED.into_iter().map(of).collect()
}

fn guard(rule: &Guardrail) -> Guard {
    Guard {
        denied: rule.deny,
        typed: rule.confirm.map(|confirm| match confirm {
            Confirm::TypeRunId => Typed::RunId,
            Confirm::TypeProfile => Typed::Profile,
        }),
        max_bulk: rule.max_bulk,
        needs_reason: rule.reason == Some(ReasonRule::Required),
    }
}

/// What a command is aimed at, as it would be typed to confirm it.
pub(super) enum Aimed<'a> {
    /// A run.
    Run(&'a RunId),
    /// What has no run yet: a workflow, by name.
    Workflow(&'a str),
}

/// Refuses what the session, or a guardrail without its proof, does not let through.
///
/// # Errors
/// [`Failure::Refused`], which says what is missing.
pub(super) fn check(connected: &Connected, word: &str, aimed: &Aimed<'_>, proof: &Proof) -> Result<()> {
    connected.need_write()?;
    let profile = &connected.session.profile;
    let guard = connected.session.guards.of(word);
    let refused = |text: String| Err(Failure::Refused(text).into());
    if guard.denied || guard.max_bulk == Some(0) {
        return refused(format!("a guardrail of profile {profile} refuses to {word}: nothing was sent"));
    }
    if guard.needs_reason && proof.reason.as_deref().is_none_or(|reason| reason.trim().is_empty()) {
        return refused(format!(
            "a guardrail of profile {profile} asks for a reason: say --reason TEXT; nothing was sent"
        ));
    }
    let Some(wanted) = guard.typed.map(|typed| wanted(typed, profile, aimed)) else { return Ok(()) };
    match &proof.confirm {
        Some(confirm) if wanted.iter().any(|wanted| wanted == confirm) => Ok(()),
        Some(_) => refused(format!(
            "--confirm does not name {}: nothing was sent",
            wanted.first().copied().unwrap_or_default()
        )),
        None => refused(format!(
            "a guardrail of profile {profile} asks to confirm this: say --confirm {}; nothing was sent",
            wanted.first().copied().unwrap_or_default()
        )),
    }
}

/// What confirms it: the short form first.
fn wanted<'a>(typed: Typed, profile: &'a str, aimed: &Aimed<'a>) -> Vec<&'a str> {
    match (typed, aimed) {
        (Typed::Profile, _) => vec![profile],
        (Typed::RunId, Aimed::Run(run)) => vec![run.short(), run.as_str()],
        (Typed::RunId, Aimed::Workflow(name)) => vec![name],
    }
}
