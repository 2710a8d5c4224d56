//! Row 28: the connection exists, is active, and the server takes it.

use super::super::subject::{Binding, connection as find};
use super::instance::probed;
use crate::domain::triage::diagnose::unchecked;
use crate::domain::triage::{Act, Asked, Case, Connection, Fact, Finding, Need, Page, Verdict};

/// The connections, then the validation of the one that is used.
pub(in super::super) fn needs(case: &Case<'_>) -> Vec<Need> {
    let Some(binding) = Binding::of(case) else { return Vec::new() };
    let check = binding.server(case).zip(binding.connection_id(case));
    let check = check.map(|(server, connection)| Need::ConnectionCheck {
        server: server.into(),
        connection: connection.into(),
    });
    [Need::Connections].into_iter().chain(check).collect()
}

/// What is wrong with the connection, or that nothing is.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    let Some(binding) = Binding::of(case) else { return Vec::new() };
    let asked = case.facts.connections();
    let Some(id) = binding.connection_id(case) else {
        let known = binding.instance(case).is_some() && binding.profile(case).is_some();
        let finding = match asked {
            Asked::Known(fact, _) if known => Finding::new(
                28,
                "binding-connection",
                Verdict::Ok,
                "no connection is wired: the tool is called without credentials",
            )
            .seen(
                fact.asked.clone(),
                "none is named by profile or override",
                Some(fact.asked_at),
            ),
            Asked::Failed(..) => unchecked(28, "binding-connection", "the connection", &asked),
            _ => return Vec::new(),
        };
        return vec![finding.at(binding.step)];
    };
    let Asked::Known(fact, _) = asked else {
        return vec![
            unchecked(28, "binding-connection", &format!("connection {id}"), &asked).at(binding.step),
        ];
    };
    let found = match find(case, id) {
        None => gone(id, fact),
        // What a person must connect again is told of once, by the rule for accounts.
        Some(connection) if connection.needs_reconnect => return Vec::new(),
        Some(connection) => state(connection, fact),
    };
    let probe = binding.server(case).and_then(|server| validated(case, server, id));
    [Some(found), probe].into_iter().flatten().map(|finding| finding.at(binding.step)).collect()
}

fn gone(id: &str, fact: &Fact) -> Finding {
    let title = format!("the binding names connection {id}, which does not exist");
    Finding::new(28, "binding-connection", Verdict::Cause, title)
        .seen(fact.asked.clone(), "it is not in the list", Some(fact.asked_at))
        .offer("open the connections", Act::Console(Page::Connections))
}

fn state(connection: &Connection, fact: &Fact) -> Finding {
    let name = &connection.name;
    let status = if connection.status.is_empty() { "without a status" } else { &connection.status };
    let title = format!("connection {name} ({}) is {status}", connection.provider);
    Finding::new(28, "binding-connection", Verdict::Ok, title).seen(
        fact.asked.clone(),
        format!("status {status}"),
        Some(fact.asked_at),
    )
}

fn validated(case: &Case<'_>, server: &str, id: &str) -> Option<Finding> {
    let asked = case.facts.connection_check(server, id);
    match asked {
        Asked::Not | Asked::OnItsWay => None,
        Asked::Failed(..) => Some(unchecked(
            28,
            "binding-connection-check",
            &format!("connection {id} with server {server}"),
            &asked,
        )),
        Asked::Known(fact, probe) => {
            Some(probed(28, "binding-connection-check", &format!("connection {id}"), fact, probe))
        }
    }
}
