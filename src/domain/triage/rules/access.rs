//! Rows 39 to 45: what 401 and 403 mean here. What was sent is told, never the token.

use super::words::{list, mentions};
use crate::domain::triage::{
    Act, Caller, Case, Fact, Finding, Need, Page, Role, TokenForm, Trouble, TroubleKind, Verdict,
};

/// A question that was refused.
type Refused<'a> = (&'a Need, &'a Fact, &'a Trouble);

fn refused<'a>(case: &Case<'a>, kind: TroubleKind) -> Vec<Refused<'a>> {
    let trouble =
        |(need, fact): (&'a Need, &'a Fact)| fact.answer.as_ref().err().map(|trouble| (need, fact, trouble));
    case.facts.iter().filter_map(trouble).filter(|(_, _, trouble)| trouble.kind == kind).collect()
}

/// The headers that carry who asks, as they are sent.
fn headers(caller: &Caller) -> String {
    let token = match caller.token {
        TokenForm::None => "no Authorization".to_owned(),
        TokenForm::Pat => "Authorization: Bearer pat_…".to_owned(),
        TokenForm::Other => "Authorization: Bearer … (no pat_)".to_owned(),
    };
    let header = |name: &str, value: &Option<Box<str>>| match value {
        Some(value) => format!("{name}: {value}"),
        None => format!("no {name}"),
    };
    format!("{token}, {}, {}", header("X-Tenant-Id", &caller.tenant), header("X-Project-Id", &caller.project))
}

fn finding(
    case: &Case<'_>,
    (row, id, verdict): (u8, &'static str, Verdict),
    title: impl Into<Box<str>>,
    (_, fact, trouble): Refused<'_>,
) -> Finding {
    let status = trouble.status.map(|status| status.to_string()).unwrap_or_default();
    Finding::new(row, id, verdict, title)
        .quoting(Some(&trouble.text))
        .seen(fact.asked.clone(), status, Some(fact.asked_at))
        .seen("headers sent", headers(case.caller), Some(fact.asked_at))
}

/// Rows 39 to 41: who asks is not known to the server.
pub(super) fn unauthenticated(case: &Case<'_>) -> Vec<Finding> {
    let all = refused(case, TroubleKind::Unauthenticated);
    let Some(first) = all.first().copied() else { return Vec::new() };
    let from = if case.caller.token_source.is_empty() {
        String::new()
    } else {
        format!(" from {}", case.caller.token_source)
    };
    let keys = Act::Console(Page::ApiKeys);
    let found = match case.caller.token {
        TokenForm::None => finding(
            case,
            (39, "token-missing", Verdict::Cause),
            format!("no token is sent to {}", case.caller.host),
            first,
        ),
        TokenForm::Other => {
            let title =
                format!("the token{from} is refused, and is no access token: a session may have ended");
            finding(case, (40, "session-expired", Verdict::Cause), title, first)
        }
        TokenForm::Pat => {
            let title = format!(
                "the access token{from} is refused: it was revoked, has expired, or is of another server"
            );
            finding(case, (41, "token-revoked", Verdict::Cause), title, first)
        }
    };
    vec![found.offer("open the access tokens", keys)]
}

/// Rows 42 to 45: who asks is known, and may not. The server's own word decides; without one, each
/// of role, scope and context that is not ruled out is named.
pub(super) fn forbidden(case: &Case<'_>) -> Vec<Finding> {
    let all = refused(case, TroubleKind::Forbidden);
    let Some(first) = all.first().copied() else { return Vec::new() };
    let named = all.iter().copied().find_map(|refused| named(case, refused));
    named.map_or_else(|| candidates(case, &all, first), |finding| vec![finding])
}

/// What the server's word says is missing.
fn named(case: &Case<'_>, refused: Refused<'_>) -> Option<Finding> {
    let (need, _, trouble) = refused;
    let code = trouble.code.as_deref().unwrap_or_default();
    let says = |words: &[&str]| mentions(code, words) || mentions(&trouble.text, words);
    let keys = Act::Console(Page::ApiKeys);
    Some(if says(&["tenant_admin", "tenant admin", "workspace admin"]) {
        finding(
            case,
            (45, "tenant-admin", Verdict::Cause),
            format!("{need}: only a tenant_admin may do this"),
            refused,
        )
    } else if says(&["scope"]) {
        let title = format!("the token lacks a scope for {need}: it needs {}", need.scope());
        finding(case, (43, "scope", Verdict::Cause), title, refused).offer("open the access tokens", keys)
    } else if says(&["missing_role", "project role", "contributor", "viewer", "your role"]) {
        let title = format!("the role does not cover {need}: it needs {}", need.role().as_str());
        finding(case, (42, "role", Verdict::Cause), title, refused)
    } else if says(&["context", "tenant", "project", "workspace"]) {
        finding(case, (44, "context", Verdict::Cause), context_title(case.caller), refused)
    } else {
        return None;
    })
}

fn context_title(caller: &Caller) -> String {
    match (&caller.tenant, &caller.project) {
        (None, None) => "neither workspace nor project is named: set tenant and project".into(),
        (None, _) => "no workspace is named: set the tenant".into(),
        (_, None) => "no project is named: set the project".into(),
        (Some(tenant), Some(project)) => {
            format!("the token is not for workspace {tenant} and project {project}")
        }
    }
}

/// Without a word of the server: what is not ruled out by what worked.
fn candidates(case: &Case<'_>, all: &[Refused<'_>], first: Refused<'_>) -> Vec<Finding> {
    let worked: Vec<&Need> =
        case.facts.iter().filter(|(_, fact)| fact.answer.is_ok()).map(|(need, _)| need).collect();
    let mut findings = Vec::new();
    let lacks_context = case.caller.tenant.is_none() || case.caller.project.is_none();
    // Something of the project was read, so the context is right.
    if worked.is_empty() || lacks_context {
        let verdict = if lacks_context && worked.is_empty() { Verdict::Cause } else { Verdict::Contributing };
        findings.push(finding(case, (44, "context", verdict), context_title(case.caller), first));
    }
    let asks = |role: Role| all.iter().any(|(need, ..)| need.role() == role);
    if asks(Role::Contributor) && worked.iter().all(|need| need.role() == Role::Viewer) {
        let reads = if worked.is_empty() { "" } else { "reading works, this does not: " };
        let title = format!("{reads}the role may be too small; it needs {}", Role::Contributor.as_str());
        findings.push(finding(case, (42, "role", Verdict::Contributing), title, first));
    }
    let covered: Vec<&str> = worked.iter().map(|need| need.scope()).collect();
    let mut scopes: Vec<&str> =
        all.iter().map(|(need, ..)| need.scope()).filter(|scope| !covered.contains(scope)).collect();
    scopes.sort_unstable();
    scopes.dedup();
    if !scopes.is_empty() {
        let title = format!("the token may lack a scope: {}", list(scopes));
        let keys = Act::Console(Page::ApiKeys);
        findings.push(
            finding(case, (43, "scope", Verdict::Contributing), title, first)
                .offer("open the access tokens", keys),
        );
    }
    findings
}
