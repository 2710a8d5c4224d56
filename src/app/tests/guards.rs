use std::time::Duration;

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;

use super::kit::{Bench, at_task, run, task};
use crate::app::guard::{Guard, Typed};
use crate::app::key::Key;
use crate::app::layers::Field;
use crate::app::{Effect, Msg};
use crate::domain::{PendingTask, Verbatim};

fn guarded(word: &'static str, guard: Guard) -> Bench {
    let mut bench = at_task();
    bench.model.session.guards = [(word, guard)].into_iter().collect();
    bench
}

fn on_its_way(bench: &Bench) -> usize {
    bench.model.pending.iter().count()
}

#[rstest]
#[case("approve", "a")]
#[case("reject", "x")]
#[case("stop", "s")]
#[case("pause", "p")]
fn what_is_denied_opens_no_dialog_and_says_whose_rule_it_is(#[case] word: &'static str, #[case] key: &str) {
    let mut bench = guarded(word, Guard { denied: true, ..Guard::default() });
    bench.keys(key);
    assert_eq!(bench.model.layers, []);
    assert_eq!(bench.last_toast(), format!("a guardrail of profile prod refuses to {word}"));
}

#[test]
fn a_profiles_name_must_be_typed_and_not_pasted() {
    let mut bench = guarded("approve", Guard { typed: Some(Typed::Profile), ..Guard::default() });
    bench.keys("a");
    bench.confirm(Key::Enter);
    assert_eq!((bench.last_toast(), on_its_way(&bench)), ("type the profile prod to confirm this", 0));
    bench.send(Msg::Paste("prod".into()));
    bench.confirm(Key::Enter);
    assert_eq!(on_its_way(&bench), 0, "pasted text confirms nothing");
    bench.keys("prod");
    bench.key(Key::Enter);
    assert_eq!(on_its_way(&bench), 0, "what completes it must not run on into the answer");
    bench.confirm(Key::Enter);
    assert_eq!((on_its_way(&bench), bench.model.layers.len()), (1, 0));
}

#[test]
fn letters_of_a_typed_id_choose_nothing() {
    let mut bench = Bench::new();
    bench.model.session.guards =
        [("stop", Guard { typed: Some(Typed::RunId), needs_reason: true, ..Guard::default() })]
            .into_iter()
            .collect();
    bench.runs(vec![run("gig", "running", 10)]);
    bench.keys("s");
    bench.wait(Duration::from_secs(1));
    bench.keys("going wrong");
    bench.key(Key::Tab);
    bench.keys("gig");
    assert_eq!((bench.dialog().proof.text(), on_its_way(&bench)), ("gig", 0));
    bench.key(Key::Enter);
    assert_eq!(bench.dialog().field, Field::Answer);
    bench.confirm(Key::Char('g'));
    let pending = bench.model.pending.iter().next().unwrap();
    assert_eq!((pending.reason.as_str(), pending.order.word()), ("going wrong", "stop"));
    let effects = bench.tick_after(5);
    assert!(
        effects.iter().any(|effect| matches!(effect, Effect::Send { reason, .. } if reason == "going wrong"))
    );
}

#[test]
fn a_reason_that_is_needed_goes_into_the_journal_and_not_into_the_approval() {
    let mut bench = guarded("approve", Guard { needs_reason: true, ..Guard::default() });
    bench.keys("a");
    bench.confirm(Key::Enter);
    assert_eq!((bench.last_toast(), on_its_way(&bench)), ("a guardrail asks for a reason: type it", 0));
    bench.keys("checked with acme");
    bench.confirm(Key::Enter);
    let pending = bench.model.pending.iter().next().unwrap();
    assert_eq!(pending.reason, "checked with acme");
    assert_eq!(pending.order.command().unwrap().body(), json!({"approved": true}));
}

#[test]
fn no_more_are_under_way_at_once_than_a_rule_lets() {
    let mut bench = guarded("approve", Guard { max_bulk: Some(1), ..Guard::default() });
    bench.wait(Duration::from_secs(1));
    bench.tasks(vec![task("r1", "approve-send"), task("r1", "audit")]);
    bench.keys("a");
    bench.confirm(Key::Enter);
    bench.keys("jjja");
    assert_eq!((on_its_way(&bench), bench.model.layers.len()), (1, 0));
    assert!(bench.last_toast().contains("lets 1 at once approve"), "{}", bench.last_toast());
}

fn with_payload(payload: serde_json::Value, verbatim: Option<Verbatim>) -> Bench {
    let mut bench = at_task();
    bench.wait(Duration::from_secs(1));
    let shown = PendingTask { payload, verbatim, ..task("r1", "approve-send") };
    bench.tasks(vec![shown]);
    bench.keys("a");
    bench
}

#[test]
fn a_long_payload_must_be_seen_to_its_end_before_it_is_approved() {
    let body: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let mut bench = with_payload(json!({ "body": body }), None);
    bench.confirm(Key::Enter);
    assert_eq!(on_its_way(&bench), 0);
    assert!(bench.last_toast().contains(" of 101 lines seen"), "{}", bench.last_toast());
    while bench.dialog().seen < 101 {
        let before = bench.dialog().seen;
        bench.key(Key::PageDown);
        assert!(bench.dialog().seen > before);
    }
    bench.confirm(Key::Enter);
    assert_eq!(on_its_way(&bench), 1);
    let mut bench = with_payload(json!({ "body": body }), None);
    bench.key(Key::Esc);
    bench.keys("x");
    bench.confirm(Key::Enter);
    assert_eq!(on_its_way(&bench), 1, "what was not read to its end may be rejected");
}

#[test]
fn another_width_breaks_other_lines_and_what_was_seen_counts_anew() {
    let body: String = (0..100).map(|n| format!("line {n}\n")).collect();
    let mut bench = with_payload(json!({ "body": body }), None);
    for _ in 0..20 {
        bench.key(Key::PageDown);
    }
    bench.send(Msg::Resize(90, 30));
    assert!(bench.dialog().seen < bench.dialog().lines.len());
}

#[test]
fn a_payload_with_a_field_twice_is_shown_as_it_came_below_what_is_odd() {
    let text = r#"{"to": "acme", "to": "example.com", "amount": 12345678901234567890123}"#;
    let verbatim =
        Verbatim { text: text.into(), flaws: [Box::from("to: the field stands here twice")].into() };
    let parsed = serde_json::from_str(text).unwrap();
    let bench = with_payload(parsed, Some(verbatim.clone()));
    let lines: Vec<&str> = bench.dialog().lines.iter().map(|line| &*line.text).collect();
    assert_eq!(lines[0], "! to: the field stands here twice");
    let shown = lines.concat();
    assert!(shown.contains("\"acme\"") && shown.contains("12345678901234567890123"), "{shown}");
    let other = Verbatim { text: text.replace("acme", "evil").into(), ..verbatim.clone() };
    let task = |verbatim| PendingTask { verbatim: Some(verbatim), ..task("r1", "x") };
    assert_ne!(task(verbatim).fingerprint(), task(other).fingerprint(), "values alone would be the same");
}
