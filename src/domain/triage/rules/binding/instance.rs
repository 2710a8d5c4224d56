//! Row 27: the instance exists, one profile is active and wired, and its server answers.

use super::super::connection::speaks_of_credentials;
use super::super::subject::Binding;
use super::super::words::{list, nearest};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{
    Act, Asked, Case, Fact, Finding, Instance, Need, Page, Probe, Profile, Profiled, Verdict,
};

/// The instances, then the profiles of the one that is used, then its server's validation.
pub(in super::super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let Some(binding) = Binding::of(case) else { return Vec::new() };
    let mut needs = vec![Need::Instances];
    needs.extend(binding.instance(case).map(|instance| Need::Profiles(instance.id.clone())));
    needs.extend(binding.server(case).map(|server| Need::ServerCheck(server.into())));
    needs
}

/// What is wrong with the instance, or that nothing is.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(binding) = Binding::of(case) else { return Vec::new() };
    let asked = case.facts.instances();
    let mut findings = match (asked, binding.instance(case)) {
        (Asked::Known(fact, _), Some(instance)) => vec![profile(case, fact, instance)],
        (Asked::Known(fact, list), None) => vec![missing(&binding, fact, list)],
        _ => vec![unchecked(27, "binding-instance", "the MCP instance", &asked)],
    };
    findings.extend(server(case, &binding));
    findings.into_iter().map(|finding| finding.at(binding.step)).collect()
}

fn missing(binding: &Binding<'_>, fact: &Fact, known: &[Instance]) -> Finding {
    let seen = |finding: Finding| finding.seen(fact.asked.clone(), names(known), Some(fact.asked_at));
    let Some(id) = binding.instance_id() else {
        return seen(match binding.url() {
            Some(url) => Finding::new(
                27,
                "binding-direct",
                Verdict::Ok,
                format!("the step calls {url} itself, without an instance"),
            ),
            None => Finding::new(
                47,
                "graph-tool-missing",
                Verdict::Cause,
                "the step names neither an instance nor a server_url",
            ),
        });
    };
    let ids = known.iter().flat_map(|instance| [&*instance.id, &*instance.name]);
    let hint = nearest(id, ids).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    let title = format!("the step names instance {id}, which does not exist{hint}");
    seen(Finding::new(27, "binding-instance", Verdict::Cause, title))
}

fn names(known: &[Instance]) -> String {
    if known.is_empty() { "no instances".into() } else { list(known.iter().map(|instance| &*instance.name)) }
}

fn profile(case: &Case<'_>, fact: &Fact, instance: &Instance) -> Finding {
    let name = &instance.name;
    let open = || Act::Console(Page::Instance(instance.id.clone()));
    let asked = case.facts.profiles(&instance.id);
    let Asked::Known(own, profiles) = asked else {
        // Without the profiles, the list may still say what is active.
        return match &instance.active_profile {
            Some(profile) => Finding::new(
                27,
                "binding-instance",
                Verdict::Ok,
                format!("instance {name} exists, profile {profile} is active"),
            )
            .seen(fact.asked.clone(), format!("instance {}", instance.id), Some(fact.asked_at)),
            None => unchecked(
                27,
                "binding-profile",
                &format!("which profile of instance {name} is active"),
                &asked,
            ),
        };
    };
    let found = list(profiles.iter().map(|profile| &*profile.name));
    let seen = |verdict, id, title: String| {
        Finding::new(27, id, verdict, title)
            .seen(fact.asked.clone(), format!("instance {}", instance.id), Some(fact.asked_at))
            .seen(
                own.asked.clone(),
                if found.is_empty() { "no profiles".to_owned() } else { found.clone() },
                Some(own.asked_at),
            )
    };
    let active = profiles
        .iter()
        .find(|profile| profile.active || instance.active_profile.as_ref() == Some(&profile.id));
    match active {
        None if profiles.is_empty() && instance.active_profile.is_none() => seen(
            Verdict::Cause,
            "binding-profile",
            format!("instance {name} has no config profile, so nothing tells how to call it"),
        )
        .offer("open the instance", open()),
        None => others(instance, profiles, None, |_| true)
            .fold(
                seen(Verdict::Cause, "binding-profile", format!("no profile of instance {name} is active")),
                |finding, (label, act)| finding.offer(label, act),
            )
            .offer("open the instance to set one active", open()),
        Some(active) if active.connection.is_none() && instance.has_connection == Some(false) => {
            let title = format!("profile {} of instance {name} is not wired to a connection", active.name);
            // There are servers that want no credentials: a tool that did not ask for any says nothing of it.
            let verdict = if speaks_of_credentials(case) { Verdict::Cause } else { Verdict::Contributing };
            others(instance, profiles, Some(active), |other| other.connection.is_some())
                .fold(seen(verdict, "binding-wiring", title), |finding, (label, act)| {
                    finding.offer(label, act)
                })
                .offer("open the instance", open())
        }
        Some(active) => seen(
            Verdict::Ok,
            "binding-instance",
            format!("instance {name} exists, profile {} is active", active.name),
        ),
    }
}

/// What makes one of the other profiles the active one, for those that would do.
fn others<'a>(
    instance: &'a Instance,
    profiles: &'a [Profile],
    active: Option<&'a Profile>,
    would_do: impl Fn(&Profile) -> bool + 'a,
) -> impl Iterator<Item = (String, Act)> + 'a {
    let others = profiles.iter().filter(move |other| active.is_none_or(|active| active.id != other.id));
    others.filter(move |other| would_do(other)).map(move |other| {
        let profiled = Profiled {
            instance: instance.id.clone(),
            instance_name: instance.name.clone(),
            profile: other.id.clone(),
            profile_name: other.name.clone(),
            instead_of: active.map(|active| active.name.clone()),
        };
        (format!("set profile {} active", other.name), Act::Activate(Box::new(profiled)))
    })
}

fn server(case: &Case<'_>, binding: &Binding<'_>) -> Option<Finding> {
    let server = binding.server(case)?;
    let asked = case.facts.server_check(server);
    match asked {
        Asked::Not => Some(
            Finding::new(
                27,
                "binding-server",
                Verdict::Unchecked,
                format!("server {server}: not validated yet"),
            )
            .offer("validate it now", Act::Validate),
        ),
        Asked::OnItsWay | Asked::Failed(..) => {
            Some(unchecked(27, "binding-server", &format!("server {server}"), &asked))
        }
        Asked::Known(fact, probe) => {
            let finding = probed(27, "binding-server", &format!("server {server}"), fact, probe);
            Some(if finding.verdict == Verdict::Cause {
                finding.offer("open its validation", Act::Console(Page::ServerValidation(server.into())))
            } else {
                finding
            })
        }
    }
}

/// What a validation found, check by check.
pub(in super::super) fn probed(row: u8, id: &'static str, what: &str, fact: &Fact, probe: &Probe) -> Finding {
    let failed: Vec<_> = probe.checks.iter().filter(|check| !check.passed).collect();
    let verdict = match probe.passed {
        Some(false) => Verdict::Cause,
        None if probe.checks.is_empty() => Verdict::Unchecked,
        _ if failed.is_empty() => Verdict::Ok,
        _ => Verdict::Cause,
    };
    let title = match (verdict, failed.first()) {
        (Verdict::Ok, _) => format!("{what} passes its validation ({} checks)", probe.checks.len()),
        (Verdict::Unchecked, _) => {
            format!("{what} was validated, but the server does not say with what result")
        }
        (_, Some(first)) => format!("{what} fails its validation at {}", first.name),
        (_, None) => format!("{what} fails its validation"),
    };
    let finding = Finding::new(row, id, verdict, title).quoting(failed.first().map(|check| &*check.message));
    probe.checks.iter().fold(finding, |finding, check| {
        let word = if check.passed { "passed" } else { "failed" };
        finding.seen(fact.asked.clone(), format!("{}: {word}", check.name), Some(fact.asked_at))
    })
}
