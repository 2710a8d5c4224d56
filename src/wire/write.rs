//! Writes domain nouns as the local runtime answers them, which [`super::read`] reads back, and what
//! this program found out as `--json` and bundles give it.

use serde_json::{Map, Value, json};

use crate::domain::comparison::{Change, Comparison, How, ShapeDiff};
use crate::domain::consequence::Consequence;
use crate::domain::triage::Finding;
use crate::domain::{PendingTask, Progress, Run, RunEvent};

/// A run, as in the feed and in the runs of a workflow.
pub fn run(run: &Run) -> Value {
    drop_nulls(json!({
        "run_id": run.id,
        "workflow_id": run.workflow_id,
        "workflow_name": run.workflow_name,
        "version": run.version,
        "status": run.status.as_str(),
        "orchestration_phase": run.phase,
        "progress": progress(&run.progress),
        "failure_code": run.failure_code.as_ref().map(ToString::to_string),
        "error": run.error,
        "error_details": run.error_details,
        "failed_step_id": run.failed_step,
        "drain_started_at": run.drain.map(|drain| drain.since),
        "drain_deadline": run.drain.map(|drain| drain.deadline),
        "started_at": run.started_at,
        "completed_at": run.ended_at,
        "updated_at": run.updated_at,
        "trigger_type": run.trigger,
        "request_id": run.request_id,
        "parent_run_id": run.parent.as_ref().map(|parent| &parent.run_id),
        "parent_workflow_id": run.parent.as_ref().map(|parent| &parent.workflow_id),
        "parent_step_id": run.parent.as_ref().map(|parent| &parent.step_id),
        "last_sequence": run.last_sequence,
    }))
}

fn progress(progress: &Progress) -> Value {
    drop_nulls(json!({
        "done": progress.done,
        "total": progress.total,
        "in_flight": progress.in_flight,
        "current_step_id": progress.current,
    }))
}

/// An event, as in the log and on the stream.
pub fn event(event: &RunEvent) -> Value {
    drop_nulls(json!({
        "id": event.id,
        "run_id": event.run_id,
        "workflow_id": event.workflow_id,
        "sequence": event.sequence,
        "event_type": event.kind.as_str(),
        "occurred_at": event.at,
        "data": event.data,
    }))
}

/// A pending task, as in the inbox.
pub fn task(task: &PendingTask) -> Value {
    drop_nulls(json!({
        "task_id": task.task_id,
        "run_id": task.run_id,
        "workflow_id": task.workflow_id,
        "workflow_name": task.workflow_name,
        "step_id": task.step_id,
        "task_type": task.task_type,
        "created_at": task.created_at,
        "task_payload": task.payload,
    }))
}

/// One finding with its playbook.
pub fn finding(finding: &Finding) -> Value {
    let book = finding.playbook();
    let evidence = finding
        .evidence
        .iter()
        .map(|piece| json!({"source": piece.source, "found": piece.found, "at": piece.at}));
    let offers = finding.offers.iter().map(|offer| json!({"label": offer.label, "act": offer.act.word()}));
    json!({
        "id": finding.id,
        "row": finding.row,
        "verdict": finding.verdict.as_str(),
        "title": finding.title,
        "step_id": finding.step,
        "quote": finding.quote,
        "evidence": evidence.collect::<Vec<_>>(),
        "offers": offers.collect::<Vec<_>>(),
        "advice": book.map(|book| &book.advice),
        "explanation": book.map(|book| &book.explanation).filter(|text| !text.is_empty()),
        "steps": book.map(|book| &book.steps),
    })
}

/// What follows a decision on a task.
pub fn consequence(found: &Consequence) -> Value {
    let next = found.next.iter().map(|next| {
        let open = next
            .open
            .iter()
            .map(|open| json!({"at": open.at, "template": open.text, "reason": open.why.to_string()}));
        json!({
            "step_id": next.step,
            "does": next.does,
            "waits_for": next.waits_for,
            "conditional": next.is_conditional,
            "arguments": next.arguments,
            "unresolved": open.collect::<Vec<_>>(),
        })
    });
    json!({
        "on_approve": {"summary": found.approval(), "starts": next.collect::<Vec<_>>()},
        "on_reject": {"summary": found.rejection(), "never_run": found.lost},
    })
}

/// A run against the last one that went well. What is not known of both is null.
pub fn comparison(found: &Comparison) -> Value {
    let graph = found.graph.as_ref().map(|diff| {
        let steps = diff.steps.iter().map(|(step, change)| match change {
            Change::Added => json!({"step_id": step, "change": "added"}),
            Change::Removed => json!({"step_id": step, "change": "removed"}),
            Change::Changed(fields) => json!({"step_id": step, "change": "changed", "fields": fields}),
        });
        json!({"steps": steps.collect::<Vec<_>>(), "input_schema_changed": diff.schema})
    });
    let paces = found.paces.iter().map(|pace| {
        let millis = |time: std::time::Duration| time.as_millis() as u64;
        json!({
            "step_id": pace.step,
            "duration_ms": pace.here.map(millis),
            "good_duration_ms": pace.there.map(millis),
            "ratio": pace.ratio().map(|ratio| (ratio * 100.0).round() / 100.0),
        })
    });
    json!({
        "good_run_id": found.good,
        "good_ended_at": found.good_ended_at,
        "version": found.versions.0,
        "good_version": found.versions.1,
        "graph": graph,
        "input": found.input.as_deref().map(shapes),
        "steps": paces.collect::<Vec<_>>(),
        "first_difference": found.first.as_ref().map(|first| how(first.step.as_str(), &first.how)),
    })
}

fn shapes(diff: &[ShapeDiff]) -> Value {
    diff.iter().map(|place| json!({"at": place.at, "type": place.here, "good_type": place.there})).collect()
}

fn how(step: &str, how: &How) -> Value {
    match how {
        How::New => json!({"step_id": step, "what": "new"}),
        How::Defined(fields) => json!({"step_id": step, "what": "definition", "fields": fields}),
        How::Input(diff) => json!({"step_id": step, "what": "input", "shape": shapes(diff)}),
        How::Ended(here, there) => {
            json!({"step_id": step, "what": "end", "status": here.word(), "good_status": there.word()})
        }
        How::Result(diff) => json!({"step_id": step, "what": "result", "shape": shapes(diff)}),
    }
}

fn drop_nulls(body: Value) -> Value {
    match body {
        Value::Object(fields) => {
            Value::Object(fields.into_iter().filter(|(_, v)| !v.is_null()).collect::<Map<_, _>>())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Drain, FailureCode, ParentStep, RunStatus};
    use crate::wire::read;
    use pretty_assertions::assert_eq;

    #[test]
    fn a_run_reads_back_as_it_was() {
        let at = "2026-01-02T03:04:05.678Z".parse().ok();
        let want = Run {
            workflow_name: Some("digest".into()),
            version: Some(3),
            phase: Some("awaiting_human_task".into()),
            progress: Progress { done: 1, total: 4, in_flight: 1, current: Some("b".into()) },
            failure_code: Some(FailureCode::parse("ODD_CODE")),
            error: Some("gone".into()),
            error_details: json!({"step_name": "Send", "provider": "crm"}).as_object().cloned().map(Box::new),
            failed_step: Some("a".into()),
            drain: at.map(|at| Drain { since: at, deadline: at }),
            started_at: at,
            ended_at: at,
            updated_at: at,
            trigger: Some("api".into()),
            request_id: Some("q".into()),
            parent: Some(Box::new(ParentStep {
                workflow_id: "pw".into(),
                run_id: "pr".into(),
                step_id: "each#body#call".into(),
            })),
            last_sequence: Some(9),
            ..Run::new("r".into(), "w".into(), RunStatus::parse("odd"))
        };
        assert_eq!(read::run(&run(&want)), Ok(want));
    }

    #[test]
    fn a_task_reads_back_as_it_was() {
        let want = PendingTask {
            run_id: "r".into(),
            task_id: "t".into(),
            workflow_id: "w".into(),
            workflow_name: None,
            step_id: "s".into(),
            task_type: "approval".into(),
            created_at: "2026-01-02T03:04:05Z".parse().ok(),
            payload: json!({"title": "Send"}),
            verbatim: None,
        };
        assert_eq!(read::task(&task(&want), None, None), Ok(want));
    }

    #[test]
    fn other_spellings_and_odd_rows_are_read_as_far_as_they_go() {
        let body = json!({"data": [
            {"id": 7, "state": "running", "workflow": {"id": "w", "name": "n"}, "created_at": 1_700_000_000, "x": 1},
            {"status": "failed"},
        ], "meta": {"next_cursor": "c2"}, "total": 9});
        let page = read::page(&body, "runs", read::run).unwrap();
        assert_eq!((page.items[0].id.as_str(), page.items[0].title()), ("7", "n"));
        assert_eq!(page.items[0].started_at.unwrap().as_second(), 1_700_000_000);
        assert_eq!(page.unreadable[0].to_string(), "a run without an id");
        assert_eq!((page.next.as_deref(), page.total), (Some("c2"), Some(9)));
        assert_eq!(
            read::page(&json!("x"), "runs", read::run).unwrap_err(),
            "expected a list of runs, got a text"
        );
    }
}
