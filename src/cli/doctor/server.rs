//! The server: the way to it, its clock, who asks, and what the project has.

use super::Checkup;
use crate::app::model::Access;
use crate::cli::connect::Connected;
use crate::cli::diagnose::{caller, session_case, thoroughness};
use crate::client::{Reach, StreamReach};
use crate::domain::clock::human;
use crate::domain::triage::{Caller, Facts, Finding, Need, TokenForm, Verdict, diagnose};

/// Clocks that differ by more than this are told of.
const SKEW: u64 = 60;

/// Looks at everything that takes a server.
pub(super) async fn check(connected: &Connected) -> Vec<Checkup> {
    let caller = caller(connected);
    let mut found = vec![target(connected), token(&caller)];
    let reach = connected.client.reach().await;
    found.extend(network(&reach));
    if reach.answered.is_err() {
        return found;
    }
    found.extend(stream(connected).await);
    let mut facts = Facts::default();
    let asked = vec![Need::Runs, Need::Tokens];
    connected.client.investigate_all(asked, |need, fact| facts.put(need, fact)).await;
    let none = Facts::default();
    connected.client.gather(thoroughness(connected, false), &session_case(&none, &caller), &mut facts).await;
    found.extend(reading(&facts));
    found.extend(
        diagnose(&session_case(&facts, &caller)).iter().map(|finding| Checkup::of(area(finding), finding)),
    );
    found
}

fn target(connected: &Connected) -> Checkup {
    let session = &connected.session;
    let may = if session.access == Access::ReadOnly { ", read-only" } else { "" };
    let kind = if session.profile == "local" { "the runtime on this machine" } else { "profile" };
    let name = if session.profile == "local" { String::new() } else { format!(" {}", session.profile) };
    Checkup::ok("server", format!("{kind}{name} at {}{may}", session.host))
}

fn token(caller: &Caller) -> Checkup {
    let source = if caller.token_source.is_empty() { "an unknown source" } else { &caller.token_source };
    let context = [("tenant", &caller.tenant), ("project", &caller.project)];
    let context: Vec<String> = context
        .iter()
        .map(|(name, value)| {
            value.as_ref().map_or_else(|| format!("no {name}"), |value| format!("{name} {value}"))
        })
        .collect();
    let context = context.join(", ");
    match caller.token {
        TokenForm::None => Checkup::new("token", Verdict::Cause, format!("none is sent; {context}"))
            .advise("set AR_TOKEN, or token_file or token_command in the profile"),
        TokenForm::Pat => Checkup::ok("token", format!("an access token from {source}; {context}")),
        TokenForm::Other => Checkup::ok(
            "token",
            format!("a token from {source}, which begins with neither pat_ nor ar_pat_; {context}"),
        ),
    }
}

/// The way to the server, hop by hop.
fn network(reach: &Reach) -> Vec<Checkup> {
    let mut found: Vec<Checkup> = name(reach).into_iter().collect();
    match &reach.answered {
        Err(error) => found.push(Checkup::new("network", Verdict::Cause, error.to_string())),
        Ok(answer) => {
            let lock = if reach.is_encrypted { "TLS, trusted" } else { "plain HTTP within this machine" };
            found.push(Checkup::ok(
                "network",
                format!("answers in {} ms ({lock}), status {}", answer.took.as_millis(), answer.status),
            ));
            found.push(clock(answer.skew_seconds));
        }
    }
    found
}

/// Whether the event stream of a workflow opens, where there is a workflow: proxies that let requests
/// through may not let streams.
async fn stream(connected: &Connected) -> Option<Checkup> {
    let client = &connected.client;
    let workflow = client.workflows().await.ok()?.into_iter().next()?;
    Some(match client.reach_stream(&workflow.id).await {
        Err(error) => Checkup::new("stream", Verdict::Contributing, format!("no event stream: {error}"))
            .advise("runs are read every 3 to 30 s instead; have proxies in between let WebSockets through"),
        Ok(StreamReach { took, skipped: 0 }) => {
            Checkup::ok("stream", format!("the event stream opens in {} ms", took.as_millis()))
        }
        Ok(StreamReach { skipped, .. }) => {
            let text =
                format!("the event stream carries frames that mean nothing here: {skipped} in a second");
            Checkup::new("stream", Verdict::Contributing, text)
                .advise("something in between changes what the server sends, or it is of another version")
        }
    })
}

/// What the host's name is resolved to, and by whom.
fn name(reach: &Reach) -> Option<Checkup> {
    if let Some(proxy) = &reach.proxy {
        return Some(Checkup::ok("network", format!("through the proxy {proxy}")));
    }
    let host = &reach.host;
    match reach.resolved.as_ref()? {
        // An address that was given as such is its own.
        Ok(addresses) if addresses.contains(host) => None,
        Ok(addresses) => Some(Checkup::ok("network", format!("{host} is {}", addresses.join(", ")))),
        Err(error) => {
            let found = Checkup::new("network", Verdict::Cause, format!("{host} has no address: {error}"));
            Some(found.advise("check the API's URL and the name server"))
        }
    }
}

fn clock(skew: Option<i64>) -> Checkup {
    let Some(skew) = skew else {
        return Checkup::new("clock", Verdict::Unchecked, "the server does not tell its time");
    };
    let away = skew.unsigned_abs();
    let side = if skew > 0 { "ahead of" } else { "behind" };
    if away <= SKEW {
        return Checkup::ok("clock", format!("within {away} s of the server's"));
    }
    let apart = human(std::time::Duration::from_secs(away));
    Checkup::new("clock", Verdict::Contributing, format!("this machine is {apart} {side} the server"))
        .advise("set this machine's clock: ages and certificates depend on it")
}

/// Whether the project can be read.
fn reading(facts: &Facts) -> Option<Checkup> {
    let runs = facts.runs().known()?;
    let text = if *runs == 0 {
        "the project's runs can be read; there are none"
    } else {
        "the project's runs can be read"
    };
    let token = facts.tokens().known().and_then(|tokens| tokens.iter().find(|token| token.is_own));
    let scopes =
        token.map(|token| format!("; this token's scopes: {}", token.scopes.join(", "))).unwrap_or_default();
    Some(Checkup::ok("access", format!("{text}{scopes}")))
}

fn area(finding: &Finding) -> &'static str {
    match finding.row {
        31..=34 => "credits",
        35..=38 => "connections",
        39..=45 => "access",
        54..=56 => "memory",
        _ => "server",
    }
}
