//! Which scope and role each route needs.
//!
//! The platform marks its routes V (viewer), C (contributor) and T (workspace administrator) and
//! documents three scopes; the others follow its advertised families.

use axum::http::Method;
use serde_json::json;

use super::error::{ApiError, Denied};
use crate::server::access::{Caller, Role};

/// What a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Need {
    /// The scope of the token.
    pub(super) scope: &'static str,
    /// The least role of its holder.
    pub(super) role: Role,
}

/// Which of a route's methods a row is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    /// GET and HEAD.
    Read,
    /// Everything else.
    Write,
}

use Role::{ProjectContributor as C, ProjectViewer as V, TenantAdmin as T};
use Verb::{Read, Write};

const RUN: &str = "/v1/workflows/{id}/runs/{run}";

/// Rows from the special to the general: the first fits whose path is the route or holds it.
const ROUTES: &[(Verb, &str, &str, Role)] = &[
    (Read, "/v1/workflows/{id}/runs/{run}/tasks", "workflow:read", C),
    (Write, RUN, "workflow:run", C),
    (Write, "/v1/workflows/{id}/command", "workflow:run", C),
    (Write, "/v1/workflows/{id}/validate", "workflow:read", C),
    (Read, "/v1/workflows/{id}/triggers", "workflow:read", C),
    (Read, "/v1/workflows", "workflow:read", V),
    (Write, "/v1/workflows", "workflow:edit", C),
    (Read, "/v1/runs", "workflow:read", V),
    (Read, "/v1/tasks", "workflow:read", V),
    (Read, "/v1/mcp", "mcp:read", C),
    (Write, "/v1/mcp", "mcp:write", C),
    (Read, "/v1/connections", "mcp:read", C),
    (Write, "/v1/connections", "mcp:write", C),
    (Write, "/v1/connect", "mcp:write", C),
    (Read, "/v1/principals", "mcp:read", C),
    (Read, "/v1/principal-segments", "mcp:read", C),
    (Read, "/v1/agents", "agent:read", V),
    (Write, "/v1/agents", "agent:write", C),
    (Write, "/v1/llm/resolve", "llm:read", C),
    (Read, "/v1/llm", "llm:read", V),
    (Write, "/v1/llm", "llm:write", C),
    (Read, "/v1/llm-provider-keys", "llm:read", V),
    (Write, "/v1/llm-provider-keys", "llm:write", C),
    (Read, "/v1/memory", "memory:read", C),
    (Write, "/v1/memory", "memory:write", C),
    (Read, "/v1/billing/usage-dimensions", "billing:read", V),
    (Read, "/v1/billing", "billing:read", C),
    (Write, "/v1/billing/topups", "billing:write", C),
    (Write, "/v1/billing", "billing:write", T),
    (Read, "/v1/usage-history", "billing:read", C),
    (Read, "/v1/analytics", "analytics:read", V),
    (Read, "/v1/pats/{id}/reveal", "pat:read", V),
    (Read, "/v1/pats", "pat:read", C),
    (Write, "/v1/pats", "pat:write", C),
    (Read, "/v1/inbound-webhooks", "webhook:manage", C),
    (Write, "/v1/inbound-webhooks", "webhook:manage", C),
];

/// Where signed requests come in without a bearer.
pub(super) fn is_ingress(method: &Method, route: &str) -> bool {
    method == Method::POST && route == "/v1/inbound-webhooks/{id}"
}

/// What a route needs. One that no row is about needs the workspace's administrator.
pub(super) fn need(method: &Method, route: &str) -> Need {
    let verb = if matches!(*method, Method::GET | Method::HEAD) { Read } else { Write };
    let holds =
        |path: &str| route.strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    let row = ROUTES.iter().find(|(of, path, ..)| *of == verb && holds(path));
    row.map_or(Need { scope: "", role: T }, |(_, _, scope, role)| Need { scope, role: *role })
}

/// Judges a request that named itself well.
///
/// # Errors
/// [`ApiError::Forbidden`] with `missing_scope` or `missing_role`, what there is and what is needed.
pub(super) fn check(caller: &Caller, method: &Method, route: &str) -> Result<(), ApiError> {
    let need = need(method, route);
    if !need.scope.is_empty() {
        need_scope(caller, need.scope)?;
    }
    need_role(caller, need.role)
}

/// Refuses a token without a scope.
///
/// # Errors
/// `missing_scope`.
pub(super) fn need_scope(caller: &Caller, scope: &str) -> Result<(), ApiError> {
    if caller.rights.scopes.have(scope) {
        return Ok(());
    }
    let have = caller.rights.scopes.names();
    let message = format!(
        "the token's scopes do not cover this: it needs `{scope}`, the token has {}; create a token with that scope",
        if have.is_empty() { "none".to_owned() } else { have.join(", ") }
    );
    Err(denied("missing_scope", message, json!({"have": have, "need": scope})))
}

/// Refuses a holder of a lesser role.
///
/// # Errors
/// `missing_role`.
pub(super) fn need_role(caller: &Caller, role: Role) -> Result<(), ApiError> {
    let (have, need) = (caller.rights.role, role);
    if have >= need {
        return Ok(());
    }
    let (have, need) = (have.as_str(), need.as_str());
    let message = format!(
        "the token's role does not cover this: it needs {need}, the token has {have}; ask for that role"
    );
    Err(denied("missing_role", message, json!({"have": have, "need": need})))
}

pub(super) fn denied(code: &'static str, message: String, details: serde_json::Value) -> ApiError {
    ApiError::Forbidden(Box::new(Denied { code, message, details }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::access::{Rights, SCOPES, Scopes};
    use pretty_assertions::assert_eq;
    use rstest::rstest;

    #[rstest]
    #[case(Method::GET, "/v1/runs", "workflow:read", V)]
    #[case(Method::HEAD, "/v1/workflows/{id}/runs/{run}/events", "workflow:read", V)]
    #[case(Method::GET, "/v1/workflows/{id}/stream", "workflow:read", V)]
    #[case(Method::GET, "/v1/workflows/{id}/runs/{run}/tasks/pending", "workflow:read", C)]
    #[case(Method::POST, "/v1/workflows/{id}/runs/{run}/tasks/{task}/complete", "workflow:run", C)]
    #[case(Method::POST, "/v1/workflows/{id}/command", "workflow:run", C)]
    #[case(Method::POST, "/v1/workflows", "workflow:edit", C)]
    #[case(Method::DELETE, "/v1/workflows/{id}", "workflow:edit", C)]
    #[case(Method::POST, "/v1/workflows/{id}/triggers", "workflow:edit", C)]
    #[case(Method::GET, "/v1/llm-provider-keys/catalog", "llm:read", V)]
    #[case(Method::POST, "/v1/billing/grants", "billing:write", T)]
    #[case(Method::GET, "/v1/billing/usage", "billing:read", C)]
    #[case(Method::GET, "/v1/pats/{id}/reveal", "pat:read", V)]
    #[case(Method::GET, "/v1/runsandmore", "", T)]
    #[case(Method::POST, "/v1/something/new", "", T)]
    fn each_route_needs_its_scope_and_role(
        #[case] method: Method,
        #[case] route: &str,
        #[case] scope: &'static str,
        #[case] role: Role,
    ) {
        assert_eq!(need(&method, route), Need { scope, role }, "{method} {route}");
    }

    #[test]
    fn every_scope_of_the_table_can_be_had() {
        assert!(ROUTES.iter().all(|(_, _, scope, _)| SCOPES.contains(scope)));
    }

    #[test]
    fn a_refusal_names_what_there_is_and_what_is_needed() {
        let scopes = Scopes::parse(["workflow:read"]).unwrap();
        let caller = Caller { pat: None, rights: Rights { role: V, scopes } };
        let refused = |method, route| match check(&caller, &method, route) {
            Err(ApiError::Forbidden(denied)) => (denied.code, denied.details),
            other => panic!("{other:?}"),
        };
        assert_eq!(
            refused(Method::POST, "/v1/workflows/{id}/command"),
            ("missing_scope", json!({"have": ["workflow:read"], "need": "workflow:run"}))
        );
        assert_eq!(
            refused(Method::GET, "/v1/workflows/{id}/runs/{run}/tasks/pending"),
            ("missing_role", json!({"have": "project_viewer", "need": "project_contributor"}))
        );
        assert!(check(&caller, &Method::GET, "/v1/runs").is_ok());
    }
}
