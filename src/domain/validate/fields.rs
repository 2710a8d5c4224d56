//! The fields of steps: one table for the checks and for the schema's hash.

use serde_json::Value;

use crate::domain::StepKind;

/// What values a field takes. A text that holds a template is taken wherever one is allowed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Takes {
    /// Any value.
    Any,
    /// A text.
    Text,
    /// True or false.
    Switch,
    /// A number between two bounds, both included.
    Number(f64, f64),
    /// An object.
    Object,
    /// A list of texts.
    Texts,
    /// A list.
    List,
    /// One of these texts.
    OneOf(&'static [&'static str]),
}

impl Takes {
    /// Whether a value is of that kind.
    pub(super) fn accepts(self, value: &Value) -> bool {
        match self {
            Self::Any => true,
            Self::Text => value.is_string(),
            Self::Switch => value.is_boolean(),
            Self::Number(least, most) => {
                value.as_f64().is_some_and(|number| number >= least && number <= most)
            }
            Self::Object => value.is_object() || is_template(value),
            Self::Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            Self::List => value.is_array(),
            Self::OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        }
    }

    /// The kind in words, for `must be …`.
    pub(super) fn words(self) -> String {
        match self {
            Self::Any => "any value".into(),
            Self::Text => "a text".into(),
            Self::Switch => "true or false".into(),
            Self::Number(least, most) => format!("a number from {least} to {most}"),
            Self::Object => "an object".into(),
            Self::Texts => "a list of texts".into(),
            Self::List => "a list".into(),
            Self::OneOf(words) => format!("one of {}", words.join(", ")),
        }
    }
}

fn is_template(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.contains("{{"))
}

/// The longest time, in seconds, that a step may ask for: thirty days.
const LONGEST: f64 = 2_592_000.0;

/// Fields that every step may have.
pub(super) const COMMON: &[(&str, Takes)] = &[
    ("id", Takes::Text),
    ("type", Takes::Text),
    ("name", Takes::Text),
    ("depends_on", Takes::Texts),
    ("enabled", Takes::Switch),
    ("retry_count", Takes::Number(0.0, 1_000.0)),
    ("timeout_s", Takes::Number(0.001, LONGEST)),
    ("no_auto_start", Takes::Switch),
    ("terminal", Takes::Switch),
    ("input_allowlist", Takes::Texts),
];

/// A type's own fields; the names of those needed, where several names mean any one of them.
pub(super) struct Fields {
    /// The fields.
    pub(super) own: &'static [(&'static str, Takes)],
    /// What is needed.
    pub(super) needs: &'static [&'static [&'static str]],
}

const LOOP_POLICIES: &[&str] = &["fail_fast", "continue_on_error", "pause", "human_review"];
const RESOLUTIONS: &[&str] = &["principal", "workspace", "inherit"];

/// The fields of a type; those of `mcp_call` are needed by the check `mcp_bindings` instead.
pub(super) fn of(kind: &StepKind) -> Fields {
    match kind {
        StepKind::McpCall => Fields {
            own: &[
                ("tool_name", Takes::Text),
                ("instance_id", Takes::Text),
                ("server_url", Takes::Text),
                ("server_id", Takes::Text),
                ("tool_args", Takes::Object),
                ("connection_resolution", Takes::OneOf(RESOLUTIONS)),
            ],
            needs: &[],
        },
        StepKind::LlmCall => Fields {
            own: &[
                ("model", Takes::Text),
                ("model_ref", Takes::Any),
                ("prompt", Takes::Any),
                ("llm_params", Takes::Object),
            ],
            needs: &[&["model", "model_ref"], &["prompt"]],
        },
        StepKind::LuaScript => Fields { own: &[("script", Takes::Text)], needs: &[&["script"]] },
        StepKind::HumanTask => Fields { own: &[("task_type", Takes::Text)], needs: &[&["task_type"]] },
        StepKind::ForEach => Fields {
            own: &[
                ("for_each_items", Takes::Any),
                ("for_each_body_steps", Takes::List),
                ("for_each_max_parallel", Takes::Number(1.0, 100.0)),
                ("for_each_error_policy", Takes::OneOf(LOOP_POLICIES)),
                ("for_each_item_timeout_s", Takes::Number(0.001, 3_600.0)),
            ],
            needs: &[&["for_each_items"], &["for_each_body_steps"]],
        },
        StepKind::While => Fields {
            own: &[
                ("while_mode", Takes::OneOf(&["while", "until"])),
                ("while_max_iterations", Takes::Number(1.0, 1_000_000.0)),
                ("while_body_steps", Takes::List),
                ("while_eval_script", Takes::Text),
                ("while_iteration_timeout_s", Takes::Number(0.001, LONGEST)),
            ],
            needs: &[
                &["while_mode"],
                &["while_max_iterations"],
                &["while_body_steps"],
                &["while_condition", "while_eval_script"],
            ],
        },
        StepKind::AgentCall => {
            Fields { own: &[("agent_id", Takes::Text)], needs: &[&["agent_id"], &["prompt", "input"]] }
        }
        StepKind::WorkflowCall => {
            Fields { own: &[("workflow_id", Takes::Text), ("input", Takes::Any)], needs: &[&["workflow_id"]] }
        }
        StepKind::ExternalAgent => Fields { own: &[("config", Takes::Object)], needs: &[] },
        StepKind::Unknown(_) => Fields { own: &[], needs: &[] },
    }
}

/// The types that a graph may use.
pub(super) const KINDS: [StepKind; 9] = [
    StepKind::McpCall,
    StepKind::LlmCall,
    StepKind::LuaScript,
    StepKind::HumanTask,
    StepKind::ForEach,
    StepKind::While,
    StepKind::AgentCall,
    StepKind::WorkflowCall,
    StepKind::ExternalAgent,
];

/// The schema that graphs are held against, as a text; equal schemas have equal texts, so its
/// hash tells whether two validations used the same rules.
pub fn schema_text() -> String {
    let mut lines = vec![format!("* {COMMON:?}")];
    lines.extend(KINDS.iter().map(|kind| {
        let Fields { own, needs } = of(kind);
        format!("{kind} {own:?} needs {needs:?}")
    }));
    lines.join("\n")
}
