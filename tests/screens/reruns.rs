//! Failures of one cause that run again, one at a time.

use arcc::app::Msg;
use arcc::app::pending::Ticket;
use arcc::domain::{Run, RunId, RunStatus};
use arcc::wire::{Again, Reply, StartRun};
use insta::assert_snapshot;
use serde_json::json;

use super::home::failures;
use super::stage::{Stage, ago};

fn dialog(width: u16, height: u16) -> Stage {
    failures(width, height).press("gjR")
}

/// Confirmed, no longer held back, the first run started as `ticket`.
fn first(width: u16, height: u16) -> (Stage, RunId) {
    let stage = dialog(width, height).after(1).press("<enter>").after(5);
    let item = stage.model.reruns.series.as_ref().unwrap().current().unwrap().clone();
    let start = StartRun {
        in_place_of: Some(item.run.clone()),
        ..StartRun::new(item.workflow, "manual", json!({"order": 7}))
    };
    let again = Again { start, version: Some(8), schema: None };
    let stage = stage.tell(Msg::Prepared { run: item.run, again: Ok(Some(Box::new(again))) });
    let sent = stage.model.pending.iter().next().unwrap();
    let (ticket, new): (Ticket, RunId) = (sent.ticket, sent.order.command().unwrap().run().unwrap().clone());
    let reply = Reply { run: new.clone(), body: json!({}) };
    (stage.tell(Msg::Reply(ticket, Ok(reply))), new)
}

/// The new run as the server lists it.
fn listed(stage: Stage, new: RunId, status: &str) -> Stage {
    let mut run = Run::new(new, "w-0".into(), RunStatus::parse(status));
    run.workflow_name = Some("invoice-sync".into());
    run.started_at = Some(ago(3));
    if run.status.is_terminal() {
        run.ended_at = Some(ago(-6));
        run.error = Some("create_invoice answered: 401 token expired".into());
        run.failure_code = Some(arcc::domain::FailureCode::McpToolFailed);
    }
    let runs = stage.model.mirror.runs().cloned().chain([run]).collect();
    stage.after(1).runs(runs)
}

#[test]
fn all_failures_of_one_cause_at_160x45() {
    assert_snapshot!(dialog(160, 45).text());
}

#[test]
fn all_failures_of_one_cause_at_80x24() {
    assert_snapshot!(dialog(80, 24).text());
}

#[test]
fn the_line_above_the_footer_tells_how_far_they_are_at_160x45() {
    let (stage, new) = first(160, 45);
    assert_snapshot!(listed(stage, new, "running").text());
}

#[test]
fn the_list_of_them_at_160x45() {
    let (stage, new) = first(160, 45);
    assert_snapshot!(listed(stage, new, "running").press("S").text());
}

#[test]
fn the_one_that_failed_again_at_80x24() {
    let (stage, new) = first(80, 24);
    assert_snapshot!(listed(stage, new, "failed").press("S").text());
}
