//! Rows 23 and 25: a workflow call whose child run waits for a person.

use serde_json::Value;

use super::super::words::since;
use super::in_flight;
use crate::domain::triage::{Act, Case, Finding, Verdict};
use crate::domain::{PendingTask, RunId, StepId, StepKind, StepState};

/// Every workflow call in flight whose child has a task.
pub(in super::super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if case.is_over() {
        return Vec::new();
    }
    in_flight(case).into_iter().filter_map(|(id, state)| call(case, id, state)).collect()
}

fn call(case: &Case<'_>, id: &StepId, state: &StepState) -> Option<Finding> {
    let spec = case.spec(id).filter(|spec| spec.kind() == StepKind::WorkflowCall)?;
    let child = child_run(case, id);
    let called = spec.text("workflow_id");
    let is_of_child = |task: &&PendingTask| match &child {
        Some(run) => task.run_id == *run,
        // Without the child's id only its workflow is known, which may have other runs.
        None => Some(task.workflow_id.as_str()) == called,
    };
    let task = case.tasks.iter().find(is_of_child)?;
    let sure = if child.is_some() { "its child run" } else { "a run of the workflow it calls" };
    let title = format!(
        "{id} waits since {} because {sure} {} waits for a person at {}",
        since(state.started_at, case.now),
        task.run_id.short(),
        task.step_id
    );
    Some(
        Finding::new(25, "child-approval", Verdict::ByDesign, title)
            .at(id)
            .seen(
                "tasks that wait for a person",
                format!("task {} of run {}", task.task_id, task.run_id),
                task.created_at,
            )
            .offer(
                "open the child run",
                Act::OpenRun { workflow: task.workflow_id.clone(), run: task.run_id.clone() },
            ),
    )
}

/// The child's id, from any event of the step or from the context.
fn child_run(case: &Case<'_>, id: &StepId) -> Option<RunId> {
    let read = |value: &Value| value.get("child_run_id").and_then(Value::as_str).map(RunId::new);
    let of_step = case.history.events().iter().rev().filter(|event| event.step_id().as_ref() == Some(id));
    let in_log = of_step.into_iter().find_map(|event| read(&event.data));
    let step = || case.context?.get("steps")?.get(id.as_str());
    in_log.or_else(|| read(step()?)).or_else(|| read(step()?.get("result")?))
}
