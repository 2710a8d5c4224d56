//! Questions as requests.

use http::Method;
use serde_json::{Value, json};

use crate::domain::triage::Need;
use crate::wire::paths;

/// One request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
}

impl Question {
    fn get(path: impl Into<String>) -> Self {
        Self { method: Method::GET, path: path.into(), query: Vec::new(), body: None }
    }

    fn post(path: impl Into<String>, body: Value) -> Self {
        Self { method: Method::POST, path: path.into(), query: Vec::new(), body: Some(body) }
    }

    fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.push((name, value.to_owned()));
        self
    }

    /// Method and path, as a person reads them.
    pub(super) fn asked(&self) -> Box<str> {
        format!("{} {}", self.method, self.path).into()
    }
}

/// The request of a question that one request answers; none for those that take several.
pub(super) fn of(need: &Need) -> Option<Question> {
    Some(match need {
        Need::Runs => Question::get(paths::RUNS).with("limit", "1"),
        Need::Overrides(workflow) => Question::get(paths::connection_overrides(workflow)),
        Need::Instances => Question::get(paths::MCP_INSTANCES),
        Need::Profiles(instance) => Question::get(paths::config_profiles(instance)),
        Need::ServerCheck(server) => Question::post(paths::validate_server(server), json!({})),
        Need::Connections => Question::get(paths::CONNECTIONS),
        Need::ConnectionCheck { server, connection } => {
            Question::post(paths::validate_connection(server, connection), json!({}))
        }
        Need::InstanceCheck(instance) => Question::post(paths::validate_instance(instance), json!({})),
        Need::GoogleConfig => Question::get(paths::GOOGLE_CONFIG),
        Need::GoogleAccount(id) => Question::get(paths::google_account(id)),
        Need::Balance => Question::get(paths::USAGE),
        Need::Prices => Question::get(paths::ACTION_PRICING),
        Need::Models => Question::get(paths::MODEL_CATALOG),
        Need::Model(model) => Question::post(paths::RESOLVE_MODEL, json!({ "model": model })),
        Need::Tokens => Question::get(paths::PATS),
        Need::Memory => Question::post(paths::MEMORY_SEARCH, json!({"query": "recent", "limit": 1})),
        Need::Extraction(job) => Question::get(paths::extraction(job)),
        Need::Published(_)
        | Need::DryRun { .. }
        | Need::Earlier { .. }
        | Need::LastGood { .. }
        | Need::Failures
        | Need::Spend
        | Need::Order(_) => return None,
    })
}

/// The request for the address where an account is connected again.
pub(super) fn reconnect(connection: &str, provider: &str) -> Question {
    if provider.to_ascii_lowercase().contains("google") {
        return Question::post(paths::GOOGLE_OAUTH_URL, json!({ "connection_id": connection }));
    }
    Question::post(paths::connection_oauth_url(connection), json!({}))
}
