use std::time::Duration;

use pretty_assertions::assert_eq;
use rstest::rstest;
use serde_json::{Map, json};

use super::kit::{Bench, at_task, event, rejected, run, sent, start, task, waiting_log};
use crate::app::key::Key;
use crate::app::layers::{Choice, DialogKind};
use crate::app::model::Access;
use crate::app::pending::{Order, Stage};
use crate::app::{Effect, Msg};
use crate::domain::clock::later;
use crate::domain::{Digest, EventKind, StopMode};
use crate::mirror::LinkState;
use crate::wire::{CallError, Command, Decision, Reply};

fn decision(approved: bool) -> Command {
    Command::Decide(Decision {
        workflow: "w".into(),
        run: "r1".into(),
        task: "approve-send".into(),
        created_at: Some(start()),
        shown: Some(Digest::of(&task("r1", "approve-send").payload)),
        approved,
        result: Map::new(),
    })
}

#[test]
fn approving_says_what_comes_next_holds_and_then_sends_once() {
    let mut bench = at_task();
    bench.keys("a");
    let dialog = bench.dialog();
    assert_eq!((dialog.kind, dialog.target.as_str()), (DialogKind::Approve, "order-confirmation r1"));
    assert_eq!(dialog.step, Some("approve-send".into()));
    assert_eq!(dialog.payload, Some(json!({"title": "Send", "body": "a\nb"})));
    let choice = Choice {
        key: Key::Enter,
        label: "approve",
        outcome: "then send-email → outbox_send".into(),
        order: Order::Send(decision(true)),
    };
    assert_eq!(dialog.choices, [choice]);

    let effects = bench.confirm(Key::Enter);
    assert_eq!((sent(&effects), bench.model.layers.len()), (vec![], 0));
    let held = bench.model.pending.of(&"r1".into()).unwrap();
    let until = later(bench.now, Duration::from_secs(5));
    assert_eq!((held.doing, held.target.as_str()), ("approving", "order-confirmation r1 approve-send"));
    assert_eq!(held.stage, Stage::Held { until });
    let ticket = held.ticket;

    assert_eq!(sent(&bench.tick_after(4)), []);
    assert_eq!(sent(&bench.tick_after(1)), [(ticket, decision(true))]);
    assert_eq!(sent(&bench.tick_after(1)), [], "sent once");
    let reply = Reply { run: "r1".into(), body: json!({}) };
    assert!(bench.reply(ticket, Ok(reply)).contains(&Effect::Refetch));
    assert_eq!(bench.last_toast(), "approved order-confirmation r1 approve-send");
    assert_eq!(bench.model.pending.iter().count(), 0);
    assert_eq!(bench.model.mirror.tasks().len(), 1, "the inbox changes only when the server says so");
}

#[test]
fn what_the_next_call_gets_is_read_before_it_is_approved_and_stays_as_it_was_read() {
    let mut bench = at_task();
    let args: Vec<String> =
        (0..60).map(|line| format!("line {line}: {{{{ steps.load.result.rows }}}}")).collect();
    let graph = json!({"steps": [
        {"id": "load", "type": "lua_script"},
        {"id": "approve-send", "type": "human_task", "depends_on": ["load"]},
        {"id": "send-email", "type": "mcp_call", "tool_name": "mail", "depends_on": ["approve-send"],
         "tool_args": {"body": args.join("\n")}},
    ]});
    let detail = crate::mirror::Detail {
        run: run("r1", "running", 30),
        events: waiting_log("r1"),
        context: None,
        graph: Some(std::sync::Arc::new(crate::domain::Graph::parse(&graph).unwrap())),
        tasks: None,
        asked_at: bench.now,
    };
    bench.watch(crate::mirror::WatchEvent::Detail(Box::new(detail)));
    bench.keys("a");
    let shown = bench.dialog().lines.clone();
    assert!(shown.iter().any(|line| &*line.text == "line 59: 7"), "{shown:?}");
    bench.confirm(Key::Enter);
    assert!(bench.last_toast().contains("lines seen"), "{}", bench.last_toast());
    bench.event(event("r1", 6, EventKind::StepStarted, json!({"step_id": "other"})));
    assert_eq!(bench.dialog().lines, shown, "what is read does not change under the eye");
    for _ in 0..10 {
        bench.key(Key::PageDown);
    }
    bench.confirm(Key::Enter);
    assert_eq!(bench.model.pending.iter().count(), 1);
    bench.keys("x");
    assert!(bench.model.layers.is_empty() || bench.dialog().lines.len() < 10, "a rejection starts nothing");
}

#[test]
fn keys_that_were_typed_before_the_dialog_and_pasted_text_confirm_nothing() {
    let mut bench = at_task();
    bench.keys("a");
    bench.key(Key::Enter);
    bench.wait(Duration::from_millis(200));
    bench.key(Key::Enter);
    bench.wait(Duration::from_millis(200));
    bench.key(Key::Enter);
    bench.send(Msg::Paste("\n\r".into()));
    assert_eq!(
        (bench.model.pending.iter().count(), bench.model.layers.len()),
        (0, 1),
        "a key held down is no answer"
    );
    bench.confirm(Key::Enter);
    assert_eq!(bench.model.pending.iter().count(), 1);
}

#[test]
fn the_target_stays_while_events_move_everything_else() {
    let mut bench = at_task();
    bench.keys("x");
    let before = bench.dialog().clone();
    let older = |run: &str, step: &str| {
        let mut task = task(run, step);
        task.workflow_name = Some("a-workflow".into());
        task
    };
    bench.wait(Duration::from_secs(1));
    bench.tasks(vec![older("r7", "first"), older("r8", "second"), task("r1", "approve-send")]);
    bench.runs(vec![run("r9", "running", 1), run("r1", "running", 30)]);
    bench.event(event("r9", 1, EventKind::HumanTaskCreated, json!({"step_id": "approve-send"})));
    assert_eq!(bench.dialog(), &before);
    bench.confirm(Key::Enter);
    assert_eq!(bench.model.pending.iter().next().unwrap().order, Order::Send(decision(false)));
}

#[test]
fn a_task_that_was_decided_meanwhile_is_not_decided_again() {
    let mut bench = at_task();
    bench.keys("a");
    bench.wait(Duration::from_secs(1));
    let mut again = task("r1", "approve-send");
    again.created_at = Some(bench.now);
    bench.tasks(vec![again]);
    bench.confirm(Key::Enter);
    assert_eq!((bench.model.pending.iter().count(), bench.model.layers.len()), (0, 0));
    assert_eq!(bench.last_toast(), "already decided: order-confirmation r1");
}

#[test]
fn a_reason_is_text_and_goes_with_the_rejection() {
    let mut bench = at_task();
    bench.keys("x");
    assert_eq!(bench.dialog().choices[0].outcome, "the branch stops; 2 steps never run");
    bench.keys("qj no");
    assert_eq!(bench.dialog().reason.text(), "qj no");
    bench.confirm(Key::Enter);
    let command = bench.model.pending.iter().next().unwrap().order.command().unwrap();
    assert_eq!(command.body(), json!({"approved": false, "result": {"reason": "qj no"}}));
}

#[test]
fn a_long_payload_scrolls_to_its_end_and_no_further() {
    let mut bench = at_task();
    let mut long = task("r1", "approve-send");
    long.payload = json!({"body": (0..100).map(|n| format!("line {n}\n")).collect::<String>()});
    bench.wait(Duration::from_secs(1));
    bench.tasks(vec![long]);
    bench.keys("ajjk");
    assert_eq!(bench.dialog().offset, 1);
    for _ in 0..20 {
        bench.key(Key::PageDown);
    }
    let rows = crate::app::layout::dialog_rows(bench.model.size);
    assert_eq!(bench.dialog().offset, 101 - rows);
}

#[test]
fn undo_sends_nothing() {
    let mut bench = at_task();
    bench.keys("a");
    bench.confirm(Key::Enter);
    bench.wait(Duration::from_secs(3));
    assert_eq!(sent(&bench.keys("u")), []);
    assert_eq!(
        bench.last_toast(),
        "taken back: approving order-confirmation r1 approve-send; nothing was sent"
    );
    assert_eq!(sent(&bench.tick_after(10)), []);
    bench.keys("u");
    assert_eq!(bench.last_toast(), "nothing to take back: no decision is waiting to be sent");
}

#[test]
fn the_same_decision_twice_is_refused_held_or_sent() {
    let mut bench = at_task();
    bench.keys("a");
    bench.confirm(Key::Enter);
    bench.keys("x");
    assert_eq!(bench.model.layers, []);
    assert_eq!(bench.last_toast(), "already approving order-confirmation r1 approve-send; u takes it back");
    bench.tick_after(5);
    bench.keys("a");
    assert_eq!(bench.last_toast(), "already approving order-confirmation r1 approve-send; the answer is due");
    assert_eq!(bench.model.pending.iter().count(), 1);
}

#[test]
fn without_time_for_undo_a_decision_is_sent_at_once() {
    let mut bench = at_task();
    bench.model.session.undo = Duration::ZERO;
    bench.keys("a");
    let sent = sent(&bench.confirm(Key::Enter));
    assert_eq!(sent.iter().map(|(_, command)| command.clone()).collect::<Vec<_>>(), [decision(true)]);
    assert_eq!(sent_tick(&mut bench), []);
}

fn sent_tick(bench: &mut Bench) -> Vec<(crate::app::pending::Ticket, Command)> {
    sent(&bench.tick_after(1))
}

#[test]
fn a_read_only_session_opens_no_dialog() {
    let mut bench = at_task();
    bench.model.session.access = Access::ReadOnly;
    for key in ["a", "x", "p", "r", "s", "R"] {
        bench.keys(key);
        assert_eq!(bench.model.layers, []);
        assert_eq!(bench.last_toast(), "read-only session: nothing is sent");
    }
}

#[test]
fn stale_data_refuses_and_asks_again_also_in_an_open_dialog() {
    let mut bench = at_task();
    bench.wait(Duration::from_secs(30));
    bench.keys("a");
    bench.wait(Duration::from_secs(1));
    assert!(bench.key(Key::Enter).contains(&Effect::Refetch));
    assert_eq!((bench.last_toast(), bench.model.layers.len()), ("data is 31s old; press . to ask again", 1));
    bench.key(Key::Esc);
    assert!(bench.keys("a").contains(&Effect::Refetch));
    assert_eq!((bench.model.layers.len(), bench.model.pending.iter().count()), (0, 0));
    assert!(bench.keys(".").contains(&Effect::Refetch));
    bench.tasks(vec![task("r1", "approve-send")]);
    bench.keys("a");
    assert_eq!(bench.model.layers.len(), 1);
}

#[test]
fn a_broken_feed_refuses_sooner_and_a_refusing_server_at_once() {
    let mut bench = at_task();
    let broken = CallError::Unreachable { host: "h".into(), reason: "refused".into() };
    bench.link(LinkState::Retrying { error: broken, next: bench.now, attempt: 1 });
    bench.wait(Duration::from_secs(10));
    bench.keys("a");
    assert_eq!(bench.model.layers.len(), 1);
    bench.key(Key::Esc);
    bench.wait(Duration::from_secs(1));
    bench.keys("a");
    assert_eq!((bench.last_toast(), bench.model.layers.len()), ("data is 11s old; press . to ask again", 0));
    bench.link(LinkState::Refused(rejected(400, "no such project")));
    bench.keys("a");
    assert_eq!(bench.last_toast(), "the server answered 400: no such project; press . to ask again");
}

#[rstest]
#[case("running", "r", "running: only a paused run can be resumed")]
#[case("running", "a", "no task waits for a decision here")]
#[case("paused", "p", "paused: it is held already; r resumes it")]
#[case("draining", "p", "draining: a stopping run cannot be paused")]
#[case("draining", "r", "draining: a stopping run cannot be resumed")]
#[case("failed", "p", "failed: a finished run cannot be paused; R runs it again")]
#[case("stopped", "r", "stopped: a finished run never resumes; R runs it again")]
#[case("failed", "s", "failed: the run has ended already")]
#[case("failed", "R", "its input is being fetched; press R again in a moment")]
fn what_makes_no_sense_now_says_why(#[case] status: &str, #[case] key: &str, #[case] why: &str) {
    let mut bench = Bench::new();
    bench.runs(vec![run("r2", status, 10)]);
    bench.keys(key);
    assert_eq!((bench.last_toast(), bench.model.layers.len()), (why, 0));
}

#[test]
fn a_run_that_waits_for_a_person_is_resumed_only_from_an_operators_pause() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r1", "paused", 10)]);
    bench.tasks(vec![task("r1", "approve-send")]);
    bench.keys("r");
    assert_eq!(bench.last_toast(), "paused: it waits for a decision, not for resume; a approves, x rejects");
    let mut log = waiting_log("r1");
    log.push(event("r1", 6, EventKind::StateChanged, json!({"to": "paused", "reason": "operator"})));
    bench.detail("r1", "paused", log);
    bench.keys("r");
    assert_eq!(bench.dialog().choices[0].outcome, "the run goes on; 3 steps left to start");
}

#[test]
fn stopping_asks_how_and_names_what_is_lost() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r2", "running", 10)]);
    bench.keys("s");
    let stop = |mode| Command::Stop { workflow: "w".into(), run: "r2".into(), mode };
    let gracefully = Choice {
        key: Key::Char('g'),
        label: "gracefully",
        outcome: "2 steps finish, 2 never start".into(),
        order: Order::Send(stop(StopMode::Graceful)),
    };
    let immediately = Choice {
        key: Key::Char('i'),
        label: "immediately",
        outcome: "2 steps are cancelled now".into(),
        order: Order::Send(stop(StopMode::Immediate)),
    };
    assert_eq!(bench.dialog().choices, [gracefully, immediately]);
    assert_eq!(bench.dialog().kind.warning(), Some("A stopped run cannot be resumed."));
    bench.confirm(Key::Enter);
    assert_eq!(
        (bench.model.pending.iter().count(), bench.model.layers.len()),
        (0, 1),
        "enter chooses nothing"
    );
    bench.confirm(Key::Char('g'));
    assert_eq!(bench.model.pending.iter().next().unwrap().order, Order::Send(stop(StopMode::Graceful)));
    bench.tick_after(5);
    bench.runs(vec![run("r2", "draining", 10)]);
    bench.keys("s");
    assert_eq!(bench.dialog().choices.len(), 1, "a draining run can only be stopped at once");
    bench.confirm(Key::Char('i'));
    assert_eq!(bench.model.pending.iter().count(), 2);
}

#[test]
fn pausing_counts_what_is_in_flight_and_is_dropped_when_the_run_has_ended() {
    let mut bench = Bench::new();
    bench.runs(vec![run("r2", "running", 10)]);
    bench.keys("p");
    assert_eq!(bench.dialog().choices[0].outcome, "2 steps finish, nothing new starts");
    bench.event(event("r2", 9, EventKind::RunCompleted, json!({})));
    bench.confirm(Key::Enter);
    assert_eq!(bench.last_toast(), "completed: a finished run cannot be paused; R runs it again");
    assert_eq!(bench.model.pending.iter().count(), 0);
}

#[rstest]
#[case("p", "pause")]
#[case("r", "resume")]
#[case("s", "stop")]
fn a_run_in_an_unknown_state_takes_no_command_from_a_key(#[case] key: &str, #[case] word: &str) {
    let mut bench = Bench::new();
    bench.runs(vec![run("r2", "hiber\u{1b}nating", 10)]);
    bench.keys(key);
    assert_eq!(bench.model.layers, []);
    let told = bench.last_toast();
    assert!(told.contains("does not know") && told.contains(&format!("arcc runs {word} r2")), "{told}");
}
