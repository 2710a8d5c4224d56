//! Offers to mend what a diagnosis found, through the API.

use super::offer::{choice, demands};
use super::rules::{Refusal, allowed, sendable};
use crate::app::Model;
use crate::app::layers::{Dialog, DialogKind};
use crate::domain::Timestamp;
use crate::domain::triage::Profiled;
use crate::wire::Command;

/// The dialog that makes a config profile the active one, or why there is none.
///
/// # Errors
/// When nothing may be changed now.
pub(crate) fn activate(model: &Model, of: &Profiled, now: Timestamp) -> Result<Dialog, Refusal> {
    may(model, "activate", now)?;
    let command = Command::Activate { instance: of.instance.clone(), profile: of.profile.clone() };
    let outcome = "every step that is bound to the instance calls over it; what is bound is checked then";
    let target = format!("profile {} of instance {}", of.profile_name, of.instance_name);
    let choices = vec![choice("make it active", outcome.into(), command)];
    let mut dialog = Dialog::new(DialogKind::Activate, target, choices, now);
    let active = of.instead_of.as_deref().map(|name| format!("profile {name} is active"));
    dialog.facts = vec![("now", active.unwrap_or_else(|| "no profile is active".into()))];
    dialog.demands = demands(model, "activate", ("profile", &of.profile_name));
    Ok(dialog.ready(model.size))
}

fn may(model: &Model, word: &'static str, now: Timestamp) -> Result<(), Refusal> {
    allowed(model, word).map_or(Ok(()), Err)?;
    sendable(model, now)
}
