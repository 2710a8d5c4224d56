//! Part of the check `step_config`: the workflows that steps call, and the switches of such steps.

use std::collections::HashMap;

use super::run::Context;
use super::subject::{Node, Subject, nearest};
use super::{Code, Issue};
use crate::domain::child_call::{PASS_PARENT_INPUT, WAIT};
use crate::domain::{StepKind, WorkflowId};

/// Where a workflow stands that a step calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callee {
    /// It has a published version.
    Published,
    /// It was never published.
    Draft,
    /// It was put away.
    Archived,
}

/// What a server knows of its workflows.
#[derive(Clone, Debug, Default)]
pub struct Callees {
    /// The workflow whose graph is validated.
    pub own: Option<WorkflowId>,
    /// Every workflow there is.
    pub known: HashMap<WorkflowId, Callee>,
}

/// What is wrong with the calls of other workflows.
pub(super) fn check(context: &Context<'_>) -> Vec<Issue> {
    let calls = || calls(&context.subject);
    let mut issues: Vec<_> = calls().flat_map(switches).collect();
    if let Some(callees) = &context.options.callees {
        issues.extend(calls().filter_map(|node| callee(node, callees)));
    }
    issues
}

fn calls<'s>(subject: &'s Subject<'_>) -> impl Iterator<Item = &'s Node<'s>> {
    subject.all().filter(|node| node.kind == StepKind::WorkflowCall)
}

fn switches(node: &Node<'_>) -> Vec<Issue> {
    let names = WAIT.iter().chain(&PASS_PARENT_INPUT);
    let odd = names.filter_map(|name| {
        let value = node.fields.get(*name).filter(|value| !value.is_null() && !value.is_boolean())?;
        let text = format!("`{name}` must be true or false, and is {}", crate::domain::input::brief(value));
        Some(Issue::new(Code::GraphSchemaValidation, node.place(name), text).of(node.id))
    });
    odd.collect()
}

/// A workflow that a template names is only known in the run.
fn callee(node: &Node<'_>, callees: &Callees) -> Option<Issue> {
    let id = node.text("workflow_id").filter(|id| !id.contains("{{") && !id.starts_with("REPLACE_"))?;
    let issue = |code, text: String| Some(Issue::new(code, node.place("workflow_id"), text).of(node.id));
    if callees.own.as_ref().is_some_and(|own| own.as_str() == id) {
        let text = format!("`{}` calls its own workflow, which no run may", node.id);
        return issue(Code::WorkflowCallRecursive, text);
    }
    match callees.known.get(id) {
        Some(Callee::Published) => None,
        Some(Callee::Draft) => {
            let text = format!("`{}` calls the workflow `{id}`, which was never published", node.id);
            issue(Code::WorkflowCallUnpublished, text)
                .map(|issue| issue.advise(Some("publish it first".into())))
        }
        Some(Callee::Archived) => {
            let text = format!("`{}` calls the workflow `{id}`, which is archived", node.id);
            issue(Code::WorkflowCallUnpublished, text)
        }
        None => {
            let near = nearest(id, callees.known.keys().map(WorkflowId::as_str)).map(str::to_owned);
            let text = format!("`{}` calls the workflow `{id}`, which does not exist", node.id);
            issue(Code::WorkflowCallUnknown, text).map(|issue| issue.advise(near))
        }
    }
}

#[cfg(test)]
mod tests {
    use pretty_assertions::assert_eq;
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::validate::{Check, Options, validate};

    #[expect(clippy::needless_pass_by_value, reason = "what is tested is written in place")]
    fn found(step: Value) -> Vec<String> {
        let mut call = json!({"id": "c", "type": "workflow_call"});
        call.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
        let known = [("live", Callee::Published), ("draft", Callee::Draft), ("old", Callee::Archived)];
        let known = known.into_iter().map(|(id, state)| (id.into(), state)).collect();
        let options = Options {
            checks: Some(vec![Check::StepConfig]),
            callees: Some(Callees { own: Some("self".into()), known }),
            ..Options::default()
        };
        let report = validate(&json!({"steps": [call]}), &options).unwrap();
        report.issues.iter().map(|issue| format!("{}: {}", issue.code.as_str(), issue.message)).collect()
    }

    #[test]
    fn a_callee_must_exist_be_published_and_be_another() {
        assert_eq!(found(json!({"workflow_id": "live", "wait": true})), Vec::<String>::new());
        assert_eq!(found(json!({"workflow_id": "{{ input.child }}"})), Vec::<String>::new());
        assert_eq!(
            found(json!({"workflow_id": "draft"})),
            ["workflow_call_unpublished: `c` calls the workflow `draft`, which was never published"]
        );
        assert_eq!(
            found(json!({"workflow_id": "old"})),
            ["workflow_call_unpublished: `c` calls the workflow `old`, which is archived"]
        );
        assert_eq!(
            found(json!({"workflow_id": "livee"})),
            ["workflow_call_unknown: `c` calls the workflow `livee`, which does not exist"]
        );
        assert_eq!(
            found(json!({"workflow_id": "self"})),
            ["workflow_call_recursive: `c` calls its own workflow, which no run may"]
        );
        assert_eq!(
            found(json!({"workflow_id": "live", "inherit_input": "yes"})),
            ["graph_schema_validation: `inherit_input` must be true or false, and is \"yes\""]
        );
    }
}
