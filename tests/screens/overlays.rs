//! Help, palette, menu and decisions.

use arcc::app::Msg;
use arcc::app::guard::{Guard, Typed};
use arcc::app::model::Environment;
use arcc::domain::Verbatim;
use arcc::wire::CallError;
use insta::assert_snapshot;
use serde_json::json;

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

/// An order whose mail takes much that is known, and some that is not.
fn rich(width: u16, height: u16) -> Stage {
    let args = serde_json::json!({
        "to": "{{ input.email }}",
        "subject": "Order {{ input.order }}",
        "body": "{{ steps.draft-email.result.text }}",
        "approved": "{{ steps.approve-send.result.approved }}",
        "sender": {"id": "{{ run.user_id }}"},
    });
    Stage::full(width, height).detail(super::stage::order_with(&args)).press("j")
}

#[test]
fn what_an_approval_starts_at_160x45() {
    assert_snapshot!(rich(160, 45).press("a").text());
}

#[test]
fn what_an_approval_starts_at_80x24() {
    let page = |stage: Stage| stage.tell(Msg::Key(arcc::app::key::Key::PageDown));
    assert_snapshot!(page(page(page(page(rich(80, 24).press("a"))))).text());
}

#[test]
fn what_an_approval_starts_in_the_preview() {
    assert_snapshot!(rich(160, 45).text());
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

/// A session in production whose guardrails ask for everything.
fn guarded(stage: Stage) -> Stage {
    let guard = Guard { typed: Some(Typed::RunId), needs_reason: true, ..Guard::default() };
    let mut stage = stage;
    stage.model.session.environment = Environment::Production;
    stage.model.session.guards = ["approve", "stop"].map(|word| (word, guard)).into_iter().collect();
    stage
}

#[test]
fn approve_in_production_behind_a_guardrail() {
    assert_snapshot!(guarded(Stage::full(120, 34)).press("ja").text());
}

#[test]
fn stop_behind_a_guardrail_at_80x24() {
    assert_snapshot!(
        guarded(Stage::full(80, 24)).press("<tab><tab>s").after(1).press("runs away<tab>0f77").text()
    );
}

#[test]
fn a_payload_that_says_a_field_twice() {
    let text = r#"{"to": "buyer@example.com", "amount": 12345678901234567890123, "to": "acme@example.com"}"#;
    let mut tasks = super::stage::all_tasks();
    tasks[0].verbatim = Some(Verbatim {
        text: text.into(),
        flaws: [
            "amount: the number 12345678901234567890123 has more digits than are computed with here",
            "to: the field stands here twice, and who executes it may take the other one",
        ]
        .map(Box::from)
        .into(),
    });
    let stage = Stage::full(100, 30).after(1).tasks(tasks);
    assert_snapshot!(stage.press("ja").text());
}

#[test]
fn right_to_left_text_of_a_payload_is_shown_in_code_points_in_preview_and_dialog() {
    let mut tasks = super::stage::all_tasks();
    tasks[0].payload = serde_json::json!({"to": "שלום 120 EUR"});
    let stage = Stage::full(160, 45).after(1).tasks(tasks).press("j");
    let spelled = r"as stored: \u{5E9}\u{5DC}\u{5D5}\u{5DD} 120 EUR";
    let preview = stage.text();
    assert!(preview.contains("שלום 120 EUR") && preview.contains(spelled), "{preview}");
    let dialog = stage.press("a").text();
    assert!(dialog.contains(spelled) && dialog.contains("none hidden"), "{dialog}");
}

#[test]
fn an_answer_that_was_lost_is_unknown_on_its_row() {
    let mut stage = Stage::full(120, 34);
    stage.model.session.undo = std::time::Duration::ZERO;
    let stage = stage.press("jx").after(1).press("<enter>");
    let ticket = stage.model.pending.iter().next().unwrap().ticket;
    let late =
        CallError::TimedOut { host: "api.example.com".into(), after: std::time::Duration::from_secs(15) };
    assert_snapshot!(stage.tell(Msg::Reply(ticket, Err(late))).text());
}

/// The dialog that runs a failed invoice again.
fn again(width: u16, height: u16) -> Stage {
    let mut detail = super::stage::invoice_detail();
    let input =
        json!({"customer": 42, "period": "2026-09", "lines": [{"sku": "PX-99120", "amount": "184.00"}]});
    detail.context = Some(json!({ "input": input }));
    Stage::full(width, height).on_failed_run().detail(detail).press("R")
}

#[test]
fn run_again_shows_the_input_at_160x45() {
    assert_snapshot!(again(160, 45).text());
}

#[test]
fn run_again_shows_the_input_at_80x24() {
    assert_snapshot!(again(80, 24).text());
}

#[test]
fn the_editor_of_an_input_at_160x45() {
    assert_snapshot!(again(160, 45).press("e").text());
}

#[test]
fn the_editor_of_an_input_says_what_is_wrong_at_80x24() {
    assert_snapshot!(again(80, 24).press("ex<tab>").text());
}
