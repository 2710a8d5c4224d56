//! Help, palette, menu and decisions.

use insta::assert_snapshot;

use super::stage::Stage;

#[test]
fn help_at_120x34() {
    assert_snapshot!(Stage::full(120, 34).press("?").text());
}

#[test]
fn help_at_80x24() {
    assert_snapshot!(Stage::full(80, 24).press("?").text());
}

#[test]
fn palette() {
    assert_snapshot!(Stage::full(120, 34).press(":run").text());
}

#[test]
fn run_menu() {
    assert_snapshot!(Stage::full(120, 34).press("m").text());
}

#[test]
fn approve() {
    assert_snapshot!(Stage::full(120, 34).press("ja").text());
}

#[test]
fn approve_at_60x16_scrolls_the_payload() {
    assert_snapshot!(Stage::full(60, 16).press("ja").text());
}

#[test]
fn reject_with_a_reason() {
    assert_snapshot!(Stage::full(120, 34).press("jx").after(1).press("wrong total").text());
}

#[test]
fn pause() {
    assert_snapshot!(Stage::full(80, 24).press("<tab><tab>p").text());
}

#[test]
fn resume() {
    assert_snapshot!(Stage::full(80, 24).press("<tab><tab>jjr").text());
}

#[test]
fn stop() {
    assert_snapshot!(Stage::full(80, 24).press("<tab><tab>s").text());
}

#[test]
fn run_again() {
    assert_snapshot!(Stage::full(80, 24).on_failed_run().press("R").text());
}
