//! The screen of a run.

use arcc::ui::Theme;
use insta::assert_snapshot;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::stage::{Stage, digest_detail, events, invoice_detail, order_detail, review_detail};

fn failed(width: u16, height: u16) -> Stage {
    Stage::full(width, height).on_failed_run()
}

fn waiting(width: u16, height: u16) -> Stage {
    Stage::full(width, height).press("<enter>").detail(order_detail())
}

/// The review is the first group of the inbox.
fn review(width: u16, height: u16) -> Stage {
    Stage::full(width, height).press("g<enter>").detail(review_detail())
}

/// The digest is the second of the running ones.
fn digest(width: u16, height: u16) -> Stage {
    Stage::full(width, height)
        .press("<tab><tab>j")
        .detail(digest_detail())
        .press("<enter>")
        .detail(digest_detail())
}

#[test]
fn canvas_of_a_failed_run_at_160x45() {
    assert_snapshot!(failed(160, 45).text());
}

#[test]
fn canvas_of_a_failed_run_at_120x34() {
    assert_snapshot!(failed(120, 34).text());
}

#[test]
fn canvas_of_a_failed_run_at_80x24() {
    assert_snapshot!(failed(80, 24).text());
}

/// A run that ended with a step in flight, behind a step whose graph is wrong, on a server that logs
/// no step that never ran.
fn unended(width: u16, height: u16) -> Stage {
    let detail = invoice_detail();
    let logged = |event: &arcc::domain::RunEvent| {
        let step = event.step_id();
        match step.as_ref().map_or("", |id| id.as_str()) {
            "reconcile" | "notify" => false,
            "summarise" => event.kind.as_str() == "step_started",
            _ => true,
        }
    };
    let mut graph = (*super::stage::invoice_graph()).clone();
    graph.steps[2].fields.remove("tool_name");
    let detail = arcc::mirror::Detail {
        events: detail.events.iter().filter(|event| logged(event)).cloned().collect(),
        graph: Some(graph.into()),
        ..detail
    };
    Stage::full(width, height).press("<tab><tab><tab>").detail(detail.clone()).press("<enter>").detail(detail)
}

#[test]
fn canvas_of_a_run_that_left_a_step_unended_at_160x45() {
    assert_snapshot!(unended(160, 45).text());
}

#[test]
fn canvas_of_a_run_that_left_a_step_unended_at_80x24() {
    assert_snapshot!(unended(80, 24).text());
}

#[test]
fn timeline_of_a_run_that_left_a_step_unended() {
    assert_snapshot!(unended(120, 34).press("3").text());
}

#[test]
fn before_its_end_the_step_was_running() {
    let text = unended(120, 34).press("[[").text();
    assert!(text.contains("● summarise") && !text.contains("never ran"), "{text}");
}

#[test]
fn a_step_that_called_another_run() {
    let graph = super::stage::whole(&json!([
        {"id": "load", "type": "lua_script", "script": "return {}"},
        {"id": "refund", "type": "workflow_call", "depends_on": ["load"], "workflow_id": "w-refund"},
    ]));
    let child = json!({"step_id": "refund", "child_run_id": "e07fa211-44", "child_workflow_id": "w-refund"});
    let notes = [
        (20, "run_started", json!({})),
        (20, "step_started", json!({"step_id": "load"})),
        (19, "step_completed", json!({"step_id": "load", "result": {}})),
        (19, "step_started", child),
    ];
    let run = digest_detail().run;
    let detail = arcc::mirror::Detail {
        events: events(run.id.as_str(), &notes),
        graph: Some(graph),
        ..digest_detail()
    };
    let stage = Stage::full(120, 34).press("<tab><tab>j").detail(detail.clone()).press("<enter>");
    assert_snapshot!(stage.detail(detail).text());
}

#[test]
fn a_list_of_steps_at_60x16() {
    assert_snapshot!(failed(60, 16).text());
}

#[test]
fn canvas_of_a_run_that_waits_for_a_person() {
    assert_snapshot!(waiting(120, 34).text());
}

#[test]
fn canvas_with_joins_and_long_edges() {
    assert_snapshot!(review(160, 34).text());
}

#[test]
fn before_the_log_has_come() {
    assert_snapshot!(Stage::full(80, 24).press("<tab><tab><tab><enter>").text());
}

#[test]
fn events_at_120x34() {
    assert_snapshot!(failed(120, 34).press("2").text());
}

#[test]
fn events_at_80x24_with_a_search() {
    assert_snapshot!(failed(80, 24).press("2/post<enter>").text());
}

#[test]
fn payload_of_an_event() {
    assert_snapshot!(failed(120, 34).press("2gjj<enter>").text());
}

#[test]
fn without_a_graph_the_steps_are_listed() {
    let detail = arcc::mirror::Detail { graph: None, ..super::stage::invoice_detail() };
    assert_snapshot!(Stage::full(120, 34).press("<tab><tab><tab><enter>").detail(detail).text());
}

#[test]
fn matches_and_states_have_their_colours() {
    let theme = Theme::dark();
    let buf = failed(80, 24).press("2/post<enter>").buffer(&theme);
    let found = buf.content.iter().filter(|cell| cell.bg == theme.found.bg.unwrap()).count();
    assert_eq!(found % 4, 0, "whole words of four letters");
    assert!(found > 0);
    let buf = failed(160, 45).buffer(&theme);
    let crosses =
        buf.content.iter().filter(|cell| cell.symbol() == "✖" && cell.fg == theme.failed.fg.unwrap());
    assert!(crosses.count() >= 3, "header, box and side pane");
}

#[test]
fn an_outline_of_what_is_shown_of_hostile_text() {
    assert_snapshot!(super::stage::hostile(120, 34).press("<tab><tab><tab><enter>").text());
}

#[test]
fn events_look_like_what_they_came_to() {
    let theme = Theme::dark();
    let notes = [
        (9, "state_changed", json!({"from": "running", "to": "draining"})),
        (8, "step_completed", json!({"step_id": "a", "skipped": true, "reason": "out_of_scope"})),
        (7, "step_completed", json!({"step_id": "b", "cancelled": true, "reason": "run_stopped"})),
        (6, "state_changed", json!({"from": "draining", "to": "stopped"})),
    ];
    let detail = arcc::mirror::Detail { events: events("5d1e0c9a-41", &notes), ..invoice_detail() };
    let buf = Stage::full(80, 24).press("<tab><tab><tab><enter>").detail(detail).press("2").buffer(&theme);
    let row = |y: u16| {
        let text: String = (15..40).map(|x| buf[(x, y)].symbol().to_owned()).collect();
        (text.trim().to_owned(), buf[(15, y)].fg)
    };
    let is = |text: &str, style: ratatui::style::Style| (text.to_owned(), style.fg.unwrap());
    assert_eq!(row(3), is("◐ state_changed", theme.draining));
    assert_eq!(row(4), is("⊖ step skipped     a", theme.skipped));
    assert_eq!(row(5), is("⊘ step cancelled   b", theme.cancelled));
    assert_eq!(row(6), is("■ state_changed", theme.cancelled));
}

#[test]
fn a_long_payload_in_a_single_row_shows_its_beginning() {
    let text = Stage::full(60, 16).press("j<enter>").detail(order_detail()).text();
    assert!(text.contains("│ Send order confirmation") && text.contains("… more"), "{text}");
}

#[test]
fn timeline_of_a_failed_run_at_160x45() {
    assert_snapshot!(failed(160, 45).press("3").text());
}

#[test]
fn timeline_of_a_failed_run_at_80x24() {
    assert_snapshot!(failed(80, 24).press("3").text());
}

#[test]
fn timeline_of_a_live_run_with_a_loop_unfolded_and_an_agent() {
    assert_snapshot!(digest(120, 34).press("3gjl").text());
}

#[test]
fn timeline_at_60x16() {
    assert_snapshot!(digest(60, 16).press("3").text());
}

#[test]
fn timeline_in_ascii() {
    let theme = Theme::dark().with_glyphs(arcc::ui::theme::Glyphs::Ascii);
    let text = super::stage::text(&digest(80, 24).press("3gjl").buffer(&theme));
    assert!(text.is_ascii(), "{text}");
    assert_snapshot!(text);
}

#[test]
fn context_at_160x45() {
    assert_snapshot!(digest(160, 45).press("4jljjljlljl").text());
}

#[test]
fn context_at_80x24_with_a_search() {
    assert_snapshot!(digest(80, 24).press("4/words<enter>n").text());
}

#[test]
fn a_value_that_is_read_whole() {
    assert_snapshot!(digest(120, 34).press("4<enter>").text());
}

#[test]
fn the_canvas_at_a_moment_of_the_past() {
    assert_snapshot!(failed(120, 34).press("[[[[[").text());
}

#[test]
fn the_log_at_a_moment_of_the_past() {
    assert_snapshot!(failed(80, 24).press("2[[[[[[").text());
}

#[test]
fn the_timeline_at_a_moment_of_the_past() {
    assert_snapshot!(failed(120, 34).press("3[[[[[").text());
}

#[test]
fn the_data_at_a_moment_of_the_past() {
    assert_snapshot!(failed(120, 34).press("4[[[[[[[[[[").text());
}
