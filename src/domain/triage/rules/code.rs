//! What the failure code says, held against the step it hit.

use std::time::Duration;

use super::subject::{Binding, code, detail, has_failed};
use super::words::{seconds, since, time};
use crate::domain::clock::age;
use crate::domain::triage::{Act, Case, Finding, Page, Spec, Verdict, playbook};
use crate::domain::{FailureCode, StepId, StepStatus};

/// Rows 10 to 18, and 31: the code in words.
pub(super) fn check(case: &Case<'_>) -> Vec<Finding> {
    if !has_failed(case) {
        return Vec::new();
    }
    let Some(code) = code(case) else { return uncoded(case) };
    let (row, about) = match code {
        FailureCode::McpToolFailed => (10, tool(case)),
        FailureCode::LlmRequestFailed => (11, model(case)),
        FailureCode::InsufficientCredits => {
            (31, Some("there were no credits left to pay the next step".into()))
        }
        FailureCode::RunStalledOrTimedOut => (13, stalled(case)),
        FailureCode::DrainTimeout => (14, drained(case)),
        FailureCode::RunStopped => (15, Some("an operator stopped it".into())),
        FailureCode::HumanTaskFailed => (16, asking(case)),
        FailureCode::UpstreamError => (17, None),
        FailureCode::DependencyUnavailable => (18, None),
        FailureCode::PrincipalNotConnected => (28, unconnected(case)),
        FailureCode::Unknown(_) => (3, None),
    };
    let book = playbook::of_code(code.as_str());
    let title = about.or_else(|| book.map(|book| lower(&book.title))).unwrap_or_default();
    let verdict = if *code == FailureCode::RunStopped { Verdict::ByDesign } else { Verdict::Cause };
    let id = book.map_or("UNKNOWN", |book| &book.id);
    let finding = Finding::new(row, id, verdict, format!("{code}: {title}"));
    let finding =
        finding.seen("the run itself", format!("failure_code {code}"), case.run.and_then(|run| run.ended_at));
    let finding = match case.root() {
        Some(step) => finding.at(step),
        None => finding,
    };
    vec![offers(case, code, finding)]
}

/// A run that failed and does not say by which code.
fn uncoded(case: &Case<'_>) -> Vec<Finding> {
    if case.root().is_some() || case.run.is_none_or(|run| run.status != crate::domain::RunStatus::Failed) {
        return Vec::new();
    }
    let title = "the run failed without a code and without a failed step";
    let finding = Finding::new(3, "UNKNOWN", Verdict::Cause, title);
    vec![
        finding
            .quoting(case.run.and_then(|run| run.error.as_deref()))
            .offer("show the events", Act::ShowEvents),
    ]
}

fn offers(case: &Case<'_>, code: &FailureCode, finding: Finding) -> Finding {
    match code {
        FailureCode::McpToolFailed => finding.offer("validate the binding", Act::Validate),
        FailureCode::LlmRequestFailed => finding.offer("open the providers", Act::Console(Page::Providers)),
        FailureCode::InsufficientCredits => {
            finding.offer("open plan and billing", Act::Console(Page::Settings))
        }
        FailureCode::PrincipalNotConnected => {
            finding.offer("open the connections", Act::Console(Page::Connections))
        }
        FailureCode::RunStopped | FailureCode::UpstreamError | FailureCode::DependencyUnavailable => {
            finding.offer("run again", Act::RunAgain)
        }
        FailureCode::RunStalledOrTimedOut
        | FailureCode::DrainTimeout
        | FailureCode::HumanTaskFailed
        | FailureCode::Unknown(_) => match case.run {
            Some(run) => {
                finding.offer("open the workflow", Act::Console(Page::Workflow(run.workflow_id.clone())))
            }
            None => finding,
        },
    }
}

fn tool(case: &Case<'_>) -> Option<String> {
    let binding = Binding::of(case)?;
    let through = match (binding.instance_id(), binding.url()) {
        (Some(id), _) => format!(" of instance {id}"),
        (None, Some(url)) => format!(" at {url}"),
        (None, None) => String::new(),
    };
    Some(format!("the tool {}{through} failed", binding.tool()))
}

fn model(case: &Case<'_>) -> Option<String> {
    let step = case.root()?;
    let model = model_of(case.spec(step)?)?;
    Some(format!("the call of model {model} failed"))
}

/// The model that a step names.
pub(super) fn model_of<'a>(spec: Spec<'a>) -> Option<&'a str> {
    spec.text("model").or_else(|| spec.text("model_ref"))
}

fn stalled(case: &Case<'_>) -> Option<String> {
    let run = case.run?;
    let hung = case.root().or_else(|| unfinished(case))?;
    let state = case.state(hung);
    let limit = case.spec(hung).and_then(Spec::timeout_s);
    let of_limit =
        limit.map_or_else(|| "it has no timeout_s".into(), |s| format!("its timeout_s is {}", seconds(s)));
    let ran = state.and_then(|state| state.elapsed(run.ended_at?)).map(time);
    let silent =
        silence(case).map(|gap| format!(", nothing was heard for {}", time(gap))).unwrap_or_default();
    Some(format!(
        "{hung} ran {} and did not end in time{silent}; {of_limit}",
        ran.unwrap_or_else(|| "long".into())
    ))
}

/// The time between the last sign of work and the end.
fn silence(case: &Case<'_>) -> Option<Duration> {
    let end = case.run?.ended_at?;
    let work = case.history.events().iter().rev().find(|event| {
        !event.step_status().is_some_and(|status| {
            matches!(status, StepStatus::Failed | StepStatus::Cancelled | StepStatus::Skipped(_))
        }) && event.step_id().is_some()
    });
    work.and_then(|event| event.at).map(|at| age(at, end)).filter(|gap| gap.as_secs() >= 1)
}

/// A step that began and had not ended by itself when the run did.
fn unfinished<'a>(case: &Case<'a>) -> Option<&'a StepId> {
    let open = |status: &StepStatus| {
        status.is_in_flight() || matches!(status, StepStatus::Cancelled | StepStatus::Unended)
    };
    let steps = case.history.steps().filter(|(_, step)| open(&step.status));
    steps.min_by_key(|(_, step)| step.started_at).map(|(id, _)| id)
}

fn drained(case: &Case<'_>) -> Option<String> {
    let slow = unfinished(case).or_else(|| case.root())?;
    let drain = case.history.drain();
    let limit =
        drain.map(|drain| format!(" of {}", time(age(drain.since, drain.deadline)))).unwrap_or_default();
    let began = case.state(slow).and_then(|state| state.started_at);
    let end = case.run.and_then(|run| run.ended_at).unwrap_or(case.now);
    Some(format!("{slow} outlived the graceful stop's limit{limit}; it ran {}", since(began, end)))
}

fn unconnected(case: &Case<'_>) -> Option<String> {
    let provider = detail(case, "provider")?;
    let step = detail(case, "step_name").map(|step| format!(", which {step} needs")).unwrap_or_default();
    Some(format!("whoever the run is for has not connected {provider}{step}"))
}

fn asking(case: &Case<'_>) -> Option<String> {
    let step = case.root()?;
    let kind = case.spec(step).and_then(|spec| spec.text("task_type")).unwrap_or("human task");
    Some(format!("the {kind} of {step} could not be put to a person"))
}

/// The title of a playbook within a sentence.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    match letters.next() {
        Some(first) if !title.starts_with("LLM") && !title.starts_with("MCP") => {
            first.to_lowercase().chain(letters).collect()
        }
        _ => title.to_owned(),
    }
}
