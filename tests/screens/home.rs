//! The Command Center.

use std::time::Duration;

use arcc::domain::Usage;
use arcc::mirror::{LinkState, Source, WatchEvent};
use arcc::ui::{Glyphs, Theme};
use arcc::wire::CallError;
use insta::assert_snapshot;
use pretty_assertions::assert_eq;
use serde_json::json;

use super::stage::{Stage, ago, all_tasks, backfill_detail, events, huge_payload, invoice_detail, text};
use arcc::domain::clock::later;

fn unreachable() -> CallError {
    CallError::Unreachable { host: "api.example.com".into(), reason: "connection refused".into() }
}

fn retrying(stage: &Stage) -> LinkState {
    LinkState::Retrying { error: unreachable(), next: later(stage.now, Duration::from_secs(8)), attempt: 3 }
}

#[test]
fn before_the_first_answer() {
    assert_snapshot!(Stage::new(120, 34).link(Source::Feed, LinkState::Connecting).text());
}

#[test]
fn with_nothing_on_the_server() {
    assert_snapshot!(Stage::idle(80, 24).text());
}

#[test]
fn full_at_160x45() {
    assert_snapshot!(Stage::full(160, 45).text());
}

#[test]
fn full_at_120x34() {
    assert_snapshot!(Stage::full(120, 34).text());
}

#[test]
fn full_at_80x24() {
    assert_snapshot!(Stage::full(80, 24).text());
}

#[test]
fn full_at_60x16() {
    assert_snapshot!(Stage::full(60, 16).text());
}

#[test]
fn too_small() {
    assert_snapshot!(Stage::full(59, 16).text());
}

#[test]
fn running_selected() {
    assert_snapshot!(Stage::full(120, 34).press("<tab><tab>").text());
}

#[test]
fn failed_selected_with_root_cause_and_advice() {
    assert_snapshot!(Stage::full(120, 34).press("<tab><tab><tab>").detail(invoice_detail()).text());
}

#[test]
fn filtered() {
    assert_snapshot!(Stage::full(120, 34).press("/order<enter>").text());
}

#[test]
fn filter_being_typed() {
    assert_snapshot!(Stage::full(80, 24).press("/nig").text());
}

#[test]
fn stale() {
    let stage = Stage::full(120, 34);
    let state = retrying(&stage);
    assert_snapshot!(stage.link(Source::Feed, state).after(20).text());
}

#[test]
fn never_reached() {
    let stage = Stage::new(80, 24);
    let state = retrying(&stage);
    assert_snapshot!(stage.link(Source::Feed, state).text());
}

#[test]
fn refused() {
    let error = CallError::Unauthorized("token expired".into());
    assert_snapshot!(Stage::new(80, 24).link(Source::Feed, LinkState::Refused(error)).text());
}

#[test]
fn a_decision_that_can_be_taken_back() {
    assert_snapshot!(Stage::full(120, 34).press("ja").after(1).press("<enter>").after(1).text());
}

#[test]
fn messages_stand_above_the_footer() {
    let notice = "cannot open a browser: no display".to_owned();
    assert_snapshot!(Stage::full(80, 24).tell(arcc::app::Msg::Notice(notice)).text());
}

#[test]
fn hostile_names() {
    assert_snapshot!(super::stage::hostile(120, 34).text());
}

#[test]
fn ascii() {
    let stage = Stage::full(80, 24);
    assert_snapshot!(text(&stage.buffer(&Theme::plain().with_glyphs(Glyphs::Ascii))));
}

#[test]
fn the_header_turns_amber_and_the_selection_has_its_own_paper() {
    let theme = Theme::dark();
    let fresh = Stage::full(120, 34);
    let buf = fresh.buffer(&theme);
    assert_eq!(buf[(0, 0)].bg, theme.header.bg.unwrap());
    let row = (0..34).find(|y| buf[(1, *y)].symbol() == "▌").unwrap();
    assert_eq!(buf[(1, row)].fg, theme.accent.fg.unwrap());
    assert_eq!(buf[(10, row)].bg, theme.selection.bg.unwrap());
    assert_eq!(buf[(10, row + 1)].bg, theme.base.bg.unwrap());
    let state = retrying(&fresh);
    let stale = fresh.link(Source::Feed, state).after(20).buffer(&theme);
    assert_eq!(stale[(0, 0)].bg, theme.header_stale.bg.unwrap());
}

#[test]
fn without_colour_nothing_is_coloured_and_the_selection_is_reversed() {
    use ratatui::style::{Color, Modifier};
    let buf = Stage::full(120, 34).buffer(&Theme::plain());
    assert!(buf.content.iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    let row = (0..34).find(|y| buf[(1, *y)].symbol() == "▌").unwrap();
    assert!(buf[(10, row)].modifier.contains(Modifier::REVERSED));
}

#[test]
fn an_idle_screen_is_the_same_after_twenty_seconds() {
    let stage = Stage::idle(120, 34);
    let before = stage.buffer(&Theme::dark());
    assert_eq!(stage.after(20).buffer(&Theme::dark()), before);
}

#[test]
fn a_late_answer_is_told_of_before_it_is_stale() {
    let head = |stage: &Stage| stage.text().lines().next().unwrap().to_owned();
    let stage = Stage::full(80, 24).after(7);
    assert_eq!(head(&stage).matches("data").count(), 0);
    let stage = stage.after(1);
    assert!(head(&stage).contains("● live  data 8s"), "{}", head(&stage));
    let stage = stage.after(30);
    assert!(head(&stage).contains("○ stale  data 38s"), "{}", head(&stage));
}

/// A run of lead-sync that stops gracefully since some seconds, as its stream tells.
fn draining(width: u16, height: u16) -> Stage {
    let data = json!({
        "from": "running",
        "to": "draining",
        "reason": "operator",
        "drain_deadline": ago(-22).to_string(),
    });
    let event = events("55e0b7d1-8a", &[(38, "state_changed", data)]).remove(0);
    let stage = Stage::full(width, height);
    let at = stage.now;
    stage.watch(WatchEvent::Event { workflow: "w-lead".into(), event, at })
}

#[test]
fn a_graceful_stop_shows_how_much_of_its_time_is_used() {
    let row =
        |stage: &Stage| stage.text().lines().find(|line| line.contains("in flight")).unwrap().to_owned();
    let stage = draining(80, 24);
    let want = "│ ◐ lead-sync 55e0b7d1  2 in flight  ▓▓▓▓▓▓░░░░                        38s/60s │";
    assert_eq!(row(&stage), want);
    // Lists do not tell of it, and do not take it away.
    let again = stage.after(4).runs(super::stage::all_runs());
    assert!(row(&again).contains("42s/60s"), "{}", row(&again));
}

#[test]
fn a_live_run_shows_its_newest_events() {
    assert_snapshot!(Stage::full(120, 34).press("<tab><tab>jjjj").detail(backfill_detail()).text());
}

#[test]
fn failed_selected_at_80x24_in_two_lines() {
    assert_snapshot!(Stage::full(80, 24).press("<tab><tab><tab>").detail(invoice_detail()).text());
}

#[test]
fn draining_selected_at_80x24_in_two_lines() {
    assert_snapshot!(draining(80, 24).press("<tab>").text());
}

#[test]
fn a_huge_payload_shows_its_beginning() {
    let mut tasks = all_tasks();
    tasks[2].payload = huge_payload(2_000);
    assert_snapshot!(Stage::full(120, 34).after(1).tasks(tasks).press("g").text());
}

#[test]
fn the_header_tells_what_is_left_of_the_credits_where_the_server_tells_it() {
    let header = |usage: Usage, width| {
        let stage = Stage::idle(width, 34).watch(WatchEvent::Credits(usage));
        stage.text().lines().next().unwrap_or_default().to_owned()
    };
    let usage = |total| Usage { total, ..Usage::default() };
    assert!(header(usage(17_050_000), 120).ends_with("✖ 0 failed  17.0 cr"));
    assert!(header(usage(0), 120).ends_with("✖ 0 failed  0.0 cr"));
    assert!(header(Usage { is_unlimited: true, ..usage(5) }, 120).ends_with("✖ 0 failed  no limit"));
    // A narrow screen keeps its room for what waits and what failed.
    assert!(header(usage(17_050_000), 80).ends_with("✖ 0 failed"));
    assert!(Stage::idle(120, 34).text().lines().next().is_some_and(|line| line.ends_with("✖ 0 failed")));
}

/// Failures of four causes, most of them of one.
#[test]
fn frames_that_mean_nothing_are_counted_beside_the_streams() {
    let skipped = |id: &str, frames| WatchEvent::Skipped { workflow: id.into(), frames };
    let first = Stage::full(160, 45).watch(skipped("w", 1));
    assert!(first.text().contains("! 1 odd frame  "), "{}", first.text());
    let later = first.watch(skipped("w", 7)).watch(skipped("v", 2));
    assert!(later.text().contains("! 9 odd frames"), "{}", later.text());
}

pub(crate) fn failures(width: u16, height: u16) -> Stage {
    let failed = |index: i64| {
        let mut run = super::stage::numbered_run(10 * index as usize);
        let (name, step, error) = match index % 5 {
            0..=2 => (
                "invoice-sync",
                "post-invoice",
                format!("create_invoice answered: 401 token {index} expired"),
            ),
            3 => ("refunds", "post-invoice", format!("create_invoice answered: 401 token {index} expired")),
            _ => ("nightly-digest", "write", format!("model overloaded, retry after {index}s")),
        };
        run.workflow_name = Some(name.into());
        run.failed_step = Some(step.into());
        run.failure_code = Some(arcc::domain::FailureCode::McpToolFailed);
        run.error = Some(error.into());
        run.ended_at = Some(super::stage::ago(600 + index * index * 90));
        run
    };
    let runs = super::stage::all_runs().into_iter().chain((0..20).map(failed)).collect();
    Stage::full(width, height).runs(runs).press("<tab><tab><tab>")
}

#[test]
fn failures_of_one_cause_at_160x45() {
    assert_snapshot!(failures(160, 45).press("gj").text());
}

#[test]
fn failures_of_one_cause_unfolded_at_80x24() {
    assert_snapshot!(failures(80, 24).press("gjl").text());
}
