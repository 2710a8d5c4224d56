//! A run's data as its templates see them, put together from the log and from what was fetched.

use std::sync::Arc;

use serde_json::Value;

use super::tree::Node;
use super::{EventKind, RunEvent, RunHistory, StepId, StepState};

/// As of when the data are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// As far as the log goes.
    Now,
    /// As of a moment at which the log went no further: what was fetched later counts only for
    /// steps that had ended by then.
    Then,
}

/// `{input, steps: {id: {status, input?, result?}}}`, and now also all else that was fetched: steps
/// in the order in which they began. Events come first; what they do not carry is taken from
/// `fetched`, the server's own answer, also where it keeps steps under `variables`.
pub fn context<'v>(history: &'v RunHistory, fetched: Option<&'v Value>, as_of: AsOf) -> Node<'v> {
    let mut fields: Vec<(Arc<str>, Node<'v>)> = Vec::new();
    if let Some(input) = input_of(history, fetched) {
        fields.push(("input".into(), Node::Value(input)));
    }
    let steps = history.steps().filter(|(id, _)| id.parent().is_none());
    let steps = steps.map(|(id, state)| (id.as_str().into(), step(history, (id, state), fetched, as_of)));
    let mut steps: Vec<(Arc<str>, Node<'v>)> = steps.collect();
    if as_of == AsOf::Now {
        steps.extend(unmentioned(history, fetched));
    }
    fields.push(("steps".into(), Node::Fields(steps)));
    let others = fetched.and_then(Value::as_object).into_iter().flatten();
    let others = others.filter(|(key, _)| as_of == AsOf::Now && !matches!(key.as_str(), "input" | "steps"));
    fields.extend(others.map(|(key, value)| (key.as_str().into(), Node::Value(value))));
    Node::Fields(fields)
}

/// The event with which a run began.
pub fn started(history: &RunHistory) -> Option<&RunEvent> {
    history.events().iter().find(|event| event.kind == EventKind::RunStarted)
}

/// The input a run was started with, where its log says.
pub fn started_with(history: &RunHistory) -> Option<&Value> {
    started(history)?.data.get("input").filter(|input| !input.is_null())
}

/// The input of a run, from its log, else from what was fetched.
pub fn input_of<'v>(history: &'v RunHistory, fetched: Option<&'v Value>) -> Option<&'v Value> {
    started_with(history).or_else(|| fetched?.get("input")).filter(|input| !input.is_null())
}

/// The `input` or `result` of a step, from the log, else from what was fetched.
pub fn value_of<'v>(
    history: &'v RunHistory,
    fetched: Option<&'v Value>,
    id: &StepId,
    field: &str,
) -> Option<&'v Value> {
    let own = history.step(id).and_then(|step| match field {
        "input" => step.input.as_ref(),
        _ => step.result.as_ref(),
    });
    own.or_else(|| of_step(fetched?, id.as_str())?.get(field)).filter(|value| !value.is_null())
}

fn step<'v>(
    history: &'v RunHistory,
    (id, state): (&StepId, &StepState),
    fetched: Option<&'v Value>,
    as_of: AsOf,
) -> Node<'v> {
    let known = as_of == AsOf::Now || state.status.is_terminal();
    let fetched = fetched.filter(|_| known);
    let mut fields = vec![("status".into(), Node::Word(state.status.word()))];
    for name in ["input", "result"] {
        let value = value_of(history, fetched, id, name);
        fields.extend(value.map(|value| (name.into(), Node::Value(value))));
    }
    Node::Fields(fields)
}

/// Steps that the server's answer knows and the log does not.
fn unmentioned<'v>(
    history: &'v RunHistory,
    fetched: Option<&'v Value>,
) -> impl Iterator<Item = (Arc<str>, Node<'v>)> {
    let steps = fetched.and_then(|fetched| fetched.get("steps")?.as_object()).into_iter().flatten();
    let new = steps.filter(|(id, _)| history.step(&StepId::new(id)).is_none());
    new.map(|(id, step)| (id.as_str().into(), Node::Value(step)))
}

fn of_step<'v>(fetched: &'v Value, id: &str) -> Option<&'v Value> {
    let within = |value: Option<&'v Value>| value?.get("steps")?.get(id);
    within(Some(fetched)).or_else(|| within(fetched.get("variables")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::noted as history;
    use pretty_assertions::assert_eq;
    use serde_json::json;

    #[test]
    fn events_come_first_and_the_fetched_answer_fills_the_gaps() {
        let history = history(&[
            ("run_started", json!({"input": {"order": 7}})),
            ("step_started", json!({"step_id": "b", "input": {"x": 1}})),
            ("step_completed", json!({"step_id": "b"})),
            ("step_started", json!({"step_id": "a"})),
        ]);
        let fetched = json!({
            "input": {"order": 8},
            "steps": {"a": {"result": "late"}, "z": {"status": "pending"}},
            "variables": {"steps": {"b": {"result": {"rows": 3}}}},
            "custom": {"k": 1},
        });
        assert_eq!(
            context(&history, Some(&fetched), AsOf::Now).to_value().into_owned(),
            json!({
                "input": {"order": 7},
                "steps": {
                    "b": {"status": "success", "input": {"x": 1}, "result": {"rows": 3}},
                    "a": {"status": "running", "result": "late"},
                    "z": {"status": "pending"},
                },
                "variables": {"steps": {"b": {"result": {"rows": 3}}}},
                "custom": {"k": 1},
            })
        );
        assert_eq!(
            context(&history, Some(&fetched), AsOf::Then).to_value().into_owned(),
            json!({
                "input": {"order": 7},
                "steps": {
                    "b": {"status": "success", "input": {"x": 1}, "result": {"rows": 3}},
                    "a": {"status": "running"},
                },
            })
        );
    }

    #[test]
    fn without_an_answer_the_log_is_all_there_is() {
        let history = history(&[("step_failed", json!({"step_id": "a"}))]);
        let value = context(&history, None, AsOf::Now).to_value().into_owned();
        assert_eq!(value, json!({"steps": {"a": {"status": "failed"}}}));
    }
}
