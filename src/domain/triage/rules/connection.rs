//! Rows 35 to 38: connections whose account a person must connect again, and what hangs on them.

use super::binding::instance::probed;
use super::subject::{Binding, connection as find, error, has_failed};
use super::words::{list, mentions};
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Connection, Finding, Instance, Need, Page, Profile, Verdict};

/// Words by which tools tell that their credentials ran out.
const EXPIRED: [&str; 8] = [
    "401",
    "403",
    "invalid_grant",
    "token expired",
    "token has been",
    "expired token",
    "unauthorized",
    "reauth",
];

/// Whether the failure speaks of credentials.
pub(super) fn speaks_of_credentials(case: &Case<'_>) -> bool {
    has_failed(case)
        && Binding::of(case).is_some()
        && error(case).is_some_and(|text| mentions(text, &EXPIRED))
}

/// Without a run every connection matters; with one, those of the step that failed.
pub(super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let about = case.run.is_none() || speaks_of_credentials(case);
    let own = own(case);
    if !about && bad(case).is_empty() && own.is_none() {
        return Vec::new();
    }
    let mut needs = vec![Need::Connections];
    if let Some(own) = own.filter(|own| !own.needs_reconnect) {
        needs.extend(unknown_wiring(case));
        needs.extend(used_by(case, own).into_iter().map(|instance| Need::InstanceCheck(instance.id.clone())));
    }
    let google: Vec<&Connection> = bad(case).into_iter().filter(|connection| is_google(connection)).collect();
    if !bad(case).is_empty() {
        needs.push(Need::Instances);
        needs.extend(
            case.facts
                .instances()
                .known()
                .into_iter()
                .flatten()
                .map(|instance| Need::Profiles(instance.id.clone())),
        );
    }
    if !google.is_empty() {
        needs.push(Need::GoogleConfig);
    }
    needs.extend(google.into_iter().map(|connection| Need::GoogleAccount(connection.id.clone())));
    needs
}

/// Connections that need a person, what depends on them, and what to do.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(symptom(case));
    let bad = bad(case);
    if let Some(own) = own(case).filter(|own| !own.needs_reconnect) {
        findings.extend(used_by(case, own).into_iter().filter_map(|instance| validated(case, own, instance)));
    }
    for connection in &bad {
        let used = used_by(case, connection);
        findings.push(reconnect_needed(case, connection));
        findings.push(reconnect(case, connection));
        findings.extend(revalidate(connection, &used));
    }
    if let Some(first) = bad.first() {
        findings.push(policy(case, first));
    }
    if case.run.is_none() {
        findings.extend(overall(case, bad.len()));
    }
    findings
}

fn bad<'a>(case: &Case<'a>) -> Vec<&'a Connection> {
    case.facts
        .connections()
        .known()
        .into_iter()
        .flatten()
        .filter(|connection| connection.needs_reconnect)
        .collect()
}

fn is_google(connection: &Connection) -> bool {
    mentions(&connection.provider, &["google"]) || mentions(&connection.service, &["gmail", "google"])
}

/// Row 35, from the failure's own words.
fn symptom(case: &Case<'_>) -> Option<Finding> {
    if !speaks_of_credentials(case) {
        return None;
    }
    let binding = Binding::of(case)?;
    let title = format!("the tool {} refuses its credentials", binding.tool());
    let finding =
        Finding::new(35, "oauth-symptom", Verdict::Contributing, title).at(binding.step).quoting(error(case));
    Some(
        finding
            .seen("event step_failed", "speaks of a token or of 401 or 403", None)
            .offer("validate the binding", Act::Validate),
    )
}

/// The connection over which the step that matters calls its tool.
fn own<'a>(case: &Case<'a>) -> Option<&'a Connection> {
    find(case, Binding::of(case)?.connection_id(case)?)
}

/// The profiles of the instances whose list does not say over which connection they are called.
fn unknown_wiring(case: &Case<'_>) -> Vec<Need> {
    let all = case.facts.instances().known().into_iter().flatten();
    let unknown = all.filter(|each| each.connection.is_none() && each.has_connection != Some(false));
    unknown.map(|each| Need::Profiles(each.id.clone())).collect()
}

/// Row 37, once it was asked: an instance that is called over the connection, validated.
fn validated(case: &Case<'_>, connection: &Connection, instance: &Instance) -> Option<Finding> {
    let what = format!("instance {} over {}", instance.name, connection.name);
    match case.facts.instance_check(&instance.id) {
        Asked::Not => None,
        Asked::Known(fact, probe) => Some(probed(37, "revalidated", &what, fact, probe)),
        asked @ (Asked::OnItsWay | Asked::Failed(..)) => Some(unchecked(37, "revalidated", &what, &asked)),
    }
}

fn is_used_here(case: &Case<'_>, connection: &Connection) -> bool {
    Binding::of(case).and_then(|binding| binding.connection_id(case)) == Some(&*connection.id)
}

fn reconnect_needed(case: &Case<'_>, connection: &Connection) -> Finding {
    let here = is_used_here(case, connection);
    let verdict = if here && has_failed(case) { Verdict::Cause } else { Verdict::Contributing };
    let fact = case.facts.get(&Need::Connections);
    let title = format!("connection {} ({}) needs reconnecting", connection.name, connection.provider);
    let source = fact.map_or("the connections", |fact| &fact.asked);
    let again = Act::Reconnect { connection: connection.id.clone(), provider: connection.provider.clone() };
    Finding::new(35, "reconnect-needed", verdict, title)
        .seen(source, format!("status {}", connection.status), fact.map(|fact| fact.asked_at))
        .offer("reconnect in the browser", again)
}

/// Row 36: whether the account can be connected from here.
fn reconnect(case: &Case<'_>, connection: &Connection) -> Finding {
    let page = Act::Console(Page::Connections);
    if !is_google(connection) {
        let title =
            format!("{} is no Google account: change its credentials in the console", connection.name);
        return Finding::new(36, "reconnect", Verdict::Ok, title).offer("open the connections", page);
    }
    let asked = case.facts.google_config();
    let again = Act::Reconnect { connection: connection.id.clone(), provider: connection.provider.clone() };
    match asked {
        Asked::Known(fact, true) => {
            Finding::new(36, "reconnect", Verdict::Ok, "Google accounts can be connected here")
                .seen(fact.asked.clone(), "enabled", Some(fact.asked_at))
                .offer("reconnect in the browser", again)
        }
        Asked::Known(fact, false) => Finding::new(
            36,
            "reconnect",
            Verdict::Contributing,
            "connecting Google accounts is switched off on this server",
        )
        .seen(fact.asked.clone(), "not enabled", Some(fact.asked_at))
        .offer("open the connections", page),
        _ => unchecked(36, "reconnect", "whether Google accounts can be connected", &asked)
            .offer("open the connections", page),
    }
}

/// The instances whose active profile uses a connection.
fn used_by<'a>(case: &Case<'a>, connection: &Connection) -> Vec<&'a Instance> {
    let uses = |instance: &&Instance| {
        let profiles = case.facts.profiles(&instance.id).known();
        let active = profiles.into_iter().flatten().find(|profile: &&Profile| profile.active);
        active.and_then(|profile| profile.connection.as_ref()).or(instance.connection.as_ref())
            == Some(&connection.id)
    };
    case.facts.instances().known().into_iter().flatten().filter(uses).collect()
}

/// Row 37: what to validate once it is connected again.
fn revalidate(connection: &Connection, used: &[&Instance]) -> Option<Finding> {
    if used.is_empty() {
        return None;
    }
    let names = list(used.iter().map(|instance| &*instance.name));
    let title = format!("once {} is connected again, validate what uses it: {names}", connection.name);
    let finding = Finding::new(37, "revalidate", Verdict::Contributing, title);
    Some(
        finding
            .seen("the instances' active profiles", format!("{} use it", used.len()), None)
            .offer("validate", Act::Validate),
    )
}

/// Row 38: what reconnecting alone does not mend.
fn policy(case: &Case<'_>, connection: &Connection) -> Finding {
    let services = case.facts.google_account(&connection.id).known();
    let title = "reconnecting mends new runs only; an administrator's policy may still block the app";
    let finding = Finding::new(38, "oauth-policy", Verdict::ByDesign, title);
    let finding = match services {
        Some(services) if !services.is_empty() => finding.seen(
            "the Google account",
            format!("enabled services: {}", list(services.iter().map(|name| &**name))),
            None,
        ),
        Some(_) => finding.seen("the Google account", "no service is enabled", None),
        None => finding,
    };
    if connection.scopes.is_empty() {
        finding
    } else {
        finding.seen(
            "the connection",
            format!("scopes: {}", list(connection.scopes.iter().map(|scope| &**scope))),
            None,
        )
    }
}

/// The state of all connections, for a session.
fn overall(case: &Case<'_>, bad: usize) -> Option<Finding> {
    let asked = case.facts.connections();
    match asked {
        Asked::Known(fact, all) if bad == 0 => Some(
            Finding::new(
                35,
                "connections",
                Verdict::Ok,
                format!("{} connections, none needs reconnecting", all.len()),
            )
            .seen(fact.asked.clone(), format!("{} connections", all.len()), Some(fact.asked_at)),
        ),
        Asked::Known(..) => None,
        _ => Some(unchecked(35, "connections", "the connections", &asked)),
    }
}
