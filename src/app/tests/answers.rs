use std::time::Duration;

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::json;

use super::kit::{Bench, at_task, event, graph, rejected, run, sent, task, waiting_log};
use crate::app::decide::{aim, refusal};
use crate::app::key::Key;
use crate::app::model::Tone;
use crate::app::pending::{Stage, Ticket};
use crate::app::{Action, Effect, Msg, Recalled, Screen};
use crate::domain::EventKind;
use crate::wire::{CallError, Command, Finding, Reply, StartRun};

#[test]
fn running_again_takes_the_old_input_and_opens_the_new_run() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r4", "failed", 60)]);
    bench.detail("r4", "failed", vec![event("r4", 1, EventKind::RunStarted, json!({"input": {"order": 1}}))]);
    bench.key(Key::Enter);
    bench.keys("R");
    bench.confirm(Key::Enter);
    let sent = sent(&bench.tick_after(5));
    let start = StartRun {
        workflow: "w".into(),
        run_id: None,
        input: json!({"order": 12345}),
        trigger_type: "manual".into(),
        excluded: vec![],
        trigger_steps: Default::default(),
        principal: Default::default(),
        in_place_of: Some("r4".into()),
    };
    assert_eq!(sent.iter().map(|(_, c)| c.clone()).collect::<Vec<_>>(), [Command::Start(start)]);
    let effects = bench.reply(sent[0].0, Ok(Reply { run: "0123456789".into(), body: json!({}) }));
    assert_eq!(bench.last_toast(), "started 01234567 in place of order-confirmation r4");
    assert_eq!(bench.model.run.as_ref().unwrap().run.as_str(), "0123456789");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Watch(wanted)
        if wanted.focus == Some(("w".into(), "0123456789".into())))));
}

#[test]
fn an_input_the_log_alone_knows_is_used_too() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r4", "failed", 60)]);
    let log = vec![event("r4", 1, EventKind::RunStarted, json!({"input": {"order": 1}}))];
    let detail = crate::mirror::Detail {
        run: run("r4", "failed", 60),
        events: log,
        context: None,
        graph: Some(std::sync::Arc::new(graph())),
        tasks: None,
        asked_at: bench.now,
    };
    bench.watch(crate::mirror::WatchEvent::Detail(Box::new(detail)));
    bench.keys("R");
    let Some(Command::Start(start)) = bench.dialog().choices[0].order.command() else { panic!("a start") };
    assert_eq!(start.input, json!({"order": 1}));
}

#[rstest]
#[case(
    rejected(409, "task already completed"),
    Tone::Info,
    "already decided by someone else: task already completed (order-confirmation r1 approve-send)"
)]
#[case(
    rejected(422, "no graph"),
    Tone::Bad,
    "approving order-confirmation r1 approve-send failed: the server answered 422: no graph"
)]
#[case(CallError::TimedOut { host: "h".into(), after: Duration::from_secs(10) }, Tone::Bad,
    "no answer to approving order-confirmation r1 approve-send: h did not answer within 10 s. UNKNOWN whether it took effect; asking the server what happened")]
fn errors_are_told_apart(#[case] error: CallError, #[case] tone: Tone, #[case] text: &str) {
    let mut bench = at_task();
    bench.model.session.undo = Duration::ZERO;
    bench.keys("a");
    let sent = sent(&bench.confirm(Key::Enter));
    assert!(bench.reply(sent[0].0, Err(error.clone())).contains(&Effect::Refetch));
    let toast = bench.model.toasts.last().unwrap();
    assert_eq!((toast.tone, toast.text.as_str()), (tone, text));
    let toasts = bench.model.toasts.clone();
    bench.reply(sent[0].0, Err(error));
    assert_eq!(bench.model.toasts, toasts, "a second answer is dropped");
}

/// An approval that was sent, and whose answer was lost.
fn lost() -> (Bench, Ticket) {
    let mut bench = at_task();
    bench.model.session.undo = Duration::ZERO;
    bench.keys("a");
    let ticket = sent(&bench.confirm(Key::Enter))[0].0;
    let late = CallError::TimedOut { host: "h".into(), after: Duration::from_secs(15) };
    assert!(bench.reply(ticket, Err(late)).contains(&Effect::Settle { ticket }));
    (bench, ticket)
}

#[test]
fn a_lost_answer_is_unknown_until_settled_and_nothing_is_sent_again() {
    let (mut bench, ticket) = lost();
    assert_eq!(bench.model.pending.get(ticket).unwrap().stage, Stage::Unknown);
    bench.keys("a");
    assert_eq!(bench.model.layers, [], "it is not decided again while nobody knows");
    let unclear = Finding::Unclear("the log does not say".into());
    let effects = bench.send(Msg::Settled(ticket, Ok(unclear)));
    assert!(effects.contains(&Effect::Settle { ticket }));
    let gone = CallError::Unreachable { host: "h".into(), reason: "reset".into() };
    assert!(bench.send(Msg::Settled(ticket, Err(gone))).contains(&Effect::Settle { ticket }));
    assert!(bench.last_toast().starts_with("still UNKNOWN whether approving"), "{}", bench.last_toast());
    let effects = bench.send(Msg::Settled(ticket, Ok(Finding::Taken("it was approved at 12:00:09Z".into()))));
    assert_eq!(sent(&effects), []);
    assert_eq!(
        bench.last_toast(),
        "approving order-confirmation r1 approve-send took effect: it was approved at 12:00:09Z"
    );
    assert_eq!(bench.model.pending.iter().count(), 0);
}

#[test]
fn what_took_no_effect_may_be_decided_again() {
    let (mut bench, ticket) = lost();
    bench.send(Msg::Settled(ticket, Ok(Finding::NotTaken("the task still waits".into()))));
    assert_eq!(bench.model.toasts.last().unwrap().tone, Tone::Bad);
    bench.keys("a");
    assert_eq!(bench.model.layers.len(), 1);
}

#[test]
fn what_an_earlier_session_left_open_is_told() {
    let mut bench = at_task();
    let found = Ok(Finding::Otherwise("it was rejected at 11:58:00Z".into()));
    bench.send(Msg::Recalled(vec![Recalled { what: "approve r1 approve-send".into(), found }]));
    assert_eq!(
        bench.last_toast(),
        "from an earlier session: approve r1 approve-send came too late: it was rejected at 11:58:00Z"
    );
}

#[test]
fn quitting_with_a_decision_not_sent_asks_once_and_sends_nothing() {
    let mut bench = at_task();
    bench.keys("a");
    bench.confirm(Key::Enter);
    assert!(!bench.keys("q").contains(&Effect::Quit));
    assert_eq!(bench.last_toast(), "1 decision not sent: u takes back, q again quits without sending");
    let effects = bench.keys("q");
    assert!(effects.contains(&Effect::Quit));
    assert_eq!(sent(&effects), []);
}

#[test]
fn the_next_decision_is_about_the_next_task() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    bench.tasks(vec![task("r1", "approve-send"), task("r1", "audit")]);
    bench.keys("jj");
    let mut decided = Vec::new();
    for _ in 0..2 {
        bench.keys("a");
        decided.push(bench.dialog().step.clone().unwrap().to_string());
        bench.confirm(Key::Enter);
    }
    assert_eq!(decided, ["approve-send", "audit"]);
}

#[test]
fn on_a_run_the_selected_steps_task_is_meant_else_the_first() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "running", 10)]);
    bench.tasks(vec![task("r1", "approve-send"), task("r1", "audit")]);
    let mut log = waiting_log("r1");
    log.push(event("r1", 6, EventKind::HumanTaskCreated, json!({"step_id": "audit", "task_id": "audit"})));
    bench.detail("r1", "running", log);
    let step =
        |bench: &Bench| aim(&bench.model).and_then(|aim| aim.task).map(|task| task.step_id.to_string());
    assert_eq!(step(&bench), Some("approve-send".into()));
    bench.key(Key::Enter);
    assert_eq!(bench.model.screen, Screen::Run);
    let run = bench.model.run.as_mut().unwrap();
    run.canvas.selected = Some("audit".into());
    assert_eq!(step(&bench), Some("audit".into()));
    let run = bench.model.run.as_mut().unwrap();
    run.canvas.selected = Some("log".into());
    assert_eq!(step(&bench), Some("approve-send".into()));
    let aim = aim(&bench.model).unwrap();
    assert_eq!(refusal(&bench.model, Action::Approve, &aim, bench.now), None);
}
