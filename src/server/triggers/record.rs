//! Triggers and webhooks as they are kept.

use serde_json::{Map, Value};

use crate::domain::digest::sha256;
use crate::domain::{RunId, StepId, Timestamp, WorkflowId};
use crate::wire::StartRun;

/// What sets a trigger off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// The clock.
    Cron,
    /// Something that happened on the platform.
    PlatformEvent,
}

impl TriggerKind {
    /// The platform's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Cron => "cron",
            Self::PlatformEvent => "platform_event",
        }
    }

    /// Reads the platform's word.
    pub fn parse(raw: &str) -> Option<Self> {
        [Self::Cron, Self::PlatformEvent].into_iter().find(|kind| kind.as_str() == raw)
    }
}

/// What starts runs of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerRecord {
    /// Its id.
    pub id: String,
    /// The workflow that it starts.
    pub workflow: WorkflowId,
    /// What sets it off.
    pub kind: TriggerKind,
    /// When and with what, as its author wrote it.
    pub config: Value,
    /// Whether it does anything.
    pub enabled: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed; instants before that are none of its business.
    pub updated_at: Timestamp,
    /// The last instant, or event, that it dealt with.
    pub fired_at: Option<Timestamp>,
    /// The last run that it started.
    pub last_run: Option<RunId>,
    /// Why the last time started no run.
    pub last_error: Option<String>,
}

impl TriggerRecord {
    /// The run to start; `what` names what set it off, `payload` is the input if the author gives none.
    pub fn start(&self, what: &str, payload: Option<Value>) -> StartRun {
        let object = |field: &str| self.config.get(field).and_then(Value::as_object).cloned();
        let listed = self.config.get("excluded_step_ids").and_then(Value::as_array);
        let given = self.config.get("trigger_payload").filter(|given| !given.is_null()).cloned();
        StartRun {
            workflow: self.workflow.clone(),
            run_id: Some(derived_run(&self.id, what)),
            input: given.or(payload).unwrap_or_else(|| Value::Object(Map::new())),
            trigger_type: self.kind.as_str().into(),
            excluded: listed.into_iter().flatten().filter_map(Value::as_str).map(StepId::new).collect(),
            trigger_steps: object("trigger_steps").unwrap_or_default(),
            principal: Default::default(),
            in_place_of: None,
        }
    }
}

/// Where signed requests start runs of a workflow.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookRecord {
    /// Its id, which is part of its address.
    pub id: String,
    /// The workflow that it starts.
    pub workflow: WorkflowId,
    /// What its author calls it.
    pub name: String,
    /// Whether it takes anything.
    pub enabled: bool,
    /// Fields below those of each request.
    pub extras: Map<String, Value>,
    /// The personal access token on whose authority it starts runs, if any.
    pub automation_pat: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// The id of the run that `what` starts through a trigger or webhook: always the same one, in the
/// shape of a UUID.
pub fn derived_run(owner: &str, what: &str) -> RunId {
    // The length keeps one owner's words from being another's.
    let hash = sha256(&format!("{}:{owner}/{what}", owner.len()));
    let parts = [&hash[..8], &hash[8..12], &hash[12..16], &hash[16..20], &hash[20..32]];
    RunId::new(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn a_derived_run_is_the_same_each_time_and_another_for_anything_else() {
        let run = derived_run("t", "2026-01-01T00:00:00Z");
        assert_eq!(run, derived_run("t", "2026-01-01T00:00:00Z"));
        assert!(uuid::Uuid::parse_str(run.as_str()).is_ok());
        assert_ne!(run, derived_run("t", "2026-01-01T00:01:00Z"));
        assert_ne!(derived_run("a/b", "c"), derived_run("a", "b/c"));
    }

    #[test]
    fn a_trigger_starts_with_what_its_author_wrote() {
        let config = json!({"trigger_payload": {"topic": "x"}, "trigger_steps": {"a": {"prompt": "p"}},
            "excluded_step_ids": ["b"]});
        let trigger = TriggerRecord {
            id: "t".into(),
            workflow: "w".into(),
            kind: TriggerKind::Cron,
            config,
            enabled: true,
            created_at: Timestamp::UNIX_EPOCH,
            updated_at: Timestamp::UNIX_EPOCH,
            fired_at: None,
            last_run: None,
            last_error: None,
        };
        let start = trigger.start("now", Some(json!({"ignored": true})));
        assert_eq!(start.input, json!({"topic": "x"}));
        assert_eq!((start.excluded, &*start.trigger_type), (vec![StepId::new("b")], "cron"));
        assert_eq!(start.trigger_steps["a"], json!({"prompt": "p"}));
    }
}
