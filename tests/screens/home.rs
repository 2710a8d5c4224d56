//! The Command Center.

use std::time::Duration;

use arcc::mirror::{LinkState, Source};
use arcc::ui::{Glyphs, Theme};
use arcc::wire::CallError;
use insta::assert_snapshot;
use pretty_assertions::assert_eq;

use super::stage::{Stage, invoice_detail, text};
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
